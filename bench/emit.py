"""Emitting from an archive of 100,000 posts: everything once, then one new article.

    .venv/bin/python -m bench.emit [--posts 100000] [--sources 100] [--kilobytes 6]
    .venv/bin/python -m bench.emit --database FILE     (filled by bench.archive --keep FILE)
    .venv/bin/python -m bench.emit --writers

Prints what a full build and the build after one new article take, and which files the latter touched. Without a
database the archive is made up on the fly, so that what is measured is this stage alone.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from lxml import etree

from aggregator.config.settings import Output, Site
from aggregator.emit import build
from aggregator.emit.atom import NAMESPACE
from aggregator.emit.feed import FeedDocument, of_source
from aggregator.emit.formats import ENTRY, EXTENSIONS, WHOLE
from aggregator.emit.item import rfc3339, view
from aggregator.models import Built, Carried, PollOutcome, PollResult, Post, PostLink, Source
from aggregator.store import Store
from bench import archive as fill

START = datetime(2020, 1, 1, tzinfo=UTC)
TAGS = ("news", "research", "vendor", "government")
WORDS = (
    "the",
    "loader",
    "reads",
    "a",
    "key",
    "writes",
    "the",
    "second",
    "stage",
    "and",
    "waits",
    "until",
    "nobody",
    "looks",
)


class MadeUp:
    """models.Archive whose posts are computed from their sequence; `more` adds newest ones."""

    def __init__(self, posts: int, sources: int, kilobytes: int) -> None:
        self.count = posts
        self.feeds = tuple(
            Source(
                name=f"Outlet {n}",
                slug=f"outlet-{n}",
                feed_url=f"https://outlet-{n}.example/feed",
                title=f"Outlet {n}: security",
                home_page_url=f"https://outlet-{n}.example/",
                tags=(TAGS[n % len(TAGS)],),
            )
            for n in range(sources)
        )
        self.numbers = {source.slug: n for n, source in enumerate(self.feeds)}
        self.texts = [self._text(n, kilobytes) for n in range(40)]

    @staticmethod
    def _text(seed: int, kilobytes: int) -> str:
        paragraphs, size = [], 0
        while size < kilobytes * 1024:
            words = " ".join(WORDS[(seed * 7 + size + n * n) % len(WORDS)] for n in range(70))
            paragraphs.append(
                f'<p>{words} <a href="https://example.org/{size}">more</a> <code>a &amp;&amp; b</code>.</p>\n'
            )
            size += len(paragraphs[-1])
        return "".join(paragraphs)

    def _bare(self, n: int) -> Post:
        source = self.feeds[n % len(self.feeds)]
        published = START + timedelta(minutes=30 * n)
        return Post(
            id=f"tag:aggregator.example,2026:{n:x}",
            sequence=n,
            stamp=published,
            path=f"posts/{published:%Y/%m}/a-loader-that-waits-{n:08x}.html",
            url=f"https://{source.slug}.example/posts/{n}/",
            title=f"A loader that waits, part {n}: what the second stage does",
            source=source,
            published=published,
            author="Jane Doe",
            html=self.texts[n % len(self.texts)],
            summary=f"In part {n} the loader reads a key and writes the second stage. " * 3,
            tags=source.tags,
            word_count=900,
        )

    def _post(self, n: int) -> Post:
        after, before = n + len(self.feeds), n - len(self.feeds)
        return replace(
            self._bare(n),
            next=self._link(after) if after <= self.count else None,
            previous=self._link(before) if before > 0 else None,
        )

    def _link(self, n: int) -> PostLink:
        post = self._bare(n)
        return PostLink(post.url or "", post.title, post.summary[:160], post.path)

    def add_one(self) -> None:
        self.count += 1

    def head(self) -> int:
        return self.count

    def last_sequence(self) -> int:
        return self.count

    def sources(self) -> tuple[Source, ...]:
        return self.feeds

    def tags(self) -> tuple[str, ...]:
        return tuple(sorted(TAGS))

    def changed(self, since: int) -> tuple[Post, ...]:
        new = range(self.count, since, -1)
        return tuple(self._post(n) for n in (*new, *(n - len(self.feeds) for n in new)) if n > 0)

    def latest(
        self, limit: int, *, tag: str | None = None, source: str | None = None, before: int | None = None
    ) -> tuple[Post, ...]:
        newest = self.count if before is None else min(before - 1, self.count)
        found: list[Post] = []
        n, step = newest, 1
        if source is not None:
            wanted, step = self.numbers[source], len(self.feeds)
            n -= (n - wanted) % step
        while n > 0 and len(found) < limit:
            if tag is None or tag in self.feeds[n % len(self.feeds)].tags:
                found.append(self._post(n))
            n -= step
        return tuple(found)

    def between(self, first: int, last: int) -> tuple[Post, ...]:
        return tuple(self._post(n) for n in range(min(last, self.count), first - 1, -1))

    def withdrawn(self) -> tuple[Post, ...]:
        return ()

    def carried(self) -> dict[str, Carried]:
        last = {feed.slug: self.latest(1, source=feed.slug) for feed in self.feeds}
        each = self.count // len(self.feeds)
        return {slug: Carried(each, posts[0].published if posts else None) for slug, posts in last.items()}

    def months(self) -> tuple[tuple[str, int], ...]:
        counts = Counter(f"{START + timedelta(minutes=30 * n):%Y-%m}" for n in range(1, self.count + 1))
        return tuple(sorted(counts.items(), reverse=True))


def show(done: int, total: int) -> None:
    if sys.stderr.isatty() and (done % 500 == 0 or done == total):
        print(f"\r{done:,} of {total:,}", end="" if done < total else "\n", file=sys.stderr)


SITE = Site(base_url="https://news.example/")
OUTPUTS = (
    Output(name="tagged", tags=("tag3",), max_age=timedelta(days=400)),
    Output(name="stories", group="story", content="summary"),
)
"""Of the database alone: one that asks the search index, and one that folds stories."""


class Made(Protocol):
    """One emission."""

    def __call__(self, *, full: bool = False) -> Built: ...


def timed(made: Made, *, full: bool = False) -> tuple[float, Built]:
    start = time.perf_counter()
    built = made(full=full)
    return time.perf_counter() - start, built


def measure(made: Made, add_one: Callable[[], None]) -> None:
    """Everything once, nothing new, one new article nine times, everything again."""
    seconds, built = timed(made)
    print(f"first build, {built.posts:,} posts: {seconds:.1f} s, {built.written:,} files", flush=True)
    seconds, built = timed(made)
    print(f"nothing new: {seconds * 1000:.1f} ms, {built.written} files")
    times, busy = [], []
    for _ in range(9):
        add_one()
        began = time.process_time()
        seconds, built = timed(made)
        busy.append(time.process_time() - began)
        times.append(seconds)
    wall, cpu = statistics.median(times), statistics.median(busy)
    print(f"one new article: {wall:.3f} s, of which {cpu:.3f} s of work (medians of 9), {built.written} files:")
    print("   ", " ".join(sorted(built.files)), flush=True)
    seconds, built = timed(made, full=True)
    print(f"full build again: {seconds:.1f} s, {built.written} files written, {built.unchanged:,} the same")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def stored(path: Path, out: Path) -> None:
    """The same over a database that `python -m bench.archive --keep FILE` has filled, with two outputs."""
    press = fill.Press()
    with Store.open(path) as store:
        now = store.archive.latest(1)[0].published + timedelta(days=1)
        number = itertools.count(20_000_000 + store.archive.last_sequence())

        def add_one() -> None:
            state = store.feeds()[0]
            item = fill.decision(press, state, next(number), now)
            store.save_poll(PollOutcome(state, PollResult.CHANGED, now, 200, 0.2, 1000, None, (item,)))
            (pending,) = store.pending(now, 5)
            article, evidence = fill.article(press, pending.url), fill.evidence(pending.url)
            store.save_article(pending.id, article, evidence, press.fingerprint(), None, now)
            store.publish(now, timedelta(hours=1))

        def made(*, full: bool = False) -> Built:
            store.outputs.fill(OUTPUTS, now)
            chosen = store.outputs
            return build(store.archive, SITE, out, outputs=OUTPUTS, chosen=chosen, full=full, progress=show)

        measure(made, add_one)


def writers(archive: MadeUp) -> None:
    """Thirty sources' feeds of a hundred full-text items in each format, and the Atom of them by lxml."""
    base = "https://news.example/"
    site = Site(base_url=base)
    posts = [archive.latest(100, source=source.slug) for source in archive.feeds[:30]]
    size = sum(len(post.html) for found in posts for post in found) / 2**20
    print(f"30 feeds of 100 items, {size:.0f} MB of HTML:")
    start = time.perf_counter()
    feeds = [
        FeedDocument(of_source(site, "x", f"s{n}"), f"sources/s{n}", tuple(view(post, base) for post in found))
        for n, found in enumerate(posts)
    ]
    print(f"    viewing      {time.perf_counter() - start:.2f} s")
    for extension in EXTENSIONS:
        start = time.perf_counter()
        for feed in feeds:
            WHOLE[extension](feed, [ENTRY[extension](item) for item in feed.items])
        print(f"    {extension:<12} {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    for feed in feeds:
        by_lxml(feed)
    print(f"    atom by lxml {time.perf_counter() - start:.2f} s")


def by_lxml(feed: FeedDocument) -> bytes:
    """An Atom document (its larger half of elements) as a tree."""
    root = etree.Element(f"{{{NAMESPACE}}}feed", nsmap={None: NAMESPACE})
    for item in feed.items:
        entry = etree.SubElement(root, f"{{{NAMESPACE}}}entry")
        for name, text in (
            ("id", item.id),
            ("title", item.title),
            ("published", rfc3339(item.published)),
            ("updated", rfc3339(item.updated)),
            ("summary", item.summary),
            ("content", item.html),
        ):
            etree.SubElement(entry, f"{{{NAMESPACE}}}{name}").text = text
        etree.SubElement(entry, f"{{{NAMESPACE}}}link", rel="alternate", type="text/html", href=item.url)
        author = etree.SubElement(entry, f"{{{NAMESPACE}}}author")
        etree.SubElement(author, f"{{{NAMESPACE}}}name").text = item.author
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--kilobytes", type=int, default=6)
    parser.add_argument("--database", type=Path, help="measure over this database instead")
    parser.add_argument("--writers", action="store_true", help="only measure the formats")
    options = parser.parse_args()
    archive = MadeUp(options.posts, options.sources, options.kilobytes)
    if options.writers:
        writers(archive)
        return
    with tempfile.TemporaryDirectory(prefix="emit-bench-") as folder:
        if options.database:
            stored(options.database, Path(folder))
        else:
            measure(partial(build, archive, SITE, Path(folder), progress=show), archive.add_one)


if __name__ == "__main__":
    main()
