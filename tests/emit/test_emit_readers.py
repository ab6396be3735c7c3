"""Real readers take the feeds: newsboat, sfeed and Liferea, where Debian's packages are installed; the library reader."""

from __future__ import annotations

import html
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.emit_shelf import Shelf, chained
from support.machine import QuietFiles, needed, serving

from aggregator.config.settings import Site
from aggregator.emit import build

TITLES = ("Ransomware & “quotes” – dash", "1 < 2 && 3 > 2", "Use of <b>bold</b> ]]> tags", "日本語の見出し")
KINDS = ("atom", "rss")


LIFEREA_ITEMS = """
    SELECT items.*, node.title AS kind,
        (SELECT value FROM metadata WHERE item_id = items.item_id AND key IN ('author', 'creator')) AS author
    FROM items JOIN node ON node.node_id = items.node_id
"""
LIFEREA_S = 60
"""Enough for a graphical program on a busy machine; it takes five seconds."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shelf, Path, str]]:
    """A built site over loopback HTTP: the archive, the folder, the address."""
    out = tmp_path_factory.mktemp("readers")
    shelf = Shelf()
    shelf.put(*(replace(post, title=f"{TITLES[post.sequence % 4]} {post.sequence}") for post in chained(15)))
    with serving(partial(QuietFiles, directory=str(out))) as port:
        base = f"http://127.0.0.1:{port}/"
        build(shelf, Site(base_url=base, page_size=20), out)
        yield shelf, out, base


@pytest.mark.parametrize("kind", KINDS)
def test_sfeed_reads_what_went_in(served: tuple[Shelf, Path, str], kind: str) -> None:
    """Every item with its title, link, id, author, date and content."""
    sfeed = needed("sfeed")
    shelf, out, _ = served
    run = subprocess.run([sfeed], input=(out / f"feed.{kind}").read_bytes(), capture_output=True, check=True)
    rows = [line.split("\t") for line in run.stdout.decode().splitlines()]
    posts = [shelf.posts[n] for n in range(15, 0, -1)]
    assert [row[1] for row in rows] == [post.title for post in posts]
    assert [row[2] for row in rows] == [post.url for post in posts]
    assert [row[5] for row in rows] == [post.id for post in posts]
    assert [row[6] for row in rows] == [f"Jane Doe ({post.source.name})" for post in posts]
    dates = [post.stamp if kind == "rss" else post.published for post in posts]
    assert [int(row[0]) for row in rows] == [int(date.timestamp()) for date in dates]
    assert [row[3].startswith(post.html) for row, post in zip(rows, posts, strict=True)] == [True] * 15
    assert {row[4] for row in rows} == {"html"}


@pytest.mark.parametrize("kind", KINDS)
def test_newsboat_reads_what_went_in(served: tuple[Shelf, Path, str], tmp_path: Path, kind: str) -> None:
    """Every item once, with its title, link, id, author, date and content; a second reload adds none."""
    newsboat = needed("newsboat")
    shelf, _, base = served
    urls, cache, config = tmp_path / "urls", tmp_path / "cache.db", tmp_path / "config"
    urls.write_text(f"{base}feed.{kind}\n")
    config.write_text("")
    command = [newsboat, "-q", "-u", str(urls), "-c", str(cache), "-C", str(config), "-x", "reload"]
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True, env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"})
    columns = "guid, title, url, author, pubDate, content"
    with sqlite3.connect(cache) as database:
        rows = {row[0]: row[1:] for row in database.execute(f"SELECT {columns} FROM rss_item")}
    database.close()
    assert len(rows) == 15
    for post in shelf.posts.values():
        title, url, author, date, content = rows[post.id]
        assert (html.unescape(title), url, author) == (post.title, post.url, f"Jane Doe ({post.source.name})")
        assert date == int((post.stamp if kind == "rss" else post.published).timestamp())
        assert content.startswith(post.html)
        assert "original post" in content


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_the_library_reader_reads_what_went_in(served: tuple[Shelf, Path, str], tmp_path: Path, kind: str) -> None:
    """Every entry once, with its title, link, id, author, dates and content; a second update changes none."""
    reader = pytest.importorskip("reader", reason="the package reader is not installed")
    shelf, _, base = served
    with reader.make_reader(str(tmp_path / "reader.sqlite")) as library:
        library.add_feed(f"{base}feed.{kind}")
        library.update_feeds()
        first = {entry.id: entry for entry in library.get_entries()}
        library.update_feeds()
        assert {entry.id: entry.last_updated for entry in library.get_entries()} == {
            entry.id: entry.last_updated for entry in first.values()
        }
    assert first.keys() == {post.id for post in shelf.posts.values()}
    for post in shelf.posts.values():
        entry = first[post.id]
        # It takes what stands in parentheses after a name in RSS for something else, and leaves it out.
        author = "Jane Doe" if kind == "rss" else f"Jane Doe ({post.source.name})"
        assert (entry.title, entry.link, entry.authors_str) == (post.title, post.url, author)
        assert entry.get_content(prefer_summary=False).value.startswith(post.html)
        assert entry.published == (post.stamp if kind == "rss" else post.published)
        assert entry.updated == (None if kind == "rss" else post.stamp)


@contextmanager
def started(*command: str, **own: str) -> Iterator[subprocess.Popen[str]]:
    """A program in a group of its own, which is gone afterwards with all that it has started."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_"))}
    program = subprocess.Popen(
        command,
        env={**kept, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert program.stdout
    with program.stdout:
        try:
            yield program
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGTERM)
                program.wait(5)
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()


@pytest.fixture
def screen() -> Iterator[str]:
    """A display that nobody sees."""
    with started(needed("Xvfb", "xvfb"), "-displayfd", "1", "-noreset", "-nolisten", "tcp") as server:
        assert server.stdout
        yield f":{server.stdout.readline().strip()}"


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIFEREA_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_liferea_reads_what_went_in(served: tuple[Shelf, Path, str], screen: str, tmp_path: Path) -> None:
    """Every item of Atom and RSS once, with its title, link, id, author, date and content."""
    shelf, _, base = served
    settings, database = tmp_path / ".config/liferea", tmp_path / ".local/share/liferea/liferea.db"
    settings.mkdir(parents=True)
    feeds = "".join(f'<outline text="{kind}" type="rss" xmlUrl="{base}feed.{kind}"/>' for kind in KINDS)
    (settings / "feedlist.opml").write_text(f'<opml version="1.0"><head/><body>{feeds}</body></opml>')

    def items() -> list[sqlite3.Row]:
        if not database.exists():
            return []
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return connection.execute(LIFEREA_ITEMS).fetchall()
            except sqlite3.OperationalError:  # its tables are being made
                return []

    command = (needed("dbus-run-session", "dbus-daemon"), "--", needed("liferea"), "-p", "--mainwindow-state=hidden")
    (tmp_path / "run").mkdir(mode=0o700)
    own = {
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "HOME": str(tmp_path),
        "DISPLAY": screen,
        "GSETTINGS_BACKEND": "memory",
        "LC_ALL": "C.UTF-8",
    }
    with started(*command, **own):
        wait_for(lambda: len(items()) >= 30)
    found = {(row["kind"], row["source_id"]): row for row in items()}
    assert len(items()) == len(found) == 30
    for post in shelf.posts.values():
        for kind in KINDS:
            row = found[kind, post.id]
            # In RSS, whose titles may be HTML to some, it takes out what looks like a tag.
            title = re.sub(r"</?b>", "", post.title) if kind == "rss" else post.title
            author = f"Jane Doe ({post.source.name})"
            assert (row["title"], row["source"], row["author"]) == (title, post.url, author)
            assert row["date"] == int((post.stamp if kind == "rss" else post.published).timestamp())
            assert post.html in row["description"]
            assert "original post" in row["description"]
