"""Stories through the whole program: what the demo press tells, restarts, an operator's word, the output."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.mirroredpress import NOW, Mirrored
from support.program import Program

from aggregator.pipeline import lock
from aggregator.pipeline import stories as storylines
from aggregator.pipeline.stories import StoryFinder
from aggregator.store import Store

PRESS_F1 = 0.55
"""Pairwise, on the posts of the demo press that belong to an event. Its events are meant to be hard: advisories from one
template, follow-ups, satire, two victims of one gang."""

Groups = dict[int, str]


def stories(data: Path) -> Groups:
    """The story of each article that leads."""
    with closing(sqlite3.connect(f"file:{data / 'aggregator.db'}?mode=ro", uri=True)) as database:
        return dict(database.execute("select article_id, story_id from story_articles"))


def pairs(groups: Groups) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in itertools.combinations(sorted(groups), 2) if groups[pair[0]] == groups[pair[1]]}


def f1(found: set[frozenset[int]], true: set[frozenset[int]]) -> float:
    return 2 * len(found & true) / (len(found) + len(true))


@pytest.fixture
def copied(mirrored: Mirrored, tmp_path: Path) -> Program:
    """The data folder of the press after all rounds, to be changed."""
    shutil.copytree(mirrored.folder, tmp_path / "data")
    program = Program(tmp_path)
    shutil.copy(mirrored.folder.parent / "feeds.yaml", program.config)
    return program


def forget(data: Path) -> None:
    """Let the articles have no stories, as if nobody had looked for any."""
    with closing(sqlite3.connect(data / "aggregator.db")) as database, database:
        for table in ("story_links", "story_articles", "stories"):
            database.execute(f"delete from {table}")


def events(mirrored: Mirrored) -> dict[int, str]:
    """The event of each article that leads and belongs to one."""
    of_url = {post.url: post.event for post in mirrored.expected if post.url and post.event}
    with closing(mirrored.database()) as database:
        rows = database.execute(
            "select distinct a.id, e.url from entries e join articles a on a.id = e.article_id"
            " where a.duplicate_of is null"
        ).fetchall()
    return {row["id"]: of_url[row["url"]] for row in rows if row["url"] in of_url}


def test_every_article_but_copies_has_a_story(mirrored: Mirrored) -> None:
    """Whatever became of its page."""
    with closing(mirrored.database()) as database:
        leading = {row["id"] for row in database.execute("select id from articles where duplicate_of is null")}
    assert stories(mirrored.folder).keys() == leading


def test_stories_agree_with_the_events_of_the_press(mirrored: Mirrored) -> None:
    """Among the posts that belong to an event."""
    true = events(mirrored)
    found = {number: story for number, story in stories(mirrored.folder).items() if number in true}
    assert f1(pairs(found), pairs(true)) >= PRESS_F1


def test_the_order_of_arrival_hardly_matters(mirrored: Mirrored, copied: Program) -> None:
    """All at once, as on the first day of an old archive, gives nearly what four rounds gave."""
    by_rounds = pairs(stories(copied.data))
    forget(copied.data)
    with Store.open(copied.data / "aggregator.db") as store:
        StoryFinder(store).place(NOW)
    assert f1(pairs(stories(copied.data)), by_rounds) >= 0.8


def test_placing_again_changes_nothing(copied: Program) -> None:
    """Nothing waits, so nothing is written: no story, and no mark on a post."""
    before = stories(copied.data)
    with Store.open(copied.data / "aggregator.db") as store:
        head = store.archive.head()
        assert StoryFinder(store).place(NOW + timedelta(days=1)) == 0
        assert store.archive.head() == head
    assert stories(copied.data) == before


def test_a_restart_between_articles_gives_nearly_the_same(copied: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that placing needs is in the database. What is kept in memory weighs words by the articles that it began with,
    so here, where a handful of articles makes the beginning, some may differ.
    """
    found: list[Groups] = []
    for restart in (False, True):
        forget(copied.data)
        monkeypatch.setattr(storylines, "BATCH", 7)
        if restart:
            more = True
            while more:
                with Store.open(copied.data / "aggregator.db") as store:
                    steps = iter((False, True))
                    more = StoryFinder(store).place(NOW, lambda steps=steps: next(steps)) > 0  # type: ignore[misc]
        else:
            with Store.open(copied.data / "aggregator.db") as store:
                StoryFinder(store).place(NOW)
        found.append(stories(copied.data))
    assert found[0].keys() == found[1].keys()
    assert f1(pairs(found[0]), pairs(found[1])) >= 0.8


def test_why_prints_the_shared_evidence(mirrored: Mirrored, copied: Program) -> None:
    """By number, by URL and by page, the same: the score, what is shared, whether it is one story."""
    with closing(mirrored.database()) as database:
        rows = {
            row["id"]: row
            for row in database.execute(
                "select a.id, a.url, p.path from articles a join posts p on p.article_id = a.id"
            )
        }
    found = sorted(map(sorted, pairs(stories(copied.data))))
    story = next(pair for pair in found if all(rows[number]["url"] for number in pair))
    answers = []
    for name in ("id", "url", "path"):
        done = copied.run("why", *(str(rows[number][name]) for number in story), "--json")
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["one_story"] is True
    assert answers[0]["evidence"]
    assert 0 < answers[0]["score"] <= 1
    table = copied.run("why", *map(str, story))
    assert table.stderr == ""
    assert "One story: score" in table.stdout
    assert copied.run("why", "1", "https://nobody.example/").returncode == 1


def test_an_operators_word_is_kept(copied: Program) -> None:
    """`split` and `merge` change the stories at once; placing everything again keeps to both."""
    groups = stories(copied.data)
    one, two = next(pair for pair in sorted(map(sorted, pairs(groups))))
    apart = copied.run("split", str(two))
    assert apart.returncode == 0, apart.stderr
    assert stories(copied.data)[one] != stories(copied.data)[two]
    # Numbers and ids differ from run to run; titles do not.
    with sqlite3.connect(copied.data / "aggregator.db") as database:
        titles = dict(database.execute("select id, title from articles"))
    strangers = sorted(
        (number for number in groups if groups[number] != groups[one]), key=lambda number: titles[number]
    )
    left = strangers[0]
    right = next(number for number in reversed(strangers) if groups[number] != groups[left])
    together = copied.run("merge", str(left), str(right))
    assert together.returncode == 0, together.stderr
    assert stories(copied.data)[left] == stories(copied.data)[right]
    said = json.loads(copied.run("why", str(left), str(right), "--json").stdout)
    assert (said["ruling"], said["one_story"]) == ("together", True)
    forget(copied.data)
    with Store.open(copied.data / "aggregator.db") as store:
        StoryFinder(store).place(NOW)
    again = stories(copied.data)
    assert again[one] != again[two]
    assert again[left] == again[right]
    assert json.loads(copied.run("why", str(one), str(two), "--json").stdout)["ruling"] == "apart"


def test_nothing_is_said_of_an_article_and_itself(copied: Program) -> None:
    """One article is no two, and one that is alone in its story cannot be split from it (exit code 1)."""
    groups = stories(copied.data)
    alone = next(number for number in sorted(groups) if list(groups.values()).count(groups[number]) == 1)
    merged, split = copied.run("merge", str(alone), str(alone)), copied.run("split", str(alone))
    assert (merged.returncode, "are one article" in merged.stderr) == (1, True)
    assert (split.returncode, "alone in its story" in split.stderr) == (1, True)
    assert stories(copied.data) == groups


def test_the_later_word_outweighs_the_former(copied: Program) -> None:
    """What was merged can be split again, and merged after that."""
    groups = stories(copied.data)
    one, two = next(pair for pair in sorted(map(sorted, pairs(groups))))
    for command, together in (("split", False), ("merge", True), ("split", False)):
        done = copied.run(command, str(two), *([str(one)] if command == "merge" else []))
        assert done.returncode == 0, done.stderr
        now = stories(copied.data)
        assert (now[one] == now[two]) is together


def test_a_folder_in_use_is_left_alone(copied: Program) -> None:
    """While the daemon holds the data folder nothing is overruled (exit code 3); looking is always possible."""
    before = stories(copied.data)
    with lock.hold(copied.data):
        assert copied.run("merge", "1", "2").returncode == 3
        assert copied.run("split", "1").returncode == 3
        assert copied.run("why", "1", "2").returncode == 0
    assert stories(copied.data) == before


def test_the_output_shows_stories(mirrored: Mirrored) -> None:
    """Each story of several posts has a page; its posts name it and its other members in the feed."""
    items = {item["_aggregator"]["story"]: item for item in mirrored.items() if item["_aggregator"]["story"]}
    assert len(items) >= 5
    for story, item in items.items():
        page = (mirrored.public / "stories" / f"{story}.html").read_text("utf-8")
        assert item["_aggregator"]["story_members"]
        assert all(member["mirror_url"].rpartition("/")[2] in page for member in item["_aggregator"]["story_members"])
