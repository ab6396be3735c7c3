"""The operator's outputs in the database: what stands in each, in which order, and what a story's entry does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.config.settings import Output
from aggregator.models import Likeness
from aggregator.store import Store, filter_facts, outputs
from aggregator.store.stories import Placed, StoryChanges


def output(**keys: object) -> Output:
    return Output.model_validate({"name": "own", **keys})


@pytest.fixture
def press(store: Store) -> Newsroom:
    """Two feeds with tags; three posts of the first, one of the second, read and put out, oldest first: a, b, c, d."""
    room = Newsroom(
        store,
        {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["news", "Threat Intel"]},
        {"url": "https://beta.example/feed", "name": "Beta", "tags": ["research"]},
    )
    room.poll(*(entry(name, published=NOW - n * HOUR) for name, n in (("a", 9), ("b", 6), ("c", 3))))
    room.poll(entry("d", "beta.example"), feed="Beta")
    room.scrape("https://alpha.example/a", "A ransomware gang and a zero day.", language="en-GB")
    room.scrape("https://alpha.example/b", "Nothing of note.", language="de")
    room.scrape("https://alpha.example/c", "Exploits of a zero, and a day.", language="en")
    room.scrape("https://beta.example/d", "Ransomware: a decryptor.")
    room.publish()
    return room


def fill(room: Newsroom, *outputs: Output) -> None:
    room.store.outputs.fill(outputs, room.now)


def names(room: Newsroom, one: Output, limit: int = 9) -> list[str]:
    """The posts of an output, newest first, by the end of their URLs."""
    return [(found.post.url or "").rpartition("/")[2] for found in room.store.outputs.shown(one, limit)]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "dcba"),
        ({"tags": ["research"]}, "d"),
        ({"tags": ["threat intel", "research"]}, "dcba"),
        ({"sources": ["alpha"]}, "cba"),
        ({"words": ["ransomware"]}, "da"),
        ({"words": ["zero day", "note"]}, "ba"),
        ({"words": ["exploit*"]}, "c"),
        ({"words": ['"; DROP']}, ""),
        ({"without": ["ransomware", "note"]}, "c"),
        ({"query": "ransomware NOT decryptor"}, "a"),
        ({"query": "title: page AND gang"}, "a"),
        ({"languages": ["en"]}, "ca"),
        ({"languages": ["de", "EN-gb"]}, "ba"),
        ({"max_age": "4h"}, "dc"),
        ({"tags": ["news"], "words": ["zero"], "languages": ["en-GB"]}, "a"),
    ],
)
def test_an_output_holds_what_its_conditions_say(press: Newsroom, keys: dict[str, object], expected: str) -> None:
    """Each kind of condition, and several together; a trial says the same."""
    one = output(**keys)
    fill(press, one)
    assert names(press, one) == list(expected)
    trial = press.store.outputs.trial(one.filter, 9)
    assert [found.url.rpartition("/")[2] for found in trial.newest] == list(expected)
    assert (trial.taken, trial.posts) == (len(expected), 4)


def test_a_trial_says_what_left_the_others_out(press: Newsroom) -> None:
    """For each condition how many posts it fails, and how many nothing else would keep out."""
    trial = press.store.outputs.trial(output(sources=["Alpha"], words=["ransomware"], languages=["en"]).filter, 9)
    assert trial.failed == {"sources": 1, "words": 2, "languages": 2}
    assert trial.alone == {"words": 1}
    assert [reason.why for reason in trial.newest[0].reasons] == ["Alpha", "has ransomware", "is in en-GB"]


def test_a_post_that_comes_to_match_late_is_a_new_entry_on_top(press: Newsroom) -> None:
    """Its stamp is later than all others of the output, so that a reader that goes by dates finds it."""
    one = output(words=["ransomware"])
    fill(press, one)
    press.now += HOUR
    press.scrape("https://alpha.example/b", "Ransomware after all.", language="de")
    fill(press, one)
    assert names(press, one) == ["b", "d", "a"]
    stamps = [found.stamp for found in press.store.outputs.shown(one, 9)]
    assert stamps == sorted(set(stamps), reverse=True)


def test_what_does_not_match_any_more_is_not_shown_and_keeps_its_place(press: Newsroom) -> None:
    """It comes back where it was."""
    one = output(words=["ransomware"])
    fill(press, one)
    for text, expected in (("Nothing.", "d"), ("Ransomware again.", "da")):
        press.scrape("https://alpha.example/a", text)
        fill(press, one)
        assert names(press, one) == list(expected)


def test_a_copy_counts_for_the_first_publication(press: Newsroom) -> None:
    """An output of a source shows what another outlet had first, once."""
    one = output(sources=["Beta"])
    fill(press, one)
    press.poll(entry("copy", "beta.example"), feed="Beta")
    press.scrape("https://beta.example/copy", likeness=Likeness(press.article_id("https://alpha.example/b"), 0.9, "x"))
    press.publish()
    fill(press, one)
    assert names(press, one) == ["b", "d"]


def test_another_filter_begins_a_new_order(press: Newsroom) -> None:
    """What it takes in besides stands where it belongs, not on top; what had come in late keeps its time."""
    one = output(words=["gang"])
    fill(press, one)
    press.scrape("https://alpha.example/b", "A gang.")
    fill(press, one)
    assert names(press, one) == ["b", "a"]
    wider = output(words=["gang", "zero", "decryptor"])
    fill(press, wider)
    assert names(press, wider) == ["b", "d", "c", "a"]


def test_nothing_new_changes_nothing(press: Newsroom) -> None:
    """Filling again writes no change number; an output that is gone is forgotten."""
    one = output()
    fill(press, one)
    head = press.store.archive.head()
    fill(press, one)
    assert press.store.archive.head() == head
    fill(press)
    assert press.rows("SELECT * FROM output_entries") == []


def test_filling_bit_by_bit_is_filling_at_once(press: Newsroom) -> None:
    """The same posts, whenever they were looked at."""
    one, two = output(words=["zero", "whole"]), output(name="other", words=["zero", "whole"])
    fill(press, one)
    for number in range(5):
        press.now += HOUR
        press.poll(entry(f"n{number}", published=press.now))
        press.scrape(f"https://alpha.example/n{number}")
        press.publish()
        fill(press, one)
    fill(press, one, two)
    assert names(press, one, 99) == names(press, two, 99)
    assert len(names(press, one, 99)) == 7


# --- group: story ----------------------------------------------------------------------------------------------


def tell(room: Newsroom, *stories: str) -> None:
    """Put every article that is out into the story of the first one of its string: `tell(room, "ab", "cd")`."""
    ids = {
        row["url"].rpartition("/")[2]: row["id"]
        for row in room.rows("SELECT id, url FROM articles WHERE duplicate_of IS NULL")
    }
    waiting = {one.id: one for one in room.store.stories.unplaced(99)}
    rows, moved = [], {}
    for story in stories:
        for name in story:
            number, key = ids[name], f"story-{story[0]}"
            if number in waiting:
                rows.append(Placed(number, name, waiting[number].published, "{}", key))
            else:
                moved[number] = key
    room.store.stories.save(StoryChanges(tuple(rows), moved), room.now)


GROUPED = output(group="story")


def test_a_story_is_one_entry_that_keeps_its_place(press: Newsroom) -> None:
    """The first post that came in stands for it; the story grows, and the entry's time of growth with it."""
    fill(press, GROUPED)
    assert names(press, GROUPED) == ["d", "c", "b", "a"]
    before = {found.post.url: found.stamp for found in press.store.outputs.shown(GROUPED, 9)}
    press.now += HOUR
    tell(press, "ad", "b", "c")
    fill(press, GROUPED)
    assert names(press, GROUPED) == ["c", "b", "a"]
    (_, _, first) = press.store.outputs.shown(GROUPED, 9)
    assert (first.stamp, first.grown) == (before[first.post.url], press.now)
    (ended,) = press.store.outputs.ended("own", 9)
    assert (ended.id, ended.at) == (press.posts()["d"].id, press.now)
    press.poll(entry("e", published=press.now - HOUR))
    press.scrape("https://alpha.example/e")
    press.publish()
    tell(press, "ad", "b", "c", "e")
    fill(press, GROUPED)
    newest = press.store.outputs.shown(GROUPED, 9)[0]
    assert newest.post.url == "https://alpha.example/e"
    assert newest.stamp > press.now, "what comes in after a story has grown is dated later than its growth"


def test_an_entry_grows_by_articles_alone(press: Newsroom) -> None:
    """A revision, or a member that leaves and comes back, is no growth."""
    tell(press, "ab", "c", "d")
    fill(press, GROUPED)
    grown = [found.grown for found in press.store.outputs.shown(GROUPED, 9)]
    assert grown == [None, None, None]
    press.now += HOUR
    press.scrape("https://alpha.example/a", "Revised.")
    fill(press, GROUPED)
    tell(press, "a", "b", "c", "d")
    fill(press, GROUPED)
    assert sorted(names(press, GROUPED)) == ["a", "b", "c", "d"]
    tell(press, "ab", "c", "d")
    press.now += HOUR
    fill(press, GROUPED)
    assert sorted(names(press, GROUPED)) == ["a", "c", "d"]
    assert {found.grown for found in press.store.outputs.shown(GROUPED, 9)} == {None}


def test_of_two_stories_that_merge_the_earlier_entry_stays(press: Newsroom) -> None:
    """The other one ends, and begins again on top when the two turn out to be two."""
    tell(press, "ab", "cd")
    fill(press, GROUPED)
    assert names(press, GROUPED) == ["c", "a"]
    press.now += HOUR
    tell(press, "abcd")
    fill(press, GROUPED)
    assert names(press, GROUPED) == ["a"]
    press.now += HOUR
    tell(press, "ab", "cd")
    fill(press, GROUPED)
    assert names(press, GROUPED) == ["c", "a"]
    assert press.store.outputs.ended("own", 9) == ()


def test_a_story_comes_in_with_its_first_post_that_matches(press: Newsroom) -> None:
    """Others of the story need not match; when the post that stood for it does not, the entry stays as long as one does."""
    one = output(group="story", words=["zero", "decryptor"])
    tell(press, "bcd", "a")
    fill(press, one)
    assert names(press, one) == ["c", "a"]
    press.scrape("https://alpha.example/c", "Nothing.")
    fill(press, one)
    assert names(press, one) == ["c", "a"]
    press.scrape("https://beta.example/d", "Nothing.")
    fill(press, one)
    assert names(press, one) == ["a"]


def test_a_post_that_turns_out_to_be_a_copy_still_stands_for_its_story(press: Newsroom) -> None:
    """The entry's id stays; no second one comes in for the first publication."""
    fill(press, GROUPED)
    press.scrape("https://alpha.example/b", likeness=Likeness(press.article_id("https://beta.example/d"), 0.9, "x"))
    press.scrape("https://beta.example/d", likeness=Likeness(press.article_id("https://alpha.example/b"), 0.9, "x"))
    fill(press, GROUPED)
    assert len(names(press, GROUPED)) == 3
    assert "b" in names(press, GROUPED)


def test_age_counts_from_the_last_growth(press: Newsroom) -> None:
    """A story that goes on stays in an output of what is new."""
    one = output(group="story", max_age="4h")
    tell(press, "a", "b", "c", "d")
    fill(press, one)
    assert names(press, one) == ["d", "c"]
    press.now += timedelta(hours=1)
    tell(press, "ad", "b", "c")
    fill(press, one)
    assert names(press, one) == ["c", "a"]


@pytest.mark.parametrize("statement", [outputs._ENDED, outputs._STORIES.format(entries=outputs._ONLY)])
def test_a_build_does_not_go_through_all_entries(newsroom: Newsroom, statement: str) -> None:
    """What ended, and what a few posts are in, is looked up: a new article costs the same however many there are."""
    values = {"output": "all", "limit": 100, "ids": "[1]"}
    assert not _scanned(newsroom, statement, values)


def test_facts_of_a_few_posts_are_looked_up(newsroom: Newsroom) -> None:
    """The same for what filters look at."""
    for statement in (filter_facts._POSTS, filter_facts._CARRIERS):
        assert not _scanned(newsroom, statement.format(**filter_facts._ONLY_THESE), {"ids": "[1]"})


def _scanned(newsroom: Newsroom, statement: str, values: dict[str, object]) -> list[str]:
    """Steps of the plan that go through a table that grows with the archive, or through all entries of an output."""
    with newsroom.store._session.read() as sql:
        plan = [row["detail"] for row in sql.all(f"EXPLAIN QUERY PLAN {statement}", values)]
    large = ("posts", "articles", "entries", "output_entries", "entry", "story_articles")
    whole = "PRIMARY KEY (output=?)"
    return [step for step in plan if (step.startswith("SCAN") and step.split()[1] in large) or whole in step]
