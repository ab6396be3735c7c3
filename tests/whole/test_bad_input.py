"""What goes wrong every day: said clearly, and nobody else's trouble."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.outlets import Outlet, outlet, rss
from support.program import Program

GOOD = ("/feed", "/one")
ARTICLE = (
    "<html><head><title>One</title></head><body><article><h1>One</h1>"
    + "<p>The first post of a healthy feed, with enough words in it to be taken for an article by anybody.</p>" * 6
    + "</article></body></html>"
).encode()


@dataclass
class Bad:
    """A program over one healthy feed and one that is in trouble."""

    program: Program
    outlet: Outlet
    feeds: list[str] = field(default_factory=list)

    def poll(self, extra: str = "") -> Any:
        listed = "".join(f"  - {feed}\n" for feed in self.feeds)
        self.program.configure(
            f"network: {{allow: [127.0.0.0/8], per_host_interval_s: 0, timeout_s: 5{extra}}}\n"
            f"feeds:\n  - {{url: '{self.outlet.origin}/feed', name: Healthy}}\n{listed}"
        )
        return self.program.run("poll")

    def states(self) -> dict[str, dict[str, Any]]:
        return {feed["name"]: feed for feed in json.loads(self.program.run("status", "--json").stdout)}

    def titles(self) -> set[str]:
        feed = json.loads((self.program.data / "public" / "feed.json").read_text("utf-8"))
        return {item["title"] for item in feed["items"]}


@pytest.fixture
def bad(tmp_path: Path) -> Iterator[Bad]:
    with outlet() as server:
        server.pages["/feed"] = rss(
            "Healthy", (server.origin + "/one", "One", "Tue, 03 Mar 2026 10:00:00 +0000", "The first post.")
        )
        server.pages["/one"] = ("text/html", ARTICLE)
        yield Bad(Program(tmp_path), server)


def test_an_unreachable_host_is_named_and_the_others_go_on(bad: Bad) -> None:
    """Exit code 0: the round did something; the feed and the reason are on standard error and in `status`."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    bad.feeds = [f"{{url: 'http://127.0.0.1:{port}/feed', name: Nobody}}"]
    ended = bad.poll()
    assert ended.returncode == 0
    assert "Nobody: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert bad.states()["Nobody"]["state"] == "backing_off"
    assert bad.titles() == {"One"}


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("text/html", b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon</body></html>", "web page"),
        ("application/xml", b"", "empty"),
        ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        ("application/rss+xml", b"x" * 40_000_000, "too large"),
    ],
    ids=["html", "empty", "pdf", "40 MB"],
)  # fmt: skip
def test_what_is_no_feed_is_said_in_words(bad: Bad, kind: str, body: bytes, words: str) -> None:
    """HTML, nothing, a PDF, an endless body: a failed poll with the reason; what was stored stays."""
    bad.outlet.pages["/bad"] = (kind, body)
    bad.feeds = [f"{{url: '{bad.outlet.origin}/bad', name: Bad}}"]
    ended = bad.poll()
    assert ended.returncode == 0
    assert words.casefold() in str(bad.states()["Bad"]["last_error"]).casefold()
    assert bad.states()["Healthy"]["state"] == "ok"
    assert bad.titles() == {"One"}


def test_when_every_feed_fails_the_exit_code_is_1(bad: Bad) -> None:
    """Nothing could be done."""
    bad.outlet.pages["/feed"] = ("text/html", b"<html></html>")
    assert bad.poll().returncode == 1


def test_an_entry_without_a_link_is_kept_with_the_feeds_text(bad: Bad) -> None:
    """It has a page on the mirror and a place in the feed, with what the feed said of it."""
    bad.outlet.pages["/bad"] = (
        "application/rss+xml",
        b"""<rss version="2.0"><channel><title>Notes</title><item><title>Linkless</title>
        <description>A note that has no page of its own.</description></item></channel></rss>""",
    )
    bad.feeds = [f"{{url: '{bad.outlet.origin}/bad', name: Notes}}"]
    assert bad.poll().returncode == 0
    assert bad.titles() == {"One", "Linkless"}


def test_an_entry_whose_page_is_a_pdf_or_too_large_keeps_the_feeds_text(bad: Bad) -> None:
    """The page is no article; the entry goes out with the text that the feed gave."""
    bad.outlet.pages["/two.pdf"] = ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" * 100)
    bad.outlet.pages["/three"] = ("text/html", b"<p>" + b"x " * 25_000_000)
    bad.outlet.pages["/bad"] = rss(
        "Papers",
        (bad.outlet.origin + "/two.pdf", "A paper", "Tue, 03 Mar 2026 11:00:00 +0000", "What the paper is about."),
        (bad.outlet.origin + "/three", "A giant", "Tue, 03 Mar 2026 12:00:00 +0000", "What the giant is about."),
    )
    bad.feeds = [f"{{url: '{bad.outlet.origin}/bad', name: Papers}}"]
    assert bad.poll().returncode == 0
    bad.program.run("poll", "--force")
    with bad.program.database() as database:
        stored = dict(database.execute("select title, text from articles").fetchall())
    assert "What the paper is about." in stored["A paper"]
    assert set(stored) == {"One", "A paper", "A giant"}


def test_a_wrong_key_stops_everything_with_exit_code_2(bad: Bad) -> None:
    """Before a byte is sent: file, line, column, and the nearest key."""
    bad.feeds = [f"{{url: '{bad.outlet.origin}/bad', nmae: Bad}}"]
    ended = bad.poll()
    assert ended.returncode == 2
    assert "feeds.yaml:4:" in ended.stderr
    assert "unknown key `nmae`; did you mean `name`?" in ended.stderr
    assert bad.outlet.asked == []


def test_an_unknown_feed_name_is_wrong_use(bad: Bad) -> None:
    """`poll --feed` with a name that is not there ends with exit code 2."""
    bad.poll()
    ended = bad.program.run("poll", "--feed", "None such")
    assert ended.returncode == 2
    assert "no feed is called `None such`" in ended.stderr


def test_a_private_address_is_refused_unless_it_is_allowed(bad: Bad) -> None:
    """Without `network.allow` nothing on this machine is asked."""
    bad.program.configure(f"feeds: [{{url: '{bad.outlet.origin}/feed', name: Home}}]\n")
    ended = bad.program.run("poll")
    assert ended.returncode == 1
    assert "127.0.0.1" in ended.stderr
    assert bad.outlet.asked == []


def test_a_round_names_only_what_failed_in_it(bad: Bad) -> None:
    """A second round with nothing due is silent about the first one's troubles: cron sends no mail again."""
    bad.outlet.pages["/bad"] = ("text/html", b"<html></html>")
    bad.feeds = [f"{{url: '{bad.outlet.origin}/bad', name: Bad}}"]
    assert "Bad: " in bad.poll().stderr
    assert "Bad: " not in bad.program.run("poll").stderr
    base = sqlite3.connect(bad.program.data / "aggregator.db")
    for state, said, feed in (
        ("next_poll = added", "Bad: ", None),  # it alone is due
        ("next_poll = added", "", "--quiet"),
        (
            (
                "next_poll = added, failures = 9, last_poll = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-2 hours'),"
                " last_success = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-25 hours')"
            ),
            "error: Bad has broken. ",
            "--quiet",
        ),
        ("next_poll = added", "", "--quiet"),
    ):
        with base:
            base.execute(f"UPDATE feeds SET {state} WHERE name = 'Bad'")
        ended = bad.program.run("poll", *filter(None, [feed]))
        assert ended.returncode == 0, "the other feed is well, whether it is due in this round or not"
        assert said in ended.stderr
        assert said or not ended.stderr
    base.close()
    assert bad.program.run("poll", "--feed", "Bad").returncode == 1


@pytest.mark.parametrize("command_name", ["poll", "emit", "check", "status"])
def test_h14_the_folder_that_a_command_was_started_in_is_gone(tmp_path: Path, command_name: str) -> None:
    """A sentence that says so; with its files named from the root the command works."""
    gone = tmp_path / "gone"
    script = "import os, sys; os.mkdir(sys.argv[1]); os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
    files = ["--config", str(tmp_path / "feeds.yaml"), "--data", str(tmp_path / "data")]
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    for options, code in (([], 1), (files, 0)):
        command = [sys.executable, "-c", script, str(gone), "-m", "aggregator", *options, command_name]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == code, ended.stderr
        assert len(ended.stderr.splitlines()) <= 1 + 2 * (code == 0)
        assert "Traceback" not in ended.stderr
