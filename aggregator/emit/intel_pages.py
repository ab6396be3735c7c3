"""Pages and feeds of what posts name: one for each flaw, group, software, vendor and product, `exploited`, watchlists.

Pages exist only for what a post names. Every value is a stranger's, and is escaped where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from aggregator.config.settings import Site
from aggregator.emit import feed as documents
from aggregator.emit import paths
from aggregator.emit.feed import FeedDocument, OutputFeed
from aggregator.emit.folder import Folder
from aggregator.emit.formats import ENTRY, EXTENSIONS, WHOLE
from aggregator.emit.intel import LABELS, stem_of
from aggregator.emit.item import Item, rfc3339
from aggregator.emit.mirror import environment
from aggregator.models import Built
from aggregator.models.errors import EmitError
from aggregator.text.published import line as line_of


@dataclass(frozen=True, slots=True)
class NamedPost:
    """A post that names a subject, as its page lists it; `url` leads to our copy."""

    title: str
    path: str
    url: str
    outlet: str
    published: datetime


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """A subject with everything that its page shows; `flaw` is the row of a flaw."""

    kind: str
    value: str
    posts: tuple[NamedPost, ...]
    neighbours: tuple[tuple[str, str, int], ...]
    flaw: Mapping[str, object] | None = None


def write_subjects(site: Site, pages: Iterable[SubjectPage], out: Path) -> Built:
    """The page and the feed of each of these subjects; taken away where nothing names it any more."""
    folder = Folder(out)
    with _writing(folder, out):
        for page in pages:
            stem = stem_of(page.kind, page.value)
            if not page.posts:
                for extension in (*EXTENSIONS, "html"):
                    folder.remove(f"{stem}.{extension}")
                continue
            feed = subject_feed(site, page)
            folder.put(f"{stem}.html", _subject_html(site, page, feed))
            for extension in EXTENSIONS:
                folder.put(f"{stem}.{extension}", feed_bytes(feed, _items(feed, page.posts), extension))
        folder.flush()
    return Built(
        written=len(folder.written), unchanged=folder.unchanged, removed=folder.removed, files=tuple(folder.written)
    )


def write_exploited(
    site: Site, flaws: Sequence[Mapping[str, Any]], named: Mapping[str, Sequence[NamedPost]], out: Path
) -> Built:
    """`exploited.html` and its feed: one entry a flaw, dated when we learnt it, its id forever."""
    folder = Folder(out)
    with _writing(folder, out):
        feed = exploited_feed(site)
        items = tuple(_flaw_item(feed, flaw, named.get(str(flaw["cve"]), ())) for flaw in flaws)
        items = tuple(sorted(items, key=lambda item: (item.stamp, item.id), reverse=True))
        for extension in EXTENSIONS:
            folder.put(f"exploited.{extension}", feed_bytes(feed, items, extension))
        rows = [{**flaw, "href": f"cve/{flaw['cve']}.html", "posts": named.get(str(flaw["cve"]), ())} for flaw in flaws]
        folder.put("exploited.html", _page(site, "exploited.html", "exploited.html", feed=feed, flaws=rows))
        folder.put("about-data.html", _page(site, "about-data.html", "about-data.html"))
        folder.flush()
    return Built(
        written=len(folder.written), unchanged=folder.unchanged, removed=folder.removed, files=tuple(folder.written)
    )


def write_watch(site: Site, name: str, posts: Sequence[tuple[NamedPost, str]], out: Path) -> None:
    """The page and the feed of a watchlist: its hits with their reasons, newest first."""
    folder = Folder(out)
    with _writing(folder, out):
        feed = documents.of_stem(site, f"watch/{name}", f"Watchlist {name}", f"Posts about what {name} watches")
        whys = {post.path: why for post, why in posts}
        items = _items(feed, tuple(post for post, _ in posts), whys)
        for extension in EXTENSIONS:
            folder.put(f"watch/{name}.{extension}", feed_bytes(feed, items, extension))
        path = f"watch/{name}.html"
        folder.put(
            path,
            _page(
                site,
                "subject.html",
                path,
                feed=feed,
                label="Watchlist",
                value=name,
                facts=[],
                neighbours=[],
                posts=[(post, whys[post.path]) for post, _ in posts],
            ),
        )
        folder.flush()


def write_files(files: Mapping[str, bytes], out: Path, prefix: str) -> None:
    """Exactly these files below `prefix` (a folder in the output); what else stood there goes."""
    folder = Folder(out)
    with _writing(folder, out):
        root = out / prefix
        known = (
            {path.relative_to(out).as_posix() for path in root.rglob("*") if path.is_file()} if root.is_dir() else set()
        )
        for path, data in files.items():
            folder.put(f"{prefix}/{path}", data)
        folder.flush()
        for path in sorted(known - {f"{prefix}/{path}" for path in files}):
            folder.remove(path)


@contextmanager
def _writing(folder: Folder, out: Path) -> Iterator[None]:
    """Errors of the folder as EmitError; what is staged is forgotten."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise EmitError(f"the output cannot be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()


def subject_feed(site: Site, page: SubjectPage) -> OutputFeed:
    stem = stem_of(page.kind, page.value)
    return documents.of_stem(site, stem, page.value, f"Posts that name {page.value}, newest first")


def exploited_feed(site: Site) -> OutputFeed:
    return documents.of_stem(
        site, "exploited", "Exploited now", "Vulnerabilities in the news that are exploited now, newest first"
    )


def feed_bytes(feed: OutputFeed, items: tuple[Item, ...], extension: str) -> bytes:
    return WHOLE[extension](FeedDocument(feed, feed.stem, items), [ENTRY[extension](item) for item in items])


def _items(feed: OutputFeed, posts: Sequence[NamedPost], whys: Mapping[str, str] | None = None) -> tuple[Item, ...]:
    return tuple(
        _item(
            feed,
            identity=post.path,
            title=line_of(post.title) or "Untitled",
            url=feed.base + paths.quoted(post.path),
            when=post.published,
            html=f"<p>{escape(post.outlet)}</p>" + (f"<p>{escape(whys[post.path])}</p>" if whys else ""),
            outlet=post.outlet,
        )
        for post in posts[:50]
    )


def _flaw_item(feed: OutputFeed, flaw: Mapping[str, Any], posts: Sequence[NamedPost]) -> Item:
    cve = str(flaw["cve"])
    since = datetime.fromisoformat(str(flaw["exploited_since"]))
    changed = datetime.fromisoformat(str(flaw["changed_at"])) if flaw.get("changed_at") else since
    told = "".join(
        f'<li><a href="{escape(feed.base + paths.quoted(post.path))}">{escape(line_of(post.title))}</a> '
        f"({escape(post.outlet)}, {post.published:%Y-%m-%d})</li>"
        for post in posts
    )
    state = (
        "CISA lists it as known to be exploited"
        if flaw["exploited_by"] == "kev"
        else "CISA reports active exploitation"
    )
    details = [state + (f" since {flaw['kev_added']}" if flaw.get("kev_added") else "")]
    if flaw.get("kev_due"):
        details.append(f"US agencies have to act by {flaw['kev_due']}")
    if flaw.get("kev_ransomware"):
        details.append("used by ransomware")
    if flaw.get("cvss") is not None:
        details.append(f"CVSS {flaw['cvss']}")
    html = f"<p>{escape('; '.join(details))}.</p>" + (f"<p>Named by:</p><ul>{told}</ul>" if told else "")
    title = line_of(str(flaw.get("title") or ""))
    return _item(
        feed,
        identity=cve,
        title=f"{cve}: {title}" if title else cve,
        url=f"{feed.base}cve/{cve}.html",
        when=since,
        html=html,
        outlet=feed.author,
        updated=max(since, changed),
    )


def _item(  # noqa: PLR0913 - what an entry has
    feed: OutputFeed,
    *,
    identity: str,
    title: str,
    url: str,
    when: datetime,
    html: str,
    outlet: str,
    updated: datetime | None = None,
) -> Item:
    return Item(
        id=f"{feed.id}:{paths.quoted(identity)}",
        sequence=0,
        url=url,
        mirror_url=url,
        title=title,
        authors=(line_of(outlet) or feed.author,),
        stamp=when,
        published=when,
        updated=updated or when,
        language=None,
        summary="",
        html=html,
        tags=(),
        image=None,
        enclosures=(),
        source_name=line_of(outlet) or feed.author,
        source_title=line_of(outlet) or feed.author,
        source_id=feed.id,
        source_home=feed.home_url,
        source_feed=documents.address(feed, feed.stem, "atom"),
        next=None,
        previous=None,
        also_in=(),
        story=None,
        story_url=None,
        story_members=(),
    )


def _subject_html(site: Site, page: SubjectPage, feed: OutputFeed) -> bytes:
    path = f"{stem_of(page.kind, page.value)}.html"
    root = paths.to_root(path)
    neighbours = [
        (LABELS[kind], value, f"{root}{paths.quoted(stem_of(kind, value))}.html", count)
        for kind, value, count in page.neighbours
    ]
    return _page(
        site,
        "subject.html",
        path,
        feed=feed,
        label=LABELS[page.kind],
        value=page.value,
        facts=list(_timeline(page)),
        neighbours=neighbours,
        posts=[(post, "") for post in page.posts],
    )


def _timeline(page: SubjectPage) -> Iterator[tuple[str, str]]:
    """(what, when or how much) of a subject, in the order of time."""
    outlets = len({post.outlet for post in page.posts})
    flaw = page.flaw or {}
    if flaw.get("title"):
        yield "Title", line_of(str(flaw["title"]))
    if flaw.get("state") == "rejected":
        yield "State", "rejected"
    if flaw.get("published"):
        yield "Published", str(flaw["published"])[:10]
    first = min(post.published for post in page.posts)
    yield "First named here", rfc3339(first)[:10]
    if flaw.get("exploited"):
        yield "Exploited", f"yes, says {'KEV' if flaw['exploited_by'] == 'kev' else 'CISA (SSVC)'}"
    for label, key in (
        ("In KEV since", "kev_added"),
        ("Due", "kev_due"),
        ("Severity", "severity"),
        ("Vector", "vector"),
    ):
        if flaw.get(key):
            yield label, line_of(str(flaw[key]))
    if flaw.get("cvss") is not None:
        yield "CVSS", f"{flaw['cvss']} (version {flaw['cvss_version']})"
    if isinstance(epss := flaw.get("epss"), float):
        yield (
            "EPSS",
            f"{100 * epss:.1f} % ({str(flaw.get('epss_date') or '')[:10]}, model {flaw.get('epss_model') or ''})",
        )
    products = flaw.get("products")
    if isinstance(products, list) and products:
        yield "Affected", ", ".join(line_of(str(product)) for product in products[:10])
    yield "Articles", f"{len(page.posts)} from {outlets} outlet{'s' * (outlets != 1)}"


def _page(site: Site, template: str, path: str, **values: Any) -> bytes:
    root = paths.to_root(path)
    base = paths.base(site.base_url)
    return (
        environment().get_template(template).render(path=path, root=root, site=site, base=base, **values) + "\n"
    ).encode()
