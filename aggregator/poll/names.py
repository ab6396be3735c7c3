"""Names that feeds use: the namespaces, and which elements belong to the formats themselves."""

from __future__ import annotations

from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA = "http://search.yahoo.com/mrss/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS_090 = "http://my.netscape.com/rdf/simple/0.9/"
RSS_10 = "http://purl.org/rss/1.0/"
SY = "http://purl.org/rss/1.0/modules/syndication/"
XHTML = "http://www.w3.org/1999/xhtml"
PREFIXES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DC,
    "dcterms": DCTERMS,
    "feedburner": FEEDBURNER,
    "itunes": ITUNES,
    "media": MEDIA,
    "sy": SY,
}
"""What the usual prefixes mean, for documents that forget to declare them."""

PLAIN = frozenset({"", ATOM, RSS_090, RSS_10, "http://purl.org/atom/ns#", "http://backend.userland.com/rss2"})
"""Namespaces of the feed formats themselves; their elements mean what RSS and Atom say."""

ENTRIES = frozenset({"item", "entry"})
ROOTS = frozenset({"rss", "rdf", "feed", "channel"})


def local_name(element: etree._Element) -> str:
    """The element's name in lower case, without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def namespace(element: etree._Element) -> str:
    """The element's namespace name, "" for none and for those of the feed formats themselves."""
    uri = element.tag.rpartition("}")[0][1:] if isinstance(element.tag, str) else ""
    return "" if uri in PLAIN else uri


def entries(root: etree._Element) -> list[etree._Element]:
    """Every `item` and `entry`, in the order of the document."""
    return [element for element in root.iter() if local_name(element) in ENTRIES and not namespace(element)]


def heads(root: etree._Element) -> list[etree._Element]:
    """The elements whose children describe the feed itself: the root, and in RSS the channel."""
    return [*(child for child in root if local_name(child) == "channel"), root]
