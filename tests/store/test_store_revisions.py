"""Pages fetched again: when, and what becomes of what the article said."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.store_builders import HOUR, NOW, Newsroom, entry, evidence, fingerprint

from aggregator.models import Article, Change, ChangeKind, PageEvidence, RevisionKind, Validators
from aggregator.store import Store
from aggregator.store.revisions import GAP, JITTER, LOOKS_A_ROUND, OFFSETS, next_look

A = "https://alpha.example/"
DAY = timedelta(days=1)
EDITED = Change(ChangeKind.EDITED, "1 paragraph changed")
TRIVIAL = Change(ChangeKind.TRIVIAL, "only counters")
LOST = Change(ChangeKind.LOST, "the page has only 4 of 400 words left")


# --- the schedule ------------------------------------------------------------------------------------------------


def looks(published: datetime, first: datetime, step: timedelta) -> list[timedelta]:
    """Simulated: the ages at which a page is looked at by somebody who comes by every `step` and remembers one time."""
    due, now, found = next_look(published, first, "x"), first, []
    while due is not None and now < published + timedelta(days=60):
        now += step
        if now >= due:
            found.append(now - published)
            due = next_look(published, now, "x")
    assert due is None
    return found


def test_less_and_less_often_and_then_no_more() -> None:
    """About an hour, six, a day, three, ten after publication."""
    found = looks(NOW, NOW, timedelta(minutes=10))
    assert len(found) == len(OFFSETS)
    for age, offset in zip(found, OFFSETS, strict=True):
        assert offset <= age <= offset * (1 + JITTER) + timedelta(minutes=10)


@pytest.mark.parametrize("hours", [2, 12, 24, 24 * 7, 24 * 30])
def test_rounds_that_are_rare(hours: int) -> None:
    """Whoever comes by once a week looks once or twice, never twice at once to make up for it."""
    found = looks(NOW, NOW, hours * HOUR)
    assert 1 <= len(found) <= len(OFFSETS)
    assert all(later - earlier >= hours * HOUR for earlier, later in pairwise(found))


def test_what_was_old_when_it_came() -> None:
    """A back file is not fetched again at all; what came late is looked at when its next time comes."""
    assert next_look(NOW - 30 * DAY, NOW, "x") is None
    soon = next_look(NOW - 2 * DAY, NOW, "x")
    assert soon is not None
    assert NOW + DAY <= soon <= NOW + 2 * DAY


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.text(max_size=5))
def test_the_next_look_is_always_later(age: int, since: int, salt: str) -> None:
    """Never at once, and never before the gap that its offset asks for."""
    last = NOW + timedelta(seconds=since)
    found = next_look(NOW - timedelta(seconds=age), last, salt)
    assert found == next_look(NOW - timedelta(seconds=age), last, salt)
    assert found is None or found - last >= OFFSETS[0] * GAP - timedelta(seconds=1)


def test_jitter_spreads() -> None:
    """Fifty articles of one moment are not due at one moment."""
    assert len({next_look(NOW, NOW, str(n)) for n in range(50)}) > 40


# --- what is due -------------------------------------------------------------------------------------------------


def held(room: Newsroom, slug: str = "one", text: str = "") -> int:
    """An article published, scraped and put out at NOW."""
    room.poll(entry(slug, published=room.now))
    article_id = room.scrape(A + slug, text)
    room.publish()
    return article_id


def due(room: Newsroom) -> list[str]:
    return [article.url.rpartition("/")[2] for article in room.store.revisions.due(room.now, 100)]


def again(room: Newsroom, article_id: int, text: str, change: Change | None, **values: object) -> None:
    """The page was fetched again and says this."""
    article = Article(A + "one", title="Page one", text=text, html=f"<p>{text}</p>", **values)
    room.store.save_article(
        article_id,
        article,
        evidence(A + "one", room.now),
        fingerprint(text),
        None,
        room.now,
        (A + "one",),
        change=change,
    )


def test_a_scraped_page_is_due_after_an_hour(newsroom: Newsroom) -> None:
    """With its own validators; not before; and not while it waits to be fetched anyway."""
    newsroom.poll(entry("one", published=NOW))
    article_id = newsroom.article_id(A + "one")
    proof = PageEvidence(NOW, A + "one", 200, "text/html", "0", validators=Validators('"e1"', "Tue, 10 Mar 2026"))
    newsroom.store.save_article(
        article_id, Article(A + "one", title="One", text="Text."), proof, fingerprint("Text."), None, NOW, (A + "one",)
    )
    assert due(newsroom) == []
    newsroom.now += 2 * HOUR
    (wanted,) = newsroom.store.revisions.due(newsroom.now, 10)
    assert wanted.validators == Validators('"e1"', "Tue, 10 Mar 2026")
    assert wanted.feed_html == "<p>Feed text of one.</p>"
    newsroom.execute("UPDATE articles SET next_attempt = '2026-03-10T14:00:00Z'")
    assert due(newsroom) == []


def test_the_schedule_survives_restarts(path: Path, newsroom: Newsroom) -> None:
    """Another process on the same file looks when this one would have."""
    held(newsroom)
    planned = newsroom.value("SELECT due FROM rechecks")
    newsroom.store.close()
    with Store.open(path) as store:
        (wanted,) = store.revisions.due(NOW + 2 * HOUR, 10)
        store.revisions.looked(wanted.id, "not modified", NOW + 2 * HOUR)
    with Store.open(path) as store:
        assert store.revisions.due(NOW + 2 * HOUR, 10) == ()
        assert [article.id for article in store.revisions.due(NOW + 8 * HOUR, 10)] == [wanted.id]
    assert planned == next_look(NOW, NOW, _uid(path)).isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]


def _uid(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        return str(connection.execute("SELECT uid FROM articles").fetchone()[0])


def test_feeds_that_are_paused_or_gone_from_the_list(newsroom: Newsroom) -> None:
    """Their pages are left alone."""
    held(newsroom)
    newsroom.now += 2 * HOUR
    newsroom.execute("UPDATE feeds SET paused = 1")
    assert due(newsroom) == []
    newsroom.execute("UPDATE feeds SET paused = 0, configured = 0")
    assert due(newsroom) == []


def test_few_of_a_feed_in_a_round(newsroom: Newsroom) -> None:
    """The rest comes in the next rounds."""
    newsroom.poll(*(entry(f"p{n}", published=NOW) for n in range(LOOKS_A_ROUND + 5)))
    for n in range(LOOKS_A_ROUND + 5):
        newsroom.scrape(f"{A}p{n}")
    newsroom.now += 2 * HOUR
    assert len(due(newsroom)) == LOOKS_A_ROUND


def test_an_article_with_the_feeds_text_alone(newsroom: Newsroom) -> None:
    """Nothing is fetched again where no page was read."""
    newsroom.poll(entry("one", published=NOW))
    newsroom.store.save_failure(newsroom.article_id(A + "one"), "404", None, NOW)
    newsroom.store.revisions.looked(newsroom.article_id(A + "one"), "gone at the origin", NOW, gone=True)
    newsroom.now += 2 * HOUR
    assert due(newsroom) == []
    assert newsroom.value("SELECT gone_since FROM rechecks") == "2026-03-10T12:00:00Z"


# --- what comes of it ----------------------------------------------------------------------------------------------


def test_an_edit(newsroom: Newsroom) -> None:
    """The new text is shown; the old one is kept with the time and what changed; `updated` rises."""
    article_id = held(newsroom, text="The worm hits ten banks.")
    newsroom.now += 2 * HOUR
    again(newsroom, article_id, "The worm hits twelve banks.", EDITED)
    post = newsroom.posts()["one"]
    assert post.revised == newsroom.now
    (revision,) = post.revisions
    assert (revision.kind, revision.at) == (RevisionKind.EDITED, newsroom.now)
    assert (revision.text_before, revision.text) == ("The worm hits ten banks.", "The worm hits twelve banks.")
    assert revision.summary == "1 paragraph changed (+1 −1 words)"
    assert newsroom.value("SELECT html FROM revisions") == "<p>The worm hits ten banks.</p>"
    assert newsroom.value("SELECT edits FROM latest_articles") == 1
    assert newsroom.store.search("twelve")[0].edits == 1
    assert newsroom.row("SELECT looks, outcome FROM rechecks") == {"looks": 1, "outcome": "edited: 1 paragraph changed"}
    assert due(newsroom) == []


def test_a_repair(newsroom: Newsroom) -> None:
    """What had been read badly is kept for whoever asks; it is no edit, and `updated` stays."""
    article_id = held(newsroom, text="Our newsletter comes on Fridays.")
    newsroom.now += 2 * HOUR
    again(
        newsroom, article_id, "The worm hits ten banks.", Change(ChangeKind.REPAIRED, "its page was read badly before")
    )
    post = newsroom.posts()["one"]
    assert "ten banks" in post.html
    assert (post.revised, post.revisions) == (None, ())
    assert newsroom.row("SELECT kind, text FROM revisions") == {
        "kind": "repaired", "text": "Our newsletter comes on Fridays."
    }  # fmt: skip
    again(newsroom, article_id, "The worm hits twelve banks.", EDITED)
    assert [change.kind for change in newsroom.posts()["one"].revisions] == [RevisionKind.EDITED]


def test_a_trifle(newsroom: Newsroom) -> None:
    """Text, `updated` and every document stay; that somebody looked is noted."""
    article_id = held(newsroom, text="The worm hits ten banks.")
    before, head = newsroom.posts()["one"], newsroom.store.archive.head()
    newsroom.now += 2 * HOUR
    again(newsroom, article_id, "The worm hits ten banks. 5 views", TRIVIAL)
    assert newsroom.posts()["one"] == before
    assert newsroom.store.archive.head() == head
    assert newsroom.value("SELECT count(*) FROM revisions") == 0
    assert newsroom.value("SELECT outcome FROM rechecks") == "trivial: only counters"
    assert due(newsroom) == []


def test_taken_back(newsroom: Newsroom) -> None:
    """An edit that is taken back is no news: the former text is shown, `updated` stays, nothing is lost."""
    article_id = held(newsroom, text="The worm hits ten banks.")
    again(newsroom, article_id, "Page one says ten.", None)
    newsroom.now += HOUR
    again(newsroom, article_id, "The worm hits twelve banks.", EDITED)
    edited = newsroom.now
    newsroom.now += 5 * HOUR
    again(newsroom, article_id, "Page one says ten.", EDITED)
    post = newsroom.posts()["one"]
    assert "ten" in post.html
    assert post.revised == edited
    assert [revision.kind for revision in post.revisions][:2] == [RevisionKind.REVERTED, RevisionKind.EDITED]
    assert newsroom.value("SELECT text FROM revisions WHERE kind = 'reverted'") == "The worm hits twelve banks."


def test_a_page_that_is_lost(newsroom: Newsroom) -> None:
    """What was held stays, to the last column; the reason is noted."""
    article_id = held(newsroom, text="The worm hits ten banks.")
    before = newsroom.posts()["one"]
    newsroom.now += 2 * HOUR
    again(newsroom, article_id, "Log in.", LOST, canonical_url=A + "login")
    assert newsroom.posts()["one"] == before
    assert "4 of 400" in str(newsroom.value("SELECT outcome FROM rechecks"))
    assert newsroom.value("SELECT count(*) FROM article_urls WHERE url LIKE '%login'") == 0


def test_gone_at_the_origin_and_back(newsroom: Newsroom) -> None:
    """Since when is kept over further looks, and forgotten when the page is there again."""
    article_id = held(newsroom)
    store, first = newsroom.store, NOW + 2 * HOUR
    store.revisions.looked(article_id, "gone at the origin: 410", first, gone=True)
    store.revisions.looked(article_id, "gone at the origin: 410", first + 5 * HOUR, gone=True)
    assert newsroom.value("SELECT gone_since FROM rechecks") == "2026-03-10T14:00:00Z"
    assert newsroom.posts()["one"].html
    again(newsroom, article_id, f"The whole text of {A}one.", Change(ChangeKind.SAME, "the same text"))
    assert newsroom.value("SELECT gone_since FROM rechecks") is None


def test_the_page_in_place_of_the_feeds_text(newsroom: Newsroom) -> None:
    """That an article got its whole text is ours, and no edit of its outlet's."""
    newsroom.poll(entry("one", published=NOW))
    newsroom.now += 7 * HOUR
    newsroom.publish()
    newsroom.scrape(A + "one", "The whole text.")
    assert newsroom.value("SELECT kind FROM revisions") == "completed"
    assert newsroom.posts()["one"].revisions == ()


def test_a_database_of_before(path: Path, newsroom: Newsroom) -> None:
    """What was kept before there were kinds stays readable."""
    article_id = held(newsroom, text="The worm hits ten banks.")
    again(newsroom, article_id, "The worm hits twelve banks.", None)
    (revision,) = newsroom.store.revisions.of(article_id)
    assert revision.kind is RevisionKind.EDITED
