"""The questions in docs/database.md, asked of a database that has an answer to each."""

from __future__ import annotations

import csv
import json
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import Enclosure, FeedEvent, FeedStatus, Likeness, PollOutcome, PollResult, Verdict
from aggregator.models.intel import Fact, KevEntry, Vulnerability
from aggregator.store import Store
from aggregator.store.intel import WatchHit
from aggregator.store.stories import Placed, StoryChanges

PAGE = (Path(__file__).parents[2] / "docs" / "database.md").read_text()
QUESTIONS = re.findall(
    r"### (.+?)\n.*?```sql\n(.+?)```", PAGE.partition("## Questions")[2].partition("## Reference")[0], re.DOTALL
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """Two outlets: a copy, a shared article, a chain with a gap, a revision, a failure, a silent feed in trouble."""
    path = tmp_path_factory.mktemp("docs") / "aggregator.db"
    with Store.open(path) as store:
        room = Newsroom(store, "Alpha", "Beta", "Gamma", "Delta")
        _fill(room)
        name_things(room)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    yield connection
    connection.close()


def _fill(room: Newsroom) -> None:
    room.poll(
        entry("one", published=NOW - 5 * HOUR, tags=("Malware", "Worms")),
        entry("two", tags=("Malware",), enclosures=(Enclosure("https://alpha.example/a.mp3", "audio/mpeg", 5),)),
        entry("lost"),
    )
    room.poll(entry("one"), entry("copy", "beta.example"), feed="Beta")
    room.poll(entry("old", "gamma.example", published=NOW - timedelta(days=900)), feed="Gamma")
    one = room.scrape(
        "https://alpha.example/one", "A ransomware worm, told at length.", previous="https://alpha.example/zero"
    )
    linking = '<p>The code is <a href="https://github.com/worm/worm">on GitHub</a>.</p>'
    room.scrape("https://alpha.example/two", previous="https://alpha.example/one", html=linking)
    room.scrape("https://beta.example/copy", likeness=Likeness(one, 0.93, "nearly the same"))
    room.store.save_failure(room.article_id("https://alpha.example/lost"), "404 Not Found", None, NOW)
    room.store.revisions.looked(room.article_id("https://alpha.example/lost"), "gone: 404 Not Found", NOW, gone=True)
    room.publish()
    room.now += HOUR
    room.poll(entry("one", html="<p>More.</p>", tags=("Malware",)), verdict=Verdict.REVISED)
    room.scrape("https://alpha.example/one", "A ransomware worm, told at greater length.")
    room.poll(entry("three", published=NOW + HOUR / 2))
    room.scrape("https://alpha.example/three", previous="https://alpha.example/missed")
    room.store.neighbours.follow_chain(room.now)
    room.scrape("https://alpha.example/missed", published=NOW, previous="https://alpha.example/still-missed")
    state = replace(room.feed("Gamma"), status=FeedStatus.BACKING_OFF, failures=3, last_error="timed out")
    room.store.save_poll(PollOutcome(state, PollResult.FAILED, room.now, error="timed out"))
    room.store.save_poll(PollOutcome(room.feed("Beta"), PollResult.NOT_MODIFIED, room.now, 304))
    waiting = room.store.stories.unplaced(9)
    placed = tuple(Placed(one.id, one.key, one.published, '{"name:worm": 2.5}', waiting[0].key) for one in waiting)
    room.store.stories.save(StoryChanges(placed), room.now)
    room.store.maintenance.note("backup", room.now, "made")
    room.store.record_event(FeedEvent(room.now, "idle", "No feed was polled", "The machine slept."))
    days = (entry(f"d{day}", "delta.example", published=NOW - timedelta(days=300 + day)) for day in range(9))
    room.poll(*days, feed="Delta")
    room.execute("UPDATE articles SET first_seen = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE id = 2")  # came today


def name_things(room: Newsroom) -> None:
    """Facts of two articles of two feeds, a flaw that KEV had after the news and that is due, a hit of a watchlist."""
    named = (("cve", "CVE-2026-1"), ("actor", "A"), ("software", "S"), ("domain", "evil.top"))
    facts = [Fact(kind, value, value, (), indicator=kind == "domain", why="defanged") for kind, value in named]
    for url in ("https://alpha.example/one", "https://gamma.example/old"):
        number = room.article_id(url)
        hit = WatchHit(number, "mine", "names it", certain=True, exploited=False)
        room.store.intel.save(number, facts, [hit], 1, NOW)
    kev = KevEntry("CVE-2026-1", "V", "P", "T", "2999-01-01", "2999-01-02", ransomware=False)
    known = Vulnerability("CVE-2026-1", exploited=True, exploited_by="kev", kev=kev)
    room.store.intel.save_vulnerabilities({"CVE-2026-1": known}, NOW)


def test_there_are_enough_questions() -> None:
    """The page answers what people ask of such a database."""
    assert len(QUESTIONS) >= 10


@pytest.mark.parametrize(("question", "statement"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_each_question_has_an_answer(filled: sqlite3.Connection, question: str, statement: str) -> None:
    """Every query on the page runs, and gives rows."""
    assert filled.execute(statement).fetchall(), question


def test_the_example_of_schema_help(filled: sqlite3.Connection) -> None:
    """The query that explains a table explains it."""
    statement = re.search(r"```sql\n(SELECT \"column\".+?)```", PAGE, re.DOTALL)
    assert statement
    assert len(filled.execute(statement[1]).fetchall()) > 30


def test_the_views(filled: sqlite3.Connection) -> None:
    """The views say what happened."""
    assert filled.execute("SELECT count(*) FROM latest_articles").fetchone()[0] == 3
    assert filled.execute("SELECT title, similarity, original_source FROM duplicates").fetchall() == [
        ("Page copy", 0.93, "Alpha")
    ]
    assert set(filled.execute("SELECT next_title, stated_by FROM next_posts").fetchall()) == {
        ("Page two", "next page"),
        ("Page three", "next page"),
        ("About lost", "feed order"),
    }
    assert filled.execute("SELECT missing_url FROM gaps").fetchall() == [("https://alpha.example/still-missed",)]
    assert [row[0] for row in filled.execute("SELECT name FROM silent_feeds")] == ["Delta"]
    assert filled.execute("SELECT title, articles, outlets FROM latest_stories").fetchall() == [("Page one", 5, 1)]
    health = dict(filled.execute("SELECT name, state FROM feed_health").fetchall())
    assert next(iter(health.items())) == ("Gamma", "backing_off")


def test_what_hangs_together_with_an_article(filled: sqlite3.Connection) -> None:
    """Copies and originals, those of the same story, the next and the previous post; each with its reason."""
    rows = filled.execute("SELECT id, relation, other_id, title, source, why FROM related").fetchall()
    found = {row[:4] for row in rows}
    (copy_of_one,) = ((one, copy) for one, relation, copy, *_ in rows if relation == "copy")
    one, copy = copy_of_one
    assert (copy, "original", one, "Page one") in found
    assert (one, "next", 2, "Page two") in found
    assert (2, "previous", one, "Page one") in found
    assert (one, "story", 2, "Page two") in found
    assert any(relation == "previous" and other is None for _, relation, other, *_ in rows)
    assert all(why for *_, why in rows)
    assert "nearly the same (0.93)" in {why for *_, why in rows}


@pytest.mark.parametrize(
    "view", ["related", "next_posts", "neighbour_posts", "nearest_posts", "evidence", "settled_neighbours", "gaps"]
)
def test_one_article_is_looked_up(filled: sqlite3.Connection, view: str) -> None:
    """Whoever asks for one article does not wait for all: nothing is scanned that grows with the archive."""
    plan = [row[3] for row in filled.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE id = 1")]
    large = ("articles", "neighbours", "stated", "entries", "own", "later", "member", "article_urls", "link", "held")
    assert not [step for step in plan if step.startswith("SCAN") and step.split()[1] in large], plan


def test_a_month_is_exported_as_the_page_says(newsroom: Newsroom, tmp_path: Path) -> None:
    """The commands of docs/database.md, for the month that there is: CSV and JSON with a row an article."""
    newsroom.poll(entry("one"), entry("two"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.scrape("https://alpha.example/two")
    newsroom.publish()
    count = len(newsroom.rows("SELECT id FROM latest_articles WHERE published LIKE '2026-03%'"))
    assert count > 1
    commands = re.findall(r"^    \.venv/bin/sqlite-utils (query .*) > 2026-11\.(csv|json)$", PAGE, re.MULTILINE)
    assert [kind for _, kind in commands] == ["csv", "json"]
    for command, kind in commands:
        arguments = shlex.split(
            command.replace("2026-11", "2026-03").replace("data/aggregator.db", str(newsroom.store.path))
        )
        ended = subprocess.run(
            [sys.executable, "-m", "sqlite_utils", *arguments], capture_output=True, text=True, check=True
        )
        rows = list(csv.DictReader(ended.stdout.splitlines())) if kind == "csv" else json.loads(ended.stdout)
        assert len(rows) == count
        assert all(row["text"] and row["url"] for row in rows)
