"""The output folder: whole files, written where they differ, in batches."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from support.emit_shelf import Shelf, make_post

from aggregator.config.settings import Site
from aggregator.emit import build
from aggregator.emit.feed import FeedDocument, combined
from aggregator.emit.folder import BATCH_FILES, BUILDING, Folder, notes_of
from aggregator.emit.formats import EXTENSIONS, ItemWriter
from aggregator.models.errors import EmitError


def test_more_files_than_a_batch_all_arrive(tmp_path: Path) -> None:
    """Nothing is lost between two batches."""
    folder = Folder(tmp_path)
    names = [f"a/{n % 7}/{n}.html" for n in range(BATCH_FILES + 50)]
    assert all(folder.put(name, name.encode()) for name in names)
    folder.flush()
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html")} == set(names)
    assert folder.written == names


def test_a_file_put_twice_ends_as_the_second(tmp_path: Path) -> None:
    """The later bytes count, also within a batch."""
    folder = Folder(tmp_path)
    folder.put("a.html", b"one")
    folder.put("a.html", b"two")
    folder.flush()
    assert (tmp_path / "a.html").read_bytes() == b"two"


def test_what_is_discarded_leaves_no_trace(tmp_path: Path) -> None:
    """A build that fails takes its temporary files along."""
    folder = Folder(tmp_path)
    folder.put("a.html", b"one")
    folder.discard()
    folder.flush()
    assert list(tmp_path.iterdir()) == []


def test_removing_takes_empty_folders_along_and_no_others(tmp_path: Path) -> None:
    """The last file of a folder takes the folder with it; what is not there is no error."""
    folder = Folder(tmp_path)
    for name in ("a/b/c.html", "a/d.html"):
        folder.put(name, b"x")
    folder.flush()
    for name in ("a/b/c.html", "a/b/c.html", "nowhere/x.html"):
        folder.remove(name)
    assert folder.removed == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "d.html"}


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside is written, whatever stands in a file's place."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.html").symlink_to(outside)
    (out / ".b.html.new").symlink_to(outside)
    monkeypatch.setattr(Folder, "_is_apart", lambda _: False)  # on one file system no name under way can be foreseen
    folder = Folder(out)
    folder.put("a.html", b"page")
    folder.put("b.html", b"page")
    folder.flush()
    assert outside.read_text() == "mine"
    assert [path.read_text() for path in sorted(out.iterdir())] == ["page", "page"]
    assert not any(path.is_symlink() for path in out.iterdir())


def test_f38_a_folder_in_a_files_place_is_said(tmp_path: Path, shelf: Shelf, site: Site) -> None:
    """What cannot be renamed is an EmitError, and no temporary file stays."""
    (tmp_path / "feed.rss" / "sub").mkdir(parents=True)
    with pytest.raises(EmitError):
        build(shelf, site, tmp_path)
    assert not list(tmp_path.rglob("*.new"))
    (tmp_path / "feed.rss" / "sub").rmdir()
    (tmp_path / "feed.rss").rmdir()
    build(shelf, site, tmp_path)
    assert (tmp_path / "feed.rss").is_file()


def test_entries_that_were_forgotten_are_spelled_again(site: Site) -> None:
    """However little is kept, the documents are the same."""
    posts = tuple(make_post(n) for n in range(20, 0, -1))
    feed = combined(site)
    documents = []
    for kept in (0, 4_000, 10**9):
        speller = ItemWriter(site, kept)
        document = FeedDocument(feed, "feed", speller.items(posts))
        documents.append([speller.document(document, extension) for extension in EXTENSIONS])
    assert documents[0] == documents[1] == documents[2]


def test_nothing_but_output_is_ever_in_the_folder(
    tmp_path: Path, shelf: Shelf, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither notes nor files under way, at any moment: whoever serves the folder serves all of it."""
    out, sync, seen = tmp_path / "public", os.fsync, []

    def looking(descriptor: int) -> None:
        seen.extend(
            path.name for path in out.rglob("*") if path.name.startswith(".") or (not path.suffix and path.is_file())
        )
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", looking)
    build(shelf, site, out)
    assert seen == []
    assert {path.name for path in tmp_path.iterdir()} == {"public", "public.notes"}
    assert [path.name for path in (tmp_path / "public.notes" / "new").iterdir()] == []


def test_notes_that_stood_in_the_folder_go_beside_it(tmp_path: Path, shelf: Shelf, site: Site) -> None:
    """Of a former version; nothing is built again for it. What a killed builder has left under way goes."""
    out = tmp_path / "public"
    build(shelf, site, out)
    notes = notes_of(out)
    (notes / "state.json").rename(out / ".built.json")
    shutil.rmtree(notes / "new")
    notes.rename(out / ".built")
    assert build(shelf, site, out).files == ()
    assert (notes / "state.json").exists()
    assert list(out.rglob(".*")) == []
    (notes / "new").mkdir(exist_ok=True)
    left = [notes / "new" / "1-7", out / "posts" / ".x.html.new"]
    for path in (*left, notes / BUILDING):
        path.write_text("torn")
    assert build(shelf, site, out).files == ()
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize("mounted", ["all", "a part"])
def test_another_file_system_in_its_place(
    tmp_path: Path, shelf: Shelf, site: Site, monkeypatch: pytest.MonkeyPatch, mounted: str
) -> None:
    """Where nothing can be renamed into the folder, or into one in it, files still appear whole."""
    out, replace_file = tmp_path / "public", Path.replace

    def refusing(place: Path, target: Path) -> Path:
        if place.parent != target.parent and (mounted == "all" or "posts" in target.parts):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace_file(place, target)

    monkeypatch.setattr(Path, "replace", refusing)
    monkeypatch.setattr(Folder, "_is_apart", lambda _: mounted == "a part")
    written = build(shelf, site, out).files
    assert all((out / name).is_file() for name in written)
    assert list(out.rglob(".*")) == []
