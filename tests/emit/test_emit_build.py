"""Building: once, again, in part, in full."""

from __future__ import annotations

from pathlib import Path

from aggregator.emit import build
from aggregator.settings import Site


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file: its bytes and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_first_build_makes_everything_that_interface_names(shelf, site: Site, tmp_path: Path) -> None:
    """The combined feed in three formats, tags, sources, history, pages, OPML."""
    built = build(shelf, site, tmp_path)
    expected = {f"{stem}.{kind}" for stem in ("feed", "tags/news", "sources/krebs") for kind in ("atom", "rss", "json")}
    expected |= {"index.html", "opml.xml", "style.css", "keys.js", "sources.html", "archive/2026-03.html"}
    expected |= {"archive/feed-0001.atom", "archive/feed-0001.rss", "archive/feed-0001.json"}
    assert expected <= set(built.files)
    assert built.posts == 30
    assert built.head == shelf.head()


def test_nothing_is_touched_while_the_head_stands(shelf, site: Site, tmp_path: Path) -> None:
    """A second build changes no byte and no time; neither does a full one."""
    build(shelf, site, tmp_path)
    before = snapshot(tmp_path)
    assert build(shelf, site, tmp_path).written == 0
    assert build(shelf, site, tmp_path, full=True).written == 0
    assert snapshot(tmp_path) == before
