"""One build under way: each document that is asked for is rendered and put in its place.

What is to be built is decided in `build`; here stands how each kind of document comes about. An edition notes which
tags, sources and days the posts that it puts out concern, so that `build` can ask for their documents too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from aggregator.config.settings import Output
from aggregator.emit import archive as history
from aggregator.emit import feed as documents
from aggregator.emit import item, mirror, outputs, paths, unheld
from aggregator.emit.days import DayRow, Days, month_of
from aggregator.emit.feed import FeedDocument
from aggregator.emit.folder import Folder
from aggregator.emit.formats import EXTENSIONS, ItemWriter
from aggregator.emit.item import Item
from aggregator.emit.mirror import Mirror
from aggregator.emit.opml import opml
from aggregator.emit.outputs import BuildRequest
from aggregator.emit.state import ArchiveBlock, KnownOutput, KnownSource, State
from aggregator.models import Ended, Post, Republish, Source
from aggregator.text import published
from aggregator.text.storable import shortened

MONTH_POSTS = 1_000
"""Posts on one page of the archive (some 300 KB); that of a month with more lists its days alone."""
STORY_DAYS = 14
"""Days whose stories the page of all stories lists; older ones stand on the pages of their days."""


class SiteBuild:
    """Everything that one build reads once, and the documents it makes. Raises OSError and EmitError."""

    def __init__(self, order: BuildRequest, folder: Folder, state: State, *, fresh: bool) -> None:
        archive, site = order.archive, order.site
        self.archive = archive
        self.site = site
        self.folder = folder
        self.state = state
        self.base = paths.base(site.base_url)
        self.last_sequence = archive.last_sequence()
        self.sources = {source.slug: source for source in archive.sources()}
        self.slugs = paths.tag_slugs(archive.tags())
        self.known = {source.slug: _known(source, self.slugs) for source in self.sources.values()}
        self.days = Days(folder, state.days, fresh=fresh)
        self.outputs = {one.name: one for one in order.outputs}
        self.chosen = order.chosen
        self.known_outputs = {name: self._known_output(one) for name, one in self.outputs.items()}
        self.pages = Mirror(site, tuple(self.sources.values()), self.slugs, tuple(self.outputs.values()))
        self.withdrawn = archive.withdrawn()
        self.posts: set[int] = set()
        self.paths: set[str] = set()
        self.stories: set[str] = set()
        self.cut: dict[int, tuple[str, Republish]] = {}
        self.concerned_tags: set[str] = set()
        self.concerned_sources: set[str] = set()
        self._speller = ItemWriter(site)
        self._slugs_by_name = _by_name(self.sources.values())

    def post(self, post: Post) -> None:
        """The page of one post, its row in its day, and what else it concerns."""
        if post.sequence in self.posts:
            return
        self.posts.add(post.sequence)
        self.paths.add(post.path)
        if post.republish != "full":
            self.cut[post.sequence] = (post.id, post.republish)
        self.folder.put(post.path, self.pages.post(post) if post.withdrawn is None else self.pages.notice(post))
        if post.revisions:
            self.folder.put(item.history_page(post.path), self.pages.edits(post))
        else:
            self.folder.remove(item.history_page(post.path))
        self._story(post)
        row = _row(post, self.slugs)
        is_new = post.sequence > self.state.sequence
        former = self.days.put(row, is_new=is_new)
        self._concern(row.tags, [row.source, *self._carriers(post)])
        if former is not None:
            self._concern(former.tags, [former.source])
            if former.path != post.path:
                self.folder.remove(former.path)
                self.folder.remove(item.history_page(former.path))

    def combined(self, *, all_blocks: bool, behind: bool = False) -> tuple[ArchiveBlock, ...]:
        """The feed of everything (archive documents that are not there yet, and the current one) and the front page.

        `behind`: the archive has lost posts that are published; their entries go into a document of the history.
        """
        feed = documents.combined(self.site)
        standing = history.plan(self.folder, self.state, feed, self.last_sequence)
        if behind and self.state.base_url in ("", feed.base):
            held = {post.id for post in self.archive.latest(2 * self.site.page_size)}
            if (left := unheld.close(self.folder, feed, standing.blocks, held)) is not None:
                standing = history.ArchivePlan((*standing.blocks, left), valid=True)
        blocks = history.Blocks(standing.blocks, self.archive, self.site, self._speller.size)
        seen = 0 if all_blocks or not standing.valid else len(standing.blocks)
        replaced = self._replaced()
        for number, block in enumerate(blocks, 1):
            if any(block.first <= sequence <= block.last for sequence in replaced) or self._too_free(number, block):
                self._block(number, block, blocks.posts, keep=False)
            elif number > seen:
                self._block(number, block, blocks.posts, keep=standing.valid)
        closed, posts = tuple(blocks.closed), blocks.open
        for number in range(len(closed) + 1, len(self.state.blocks) + 1):
            for extension in EXTENSIONS:
                self.folder.remove(f"{history.stem(number)}.{extension}")
        if closed and not posts:  # all that were newer are lost
            posts = blocks.newest
        deleted = self._deleted(post for post in self.withdrawn if not post.hidden)
        self._feed(history.current(feed, closed, self._speller.items(posts), deleted))
        self.folder.put("index.html", self.pages.index(feed, blocks.newest, self._months(), self.days.counts()))
        return closed

    def tag(self, tag: str) -> None:
        """A tag's feed and page: the newest `page_size` posts."""
        feed = documents.of_tag(self.site, tag, self.slugs[tag])
        posts = self.archive.latest(self.site.page_size, tag=tag)
        deleted = self._deleted(post for post in self.withdrawn if not post.hidden and tag in post.tags)
        self._feed(FeedDocument(feed, feed.stem, self._fitting(posts), deleted=deleted))
        self.folder.put(feed.home, self.pages.tag(feed, tag, posts))

    def source(self, slug: str, newest: tuple[Post, ...] | None = None) -> None:
        """A source's feed and page: the newest `page_size` posts that it carries, hidden ones too.

        `newest` are its newest posts, where they are at hand.
        """
        source = self.sources[slug]
        feed = documents.of_source(self.site, source.name, slug)
        many = self.site.page_size
        posts = self.archive.latest(many, source=slug) if newest is None else newest[:many]
        deleted = self._deleted(post for post in self.withdrawn if post.source.slug == slug)
        self._feed(FeedDocument(feed, feed.stem, self._fitting(posts), deleted=deleted))
        self.folder.put(feed.home, self.pages.source(feed, source, posts))

    def output(self, name: str) -> None:
        """The feed and the page of an output of the operator."""
        one = self.outputs[name]
        made = outputs.edited(one, self.site, self.chosen, self._speller, self.base)
        self._feed(made.document)
        self.folder.put(made.document.feed.home, self.pages.output(made.document.feed, one, made.entries))

    def concerned_outputs(self) -> list[str]:
        """The outputs whose settings or posts are not those of the last build, or one of whose posts was put out."""
        return [
            name
            for name, known in sorted(self.known_outputs.items())
            if known != self.state.outputs.get(name) or not self.posts.isdisjoint(known.members)
        ]

    def last_stamp(self) -> str:
        """The time of the newest post, or of the newest that was ever shown."""
        newest = [item.rfc3339(post.stamp) for post in self.archive.latest(1)]
        return max([self.state.stamp, *newest])

    def known_withdrawn(self) -> dict[int, tuple[int, ...]]:
        """The sequence of each post that was withdrawn, with those of the posts that named it."""
        return {post.sequence: post.withdrawn.named_by for post in self.withdrawn if post.withdrawn}

    def _replaced(self) -> set[int]:
        """The sequences whose archive documents are replaced: what was withdrawn, or is shown again, since the last
        build, and what named it.
        """
        now, before = self.known_withdrawn(), self.state.withdrawn
        concerned = now.keys() ^ before.keys()
        return concerned | {number for one in concerned for number in (now.get(one) or before.get(one, ()))}

    def _too_free(self, number: int, block: ArchiveBlock) -> bool:
        """Whether an archive document shows more of a post that was put out now than its source allows any more."""
        covered = (self.cut.get(sequence) for sequence in range(block.first, block.last + 1)) if self.cut else ()
        allowed = dict(found for found in covered if found)
        return bool(allowed) and history.too_free(self.folder, number, allowed)

    def lists(self) -> None:
        """The pages that any change may concern: cheap to render, written only where they differ; and the archive's."""
        self.folder.put("feed.html", self.pages.subscribe())
        self.folder.put("sources.html", self.pages.source_list(self.archive.carried()))
        self.folder.put("archive/index.html", self.pages.month_list(self._months()))
        self.folder.put("opml.xml", opml(self.sources.values(), self.site))
        for name in mirror.ASSETS:
            if name != mirror.FAVICON or not self.folder.exists(name):  # the operator's own one stays
                self.folder.put(name, mirror.asset(name))
        for month in sorted({month_of(day) for day in self.days.touched} & self._months().keys()):
            self._month(month)
        self._day_pages()
        recent = [day for day, count in self.days.counts().items() if count][:STORY_DAYS]
        rows = [row for day in recent for row in self.days.rows(day) if row.story]
        self.folder.put("stories/index.html", self.pages.story_list(rows))

    def files(self) -> set[str]:
        """Every file that is to be there besides the posts' pages and the archive documents."""
        stems = [f"tags/{slug}" for slug in self.slugs.values()] + [f"sources/{slug}" for slug in self.sources]
        stems += [f"outputs/{name}" for name in self.outputs]
        files = {f"{stem}.{extension}" for stem in stems for extension in (*EXTENSIONS, "html")}
        months = self._months()
        files |= {f"archive/{month}.html" for month in months}
        files |= {f"archive/{day}.html" for day, count in self.days.counts().items() if count}
        files |= {f"feed.{extension}" for extension in EXTENSIONS}
        return files | {
            "index.html",
            "feed.html",
            "sources.html",
            "archive/index.html",
            "stories/index.html",
            "opml.xml",
            *mirror.ASSETS,
        }

    def _deleted(self, posts: Iterable[Post]) -> tuple[Ended, ...]:
        """The newest of these withdrawals, as a document names them."""
        found = [Ended(post.id, post.withdrawn.at) for post in posts if post.withdrawn]
        return tuple(found[: self.site.page_size])

    def _fitting(self, posts: Iterable[Post]) -> tuple[Item, ...]:
        return self._speller.fitting(self._speller.items(posts))

    def _feed(self, document: FeedDocument) -> None:
        for extension in EXTENSIONS:
            self.folder.put(f"{document.stem}.{extension}", self._speller.document(document, extension))

    def _block(self, number: int, block: ArchiveBlock, posts: tuple[Post, ...] | None, *, keep: bool) -> None:
        """One archive document in its three formats; with `keep`, one that is there stays as it is.

        `posts` are those of the block, where they are at hand.
        """
        names = {extension: f"{history.stem(number)}.{extension}" for extension in EXTENSIONS}
        noted = number <= len(self.state.blocks)
        missing = [one for one in EXTENSIONS if not (keep and history.stands(self.folder, names[one], noted=noted))]
        if missing:
            found = self._speller.items(self.archive.between(block.first, block.last) if posts is None else posts)
            deleted = self._deleted(
                post for post in self.withdrawn if block.first <= post.sequence <= block.last and not post.hidden
            )
            document = history.archived(documents.combined(self.site), number, block, found, deleted)
            for extension in missing:
                self.folder.put(names[extension], self._speller.document(document, extension))

    def _months(self) -> dict[str, int]:
        """How many posts the archive lists of each month that has any, newest month first."""
        months: dict[str, int] = {}
        for day, count in self.days.counts().items():
            months[month_of(day)] = months.get(month_of(day), 0) + count
        return {month: count for month, count in months.items() if count}

    def _month(self, month: str) -> None:
        """A month's page: its posts or, where they are too many for one page, its days, with a page for each."""
        days = {day: count for day, count in self.days.counts().items() if month_of(day) == month}
        path, total = f"archive/{month}.html", sum(days.values())
        if total <= MONTH_POSTS:
            self.folder.put(path, self.pages.month(month, [row for day in days for row in self.days.rows(day)]))
            return
        self.folder.put(path, self.pages.busy_month(month, days))

    def _day_pages(self) -> None:
        """The page of each day that was touched, and of those whose next or previous day is another one now."""
        before, now = _around(self.state.days), _around(self.days.counts())
        for day, (later, earlier) in now.items():
            if day in self.days.touched or before.get(day) != (later, earlier):
                self.folder.put(f"archive/{day}.html", self.pages.day(day, self.days.rows(day), later, earlier))

    def _story(self, post: Post) -> None:
        """The page of the story that a post tells, once; what ended in it leads there. A story of one has no page."""
        if post.story is None or not post.story_members:
            for former in post.story_former:
                self.folder.remove(item.story_page(former))
        elif post.story not in self.stories:
            self.stories.add(post.story)
            self.folder.put(
                item.story_page(post.story), self.pages.story(post, post.story, self.archive.added(post.story))
            )
            for former in post.story_former:
                self.folder.put(item.story_page(former), self.pages.moved_story(former, post, post.story))

    def _known_output(self, one: Output) -> KnownOutput:
        members = self.chosen.members(one, outputs.limit_of(one, self.site))
        return KnownOutput(outputs.signature(one), members)

    def _concern(self, tags: Iterable[str], slugs: Iterable[str]) -> None:
        self.concerned_tags.update(tags)
        self.concerned_sources.update(slugs)

    def _carriers(self, post: Post) -> Iterable[str]:
        """The other sources in whose own feed a post may stand: models.AlsoIn names them, so names have to do."""
        for other in post.also_in:
            yield from self._slugs_by_name.get(other.name, ())


def _row(post: Post, slugs: dict[str, str]) -> DayRow:
    mention = item.mention(post) or ("", "")
    return DayRow(
        sequence=post.sequence,
        published=item.rfc3339(post.published),
        path=post.path,
        title=item.title_of(post),
        source=post.source.slug,
        hidden=post.hidden or post.withdrawn is not None,
        language=item.language_of(post.language),
        tags=tuple(tag for tag in post.tags if tag in slugs),
        teaser=shortened(published.line(post.summary), mirror.TEASER_CHARS),
        words=post.word_count,
        story=mention[0],
        told=mention[1],
    )


def _around(counts: Mapping[str, int]) -> dict[str, tuple[str, str]]:
    """The (later, earlier) day of each day that has posts, newest first; empty where there is none."""
    days = sorted((day for day, count in counts.items() if count), reverse=True)
    return dict(zip(days, zip(["", *days], [*days[1:], ""], strict=False), strict=False))


def _known(source: Source, slugs: dict[str, str]) -> KnownSource:
    """What documents show of a source; its `updated` is not among it, as that rises at every poll."""
    shown = replace(source, updated=None)
    tags = [slugs.get(tag) for tag in source.tags]
    digest = hashlib.sha256(repr((shown, tags)).encode("utf-8", "backslashreplace")).hexdigest()
    return KnownSource(digest[:32], source.tags)


def _by_name(sources: Iterable[Source]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in sources:
        found.setdefault(source.name, []).append(source.slug)
    return found
