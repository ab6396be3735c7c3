"""The rules of the W3C feed validator and of the specifications, as checks of our own (no registry has it as a package).

Each function takes a document's bytes and returns what is wrong with it, a line each; nothing wrong is an empty list.
`warnings_of` says of what the validator only warns.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

RFC3339 = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?Z")
RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
ABSOLUTE = re.compile(r"https?://[^\s<>\"{}|\\^`/][^\s<>\"{}|\\^`]*")
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
MEDIA_TYPE = re.compile(r"[^\s/]+/[^\s/;]+(;.*)?")
UNKNOWN_RELATIONS = {"prev"}
"""Of these those that the validator does not know: IANA has registered them since."""
FEED_RELATIONS = {"current", "first", "last", "next", "next-archive", "prev-archive", "previous"}
"""RFC 5005's, of which the validator warns in an entry (FeedHistoryRelInEntry)."""
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
DANGEROUS = re.compile(r"(?i)<(script|style|iframe|object|embed|form|meta|link)\b|\son\w+\s*=|javascript:")
RELATIVE = re.compile(r"""(?i)\s(?:href|src)=["'](?!https?:|mailto:|data:|\#|tel:)""")
NAMESPACES = {
    "http://www.w3.org/2005/Atom",
    "http://purl.org/syndication/history/1.0",
    "http://purl.org/atompub/tombstones/1.0",
    "http://purl.org/rss/1.0/modules/content/",
    "http://purl.org/dc/elements/1.1/",
    "http://purl.org/dc/terms/",
    "http://search.yahoo.com/mrss/",
    "http://www.itunes.com/dtds/podcast-1.0.dtd",
}
"""Those that we use; the validator knows each."""
HISTORY_RELATIONS = {"prev-archive", "next-archive", "current"}
RELATIONS = {"alternate", "self", "hub", "next", "prev", "related", "enclosure"} | HISTORY_RELATIONS


def atom_faults(data: bytes) -> list[str]:
    """RFC 4287 and RFC 5005."""
    feed = etree.fromstring(data)
    faults = [f"root is {feed.tag}"] if feed.tag != f"{ATOM}feed" else []
    faults += _once(feed, (f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated"))
    faults += _at_most_once(feed, (f"{ATOM}subtitle", f"{ATOM}generator", f"{HISTORY}archive"))
    faults += _atom_links(feed, "feed")
    if [link.get("rel") for link in feed.findall(f"{ATOM}link")].count("self") != 1:
        faults.append("not exactly one self link")
    children = [child.tag for child in feed]
    if f"{ATOM}entry" in children and any(tag != f"{ATOM}entry" for tag in children[children.index(f"{ATOM}entry") :]):
        faults.append("metadata after the first entry")
    entries = feed.findall(f"{ATOM}entry")
    faults += _repeated("entry id", (entry.findtext(f"{ATOM}id") or "" for entry in entries))
    faults += _repeated("entry updated", (entry.findtext(f"{ATOM}updated") or "" for entry in entries))
    for entry in entries:
        faults += _atom_entry(entry)
    for stone in feed.findall(TOMBSTONE):
        if not IRI.fullmatch(stone.get("ref", "")) or not RFC3339.fullmatch(stone.get("when", "")):
            faults.append(f"tombstone {dict(stone.attrib)}")
    held = {entry.findtext(f"{ATOM}id") for entry in entries}
    faults += [f"{ref} is here and deleted" for ref in held & {one.get("ref") for one in feed.findall(TOMBSTONE)}]
    if not IRI.fullmatch(feed.findtext(f"{ATOM}id") or "") or not RFC3339.fullmatch(
        feed.findtext(f"{ATOM}updated") or ""
    ):
        faults.append("the feed's id or updated")
    if not (feed.findtext(f"{ATOM}author/{ATOM}name") or "").strip():
        faults.append("the feed has no author")
    newest = max((entry.findtext(f"{ATOM}updated") or "" for entry in entries), default="")
    if newest[:19] > (feed.findtext(f"{ATOM}updated") or "")[:19]:
        faults.append("the feed is older than its newest entry")
    faults += _whole(data, feed)
    faults += [f"language {node.get(LANG)}" for node in feed.iter() if not LANGUAGE.fullmatch(node.get(LANG, "en"))]
    return faults


def _atom_entry(entry: Any) -> list[str]:
    faults = _once(entry, [f"{ATOM}{name}" for name in ("id", "title", "updated", "published", "content", "source")])
    faults += _at_most_once(entry, [f"{ATOM}summary"])
    faults += _atom_links(entry, "entry")
    if (entry.find(f"{ATOM}link")).get("rel") != "alternate":
        faults.append("the alternate link is not the first")
    if not (entry.findtext(f"{ATOM}author/{ATOM}name") or "").strip():
        faults.append("no author")
    source = entry.find(f"{ATOM}source")
    faults += _once(source, [f"{ATOM}{name}" for name in ("id", "title", "updated")])
    faults += _atom_links(source, "source")
    if "self" not in [link.get("rel") for link in source.findall(f"{ATOM}link")]:
        faults.append("source without self link")
    for node in (entry, source):
        if not IRI.fullmatch(node.findtext(f"{ATOM}id") or ""):
            faults.append(f"id {node.findtext(f'{ATOM}id')!r}")
    dates = [entry.findtext(f"{ATOM}{name}") for name in ("updated", "published")]
    faults += [f"date {date}" for date in dates if not RFC3339.fullmatch(date or "")]
    faults += ["empty category" for tag in entry.findall(f"{ATOM}category") if not (tag.get("term") or "").strip()]
    return faults


def _atom_links(parent: Any, where: str) -> list[str]:
    faults = []
    links = parent.findall(f"{ATOM}link")
    for link in links:
        rel = link.get("rel")
        if rel not in RELATIONS and not ABSOLUTE.fullmatch(rel or ""):
            faults.append(f"{where}: relation {rel}")
        if not ABSOLUTE.fullmatch(link.get("href", "")):
            faults.append(f"{where}: link {link.get('href')!r}")
        if link.get("type") is not None and not MEDIA_TYPE.fullmatch(link.get("type")):
            faults.append(f"{where}: type {link.get('type')!r}")
        if link.get("title") is not None and not link.get("title").strip():
            faults.append(f"{where}: blank title")
        if where == "entry" and rel in HISTORY_RELATIONS:
            faults.append(f"{rel} on an entry")
        if link.text or len(link):
            faults.append(f"{where}: a link that is not empty")
    kinds = Counter(link.get("type") for link in links if link.get("rel") == "alternate")
    return faults + [f"{where}: two alternates of type {kind}" for kind, count in kinds.items() if count > 1]


def rss_faults(data: bytes) -> list[str]:
    """RSS 2.0 with the RSS Advisory Board's profile."""
    rss = etree.fromstring(data)
    channel = rss.find("channel")
    faults = [] if rss.tag == "rss" and rss.get("version") == "2.0" else ["not RSS 2.0"]
    faults += _once(channel, ("title", "link", "description", "language", "docs", "pubDate", "lastBuildDate"))
    for name in ("pubDate", "lastBuildDate"):
        if not RFC822.fullmatch(channel.findtext(name) or ""):
            faults.append(f"{name} {channel.findtext(name)}")
    faults += _atom_links(channel, "channel")
    if "self" not in [link.get("rel") for link in channel.findall(f"{ATOM}link")]:
        faults.append("no atom:link self")
    children = [child.tag for child in channel]
    if "item" in children and any(tag != "item" for tag in children[children.index("item") :]):
        faults.append("metadata after the first item")
    faults += _whole(data, rss)
    if not LANGUAGE.fullmatch(channel.findtext("language") or "") or not ABSOLUTE.fullmatch(
        channel.findtext("link") or ""
    ):
        faults.append("the channel's language or link")
    items = channel.findall("item")
    faults += _repeated("guid", (item.findtext("guid") or "" for item in items))
    faults += _repeated("pubDate", (item.findtext("pubDate") or "" for item in items))
    for item in items:
        faults += _rss_item(item)
    return faults


def _rss_item(item: Any) -> list[str]:
    faults = _once(item, ("title", "link", "guid", "pubDate", "description", f"{CONTENT}encoded", "source"))
    faults += _at_most_once(item, ("enclosure", f"{DCTERMS}created", f"{DC}language"))
    tags = [child.tag for child in item]
    if tags.index("description") > tags.index(f"{CONTENT}encoded"):
        faults.append("description after content:encoded")
    if f"{DC}date" in tags or "author" in tags or f"{ATOM}published" in tags or f"{ATOM}id" in tags:
        faults.append("an extension repeats a core element")
    if item.find("guid").get("isPermaLink") != "false":
        faults.append("guid is not marked as no permalink")
    if not RFC822.fullmatch(item.findtext("pubDate") or ""):
        faults.append(f"pubDate {item.findtext('pubDate')}")
    created = item.findtext(f"{DCTERMS}created")
    if created is not None and not RFC3339.fullmatch(created):
        faults.append(f"created {created}")
    if not ABSOLUTE.fullmatch(item.findtext("link") or "") or not ABSOLUTE.fullmatch(
        item.find("source").get("url", "")
    ):
        faults.append("a link that is not absolute")
    if not (item.findtext("title") or "").strip():
        faults.append("blank title")
    faults += ["blank category" for tag in item.findall("category") if not (tag.text or "").strip()]
    for file in item.findall("enclosure"):
        plain = ABSOLUTE.fullmatch(file.get("url", "")) and MEDIA_TYPE.fullmatch(file.get("type", ""))
        if not plain or not file.get("length", "").isdigit():
            faults.append(f"enclosure {dict(file.attrib)}")
    return faults + _atom_links(item, "item")


def json_faults(data: bytes) -> list[str]:
    """JSON Feed 1.1, and the `_aggregator` object of INTERFACE.md."""
    feed = json.loads(data)
    faults = [] if feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"] else ["version or title"]
    named = {key: feed.get(key, "https://x/") for key in ("home_page_url", "feed_url", "next_url")}
    faults += [f"{key} {url}" for key, url in named.items() if not ABSOLUTE.fullmatch(url)]
    faults += _repeated("id", (item["id"] for item in feed["items"]))
    for item in feed["items"]:
        faults += [f"{key} is missing" for key in ("id", "url", "content_html", "authors") if not item.get(key)]
        faults += [
            f"{key} {item[key]}" for key in ("date_published", "date_modified") if not RFC3339.fullmatch(item[key])
        ]
        urls = [item["url"], item.get("image", "https://x/"), *(file["url"] for file in item.get("attachments", ()))]
        faults += [f"url {url}" for url in urls if not ABSOLUTE.fullmatch(url)]
        faults += ["attachment without a type" for file in item.get("attachments", ()) if "/" not in file["mime_type"]]
        ours = item["_aggregator"]
        if set(ours) - {"story_url", "story_members", "republish"} != {
            "source",
            "next",
            "previous",
            "also_in",
            "story",
        }:
            faults.append(f"_aggregator {sorted(ours)}")
        if ours.get("republish", "link") not in {"excerpt", "link"}:
            faults.append(f"_aggregator {sorted(ours)}")
        if set(ours["source"]) != {"name", "home_page_url", "feed_url"}:
            faults.append(f"source {sorted(ours['source'])}")
        for side in ("next", "previous"):
            if ours[side] is not None and set(ours[side]) != {"url", "title", "teaser", "mirror_url"}:
                faults.append(f"{side} {sorted(ours[side])}")
    return faults


FAULTS = {"atom": atom_faults, "rss": rss_faults, "json": json_faults}


def faults_of(documents: dict[str, bytes]) -> dict[str, list[str]]:
    """What is wrong with each document, by name; the name ends in the format. Sound ones are left out."""
    found = {name: FAULTS[name.rpartition(".")[2]](data) for name, data in documents.items()}
    return {name: faults for name, faults in found.items() if faults}


def warnings_of(data: bytes) -> list[str]:
    """What the W3C validator warns of in an Atom or RSS document, as far as we write it."""
    root = etree.fromstring(data)
    found = []
    for link in root.iter(f"{ATOM}link"):
        rel, parent = link.get("rel") or "", etree.QName(link.getparent()).localname
        if rel in UNKNOWN_RELATIONS:
            found.append(f"UnregisteredAtomLinkRel {rel}")
        plain = rel.removeprefix("http://www.iana.org/assignments/relation/")
        if plain in FEED_RELATIONS and parent == "entry":
            found.append(f"FeedHistoryRelInEntry {rel}")
    return found


def _whole(data: bytes, root: Any) -> list[str]:
    """What holds of every XML document of ours: encoding, namespaces, and the HTML in it."""
    faults = [] if data.startswith(b'<?xml version="1.0" encoding="utf-8"?>') else ["no declaration"]
    faults += [f"namespace {uri}" for node in root.iter() for uri in node.nsmap.values() if uri not in NAMESPACES]
    for node in (*root.iter(f"{ATOM}content"), *root.iter(f"{CONTENT}encoded"), *root.iter("description")):
        text = _TAGS_ONLY.sub("", node.text or "")
        faults += [f"SecurityRisk {risk[0]}" for risk in DANGEROUS.finditer(text)]
        faults += [f"ContainsRelRef {text[link.start() : link.start() + 60]}" for link in RELATIVE.finditer(text)]
    return faults


_TAGS_ONLY = re.compile(r"(?:^|>)[^<]*")
"""Text between tags, in which anything may stand."""


def _once(node: Any, names: Iterable[str]) -> list[str]:
    return [f"{name}: {len(node.findall(name))} times" for name in names if len(node.findall(name)) != 1]


def _at_most_once(node: Any, names: Iterable[str]) -> list[str]:
    return [f"{name}: {len(node.findall(name))} times" for name in names if len(node.findall(name)) > 1]


def _repeated(what: str, values: Iterable[str]) -> list[str]:
    return [f"{what} {value!r} stands {count} times" for value, count in Counter(values).items() if count > 1]
