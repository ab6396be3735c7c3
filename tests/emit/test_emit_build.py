"""Building: once, again, in part, in full; and what happens when the folder refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.emit_shelf import KREBS, LAB, THREATPOST, Shelf, chained, filled, link_to, make_post
from support.machine import full_disk

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.emit.folder import notes_of
from aggregator.models import AlsoIn
from aggregator.models.errors import EmitError

TAGS = ("news", "research", "threat-intel")
KINDS = ("atom", "rss", "json")


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file: its bytes and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def documents(folder: Path) -> dict[str, bytes]:
    """Every file that is output: all that there are."""
    return {name: data for name, (data, _) in snapshot(folder).items()}


def test_first_build_makes_everything_that_interface_names(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """The combined feed in three formats, tags, sources, history, pages, OPML."""
    built = build(shelf, site, tmp_path)
    stems = ("feed", *(f"tags/{tag}" for tag in TAGS), "sources/krebs", "sources/lab", "archive/feed-0001")
    expected = {f"{stem}.{kind}" for stem in stems for kind in KINDS}
    expected |= {"index.html", "opml.xml", "style.css", "keys.js", "sources.html", "archive/2026-03.html"}
    assert expected <= set(built.files) == documents(tmp_path).keys()
    assert (built.posts, built.written, built.head) == (30, len(built.files), shelf.head())


def test_nothing_is_touched_while_the_head_stands(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A second build changes no byte and no time; neither does a full one."""
    build(shelf, site, tmp_path)
    before = snapshot(tmp_path)
    assert build(shelf, site, tmp_path).written == 0
    again = build(shelf, site, tmp_path, full=True)
    assert (again.written, again.removed) == (0, 0)
    assert snapshot(tmp_path) == before


def test_an_empty_archive_makes_a_site_without_posts(site: Site, tmp_path: Path) -> None:
    """Before the first poll there are empty feeds and a front page that says so."""
    shelf = Shelf()
    shelf.relist(KREBS)
    build(shelf, site, tmp_path)
    assert b"No posts yet" in (tmp_path / "index.html").read_bytes()
    assert b"<entry" not in (tmp_path / "feed.atom").read_bytes()


def test_one_new_post_touches_only_what_it_concerns(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Its page, its neighbour's page, its month, its source, its tags, the combined feed and the front page."""
    build(shelf, site, tmp_path)
    before = snapshot(tmp_path)
    new = make_post(31, previous=link_to(shelf.posts[28]))
    shelf.put(new, replace(shelf.posts[28], next=link_to(new)))
    built = build(shelf, site, tmp_path)
    expected = {new.path, shelf.posts[28].path, "archive/2026-03.html", "archive/index.html", "index.html"}
    expected |= {f"archive/{new.published:%Y-%m-%d}.html", f"archive/{shelf.posts[28].published:%Y-%m-%d}.html"} & set(
        built.files
    )
    expected |= {f"{stem}.{kind}" for stem in ("feed",) for kind in KINDS}
    expected |= {f"{stem}.{kind}" for stem in ("sources/krebs", "tags/news", "tags/threat-intel") for kind in KINDS}
    expected |= {"sources/krebs.html", "tags/news.html", "tags/threat-intel.html", "sources.html"}
    assert set(built.files) == expected
    untouched = before.keys() - expected
    after = snapshot(tmp_path)
    assert all(after[name] == before[name] for name in untouched)


def test_many_small_builds_make_what_one_full_build_makes(site: Site, tmp_path: Path) -> None:
    """Posts that come one by one, in any kind of change, lead to the same documents as a build of the end."""
    shelf, parts, whole = Shelf(), tmp_path / "parts", tmp_path / "whole"
    posts = chained(25)
    shelf.relist(*shelf.listed)
    for post in posts:
        before = shelf.posts.get(post.sequence - 3)
        shelf.put(post, *((replace(before, next=link_to(post)),) if before else ()))
        build(shelf, site, parts)
    moved = replace(shelf.posts[24], published=shelf.posts[24].published + timedelta(days=40), title="Moved")
    shelf.put(moved)
    build(shelf, site, parts)
    copy = replace(shelf.posts[25], hidden=True, leader=AlsoIn("Krebs on Security", "https://krebs.example/23/"))
    shelf.put(copy, replace(shelf.posts[23], also_in=(AlsoIn(copy.source.name, copy.url or "", copy.path),)))
    build(shelf, site, parts)
    shelf.relist(KREBS, LAB, replace(THREATPOST, name="Threat Post", tags=("news", "mobile")))
    build(shelf, site, parts)
    build(shelf, site, whole)
    frozen = {name for name in documents(whole) if name.startswith("archive/feed-")}
    one, other = documents(parts), documents(whole)
    assert one.keys() == other.keys()
    assert [name for name in one if name not in frozen and one[name] != other[name]] == []


def test_a_revised_post_shows_everywhere(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A new title reaches the page, the lists and the feeds, and nothing else of the post moves."""
    build(shelf, site, tmp_path)
    post = shelf.posts[29]
    shelf.put(replace(post, title="Corrected", revised=post.stamp + timedelta(hours=3)))
    build(shelf, site, tmp_path)
    for name in ("feed.atom", "feed.rss", "feed.json", "index.html", "archive/2026-03.html", post.path):
        assert b"Corrected" in (tmp_path / name).read_bytes(), name


def test_a_post_that_moves_to_another_month_leaves_the_first(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A corrected date takes the post out of its former month's page, and an empty month's page goes."""
    late = make_post(31, published=shelf.posts[1].published + timedelta(days=90))
    shelf.put(late)
    build(shelf, site, tmp_path)
    assert "archive/2026-05.html" in documents(tmp_path)
    shelf.put(replace(late, published=shelf.posts[1].published))
    build(shelf, site, tmp_path)
    assert "archive/2026-05.html" not in snapshot(tmp_path)
    assert not (notes_of(tmp_path) / "2026-05-30.json").exists()
    assert b"Post number 31<" in (tmp_path / "archive/2026-03.html").read_bytes()


def test_a_full_build_removes_our_stale_pages_and_nothing_foreign(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """What we made and is no more goes; what somebody else put there stays."""
    build(shelf, site, tmp_path)
    foreign = [tmp_path / "favicon.ico", tmp_path / "posts" / "mine.html", tmp_path / "tags" / "mine.html"]
    for path in foreign:
        path.write_text("mine")
    gone = shelf.posts[30].path
    shelf.drop(30)
    built = build(shelf, site, tmp_path, full=True)
    assert built.removed == 2, "its page, and that of its day, of which it was the only post"
    assert not (tmp_path / gone).exists()
    assert all(path.read_text() == "mine" for path in foreign)


def test_a_tag_or_source_that_is_gone_takes_its_documents_along(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """An unconfigured tag has no feed any more, and no page links to it."""
    build(shelf, site, tmp_path)
    shelf.relist(replace(KREBS, tags=("news",)), LAB, THREATPOST)
    build(shelf, site, tmp_path)
    names = documents(tmp_path)
    assert not [name for name in names if "threat-intel" in name]
    assert b"threat-intel" not in b"".join(names.values())


def test_another_setting_builds_all_again(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A changed title shows on every page without being asked for."""
    build(shelf, site, tmp_path)
    build(shelf, site.model_copy(update={"title": "Other news"}), tmp_path)
    pages = [data for name, data in documents(tmp_path).items() if name.endswith(".html")]
    assert all(b"Other news" in page for page in pages)


def test_lost_notes_cost_one_full_build(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Without the state, or a day's rows, everything is there again after the next build."""
    build(shelf, site, tmp_path)
    before = documents(tmp_path)
    (notes_of(tmp_path) / "state.json").write_text("{broken")
    build(shelf, site, tmp_path)
    assert documents(tmp_path) == before
    (notes_of(tmp_path) / "2026-03-10.json").unlink()
    shelf.put(make_post(31))
    build(shelf, site, tmp_path)
    assert b"Post number 1<" in (tmp_path / "archive/2026-03.html").read_bytes()


def test_a_build_killed_before_its_last_note_does_not_spoil_the_counts(
    shelf: Shelf, site: Site, tmp_path: Path
) -> None:
    """The archive's list says how many posts a month has, also when a day's rows were written and the state was not."""
    build(shelf, site, tmp_path)
    state = (notes_of(tmp_path) / "state.json").read_bytes()
    shelf.put(make_post(31))
    build(shelf, site, tmp_path)
    (notes_of(tmp_path) / "state.json").write_bytes(state)
    shelf.put(make_post(32))
    build(shelf, site, tmp_path)
    assert build(shelf, site, tmp_path, full=True).files == ()


class Killed(BaseException):
    """Nothing that the program would catch."""


def test_a_move_to_another_day_is_seen_through_wherever_a_build_is_killed(
    shelf: Shelf, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill before any of its files, in place or not, the next build makes what a full one makes."""
    former, out, replace_file = tmp_path / "former", tmp_path / "out", Path.replace
    late = make_post(31, published=shelf.posts[1].published + timedelta(days=3))
    shelf.put(late, make_post(32, published=late.published))
    build(shelf, site, former)
    shelf.put(replace(late, published=shelf.posts[1].published))
    left = [0]

    def dying(place: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return replace_file(place, target)

    for files in range(1000):
        shutil.copytree(former, out)
        shutil.copytree(notes_of(former), notes_of(out))
        left[0] = files
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", dying)
            with suppress(Killed):
                build(shelf, site, out)
        ended = left[0] >= 0
        build(shelf, site, out)
        assert build(shelf, site, out, full=True).files == (), f"killed after {files} files"
        assert not (notes_of(out) / "moving").exists()
        shutil.rmtree(out)
        shutil.rmtree(notes_of(out))
        if ended:
            break
    assert files > 5


def test_progress_rises_to_its_total(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Whoever watches sees how far it is."""
    seen: list[tuple[int, int]] = []
    build(shelf, site, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done <= total for done, total in seen)


def test_a39_a_path_out_of_the_folder_is_refused(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """No name that an archive could hand over leads out of the output folder, or to a hidden file in it."""
    for number, path in enumerate(
        ("../x.html", "/etc/x.html", "posts/../../x.html", "a/.b/x.html", "a\nb", "posts//x")
    ):
        shelf.put(make_post(31 + number, path=path))
        with pytest.raises(EmitError):
            build(shelf, site, tmp_path / "out")
        shelf.drop(31 + number)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "out.notes"}


@pytest.mark.parametrize("size", [0, 3_000, 12_000])
def test_f38_a_full_disk_leaves_the_former_files(site: Site, tmp_path: Path, size: int) -> None:
    """Every file is the former or the new one, nothing is left lying about, and the next build completes the work."""
    shelf, fresh = filled(30), tmp_path / "fresh"
    out = tmp_path / "out"
    build(shelf, site, out)
    before = documents(out)
    shelf.put(*(replace(post, html=post.html * 20, title="New") for post in shelf.posts.values()))
    with full_disk(size), pytest.raises(EmitError, match="cannot be written"):
        build(shelf, site, out)
    build(shelf, site, fresh)
    after, complete = documents(out), documents(fresh)
    assert all(data in (before.get(name), complete[name]) for name, data in after.items())
    assert not list(out.rglob("*.new"))
    build(shelf, site, out)
    frozen = {name for name in before if name.startswith("archive/feed-")}
    assert {name: data for name, data in documents(out).items() if name not in frozen} == {
        name: data for name, data in complete.items() if name not in frozen
    }


def test_f38_a_folder_that_can_not_be_made_is_an_emit_error(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A file where the folder should be is said in words, not as a traceback."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(EmitError, match="cannot be written"):
        build(shelf, site, tmp_path / "out")


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support.emit_shelf import chained, filled
from aggregator.emit import build
from aggregator.config.settings import Site

site = Site(title="Security news", base_url="https://news.example/", page_size=10)
shelf = filled(30)
shelf.put(*chained(60))
build(shelf, site, Path(sys.argv[2]), progress=lambda done, _: os._exit(9) if done == int(sys.argv[3]) else None)
"""


@pytest.mark.parametrize("step", [1, 45, 62])
def test_f39_killed_at_any_step_no_file_is_torn(site: Site, tmp_path: Path, step: int) -> None:
    """After a kill every file that is there is whole, and the next build makes what an undisturbed one makes."""
    out, calm = tmp_path / "out", tmp_path / "calm"
    build(filled(30), site, out)
    before = documents(out)
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(Path(__file__).parents[1]), str(out), str(step)], check=False, env=os.environ
    )
    assert run.returncode == 9
    left = {name: data for name, data in documents(out).items() if not name.endswith(".new")}
    shelf = filled(30)
    shelf.put(*chained(60))
    build(shelf, site, calm)
    complete = documents(calm)
    assert all(data in (before.get(name), complete.get(name)) for name, data in left.items())
    build(shelf, site, out)
    frozen = {name for name in complete if name.startswith("archive/feed-")}
    after = documents(out)
    assert {name for name in after if not name.endswith(".new")} == complete.keys()
    assert all(after[name] == complete[name] for name in complete.keys() - frozen)
