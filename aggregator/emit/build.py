"""Build the output: decide what is concerned, render it, put it in its place, remember what was done.

A build reads the archive and writes files; it knows neither the network nor the database nor the time. With the same
posts and the same settings it makes the same bytes, be it in one full build or in a thousand small ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from aggregator.emit import addresses, atom, documents, history, items, jsonfeed, ledger, mirror, rss, text
from aggregator.emit.documents import Document, Feed
from aggregator.emit.folder import Folder
from aggregator.emit.ledger import Block, KnownSource, Lost, Months, Row, State
from aggregator.emit.mirror import Mirror
from aggregator.emit.opml import opml
from aggregator.errors import EmitError
from aggregator.models import Archive, Built, Post, Source
from aggregator.settings import Site

Progress = Callable[[int, int], None]
CHUNK = 200
"""Posts read from the archive at a time in a full build: bounds its memory."""
RENDERERS: dict[str, Callable[[Document], bytes]] = {
    "atom": atom.render,
    "rss": rss.render,
    "json": jsonfeed.render,
}


def build(archive: Archive, site: Site, out: Path, *, full: bool = False, progress: Progress | None = None) -> Built:
    """Bring the output folder up to date with the archive.

    `full` builds everything again (files whose bytes are the same stay untouched all the same); so does a change of
    settings, templates or this package. `progress` is told (done, total) in posts and documents.
    Raises EmitError when the folder refuses; the former files stand then.
    """
    folder = Folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _build(archive, site, folder, full=full, progress=progress)
    except OSError as error:
        raise EmitError(f"the output can not be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()


def _build(archive: Archive, site: Site, folder: Folder, *, full: bool, progress: Progress | None) -> Built:
    state, head, version = ledger.load(folder), archive.head(), _version(site)
    changed_version = state.version != version
    if not full and not changed_version and state.head == head and state.head:
        return Built(head=head)
    full = full or changed_version or head < state.head
    job = _Job(archive, site, folder, state, progress)
    try:
        if not full and not job.sources_gone():
            return _finish(job, _in_part(job), head, version)
    except Lost:
        pass
    job = _Job(archive, site, folder, state, progress, full=True)
    return _finish(job, _in_full(job), head, version)


@dataclass
class _Job:
    """One build under way: what it reads, what it writes, and what it has found to be concerned."""

    archive: Archive
    site: Site
    folder: Folder
    state: State
    progress: Progress | None
    full: bool = False
    sources: dict[str, Source] = field(init=False)
    slugs: dict[str, str] = field(init=False)
    months: Months = field(init=False)
    pages: Mirror = field(init=False)
    known: dict[str, KnownSource] = field(init=False)
    dirty_sources: set[str] = field(default_factory=set)
    dirty_tags: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    posts: int = 0
    done: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        self.sources = {source.slug: source for source in self.archive.sources()}
        self.slugs = addresses.tag_slugs(self.archive.tags())
        self.months = Months(self.folder, self.state.months, fresh=self.full)
        self.pages = Mirror(self.site, tuple(self.sources.values()), self.slugs)
        self.known = {slug: _known(source, self.slugs) for slug, source in self.sources.items()}

    def sources_gone(self) -> bool:
        return bool(self.state.sources.keys() - self.sources.keys())

    def step(self, count: int = 1) -> None:
        self.done += count
        if self.progress is not None:
            self.total = max(self.total, self.done)
            self.progress(self.done, self.total)

    def put(self, path: str, data: bytes) -> None:
        """A document that is there as long as what it shows is there."""
        self.files.append(path)
        self.folder.put(path, data)


def _in_full(job: _Job) -> set[str]:
    """Everything; returns the paths of all pages."""
    job.total = job.archive.last_sequence() + 4 * len(job.sources) + 4 * len(job.slugs)
    job.dirty_sources, job.dirty_tags = set(job.sources), set(job.slugs)
    paths: set[str] = set()
    for slug in job.sources:
        for post in _walk(job.archive, slug):
            _post(job, post)
            paths.add(post.path)
    return paths


def _in_part(job: _Job) -> set[str]:
    """What changed since the last build; returns nothing, as no page is known to be gone."""
    changed = job.archive.changed(job.state.head)
    stale = {slug for slug, known in job.known.items() if job.state.sources.get(slug) != known}
    old = {slug for slug in stale if slug in job.state.sources}
    job.dirty_sources |= stale
    for slug in stale:
        job.dirty_tags.update(job.known[slug].tags)
        if slug in old:
            job.dirty_tags.update(job.state.sources[slug].tags)
    job.dirty_tags.update(tag for tag, slug in job.slugs.items() if job.state.tags.get(tag) != slug)
    job.total = len(changed)
    for post in changed:
        _post(job, post)
    seen = {post.sequence for post in changed}
    for slug in sorted(old):
        for post in _walk(job.archive, slug):
            if post.sequence not in seen:
                _post(job, post)
    return set()


def _post(job: _Job, post: Post) -> None:
    """The page of one post, its row in its month, and what else it concerns."""
    job.folder.put(post.path, job.pages.post(post))
    job.posts += 1
    tags = tuple(tag for tag in post.tags if tag in job.slugs)
    published = items.rfc3339(post.published)
    row = Row(
        post.sequence,
        published,
        post.path,
        items.title_of(text.purify(post)),
        post.source.slug,
        post.hidden,
        items.language_of(post.language),
        tags,
    )
    former = job.months.put(ledger.month_of(post.published), row, is_new=post.sequence > job.state.sequence)
    job.dirty_tags.update(tags, post.source.tags)
    job.dirty_sources.add(post.source.slug)
    if former is not None:
        job.dirty_tags.update(former.tags)
        job.dirty_sources.add(former.source)
        if former.path != post.path:
            job.folder.remove(former.path)
    job.step()


def _finish(job: _Job, paths: set[str], head: int, version: str) -> Built:
    """Everything that lists posts; then what is gone; then the notes for the next build, last of all."""
    blocks = _combined(job)
    _tags_and_sources(job)
    months = sorted(job.months.counts().items(), reverse=True)
    _lists(job, months)
    files = _kept(job, months)
    former = job.months.paths() if job.full else set()
    job.months.save()
    job.folder.flush()
    for path in sorted((former - paths) | (set(job.state.files) - files)):
        job.folder.remove(path)
    for month in job.state.months.keys() - dict(months).keys():
        job.folder.forget(f"{ledger.ROWS}/{month}.json")
    state = State(
        version=version,
        base_url=job.pages.base,
        head=head,
        sequence=job.archive.last_sequence(),
        blocks=blocks,
        sources=job.known,
        tags=job.slugs,
        files=tuple(sorted(files)),
        months=dict(months),
    )
    ledger.save(job.folder, state)
    job.folder.flush()
    if job.progress is not None:
        job.progress(job.total, job.total)
    written = tuple(job.folder.written)
    return Built(len(written), job.folder.unchanged, job.folder.removed, job.posts, head, written)


def _combined(job: _Job) -> tuple[Block, ...]:
    """The feed of everything: archive documents that are not there yet, and the current one."""
    feed = documents.combined(job.site)
    last = job.archive.last_sequence()
    standing = history.standing(job.folder, job.state, feed, last)
    blocks = history.close(standing.blocks, job.archive, job.site.page_size)
    first_unseen = 1 if job.full else len(standing.blocks) + 1
    for number in range(first_unseen, len(blocks) + 1):
        _archived(job, feed, number, blocks[number - 1], keep=standing.valid)
    for number in range(len(blocks) + 1, len(job.state.blocks) + 1):
        for extension in documents.EXTENSIONS:
            job.folder.remove(f"{history.stem(number)}.{extension}")
    first = blocks[-1].last + 1 if blocks else 1
    _formats(job, history.current(feed, blocks, job.archive.between(first, last)))
    return blocks


def _archived(job: _Job, feed: Feed, number: int, block: Block, *, keep: bool) -> None:
    """One archive document in its three formats; with `keep`, one that is there stays as it is."""
    missing = [
        extension
        for extension in documents.EXTENSIONS
        if not (keep and job.folder.exists(f"{history.stem(number)}.{extension}"))
    ]
    if missing:
        document = history.archived(feed, number, block, job.archive.between(block.first, block.last))
        for extension in missing:
            job.folder.put(f"{document.stem}.{extension}", RENDERERS[extension](document))


def _tags_and_sources(job: _Job) -> None:
    size = job.site.page_size
    for tag in sorted(job.dirty_tags & job.slugs.keys()):
        feed = documents.of_tag(job.site, tag, job.slugs[tag])
        posts = job.archive.latest(size, tag=tag)
        _formats(job, documents.document(feed, (items.view(post, feed.base) for post in posts)))
        job.put(feed.home, job.pages.tag(feed, tag, posts))
        job.step(4)
    for slug in sorted(job.dirty_sources & job.sources.keys()):
        source = job.sources[slug]
        feed = documents.of_source(job.site, source.name, slug)
        posts = job.archive.latest(size, source=slug)
        _formats(job, documents.document(feed, (items.view(post, feed.base) for post in posts)))
        job.put(feed.home, job.pages.source(feed, source, posts))
        job.step(4)


def _lists(job: _Job, months: list[tuple[str, int]]) -> None:
    """The pages that always may have changed: cheap to render, written only where they did."""
    feed = documents.combined(job.site)
    job.put("index.html", job.pages.index(feed, job.archive.latest(job.site.page_size), months))
    job.put("sources.html", job.pages.source_list())
    job.put("archive/index.html", job.pages.month_list(months))
    job.put("opml.xml", opml(job.sources.values(), job.site))
    for name in mirror.ASSETS:
        job.put(name, mirror.asset(name))
    present = dict(months)
    for month in sorted(job.months.touched & present.keys()):
        job.put(f"archive/{month}.html", job.pages.month(month, job.months.rows(month)))


def _formats(job: _Job, document: Document) -> None:
    for extension, render in RENDERERS.items():
        job.put(f"{document.stem}.{extension}", render(document))


def _kept(job: _Job, months: list[tuple[str, int]]) -> set[str]:
    """Every file besides posts and archive documents that is to stay."""
    stems = [f"tags/{slug}" for slug in job.slugs.values()] + [f"sources/{slug}" for slug in job.sources]
    files = {f"{stem}.{extension}" for stem in stems for extension in (*documents.EXTENSIONS, "html")}
    return files | {f"archive/{month}.html" for month, _ in months} | set(job.files)


def _walk(archive: Archive, slug: str) -> Iterator[Post]:
    """Every post of a source, newest first, hidden ones too."""
    before: int | None = None
    while posts := archive.latest(CHUNK, source=slug, before=before):
        yield from posts
        before = posts[-1].sequence


def _known(source: Source, slugs: dict[str, str]) -> KnownSource:
    """What pages show of a source; its `updated` is not among it, as that rises at every poll."""
    shown = replace(source, updated=None)
    tags = [(tag, slugs.get(tag)) for tag in source.tags]
    return KnownSource(_digest([repr((shown, tags))]), source.tags)


def _version(site: Site) -> str:
    """Changes with the settings and with anything in this package: its code, templates, stylesheet."""
    here = Path(__file__).parent
    parts = [path for path in sorted(here.rglob("*")) if path.suffix in {".py", ".html", ".css", ".js"}]
    return _digest([site.model_dump_json(), *(path.read_text() for path in parts)])


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:32]
