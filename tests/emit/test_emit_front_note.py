"""The words on the front page about what is under way."""

from __future__ import annotations

from pathlib import Path

from support.emit_shelf import Shelf

from aggregator.config.settings import Site
from aggregator.emit import build, write_front_note


def test_a_note_stands_on_the_front_page_until_it_is_taken_away(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """Twice the same is no change; without a note the page is what a build has written, to the byte."""
    build(shelf, site, tmp_path)
    page = tmp_path / "index.html"
    plain = page.read_bytes()
    assert write_front_note(tmp_path, "Reading", "47 feeds read, <b>. `aggregator add` adds one.")
    noted = page.read_text()
    assert "<h2>Reading</h2>" in noted
    assert "<p>47 feeds read, &lt;b&gt;. <code>aggregator add</code> adds one.</p>" in noted
    assert not write_front_note(tmp_path, "Reading", "47 feeds read, <b>. `aggregator add` adds one.")
    assert write_front_note(tmp_path, "Reading", "48 feeds read.")
    assert "47 feeds" not in page.read_text()
    assert write_front_note(tmp_path, "", "")
    assert page.read_bytes() == plain


def test_a_note_is_no_output_of_a_build(shelf: Shelf, site: Site, tmp_path: Path) -> None:
    """A build that has nothing to do leaves it; one that writes everything leaves the page without."""
    build(shelf, site, tmp_path)
    write_front_note(tmp_path, "Reading", "")
    assert build(shelf, site, tmp_path).written == 0
    assert b"<h2>Reading</h2>" in (tmp_path / "index.html").read_bytes()
    assert build(shelf, site, tmp_path, full=True).files == ("index.html",)
    assert b"<h2>Reading</h2>" not in (tmp_path / "index.html").read_bytes()


def test_without_a_front_page_there_is_no_note(tmp_path: Path) -> None:
    """And no folder is made for one; an operator's own page without the marks stays as it is."""
    assert not write_front_note(tmp_path / "public", "Reading", "")
    assert not (tmp_path / "public").exists()
    (tmp_path / "index.html").write_text("mine")
    assert not write_front_note(tmp_path, "Reading", "")
    assert (tmp_path / "index.html").read_text() == "mine"
