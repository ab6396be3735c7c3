"""What publishers ask of feed readers, scored from a server's log: weeks of polls by the real pipeline, with restarts.

The criteria are those of the public feed reader tests: only the first request is unconditional, validators go back
exactly as they came, and nobody comes earlier than the server or the document asked, whatever was said before a
restart. Every request of the log is scored; one that fails any of them costs the 100 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.machine import Quiet, serving

from aggregator.config.settings import Config
from aggregator.pipeline.pipeline import opened

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 2
STEP = timedelta(minutes=10)
RESTARTS = 6
HOUR = timedelta(hours=1)


@dataclass
class Journal:
    """A publisher: what it says, what it was asked, and before when it did not want to be asked again."""

    path: str
    answer: Callable[[Journal, datetime], tuple[int, dict[str, str]]]
    ttl_min: int = 0
    asked: list[tuple[datetime, str | None, str | None]] = field(default_factory=list)
    given: tuple[str | None, str | None] = (None, None)
    not_before: datetime = BEGIN
    faults: list[str] = field(default_factory=list)

    def edition(self, now: datetime) -> int:
        """A new document every day, at nine."""
        return (now - BEGIN - 9 * HOUR).days

    def document(self, now: datetime) -> bytes:
        items = "".join(
            f"<item><guid>{self.path}-{day}</guid><title>Day {day} of {self.path}</title><pubDate>"
            f"{format_datetime(BEGIN + timedelta(days=day, hours=9))}</pubDate></item>"
            for day in range(max(self.edition(now) - 5, -5), self.edition(now) + 1)
        )
        ttl = f"<ttl>{self.ttl_min}</ttl>" if self.ttl_min else ""
        return f"<rss version='2.0'><channel><title>{self.path}</title>{ttl}{items}</channel></rss>".encode()

    def judge(self, now: datetime, etag: str | None, modified: str | None) -> None:
        """Score one request against what was said before it."""
        if now < self.not_before:
            self.faults.append(f"{now}: {self.not_before - now} too early")
        if (etag, modified) != self.given:
            self.faults.append(f"{now}: asked with {(etag, modified)}, was given {self.given}")
        self.asked.append((now, etag, modified))


def plain(journal: Journal, now: datetime) -> tuple[int, dict[str, str]]:
    """An ETag of its own for each edition, max-age with every answer."""
    return 200, {"ETag": f'"{journal.edition(now)}"', "Cache-Control": "max-age=7200"}


def opaque(journal: Journal, now: datetime) -> tuple[int, dict[str, str]]:
    """Validators that only look broken; max-age is said with the whole document alone (RFC 9111 section 4.3.4)."""
    tag = f'W/"{journal.edition(now)}\'=;\\x,{{}}"-gzip'
    return 200, {
        "ETag": tag,
        "Last-Modified": f"edition {journal.edition(now)}, Monday",
        "Cache-Control": "max-age=10800",
    }


def dated(journal: Journal, now: datetime) -> tuple[int, dict[str, str]]:
    """Last-Modified in an old form of date, and nothing else; the document has a ttl."""
    return 200, {"Last-Modified": (BEGIN + timedelta(days=journal.edition(now))).strftime("%A, %d-%b-%y %H:%M:%S GMT")}


def busy(journal: Journal, now: datetime) -> tuple[int, dict[str, str]]:
    """Every fifth time it is too busy, and asks for three hours; in between it says when its document expires."""
    if len(journal.asked) % 5 == 4:
        return 503, {"Retry-After": "10800"}
    return 200, {"ETag": f'"{journal.edition(now)}"', "Expires": format_datetime(now + 2 * HOUR, usegmt=True)}


def limited(journal: Journal, now: datetime) -> tuple[int, dict[str, str]]:
    """Every seventh time it has had enough, until a date."""
    if len(journal.asked) % 7 == 6:
        return 429, {"Retry-After": format_datetime(now + 5 * HOUR, usegmt=True)}
    return 200, {"ETag": f'"{journal.edition(now)}"', "Cache-Control": "max-age=3600"}


def wish(journal: Journal, status: int, headers: dict[str, str]) -> timedelta:
    """How long an answer asks to be left alone."""
    said = headers.get("Cache-Control", "max-age=0").removeprefix("max-age=")
    retry = headers.get("Retry-After", "0")
    asked = [
        timedelta(seconds=int(said)),
        2 * HOUR if "Expires" in headers else timedelta(0),
        timedelta(seconds=int(retry)) if retry.isdigit() else 5 * HOUR,
        timedelta(minutes=journal.ttl_min if status in (200, 304) else 0),
    ]
    return max(asked)


@contextmanager
def answering(journals: dict[str, Journal], clock: Callable[[], datetime]) -> Iterator[int]:
    """A server on every loopback address at one port; each journal has an address, and so a host, of its own."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now, journal = clock(), journals[self.headers["Host"].partition(":")[0]]
            etag, modified = self.headers["If-None-Match"], self.headers["If-Modified-Since"]
            status, headers = journal.answer(journal, now)
            journal.judge(now, etag, modified)
            validators = (headers.get("ETag"), headers.get("Last-Modified"))
            whole = wish(journal, status, headers)
            if status == 200 and (etag, modified) == validators != (None, None):
                status = 304
                if journal.answer is opaque:
                    headers = {}  # nothing is repeated, and so nothing is taken back
            elif status == 200:
                journal.given = validators
            journal.not_before = now + whole
            body = journal.document(now) if status == 200 else b""
            self.send_response_only(status)
            self.send_header("Date", format_datetime(now, usegmt=True))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler, "0.0.0.0") as port:
        yield port


@pytest.mark.slow
def test_f08_weeks_of_polls_score_100_percent(tmp_path: Path) -> None:
    """Conditional after the first, validators to the byte, never early; through restarts, 503, 429 and 304 alike."""
    answers = (plain, opaque, dated, busy, limited)
    journals = {
        f"127.41.0.{number}": Journal(answer.__name__, answer, ttl_min=90 if answer is dated else 0)
        for number, answer in enumerate(answers, 1)
    }
    now = BEGIN

    def clock() -> datetime:
        return now

    with answering(journals, clock) as port:
        config = Config.model_validate(
            {
                "network": {"allow": ["127.41.0.0/24"], "per_host_interval_s": 0},
                "defaults": {"full_text": "never", "interval": "30m"},
                "feeds": [
                    {"url": f"http://{host}:{port}/feed", "name": journal.path} for host, journal in journals.items()
                ],
            }
        )
        rounds = timedelta(weeks=WEEKS) // STEP
        for _ in range(RESTARTS):
            with opened(config, tmp_path, clock) as pipeline:
                for _ in range(rounds // RESTARTS):
                    if pipeline.store.due(now):
                        pipeline.round()
                    now += STEP
    for journal in journals.values():
        assert journal.faults == []
        assert len(journal.asked) > 14 * 5
        unconditional = [when for when, *validators in journal.asked if validators == [None, None]]
        assert unconditional == [BEGIN]
    with opened(config, tmp_path, clock) as pipeline:
        assert [state.entries for state in pipeline.store.feeds()] == [19] * len(journals)
