"""What was withdrawn, and what may only be quoted, as documents and pages show it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lxml import etree
from support.emit_rules import faults_of
from support.emit_shelf import START, Shelf, filled

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.emit.folder import notes_of
from aggregator.models import Withdrawal

AT = "{http://purl.org/atompub/tombstones/1.0}"
THEN = START + timedelta(days=400)


def withdraw(shelf: Shelf, number: int, reason: str = "It named a <victim>.") -> None:
    """As the store does it: a notice in its place, and its neighbours do not name it any more."""
    post = replace(
        shelf.posts[number], title="This post was withdrawn", html="", summary="", next=None, previous=None,
        withdrawn=Withdrawal(THEN, reason, (number - 3, number + 3)),
    )  # fmt: skip
    before, after = (shelf.posts.get(n) for n in (number - 3, number + 3))
    changed = [replace(before, next=None)] if before else []
    changed += [replace(after, previous=None)] if after else []
    shelf.put(post, *changed)


def feeds(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.suffix in (".atom", ".rss", ".json")
    }


def stones(data: bytes) -> list[str]:
    return [stone.get("ref") for stone in etree.fromstring(data).findall(f"{AT}deleted-entry")]


def test_a_withdrawn_post_leaves_a_tombstone_and_a_notice(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """In every document that held it; its page says so and nothing else; lists do not name it."""
    build(shelf, site, tmp_path)
    post = shelf.posts[29]
    withdraw(shelf, post.sequence)
    build(shelf, site, tmp_path)
    after = feeds(tmp_path)
    assert faults_of(after) == {}
    for name in ("feed", f"tags/{post.tags[0]}", f"sources/{post.source.slug}"):
        assert post.title not in b"".join(after[f"{name}.{kind}"] for kind in ("atom", "rss", "json")).decode()
        assert stones(after[f"{name}.atom"]) == [post.id]
        assert post.id not in after[f"{name}.json"].decode()
    page = (tmp_path / post.path).read_text()
    assert "This post was withdrawn" in page
    assert "It named a &lt;victim&gt;." in page
    assert post.title not in page
    assert "The text of post 29" not in page
    lists = [path for path in tmp_path.rglob("*.html") if "posts" not in path.parts and "stories" not in path.parts]
    assert [path.name for path in lists if post.path in path.read_text()] == []


def test_its_archive_documents_are_replaced_and_no_others(site: Site, tmp_path: Path) -> None:
    """The one that holds it, without it and with the record, and those whose posts named it; reinstated, they are as
    they were, byte for byte.
    """
    shelf = filled(50)
    build(shelf, site, tmp_path)
    before, post, around = feeds(tmp_path), shelf.posts[8], (shelf.posts[5], shelf.posts[11])
    withdraw(shelf, post.sequence)
    build(shelf, site, tmp_path)
    withdrawn = feeds(tmp_path)
    assert {name for name in before if name.startswith("archive/") and before[name] != withdrawn[name]} == {
        f"archive/feed-000{n}.{kind}" for n in (1, 2) for kind in ("atom", "rss", "json")
    }
    assert faults_of(withdrawn) == {}
    assert all(b"Post number 8" not in data for data in withdrawn.values())
    assert stones(withdrawn["archive/feed-0001.atom"]) == [post.id]
    assert json.loads(withdrawn["archive/feed-0001.json"])["_aggregator"]["withdrawn"] == [
        {"id": post.id, "at": "2027-04-05T08:00:00Z"}
    ]
    assert stones(withdrawn["feed.atom"]) == [post.id]  # whoever reads the current document alone hears of it too
    build(shelf, site, tmp_path, full=True)
    assert feeds(tmp_path) == withdrawn
    shelf.put(post, *around)
    build(shelf, site, tmp_path)
    assert feeds(tmp_path) == before


def test_in_part_or_in_full_a_withdrawal_makes_the_same(site: Site, tmp_path: Path) -> None:
    """A folder built after it, and one that a full build finds with its documents as they were."""
    one, two = filled(30), filled(30)
    build(one, site, tmp_path / "one")
    for shelf in (one, two):
        withdraw(shelf, 5, "")
    build(one, site, tmp_path / "one", full=True)
    build(two, site, tmp_path / "two")
    assert feeds(tmp_path / "one") == feeds(tmp_path / "two")
    pages = [{p.relative_to(f): p.read_text() for p in f.rglob("*.html")} for f in (tmp_path / "one", tmp_path / "two")]
    assert pages[0] == pages[1]


def test_a_quoted_post_leads_to_the_whole(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """`republish`: the page and every format show no more than there is, and a link to the origin by name."""
    post = shelf.posts[30]
    shelf.put(
        replace(post, html="", republish="excerpt"), replace(shelf.posts[29], html="", summary="", republish="link")
    )
    build(shelf, site, tmp_path)
    assert faults_of(feeds(tmp_path)) == {}
    page = (tmp_path / post.path).read_text()
    assert post.summary in page
    assert f'<a href="{post.url}">Read it at {post.source.name}</a>' in page
    items = {item["id"]: item for item in json.loads((tmp_path / "feed.json").read_bytes())["items"]}
    assert items[post.id]["content_html"].startswith(f"<p>{post.summary}</p><p><a href=")
    assert "summary" not in items[shelf.posts[29].id]
    assert items[shelf.posts[29].id]["content_html"].startswith("<p><a href=")
    for kind in ("atom", "rss"):
        text = (tmp_path / f"feed.{kind}").read_text()
        assert "The text of post 28" in text
        assert "The text of post 30" not in text
        assert "In short: 29." not in text.replace("&lt;br&gt;In short: 29.", "")


def test_what_may_go_out_no_more_goes_out_of_the_archive(site: Site, tmp_path: Path) -> None:
    """A stricter `republish` replaces the archive documents that show more, in part and in full alike, and no others;
    a freer one replaces none.
    """
    shelf = filled(50)
    build(shelf, site, tmp_path / "one")
    build(shelf, site, tmp_path / "two")
    before, post = feeds(tmp_path / "one"), shelf.posts[8]
    shelf.put(replace(post, html="", republish="excerpt"))
    build(shelf, site, tmp_path / "one")
    (notes_of(tmp_path / "two") / "state.json").unlink()  # and where the builder has forgotten what it made
    build(shelf, site, tmp_path / "two")
    after = feeds(tmp_path / "one")
    assert after == feeds(tmp_path / "two")
    assert faults_of(after) == {}
    changed = {name for name in before if name.startswith("archive/") and before[name] != after[name]}
    assert changed == {f"archive/feed-0001.{kind}" for kind in ("atom", "rss", "json")}
    assert all(b"The text of post 8." not in data for data in after.values())
    assert all(b"The text of post 7." in after[name] for name in changed)
    shelf.put(replace(post, html="", summary="", republish="link"))
    assert "archive/feed-0001.atom" in build(shelf, site, tmp_path / "one").files
    assert build(shelf, site, tmp_path / "one", full=True).files == ()
    shelf.put(post)
    assert not [name for name in build(shelf, site, tmp_path / "one").files if name.startswith("archive/feed")]
