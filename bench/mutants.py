"""Seeds and mutations for `bench.fuzz`: real feeds (the corpora), the project's fixtures, and ways to spoil them."""

# ruff: noqa: ARG001 - every change is called in the same way

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from aggregator import poll
from aggregator.models.errors import AggregatorError

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
GOLDEN = ROOT / "tests" / "poll" / "golden"

MAX_SEED = 24_000
"""Bytes of a seed, most of the time: a mutant of a small document is as hostile as one of a large one."""

URL = "https://seed.example/feed"

OPML = b"""<?xml version="1.0"?><opml version="2.0"><head><title>T</title></head><body><outline text="Folder">
<outline text="A" type="rss" xmlUrl="https://a.example/feed" category="/x/y,z"/></outline>
<outline title="B &amp; C" xmlUrl="feed://b.example/rss"/></body></opml>"""
URLS = (
    b"https://user:pw@Example.org:443/a/../b;c?utm_source=x&id=1&p=2#frag", b"//cdn.example/x", b"http://[::1]:80/",
    b"https://b\xc3\xbccher.example/stra\xc3\x9fe?q=\xe2\x82\xac", b"http://2130706433/", b"http:\\\\evil\\@127.0.0.1/",
    b"https://amp.news.example/story/amp/?m=1", b"java\tscript:alert(1)", b"https://xn--bcher-kva.example/%7Euser/%2e%2e/",
)  # fmt: skip
DATES = (
    b"Tue, 10 Mar 2026 12:00:00 +0100", b"2026-03-10T12:00:00.123456789Z", b"March 10th, 2026 3:45 p.m. EST",
    b"10 de marzo de 2026", b"20260310T120000+0530", b"1773144000", b"Tue Mar 10 12:00:00 PST 2026",
    b"03/25/2026 10:00",
)  # fmt: skip
ROBOTS = b"""User-agent: *
Crawl-delay: 10
Request-rate: 1/5
Disallow: /private/*.php$
Allow: /private/ok
User-agent: bot\nDisallow: /\nSitemap: https://x.example/s.xml
"""
_TOKENS = (
    *b"""<![CDATA[ ]]> <!-- --> ]> &a; &#xD800; &#0; &#x110000; &amp; &lt;script&gt; &nbsp; &unknown; & < > \\ @ # % .. ://
    <item> </item> <entry> </entry> <rss> </channel> <feed> <title> </title> <description> <guid> <link> <pubDate> <br/>
    <svg> <math> <style> <template> <noscript> <select> <table> <p> </p> <a </div> encoding='utf-7' encoding='idna'
    encoding='utf-16' -1 0 1e999 \\ud800 { } [ ] " ' %00 %2e :99999 [::1] javascript: data:text/html,""".split(),
    *(b"<!DOCTYPE x [", b"<!ENTITY a 'b'>", b"<content type='xhtml'>", b" xmlns='http://www.w3.org/1999/xhtml'"),
    *(b" xmlns:a='b'", b" a:b='c'", b" xml:base='//'", b" href='javascript:x'", b" onclick=x", b"9" * 400, b" ", b"\n"),
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xfe\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\r", b"\x0b"),
    *(
        b"\xe2\x80\xae",
        b"\xe3\x80\x82",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\xf0\x9f\x98\x80",
        b"\xc4\xb0",
        b"\xef\xbf\xbe",
    ),
)


@cache
def files() -> tuple[bytes, ...]:
    folders = (CORPORA / "feeds", GOLDEN)
    paths = sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir())
    return tuple(path.read_bytes() for path in paths if ".expected." not in path.name)


@cache
def fragments() -> tuple[bytes, ...]:
    """HTML as feeds bring it."""
    found = []
    for body in files():
        try:
            feed = poll.parse(body, URL)
        except AggregatorError:
            continue
        found += [entry.html.encode()[:MAX_SEED] for entry in feed.entries[:4] if len(entry.html) > 50]
    return tuple(found)


@cache
def reports() -> tuple[bytes, ...]:
    """Texts that name flaws, groups and indicators."""
    rows = json.loads((ROOT / "tests" / "intel" / "cases" / "judged.json").read_text("utf-8"))
    lines = [row["text"] for row in rows]
    for name in ("passages.jsonl", "reports.jsonl.gz"):
        path = CORPORA / "intel" / name
        if path.is_file():
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
            lines += [json.loads(line)["text"] for line in text.split("\n") if line]
    return tuple(line.encode()[:MAX_SEED] for line in lines)


def feed_seed(dice: random.Random) -> bytes:
    body = dice.choice(files())
    if len(body) <= MAX_SEED or dice.random() < 0.02:
        return body
    # The head of the document and a few of its entries: small, and still a feed.
    starts = [match.start() for match in re.finditer(rb"<item[ >]|<entry[ >]", body)]
    if len(starts) < 2:
        return body[:MAX_SEED]
    first = dice.randrange(len(starts))
    end = re.compile(rb"</(?:channel|feed|rdf:RDF)>").search(body)
    return body[: starts[0]] + body[starts[first] :][:MAX_SEED] + (body[end.start() :] if end else b"")[:200]


# --- mutations -------------------------------------------------------------------------------------------------


def mutant(seed: bytes, dice: random.Random, others: Callable[[], bytes]) -> bytes:
    """`seed` after one to six changes; `others` gives documents to take pieces from."""
    body = bytearray(seed)
    for _ in range(dice.choice((1, 1, 2, 2, 3, 4, 6))):
        at = dice.randrange(len(body) + 1)
        until = min(len(body), at + int(dice.expovariate(1 / 40)) + 1)
        dice.choice(_CHANGES)(body, at, until, dice, others)
    return bytes(body)


Change = Callable[[bytearray, int, int, random.Random, Callable[[], bytes]], None]


def _delete(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    del body[at:until]


def _cut(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    if dice.random() < 0.4:
        del body[at:]


def _repeat(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    body[at:at] = body[at:until] * dice.choice((1, 2, 50, 400))


def _noise(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    body[at:until] = dice.randbytes(until - at)


def _insert(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    body[at:at] = dice.choice(_TOKENS) * dice.choice((1, 1, 1, 2, 30, 300))


def _replace(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    body[at:until] = dice.choice(_TOKENS)


def _splice(body: bytearray, at: int, until: int, dice: random.Random, others: Callable[[], bytes]) -> None:
    other = others()
    start = dice.randrange(len(other) + 1)
    body[at:at] = other[start : start + dice.randrange(1, 2000)]


def _flip(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    for _n in range(5):
        if body:
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)


def _move_tag(body: bytearray, at: int, until: int, dice: random.Random, _: Callable[[], bytes]) -> None:
    """A tag turns up in another place, once or many times, and is missing in its own."""
    tags = [match.span() for match in re.finditer(rb"</?[a-zA-Z][^<>]{0,200}>", body[:MAX_SEED])]
    if tags:
        first, last = dice.choice(tags)
        tag = bytes(body[first:last])
        del body[first:last]
        body[at:at] = tag * dice.choice((1, 1, 20))


_CHANGES: tuple[Change, ...] = (
    _delete, _cut, _repeat, _noise, _insert, _insert, _insert, _replace, _replace, _splice, _flip, _move_tag, _move_tag
)  # fmt: skip
