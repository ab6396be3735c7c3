"""kill -9 at random moments, again and again, while the whole pipeline works against a small press on loopback.

    python -m bench.kills [--kills 1000] [--seed 1] [--longest SECONDS] [--folder FOLDER]

Each round forks a process that polls, scrapes, compares, stores and emits as fast as it can, with the parsers in the
process itself, and tells through a pipe what a call has returned from; after a random moment it is killed with SIGKILL.
All that it told of has to be in the database and on the disk then, before anything could make up for it (a page is
there to be fetched again, a post stays in its feed for a while), and the current documents have to be whole. The
moments are spread over one and a half rounds, as long as a round takes on this machine now (`--longest` sets the end),
so that they fall into each stage: `killed_in` counts them. At the end a last process works until nothing is left to do,
and then everything that was ever told must be there, nothing may be there twice, every file must be whole, the database
sound, and a build of the whole output must find nothing to change. It prints a JSON object; `wrong` is to be empty.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from aggregator import dedupe
from aggregator.config.settings import Config
from aggregator.fetch import Fetcher
from aggregator.pipeline import lock
from aggregator.pipeline.parsing import PageInput, read_feed, read_page
from aggregator.pipeline.pipeline import Pipeline, Tally
from aggregator.scrape import Hint
from aggregator.store import Store
from aggregator.text.urls import same_site

BEGUN = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
SHOWN = 12
"""Items in the feed; two more come with every request."""

SPREAD = 1.5
"""Rounds until the last moment of a kill: enough for whole rounds, and for what a second one finds."""

MEASURED_EVERY = 50
"""Kills after which the length of a round is measured anew."""

LETTERS = "abcdefghijklmnoprstuvw"


class Press(BaseHTTPRequestHandler):
    """One feed that grows with every request, and a page for each of its posts."""

    protocol_version = "HTTP/1.1"
    posts = SHOWN

    def do_GET(self) -> None:
        kind, body = self._answer()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # the client has been killed
            self.wfile.write(body)

    def _answer(self) -> tuple[str, bytes]:
        origin = f"http://{self.headers['Host']}"
        if self.path == "/feed":
            Press.posts += 2
            numbers = range(Press.posts - 1, Press.posts - 1 - SHOWN, -1)
            items = "".join(
                f"<item><title>{title(n)}</title><link>{origin}/p/{n}</link><guid>{origin}/p/{n}</guid>"
                f"<pubDate>{BEGUN + timedelta(minutes=n):%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
                for n in numbers
            )
            return (
                "application/rss+xml",
                f"<rss version='2.0'><channel><title>P</title>{items}</channel></rss>".encode(),
            )
        if self.path.startswith("/p/"):
            number = int(self.path[3:])
            chance = random.Random(number)
            text = "".join(f"<p>{' '.join(words(chance, 50)).capitalize()}.</p>" for _ in range(3))
            before = f"<a rel='prev' href='{origin}/p/{number - 1}'>{title(number - 1)}</a>" if number else ""
            head = f"<title>{title(number)}</title>"
            article = f"<article><h1>{title(number)}</h1>{text}</article>"
            return "text/html", f"<html><head>{head}</head><body>{article}{before}</body></html>".encode()
        return "text/plain", b""

    def log_message(self, *_: object) -> None:
        pass


def title(number: int) -> str:
    return f"Post {number}: {' '.join(words(random.Random(-number), 4))}"


def words(chance: random.Random, count: int) -> list[str]:
    """Words of no language, so that no two posts tell one story."""
    return ["".join(chance.choices(LETTERS, k=chance.randint(3, 9))) for _ in range(count)]


class Inline:
    """Workers that are none: what they run needs no protection here, and a process would take longer than a round."""

    def each(self, jobs: Any, function: Any, timeout_s: float) -> Iterator[tuple[Any, Any]]:  # noqa: ARG002
        for key, arguments in jobs:
            try:
                yield key, function(*arguments)
            except Exception as error:  # noqa: BLE001 - as from a worker
                yield key, error

    def close(self) -> None:
        pass


class Telling(Store):
    """A store that tells what it has acknowledged: what is saved together with more, when all of it is."""

    out: Any = None
    _held: list[tuple[str, object]] | None = None

    def tell(self, kind: str, what: object) -> None:
        if self._held is None:
            self.out(kind, what)
        else:
            self._held.append((kind, what))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._held = []
        try:
            with super().transaction():
                yield
            held = self._held
        finally:
            self._held = None
        for kind, what in held:
            self.out(kind, what)

    def save_polls(self, outcomes: Any) -> None:
        outcomes = tuple(outcomes)
        super().save_polls(outcomes)
        for outcome in outcomes:
            for decision in outcome.decisions:
                self.tell("entry", decision.guid)

    def save_article(self, article_id: int, *rest: Any, **more: Any) -> None:
        super().save_article(article_id, *rest, **more)
        with self._session.read() as sql:  # a page that a link led to, and that is refused as no post, is not kept
            if sql.one("SELECT 1 FROM articles WHERE id = ?", (article_id,)):
                self.tell("scraped", article_id)

    def publish(self, *arguments: Any, **more: Any) -> int:
        count = super().publish(*arguments, **more)
        self.tell("published", self.archive.last_sequence())
        return count


def work(folder: Path, feed: str, tell: Any, *, rounds: int | None = None) -> None:
    """The program's rounds, one after the other, without end or for `rounds`."""
    network = {"allow": ["127.0.0.0/8"], "per_host_interval_s": 0, "per_host_connections": 4, "threads": 4}
    options = {"interval": "1s", "min_interval": "1s", "respect_robots": False}
    config = Config.model_validate(
        {"site": {"page_size": 10}, "network": network, "defaults": options, "feeds": [{"url": feed, "name": "P"}]}
    )

    def clock() -> datetime:
        return datetime.now(UTC).replace(microsecond=0)

    with (
        lock.hold(folder),
        Telling.open(folder / "aggregator.db", canonical=dedupe.canonical_url, same_site=same_site) as store,
        Fetcher(config.network, store.hosts, clock=clock) as fetcher,
    ):
        store.out = tell
        store.sync_feeds(config, clock())
        pipeline = Pipeline(config, store, fetcher, Inline(), folder / "public", clock)  # type: ignore[arg-type]
        while rounds is None or rounds > 0:
            tell("stage", "polling")
            pipeline.poll(tally := Tally(), force=True)
            tell("stage", "scraping")
            pipeline.scrape(tally)
            tell("stage", "emitting")
            pipeline.emit(tally)
            pipeline.notify(tally)
            pipeline.tell_hubs()
            tell("emitted", store.archive.last_sequence())
            rounds = None if rounds is None else rounds - 1
        if rounds == 0:
            again = Tally()
            pipeline.emit(again, full=True)
            tell("rewritten", " ".join([str(again.built.written), *again.built.files]))
            tell("problems", json.dumps(store.maintenance.check()))


def once(folder: Path, feed: str, tell: Any) -> None:
    """One round, and no look at the whole."""

    def until_emitted(kind: str, what: object) -> None:
        tell(kind, what)
        if kind == "emitted":
            os._exit(0)

    work(folder, feed, until_emitted)


def forked(function: Any, *arguments: Any, killed_after_s: float | None = None, **more: Any) -> list[tuple[str, str]]:
    """What a forked process that runs `function` has told, by the time that it ended or was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            function(*arguments, lambda kind, what: os.write(writing, f"{kind} {what}\n".encode()), **more)
        except BaseException as error:  # noqa: BLE001 - a child never returns into its parent's code
            os.write(writing, f"failed {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)
    os.close(writing)
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        told = [line.decode() for line in pipe.read().split(b"\n")[:-1]]
    os.waitpid(child, 0)
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in told]


def warm() -> None:
    """Read a feed and a page here, so that no forked process has to import and prepare what that needs."""
    press = object.__new__(Press)
    press.headers = {"Host": "warm.example"}  # type: ignore[assignment]
    press.path = "/feed"
    read_feed(press._answer()[1], "http://warm.example/feed", "application/rss+xml")
    press.path = "/p/1"
    read_page(PageInput(press._answer()[1], "http://warm.example/p/1", "text/html", Hint(title(1), "", BEGUN, None)))


def torn(folder: Path, pattern: str) -> Iterator[str]:
    """The documents that are not whole."""
    for file in folder.glob(pattern):
        if not file.is_file() or file.name.startswith("."):
            continue
        data = file.read_bytes()
        whole_end = {".html": b"</html>", ".png": b"IEND\xaeB`\x82"}.get(file.suffix, b"")
        try:
            if file.suffix == ".json":
                json.loads(data)
            elif file.suffix in (".atom", ".rss", ".xml", ".opml"):
                ET.fromstring(data)
            elif not data.strip().endswith(whole_end):
                yield f"torn: {file.name}: cut short"
        except ValueError as error:
            yield f"torn: {file.name}: {error}"
        except ET.ParseError as error:
            yield f"torn: {file.name}: {error}"


def lost(folder: Path, told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What a process that has been killed had acknowledged, and what is not there now.

    A copy of the database is looked at: the next process is to find the file and its log as they were left.
    """
    with tempfile.TemporaryDirectory() as copies:
        for part in folder.glob("aggregator.db*"):
            shutil.copy(part, copies)
        with closing(sqlite3.connect(Path(copies) / "aggregator.db")) as database:
            yield from _lost(database, folder / "public", told)


def _lost(database: sqlite3.Connection, public: Path, told: Iterable[tuple[str, str]]) -> Iterator[str]:
    for kind, what in told:
        if kind == "entry" and not _has(database, "entries WHERE guid = ?", what):
            yield f"lost: entry {what}"
        if kind == "scraped" and not (
            _has(database, "articles WHERE id = ? AND state = 'scraped' AND text <> ''", what)
            or _has(database, "article_aliases WHERE old_id = ?", what)
        ):
            yield f"lost: text of article {what}"
        if kind in ("published", "emitted") and what != "0":
            place = database.execute("SELECT path FROM posts WHERE sequence = ?", (what,)).fetchone()
            if place is None:
                yield f"lost: place {what} in the output"
            elif kind == "emitted" and not (public / place[0]).is_file():
                yield f"lost: page {place[0]}"


def _has(database: sqlite3.Connection, where: str, what: str) -> bool:
    return database.execute(f"SELECT 1 FROM {where}", (what,)).fetchone() is not None


def wrong(folder: Path, told: Counter[tuple[str, str]]) -> Iterator[str]:
    """What is lost, there twice, or broken after all kills."""
    with closing(sqlite3.connect(f"file:{folder / 'aggregator.db'}?mode=ro", uri=True)) as database:
        guids = {row[0] for row in database.execute("SELECT guid FROM entries")}
        scraped = {
            str(row[0]) for row in database.execute("SELECT id FROM articles WHERE state = 'scraped' AND text <> ''")
        }
        aliases = {str(row[0]) for row in database.execute("SELECT old_id FROM article_aliases")}
        placed = [
            row[0] for row in database.execute("SELECT sequence FROM posts WHERE sequence IS NOT NULL ORDER BY 1")
        ]
        twice = database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM articles GROUP BY canonical_url HAVING count(*) > 1)"
        ).fetchone()[0]
        hidden = database.execute("SELECT count(*) FROM posts WHERE hidden").fetchone()[0]
    promised = {kind: {what for was, what in told if was == kind} for kind in ("entry", "scraped")}
    yield from (f"lost: entry {guid}" for guid in sorted(promised["entry"] - guids))
    yield from (f"lost: text of article {number}" for number in sorted(promised["scraped"] - scraped - aliases))
    last = max((int(what) for kind, what in told if kind in ("published", "emitted")), default=0)
    if placed != list(range(1, len(placed) + 1)) or len(placed) < last:
        yield f"places are not 1 to {last} and on: {len(placed)}, {placed[-3:]}"
    if twice or hidden:
        yield f"twice: {twice} articles, {hidden} taken for copies"
    documents = [folder / "public" / "feed.json", *(folder / "public" / "archive").glob("*.json")]
    ids = Counter(item["id"] for file in documents for item in json.loads(file.read_text("utf-8"))["items"])
    archived = Counter(item["id"] for file in documents[1:] for item in json.loads(file.read_text("utf-8"))["items"])
    yield from (f"twice in the archive: {uid}" for uid, count in archived.items() if count > 1)
    if len(ids) != len(placed):
        yield f"{len(placed)} posts, {len(ids)} in the feed and its archive"
    yield from torn(folder / "public", "**/*")
    yield from (f"left over: {file.name}" for file in (folder / "public").rglob(".*.new"))
    for kind, what in told:
        if (kind, what) in (("rewritten", "0"), ("problems", "[]")):
            continue
        if kind in ("rewritten", "problems", "failed"):
            yield f"{kind}: {what}"


def serve(pipe: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Press)
    os.write(pipe, f"{server.server_address[1]}\n".encode())
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients are killed: that is the point
    server.serve_forever()


def round_s(folder: Path, feed: str) -> float:
    """How long a process takes from its start to the end of its first round, the middle one of three."""
    times = []
    for _ in range(3):
        begun = time.monotonic()
        forked(once, folder, feed)
        times.append(time.monotonic() - begun)
    return sorted(times)[1]


def run(folder: Path, kills: int, seed: int, longest_s: float | None) -> dict[str, object]:
    reading, writing = os.pipe()
    press = os.fork()
    if press == 0:
        serve(writing)
        os._exit(0)
    warm()
    feed = f"http://127.0.0.1:{os.read(reading, 20).decode().strip()}/feed"
    chance, told, broken = random.Random(seed), Counter[tuple[str, str]](), list[str]()
    stages, ends, end_s = Counter[str](), list[float](), longest_s or 0.0
    begun = time.monotonic()

    def count(said: list[tuple[str, str]]) -> None:
        told.update(one for one in said if one[0] != "stage")
        if failed := [what for kind, what in said if kind == "failed"]:  # nothing after it would show anything
            raise RuntimeError(f"a round failed by itself: {failed[0]}")

    try:
        forked(work, folder, feed, rounds=1)  # imports what is imported late, and fills the feed
        for number in range(kills):
            if longest_s is None and number % MEASURED_EVERY == 0:
                end_s = SPREAD * round_s(folder, feed)
                ends.append(end_s)
            said = forked(work, folder, feed, killed_after_s=chance.uniform(0.01, end_s))
            count(said)
            stages[next((what for kind, what in reversed(said) if kind == "stage"), "starting")] += 1
            broken += [f"after kill {number + 1}: {what}" for what in lost(folder, said)]
            broken += [f"after kill {number + 1}: {what}" for what in torn(folder / "public", "*")]
        count(forked(work, folder, feed, rounds=3))
        broken += wrong(folder, told)
    finally:
        os.kill(press, signal.SIGKILL)
        os.waitpid(press, 0)
    kinds = Counter(kind for kind, _ in told)
    figures = {
        "kills": kills,
        "seconds": round(time.monotonic() - begun, 1),
        "latest_moment_s": round(max(ends, default=end_s), 2),
        "killed_in": dict(stages),
    }
    return {**figures, **{kind: kinds[kind] for kind in ("entry", "scraped", "published", "emitted")}, "wrong": broken}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, help="seconds until a process is killed, at most")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="kills-"))
    found = run(folder, options.kills, options.seed, options.longest)
    print(json.dumps(found, indent=2))
    if not options.folder:
        shutil.rmtree(folder)
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
