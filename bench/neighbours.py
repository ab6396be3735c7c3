"""How well the neighbours of the corpus' pages are found: precision and recall, as marked up and without `rel`.

    python -m bench.neighbours [--worst] [--half tuning|checking]
    python -m bench.neighbours --eye        what is found on the pages of the other corpus, for a person to judge

The corpus is cut in two by a hash of the file's name: thresholds and word lists are tuned on one half, and checked on
the other. Truths that are no neighbours by their meaning (another page of the same article, of a list, the front
page) are left out of both counts, and are listed with --worst.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lxml.html
from lxml.html import HtmlElement

from aggregator.scrape.attribution import attribution
from aggregator.scrape.neighbours.choose import Neighbours, find
from aggregator.scrape.neighbours.urls import folded

CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
SIDES = ("next", "previous")
MODES = ("marked", "no rel", "visible")
"""As marked up; every `rel` attribute removed; every `rel` and every `link` element removed: what a reader sees."""
HALVES = ("tuning", "checking")


@dataclass(frozen=True)
class Case:
    file: str
    url: str
    next: str | None
    previous: str | None
    page: bytes

    @property
    def half(self) -> str:
        return "tuning" if zlib.crc32(self.file.encode()) % 2 else "checking"


@dataclass
class Count:
    right: int = 0
    found: int = 0
    wanted: int = 0
    faulty: int = 0
    seconds: float = 0.0
    pages: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        for name in ("right", "found", "wanted", "faulty", "seconds", "pages", "misses"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


FAULTY = frozenset(
    {
        # The next page of the same article or gallery.
        ("0a12df42d1764095989ab078ee0f940b.html.gz", "next"),
        ("Angus Barbieri. Nie jadł przez 382 dni - Menway w INTERIA.PL.html.gz", "next"),
        ("d73e0fa055834b2dbb2036ba27d46597.html.gz", "next"),
        ("ok-magazin.de.einbetoniert.html.gz", "next"),
        ("zeit.de.zugverkehr.html.gz", "next"),
        # Another page of a list, of a thread or of what is loaded on scrolling.
        ("echte-demokratie-jetzt.de.blog.html.gz", "next"),
        ("echte-demokratie-jetzt.de.blog.html.gz", "previous"),
        ("elle.de.sneaker.html.gz", "next"),
        ("pocketpc.ch.auslieferung.html.gz", "next"),
        ("pocketpc.ch.auslieferung.html.gz", "previous"),
        ("vinosytapas.de.rioja.html.gz", "next"),
        # The front page ("back to the start").
        ("scinexx.com.ammoniak.html.gz", "previous"),
        # One link, rel="prev" and "previous article", counted as the next post too for the class of its box.
        ("aussengedanken.de.feuerholz.html.gz", "next"),
        ("spektrum.de.engelbart.html.gz", "next"),
        # Marks the older post next, against the dates in the addresses, which decide where no rel and no word does.
        ("anarc.at.cdpath.html.gz", "next"),
        ("anarc.at.cdpath.html.gz", "previous"),
    }
)
"""Truths that are no neighbours by their meaning."""


def cases(corpora: Path) -> Iterator[Case]:
    folder = corpora / "neighbours"
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        page = gzip.decompress((folder / "html" / row["file"]).read_bytes())
        yield Case(row["file"], row["url"], row["next"], row["previous"], page)


def parse(page: bytes) -> HtmlElement:
    return lxml.html.document_fromstring(page, parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=True))


def strip(tree: HtmlElement, mode: str) -> None:
    """Take away what a mode forbids: every rel attribute, or every `link` element with them."""
    if mode == "marked":
        return
    if mode == "visible":
        for link in list(tree.iter("link")):
            link.drop_tree()
    for element in tree.iter():
        element.attrib.pop("rel", None)


def measure(some: Iterable[Case], mode: str) -> Count:
    """What `find` gets right on some pages in one mode. CPU seconds are those of `find` alone."""
    count = Count()
    for each in some:
        tree = parse(each.page)
        strip(tree, mode)
        started = time.process_time()
        found = find(tree, each.url)
        count.seconds += time.process_time() - started
        count.pages += 1
        for side in SIDES:
            score(each, side, found, count)
    return count


def score(each: Case, side: str, found: Neighbours, count: Count) -> None:
    truth, neighbour = getattr(each, side), getattr(found, side)
    faulty = (each.file, side) in FAULTY
    count.faulty += faulty
    if faulty and (neighbour is None or folded(neighbour.url) == folded(truth or "")):
        return
    right = neighbour is not None and truth is not None and folded(neighbour.url) == folded(truth)
    if faulty:
        return
    count.found += neighbour is not None
    count.wanted += truth is not None and not faulty
    count.right += right
    if not right and (truth or neighbour):
        count.misses.append(f"{each.file} {side}\n      truth {truth}\n      found {neighbour}")


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def titles(some: Iterable[Case]) -> tuple[int, int, int]:
    """Of the titles that head links state: how many the visible links give alike, otherwise, and not at all."""
    right = wrong = missing = 0
    for each in some:
        tree = parse(each.page)
        stated = {folded(link.get("href", "")): link.get("title") for link in tree.iter("link") if link.get("title")}
        strip(tree, "visible")
        found = find(tree, each.url)
        for neighbour in (found.next, found.previous):
            if neighbour and (title := stated.get(folded(neighbour.url))):
                right += letters(title) == letters(neighbour.title or "")
                missing += neighbour.title is None
                wrong += neighbour.title is not None and letters(title) != letters(neighbour.title)
    return right, wrong, missing


def line(mode: str, half: str, count: Count) -> str:
    quality = f"{count.precision:9.3f} {count.recall:7.3f} {count.wanted:6} {count.faulty:6}"
    return f"{mode:8} {half:9} {count.pages:5} {quality} {1000 * count.seconds / max(count.pages, 1):7.2f}"


def show_for_the_eye() -> None:
    """Every neighbour and every attribution found on the extraction corpus, which has no truth for them."""
    folder = CORPORA / "extraction"
    rows = [json.loads(row) for row in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    pages = 0
    for row in rows:
        tree = parse(gzip.decompress((folder / "html" / f"{row['id']}.html.gz").read_bytes()))
        found = find(tree, row["url"])
        source = attribution(tree, row["text"], row["url"])
        pages += bool(found.next or found.previous)
        for side, neighbour in (("next", found.next), ("previous", found.previous), ("source", source)):
            if neighbour:
                print(f"{row['id']} {side:8} {row['url']}\n{'':14}{neighbour}")
    print(f"{pages} of {len(rows)} pages name a neighbour")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--eye", action="store_true", help="list what is found on pages without a truth")
    arguments.add_argument("--worst", action="store_true", help="list what was missed or wrongly found")
    arguments.add_argument("--half", choices=HALVES)
    options = arguments.parse_args()
    if options.eye:
        show_for_the_eye()
        return
    every = list(cases(CORPORA))
    print(
        f"{'mode':8} {'half':9} {'pages':>5} {'precision':>9} {'recall':>7} {'wanted':>6} {'faulty':>6} {'ms/page':>7}"
    )
    for mode in MODES:
        total = Count()
        for half in (options.half,) if options.half else HALVES:
            count = measure((each for each in every if each.half == half), mode)
            print(line(mode, half, count))
            total.add(count)
        if not options.half:
            print(line(mode, "all", total))
        if options.worst:
            print(*total.misses, sep="\n")
    right, wrong, missing = titles(every)
    print(f"titles from visible links: {right} right, {wrong} wrong, {missing} not given by the link")


if __name__ == "__main__":
    main()
