"""An outlet that edits, breaks and deletes its articles, through the whole program."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from support.outlets import Outlet, outlet, rss
from support.program import Program

from aggregator.config import load
from aggregator.pipeline.pipeline import Pipeline, opened
from aggregator.store.retention import Limit

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BODY = (
    (
        "A worm spreads through smart lamps of three vendors, researchers of the Lamp Lab said on Tuesday in a report that "
        "names forty affected models and the firmware that they run in offices, hotels and homes."
    ),
    (
        "It uses CVE-2026-1111, a flaw in the update service that answers on port 4444, and reaches every version up to 5.1 of "
        "the firmware, which the vendors have shipped since the summer of last year."
    ),
    (
        "Operators are told to block the port and to install the new firmware. The lab has not found who is behind the worm; "
        "two earlier worms used the same flaw before one of the vendors fixed it without telling anybody."
    ),
)


def page(*paragraphs: str, views: int = 100, title: str = "Worm hits smart lamps") -> bytes:
    inner = "".join(f"<p>{text}</p>" for text in (*(paragraphs or BODY), f"{views} views"))
    return f"""<!doctype html><html lang="en"><head><title>{title} – Lamp News</title><meta property="og:title" content="{title}">
        </head><body><header><a href="/">Lamp News</a></header><main><article><h1>{title}</h1>{inner}</article></main>
        </body></html>""".encode()


class Mirror:
    """The program on one outlet with one article, of `START`; `poll` is a round, so many hours later."""

    def __init__(self, pipeline: Pipeline, site: Outlet, folder: Path, moment: list[datetime]) -> None:
        self.pipeline, self.site, self.folder, self._moment = pipeline, site, folder, moment
        self.answer: tuple[int, str, bytes] = (200, "text/html; charset=utf-8", page())
        site.pages["/worm/"] = lambda: self.answer
        site.pages["/feed"] = rss(
            "Lamp News", (f"{site.origin}/worm/", "Worm hits smart lamps", format_datetime(START), "A worm spreads.")
        )

    def poll(self, hours: float, body: bytes | None = None, status: int = 200) -> None:
        self._moment[0] = START + hours * HOUR
        if body is not None:
            self.answer = (status, "text/html; charset=utf-8", body)
        self.pipeline.round(force=True)

    @property
    def fetched(self) -> int:
        return self.site.asked.count("/worm/")

    def row(self, sql: str) -> Any:
        with sqlite3.connect(f"file:{self.folder / 'aggregator.db'}?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchone()

    def public(self) -> dict[str, bytes]:
        """Every file of the output but the feed of the feeds' own health, which notes that nobody polled for hours."""
        root = self.folder / "public"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.stem != "health"
        }


@contextmanager
def mirror(folder: Path, full_text: str = "always") -> Iterator[Mirror]:
    moment = [START]
    with outlet() as site:
        (folder / "feeds.yaml").write_text(
            f"""
            site: {{base_url: "http://mirror.example/"}}
            network: {{allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5}}
            defaults: {{full_text: {full_text}}}
            feeds:
              - {{url: "{site.origin}/feed", name: Lamps}}
            """,
            "utf-8",
        )
        with opened(load(folder / "feeds.yaml"), folder / "data", lambda: moment[0]) as pipeline:
            yield Mirror(pipeline, site, folder / "data", moment)


def test_an_article_is_looked_at_again_and_again_and_then_no_more(tmp_path: Path) -> None:
    """Six fetches in all over a month of rounds; nothing in the output moves by them while only a counter does."""
    with mirror(tmp_path) as lamps:
        lamps.poll(0)
        before = lamps.public()
        for hours in (0.5, 2, 3, 8, 12, 30, 40, 24 * 4, 24 * 5, 24 * 13, 24 * 20, 24 * 30):
            lamps.poll(hours, page(views=100 + int(hours)))
        assert lamps.fetched == 6
        assert lamps.public() == before
        assert lamps.row("SELECT count(*) FROM revisions") == (0,)


def test_an_edit_is_kept_with_what_it_was(tmp_path: Path) -> None:
    """The new text is shown; the old one is there; the page of the mirror tells when and what."""
    with mirror(tmp_path) as lamps:
        lamps.poll(0)
        lamps.poll(2, page(BODY[0], BODY[1].replace("5.1", "5.2"), BODY[2]))
        assert lamps.row("SELECT text LIKE '%up to 5.2%' FROM articles") == (1,)
        assert lamps.row("SELECT text LIKE '%up to 5.1%', at, kind FROM revisions") == (
            1,
            "2026-03-01T10:00:00Z",
            "edited",
        )
        (post,) = lamps.pipeline.store.archive.latest(5)
        assert post.revised == START + 2 * HOUR
        history = lamps.public()[post.path.removesuffix(".html") + "-history.html"].decode()
        assert "<del>5.1 </del><ins>5.2 </ins>" in history
        assert "what changed</a>" in lamps.public()[post.path].decode()
        program = Program(tmp_path)
        shown = program.run("diff", post.path)
        assert "up to [-5.1-] {+5.2+} of" in shown.stdout
        assert "Change 1 of 1, seen 2026-03-01T10:00:00Z (edited)" in shown.stdout
        (told,) = json.loads(program.run("diff", "1", "--json").stdout)
        assert (told["revision"], told["kind"], told["changes"][0]["kind"]) == (1, "edited", "changed")
        assert program.run("diff", "1", "--revision", "2").returncode == 1


def test_what_is_no_article_never_replaces_one(tmp_path: Path) -> None:
    """A wall, a teaser, a soft 404, an error, a page that is gone: the article stays, each is noted."""
    robot = b"<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing.</p></body></html>"
    lost = page("Sorry, we could not find that page. " * 30, title="Page not found")
    with mirror(tmp_path) as lamps:
        lamps.poll(0)
        before = lamps.public()
        for hours, body, status in (
            (2, page(BODY[0][:80]), 200), (8, lost, 200), (30, robot, 200), (24 * 4, b"gone", 410), (24 * 13, b"", 500)
        ):  # fmt: skip
            lamps.poll(hours, body, status)
            assert lamps.public() == before
        assert lamps.fetched == 6
        assert lamps.row("SELECT looks FROM rechecks") == (5,)
        assert lamps.row("SELECT text LIKE '%CVE-2026-1111%' FROM articles") == (1,)


def test_a_page_that_was_not_modified_costs_a_304(tmp_path: Path) -> None:
    """The validator of the page as it was read is sent, and the answer without a page changes nothing but the note."""
    with mirror(tmp_path) as lamps:
        lamps.site.headers["/worm/"] = [("ETag", '"first"')]
        lamps.poll(0)
        before = lamps.public()
        assert lamps.row("SELECT etag FROM rechecks") == ('"first"',)
        lamps.site.pages["/worm/"] = lambda: (304, "text/html", b"")
        lamps.poll(2)
        assert lamps.site.received["/worm/"]["If-None-Match"] == '"first"'
        assert lamps.row("SELECT looks, outcome, etag FROM rechecks") == (1, "not modified", '"first"')
        assert lamps.row("SELECT text LIKE '%CVE-2026-1111%', http_status FROM articles") == (1, 200)
        assert lamps.public() == before


def test_the_page_of_what_changed_goes_with_it(tmp_path: Path) -> None:
    """When the former versions are purged nothing of them is left in the output, and no link leads nowhere."""
    with mirror(tmp_path) as lamps:
        lamps.poll(0)
        lamps.poll(2, page(BODY[0], BODY[1].replace("5.1", "5.2"), BODY[2]))
        (post,) = lamps.pipeline.store.archive.latest(5)
        history = post.path.removesuffix(".html") + "-history.html"
        assert history in lamps.public()
        feed = lamps.pipeline.store.feeds()[0]
        assert (
            lamps.pipeline.store.maintenance.purge([Limit(feed.id, before=START + 1000 * HOUR)], START + 3 * HOUR) == 1
        )
        lamps.poll(4)
        assert history not in lamps.public()
        assert b"history.html" not in lamps.public()[post.path]
        lamps.poll(24 * 5)
        assert lamps.row("SELECT text LIKE '%two earlier worms%' FROM articles") == (0,)


def test_gone_is_noted(tmp_path: Path) -> None:
    """Since when the origin has it no more stands beside the article."""
    with mirror(tmp_path) as lamps:
        lamps.poll(0)
        lamps.poll(2, b"gone", 410)
        assert lamps.row("SELECT gone_since FROM rechecks") == ("2026-03-01T10:00:00Z",)
        assert "gone at the origin" in lamps.row("SELECT outcome FROM rechecks")[0]


def test_where_pages_are_not_fetched(tmp_path: Path) -> None:
    """`full_text: never` means never."""
    with mirror(tmp_path, "never") as lamps:
        for hours in (0, 2, 8, 30):
            lamps.poll(hours)
        assert lamps.fetched == 0
