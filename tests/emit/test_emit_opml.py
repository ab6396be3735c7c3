"""The sources as OPML."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree
from support.emit_shelf import KREBS, LAB, THREATPOST

from aggregator.config.settings import Site
from aggregator.emit import opml


def test_each_source_stands_once_in_the_folder_of_its_first_tag() -> None:
    """Folders are tags, `category` names them all, and what has no tag stands at the top."""
    bare = replace(LAB, name="Bare", slug="bare", tags=())
    body = etree.fromstring(opml((KREBS, LAB, THREATPOST, bare), Site(title="News & <more>"))).find("body")
    assert [node.get("text") for node in body] == ["Bare", "news", "research"]
    news = body.find("outline[@text='news']")
    assert [node.get("text") for node in news] == ["Krebs on Security", "Threatpost"]
    assert news[0].get("category") == "/news,/Threat Intel"
    assert (news[0].get("type"), news[0].get("xmlUrl")) == ("rss", "https://krebs.example/feed/atom/")
    assert len(body.findall(".//outline[@xmlUrl]")) == 4


def test_a37_addresses_are_given_without_secrets() -> None:
    """Who gets the list does not get the keys; names are text whatever is in them."""
    source = replace(LAB, feed_url="https://u:pw@lab.example/rss?token=abc", name='A "B" & <C>\x00')
    outline = etree.fromstring(opml((source,), Site())).find(".//outline[@xmlUrl]")
    assert outline.get("xmlUrl") == "https://lab.example/rss?token=REDACTED"
    assert outline.get("title") == 'A "B" & <C>'


def test_no_sources_make_an_empty_list() -> None:
    """Before the first feed the document is valid all the same."""
    assert etree.fromstring(opml((), Site())).find("body") is not None
