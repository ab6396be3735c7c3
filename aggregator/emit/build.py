"""Build the output: decide what is concerned, have it made, take away what is gone, remember what was done.

A build reads the archive and writes files; it knows neither the network nor the database nor the time. With the same
posts and the same settings it makes the same bytes, be it in one full build or in a thousand small ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.settings import Output, Site
from aggregator.emit import item
from aggregator.emit.days import MOVING, Lost
from aggregator.emit.folder import BUILDING, Folder
from aggregator.emit.outputs import BuildRequest, Chosen, Nothing, signature
from aggregator.emit.purify import pure_archive
from aggregator.emit.state import ArchiveBlock, State, feed_hash, load, save
from aggregator.models import Archive, Built, Post
from aggregator.models.errors import EmitError

if TYPE_CHECKING:
    from aggregator.emit.site import SiteBuild

Progress = Callable[[int, int], None]
CHUNK = 200
"""Posts read from the archive at a time in a full build: bounds its memory."""
CODE = frozenset({".py", ".html", ".css", ".js", ".svg", ".png", ".ico"})
"""What a document's form depends on, besides the settings: every file of this package with one of these endings."""


def build(  # noqa: PLR0913 - what is built, from what, and how
    archive: Archive,
    site: Site,
    out: Path,
    *,
    outputs: Iterable[Output] = (),
    chosen: Chosen | None = None,
    full: bool = False,
    behind: bool = False,
    progress: Progress | None = None,
) -> Built:
    """Bring the output folder up to date with the archive.

    `outputs` are the operator's own; `chosen` says what stands in them.
    `full` builds everything again (files whose bytes are the same stay untouched); so does a change of
    the settings or of this package. `behind`: the archive has lost posts that are published; their pages stay, since
    they exist nowhere else. `progress` is told (done, total), counted in posts and lists of posts.
    Raises EmitError when the folder refuses; the former files stand then, and the next build goes on from there.
    """
    folder = Folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        order = BuildRequest(pure_archive(archive), site, tuple(outputs), chosen or Nothing())
        folder.adopt_notes()
        folder.sweep()
        return _build(order, folder, full=full or behind, behind=behind, report=progress or _silent)
    except OSError as error:
        raise EmitError(f"the output cannot be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()


def _build(order: BuildRequest, folder: Folder, *, full: bool, behind: bool, report: Progress) -> Built:
    state, head, version = load(folder), order.archive.head(), version_of(order.site)
    full = full or folder.noted(MOVING) or (bool(state.feed) and state.feed != feed_hash(folder))
    same_form = bool(state.head) and state.version == version
    same_outputs = {name: known.signature for name, known in state.outputs.items()} == {
        one.name: signature(one) for one in order.outputs
    }
    if not full and same_form and same_outputs and state.head == head:
        return Built(head=head)
    from aggregator.emit.site import SiteBuild  # templates and all, which a round without news does without

    folder.keep(BUILDING, b"building\n")
    folder.flush()
    if not full and same_form and state.head <= head:
        try:
            edition = SiteBuild(order, folder, state, fresh=False)
            if not _lost_names(edition):
                _changed(edition, report)
                return _finish(edition, head, version, whole=False)
        except Lost:
            folder.flush()
    edition = SiteBuild(order, folder, state, fresh=True)
    _everything(edition, report)
    return _finish(edition, head, version, whole=True, behind=behind)


def version_of(site: Site) -> str:
    """A hash of the settings and of the form that this program gives to documents."""
    return hashlib.sha256(_FORM + site.model_dump_json().encode() + bytes([site.served])).hexdigest()[:32]


def _form() -> bytes:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in CODE:
            digest.update(path.read_bytes())
    return digest.digest()


_FORM = _form()
"""Read when the program starts: what is installed meanwhile is the next start's affair."""


def _lost_names(edition: SiteBuild) -> bool:
    """Whether a source is gone, or a tag is gone or has another file name: too many pages may link to it."""
    state = edition.state
    return not (state.sources.keys() <= edition.sources.keys() and state.tags.items() <= edition.slugs.items())


def _everything(edition: SiteBuild, report: Progress) -> None:
    """Every page and every list."""
    edition.concerned_tags.update(edition.slugs)
    total = edition.last_sequence + len(edition.slugs) + len(edition.sources)
    for post in edition.withdrawn:
        edition.post(post)
    for slug in edition.sources:
        newest: tuple[Post, ...] | None = None
        for posts in _walk(edition.archive, slug):
            newest = posts if newest is None else newest
            for post in posts:
                edition.post(post)
                report(len(edition.posts), total)
        edition.source(slug, newest or () if edition.site.page_size <= CHUNK else None)
    edition.concerned_sources.clear()  # every one has been made
    _lists(edition, report)


def _changed(edition: SiteBuild, report: Progress) -> None:
    """The pages of the posts that changed, and the lists that they and changed sources and tags stand in."""
    state = edition.state
    for slug, known in edition.known.items():
        before = state.sources.get(slug)
        if before != known:
            edition.concerned_sources.add(slug)
            edition.concerned_tags.update(known.tags, before.tags if before else ())
    edition.concerned_tags.update(edition.slugs.keys() - state.tags.keys())
    posts = edition.archive.changed(state.head)
    for number, post in enumerate(posts, 1):
        edition.post(post)
        report(number, len(posts))
    _lists(edition, report)


def _lists(edition: SiteBuild, report: Progress) -> None:
    tags = sorted(edition.concerned_tags & edition.slugs.keys())
    sources = sorted(edition.concerned_sources & edition.sources.keys())
    selected = edition.concerned_outputs()
    done = len(edition.posts)
    total = done + len(tags) + len(sources) + len(selected)
    for tag in tags:
        edition.tag(tag)
        done += 1
        report(done, total)
    for slug in sources:
        edition.source(slug)
        done += 1
        report(done, total)
    for name in selected:
        edition.output(name)
        done += 1
        report(done, total)


def _finish(edition: SiteBuild, head: int, version: str, *, whole: bool, behind: bool = False) -> Built:
    """The combined feed and the lists; then what is gone; the notes for the next build last, when all else is safe."""
    folder, state = edition.folder, edition.state
    blocks = edition.combined(all_blocks=whole, behind=behind)
    edition.lists()
    files = edition.files()
    gone = set(state.files) - files
    if whole:
        gone |= set() if behind else edition.days.former_paths() - edition.paths
    edition.days.save()
    folder.settle()
    for path in sorted(gone):
        folder.remove(path)
        if path.startswith("posts/"):
            folder.remove(item.history_page(path))
    edition.days.forget()
    save(folder, _state(edition, head, version, blocks, files))
    folder.settle()
    folder.forget(MOVING)
    folder.forget(BUILDING)
    return Built(
        written=len(folder.written),
        unchanged=folder.unchanged,
        removed=folder.removed,
        posts=len(edition.posts),
        head=head,
        files=tuple(folder.written),
    )


def _state(edition: SiteBuild, head: int, version: str, blocks: tuple[ArchiveBlock, ...], files: set[str]) -> State:
    return State(
        version=version,
        base_url=edition.base,
        head=head,
        sequence=edition.last_sequence,
        stamp=edition.last_stamp(),
        feed=feed_hash(edition.folder),
        blocks=blocks,
        sources=edition.known,
        tags=edition.slugs,
        files=tuple(sorted(files)),
        days=edition.days.counts(),
        outputs=edition.known_outputs,
        withdrawn=edition.known_withdrawn(),
    )


def _walk(archive: Archive, slug: str) -> Iterator[tuple[Post, ...]]:
    """Every post that a source carries, newest first, hidden ones too, some at a time."""
    before: int | None = None
    while posts := archive.latest(CHUNK, source=slug, before=before):
        yield posts
        before = posts[-1].sequence


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""
