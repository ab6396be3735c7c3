"""RFC 5005: from the current document back to the first post, each once; and nothing that is archived ever changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree
from support.emit_rules import ATOM, HISTORY
from support.emit_shelf import Shelf, chained, filled, make_post

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.emit.folder import notes_of

BASE = "https://news.example/"


def atom(data: bytes) -> tuple[list[str], str | None]:
    feed = etree.fromstring(data)
    older = feed.find(f"{ATOM}link[@rel='prev-archive']")
    return [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")], _href(older)


def rss(data: bytes) -> tuple[list[str], str | None]:
    channel = etree.fromstring(data).find("channel")
    older = channel.find(f"{ATOM}link[@rel='prev-archive']")
    return [item.findtext("guid") for item in channel.findall("item")], _href(older)


def jsonfeed(data: bytes) -> tuple[list[str], str | None]:
    feed = json.loads(data)
    return [item["id"] for item in feed["items"]], feed.get("next_url")


def _href(link: object) -> str | None:
    return None if link is None else link.get("href")  # type: ignore[attr-defined]


READ: dict[str, Callable[[bytes], tuple[list[str], str | None]]] = {"atom": atom, "rss": rss, "json": jsonfeed}


def walk(out: Path, kind: str) -> Iterator[list[str]]:
    """The ids in each document, from the current one back."""
    url: str | None = f"{BASE}feed.{kind}"
    while url is not None:
        assert url.startswith(BASE)
        ids, url = READ[kind]((out / url.removeprefix(BASE)).read_bytes())
        yield ids


def frozen(out: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.glob("archive/feed-*")}


@pytest.mark.parametrize("count", [0, 1, 10, 19, 20, 21, 47])
def test_walking_back_meets_every_post_once(site: Site, tmp_path: Path, count: int) -> None:
    """Newest first through all documents, whatever the number of posts."""
    build(filled(count), site, tmp_path)
    for kind in READ:
        documents = list(walk(tmp_path, kind))
        met = [post_id for ids in documents for post_id in ids]
        assert met == [f"tag:aggregator.example,2026:{n}" for n in range(count, 0, -1)]
        assert all(len(ids) == site.page_size for ids in documents[1:])


def test_the_current_document_never_runs_short(site: Site, tmp_path: Path) -> None:
    """It holds a page at least (who polls seldom misses nothing), and less than two."""
    shelf, posts = Shelf(), chained(42)
    for first, last in pairwise((0, 1, 9, 10, 11, 19, 20, 21, 22, 30, 42)):
        shelf.put(*posts[first:last])
        build(shelf, site, tmp_path)
        assert min(last, 10) <= len(next(walk(tmp_path, "json"))) < 20


def sizes(out: Path) -> list[int]:
    return [path.stat().st_size for path in out.rglob("*") if path.suffix in (".atom", ".rss", ".json")]


def test_no_document_has_more_bytes_than_it_may(site: Site, tmp_path: Path) -> None:
    """The archive takes the rest, whatever the posts' sizes; every post is met once. Bit by bit makes what at once does."""
    limited = site.model_copy(update={"page_bytes": 100_000})
    lengths = [2_000, 6_500, 6_000, 6_200, 3_000, 44_000, 6_400, 6_300] * 8  # one of them is cut
    texts = {n: f"<p>{'ä<b>&amp;</b> ' * (lengths[n] // 20)}</p>" for n in range(1, 61)}
    archives = []
    for step in (3, 60):
        shelf, out = Shelf(), tmp_path / str(step)
        for first in range(1, 61, step):
            shelf.put(*(replace(make_post(n), html=texts[n]) for n in range(first, first + step)))
            build(shelf, limited, out)
            assert max(sizes(out)) <= 100_000
            assert len(next(walk(out, "json"))) < 20
        for kind in READ:
            met = [int(post_id.rpartition(":")[2]) for ids in walk(out, kind) for post_id in ids]
            assert met == list(range(60, 0, -1))
        before = frozen(out)
        build(shelf, limited, out, full=True)
        assert frozen(out) == before
        archives.append({name: data for name, (data, _) in before.items()})
    assert archives[0] == archives[1]
    assert len(archives[0]) > 18


def test_a_post_that_would_fill_a_document_is_shown_by_its_beginning(site: Site, tmp_path: Path) -> None:
    """With a link to all of it; its page has it whole."""
    limited, shelf = site.model_copy(update={"page_bytes": 100_000}), filled(11)
    long = replace(make_post(12), html=f"<p>{'long ' * 40_000}</p><hr><p>end</p>", summary="How it begins.")
    shelf.put(long)
    build(shelf, limited, tmp_path)
    (item, *others) = json.loads((tmp_path / "feed.json").read_bytes())["items"]
    assert item["content_html"].startswith("<p>long long ")
    assert f'<a href="{BASE}{long.path}">' in item["content_html"]
    assert item["content_html"].count("long ") < 2_000
    assert "Source:" in item["content_html"]
    assert len(others) >= 9
    assert (tmp_path / long.path).read_text().count("long ") == 40_000
    assert max(sizes(tmp_path)) <= 100_000


def test_hidden_posts_leave_no_gap_in_the_walk(site: Site, tmp_path: Path) -> None:
    """Duplicates are in no document of the combined feed; all others are met, and a page still is a page."""
    shelf = Shelf()
    shelf.put(*(replace(post, hidden=post.sequence % 3 == 0) for post in chained(60)))
    build(shelf, site, tmp_path)
    met = [int(post_id.rpartition(":")[2]) for ids in walk(tmp_path, "atom") for post_id in ids]
    assert met == [n for n in range(60, 0, -1) if n % 3]
    assert len(next(walk(tmp_path, "atom"))) >= 10


def test_an_archive_document_never_changes(site: Site, tmp_path: Path) -> None:
    """Neither its posts' revisions, nor newer documents, nor a full build, nor another title or page size touch it."""
    shelf = filled(30)
    build(shelf, site, tmp_path)
    before = frozen(tmp_path)
    assert len(before) == 6
    shelf.put(*(replace(shelf.posts[n], title="Revised") for n in range(1, 31)))
    build(shelf, site, tmp_path)
    shelf.put(*(make_post(n) for n in range(31, 61)))
    build(shelf, site, tmp_path)
    build(shelf, site, tmp_path, full=True)
    other = site.model_copy(update={"title": "Other", "page_size": 15})
    build(shelf, other, tmp_path)
    after = frozen(tmp_path)
    assert {name: after[name] for name in before} == before
    met = [post_id for ids in walk(tmp_path, "rss") for post_id in ids]
    assert met == [f"tag:aggregator.example,2026:{n}" for n in range(60, 0, -1)]


def test_lost_notes_do_not_rewrite_history(site: Site, tmp_path: Path) -> None:
    """Without the state the blocks are read back from the documents, whatever the page size is now."""
    shelf = filled(40)
    build(shelf, site, tmp_path)
    before = frozen(tmp_path)
    (notes_of(tmp_path) / "state.json").unlink()
    shelf.put(
        *(replace(post, title="Revised") for post in shelf.posts.values()), *(make_post(n) for n in range(41, 70))
    )
    build(shelf, site.model_copy(update={"page_size": 12}), tmp_path)
    after = frozen(tmp_path)
    assert {name: after[name] for name in before} == before
    assert sum(len(ids) for ids in walk(tmp_path, "json")) == 69


def test_one_lost_archive_document_is_made_again(site: Site, tmp_path: Path) -> None:
    """A full build puts back what is missing, and only that."""
    shelf = filled(40)
    build(shelf, site, tmp_path)
    before = frozen(tmp_path)
    (tmp_path / "archive/feed-0002.rss").unlink()
    assert build(shelf, site, tmp_path, full=True).files == ("archive/feed-0002.rss",)
    assert {name: data for name, (data, _) in frozen(tmp_path).items()} == {n: data for n, (data, _) in before.items()}


@pytest.mark.parametrize("extension", ["atom", "rss", "json"])
@pytest.mark.parametrize("torn", [b"", b"\0" * 64, None])
def test_what_a_power_cut_tore_is_made_again(site: Site, tmp_path: Path, extension: str, torn: bytes | None) -> None:
    """Of a build that was not finished, a document may be there without its end: it is not taken for whole."""
    shelf = filled(20)
    build(shelf, site, tmp_path)
    state = notes_of(tmp_path) / "state.json"
    notes = state.read_bytes()
    shelf.put(*chained(40)[20:])
    build(shelf, site, tmp_path)
    before = frozen(tmp_path)
    state.write_bytes(notes)  # as if the power had gone before the notes of the second build
    document = tmp_path / f"archive/feed-0002.{extension}"
    whole = document.read_bytes()
    document.write_bytes(whole[: len(whole) // 2] if torn is None else torn)
    assert document.relative_to(tmp_path).as_posix() in build(shelf, site, tmp_path).files
    assert {name: data for name, (data, _) in frozen(tmp_path).items()} == {
        name: data for name, (data, _) in before.items()
    }


def test_another_address_makes_other_documents(site: Site, tmp_path: Path) -> None:
    """When the site moves, its archive documents stand at new addresses, and link there."""
    shelf = filled(40)
    build(shelf, site, tmp_path)
    build(shelf, site.model_copy(update={"base_url": "https://other.example/"}), tmp_path)
    assert b"news.example" not in b"".join(data for data, _ in frozen(tmp_path).values())


def test_a_database_that_went_back_takes_its_documents_back(site: Site, tmp_path: Path) -> None:
    """After an old backup is restored, documents of posts that never were are gone."""
    build(filled(60), site, tmp_path)
    shelf = filled(35)
    build(shelf, site, tmp_path, full=True)
    assert {path.name for path in tmp_path.glob("archive/feed-*.atom")} == {"feed-0001.atom", "feed-0002.atom"}
    assert sum(len(ids) for ids in walk(tmp_path, "atom")) == 35


def test_links_and_marks_of_the_documents(site: Site, tmp_path: Path) -> None:
    """Archived documents say so, and link both ways and to the current one; that one is not marked."""
    build(filled(45), site, tmp_path)

    def links(name: str) -> dict[str, str]:
        root = etree.fromstring((tmp_path / name).read_bytes())
        parent = root.find("channel") if root.tag == "rss" else root
        return {link.get("rel"): link.get("href").removeprefix(BASE) for link in parent.findall(f"{ATOM}link")}

    for kind in ("atom", "rss"):
        assert links(f"feed.{kind}")["prev-archive"] == f"archive/feed-0003.{kind}"
        assert not {"next-archive", "current"} & links(f"feed.{kind}").keys()
        middle = links(f"archive/feed-0002.{kind}")
        assert middle["prev-archive"] == f"archive/feed-0001.{kind}"
        assert middle["next-archive"] == f"archive/feed-0003.{kind}"
        assert (middle["current"], middle["self"]) == (f"feed.{kind}", f"archive/feed-0002.{kind}")
        assert "prev-archive" not in links(f"archive/feed-0001.{kind}")
        assert (
            etree.fromstring((tmp_path / f"archive/feed-0001.{kind}").read_bytes()).find(f".//{HISTORY}archive")
            is not None
        )
        assert etree.fromstring((tmp_path / f"feed.{kind}").read_bytes()).find(f".//{HISTORY}archive") is None


def test_the_feeds_identity_is_the_same_in_all_documents(site: Site, tmp_path: Path) -> None:
    """One logical feed: the id does not depend on the document."""
    build(filled(45), site, tmp_path)
    names = ("feed.atom", "archive/feed-0001.atom", "archive/feed-0003.atom")
    assert len({etree.fromstring((tmp_path / name).read_bytes()).findtext(f"{ATOM}id") for name in names}) == 1
