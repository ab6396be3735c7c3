"""The chain: posts that no poll saw, found by the links of later ones; what is no post is let alone, and for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.store_builders import HOUR, NOW, Newsroom, config, entry

from aggregator.models import PageKind, PendingArticle, PollOutcome, PollResult
from aggregator.store import Store, chain
from aggregator.store.times import whole

A = "https://alpha.example/"


def broken(room: Newsroom, *, previous: str = A + "two") -> None:
    """Post `one`; then a poll that lists `three` alone, whose page names another post as its previous one."""
    room.poll(entry("one", published=NOW - 9 * HOUR))
    room.scrape(A + "one")
    room.poll(entry("three", published=NOW - 5 * HOUR))
    room.scrape(A + "three", previous=previous)
    room.publish()


def pending(room: Newsroom) -> list[str]:
    return [article.url for article in room.store.pending(room.now, 100)]


def follow(room: Newsroom) -> PendingArticle:
    """One step of the chain, and the only article that waits then."""
    assert len(room.store.neighbours.follow_chain(room.now)) == 1
    (found,) = room.store.pending(room.now, 100)
    return found


def state_of(room: Newsroom, url: str) -> tuple[object, object]:
    row = room.row("SELECT state, reason FROM chain WHERE canonical_url = ?", url)
    return row["state"], row["reason"]


def test_a_missing_post_becomes_an_article_of_its_feed(newsroom: Newsroom) -> None:
    """It is fetched like any other, and stands in the output between its neighbours, with the page's date."""
    broken(newsroom)
    found = follow(newsroom)
    assert (found.url, found.feed_id, found.title) == (A + "two", newsroom.feed().id, "Stated two")
    published = NOW - 7 * HOUR
    newsroom.scrape(A + "two", published=published, previous=A + "one", next=A + "three")
    assert newsroom.publish() == 1
    posts = newsroom.posts()
    assert (posts["two"].published, posts["two"].title, posts["two"].source.name) == (published, "Page two", "Alpha")
    assert posts["three"].previous is not None
    assert posts["three"].previous.path == posts["two"].path
    assert posts["one"].next is not None
    assert posts["one"].next.path == posts["two"].path
    row = newsroom.row("SELECT guid, found_by, reason FROM entries WHERE article_id = ?", found.id)
    assert row["found_by"] == "chain"
    assert row["reason"] == "no poll saw it; the page of “Page three” names it as its previous post"
    assert newsroom.feed().found_by_chain == 1
    assert newsroom.value("SELECT found_by_chain FROM feed_health") == 1
    assert newsroom.store.maintenance.counts()["gaps"] == 0
    assert newsroom.store.maintenance.check() == ()


def test_it_is_in_the_feeds_of_its_source_and_tag(store: Store) -> None:
    """As if a poll had brought it."""
    room = Newsroom(store, {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["worms"]})
    broken(room)
    follow(room)
    room.scrape(A + "two", published=NOW - 7 * HOUR, previous=A + "one")
    room.publish()
    for found in (store.archive.latest(9, tag="worms"), store.archive.latest(9, source="alpha")):
        assert [(post.url or "").rpartition("/")[2] for post in found] == ["two", "three", "one"]


def test_the_chain_goes_on_to_what_is_held(newsroom: Newsroom) -> None:
    """Each found post leads to the one before, one at a time; at a post that we hold it ends."""
    broken(newsroom, previous=A + "gap3")
    for number in (3, 2, 1):
        assert follow(newsroom).url == A + f"gap{number}"
        before = A + (f"gap{number - 1}" if number > 1 else "one")
        newsroom.scrape(A + f"gap{number}", published=NOW - (9 - number) * HOUR, previous=before)
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0
    newsroom.publish()
    assert [newsroom.value("SELECT depth FROM chain WHERE url = ?", A + f"gap{n}") for n in (3, 2, 1)] == [1, 2, 3]
    shown = sorted(newsroom.posts().values(), key=lambda post: post.published)
    assert [(post.url or "").rpartition("/")[2] for post in shown] == ["one", "gap1", "gap2", "gap3", "three"]


def test_the_oldest_post_is_asked_first(two: Newsroom) -> None:
    """Of several gaps of a feed the oldest is closed first; each feed has its own turn."""
    broken(two, previous=A + "old")
    two.poll(entry("five", published=NOW - 2 * HOUR))
    two.scrape(A + "five", previous=A + "young")
    two.poll(entry("a", "beta.example", published=NOW - 9 * HOUR), feed="Beta")
    two.scrape("https://beta.example/a")
    two.poll(entry("c", "beta.example", published=NOW - 8 * HOUR), feed="Beta")
    two.scrape("https://beta.example/c", previous="https://beta.example/b")
    assert len(two.store.neighbours.follow_chain(two.now)) == 2
    assert sorted(pending(two)) == [A + "old", "https://beta.example/b"]
    assert len(two.store.neighbours.follow_chain(two.now)) == 1
    assert A + "young" in pending(two)


def test_the_oldest_known_posts_lead_to_before_our_time(newsroom: Newsroom) -> None:
    """What a feed's first poll brought names posts that nobody has missed."""
    newsroom.poll(entry("one", published=NOW - 9 * HOUR), entry("two"))
    newsroom.scrape(A + "one", previous=A + "zero")
    newsroom.scrape(A + "two", previous=A + "something")
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0
    assert newsroom.store.maintenance.counts()["gaps"] == 0


def test_a_poll_that_still_lists_the_newest_post_has_missed_none(newsroom: Newsroom) -> None:
    """A feed of one category: its pages name posts of others, which it leaves out on purpose."""
    one = entry("one", published=NOW - 9 * HOUR)
    newsroom.poll(one)
    newsroom.scrape(A + "one")
    newsroom.poll(entry("three"), one)
    newsroom.scrape(A + "three", previous=A + "other-category")
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0


def test_an_old_post_that_the_feed_brings_again_opens_no_gap(newsroom: Newsroom) -> None:
    """What was published before the break leads to before the break."""
    newsroom.poll(entry("one", published=NOW - 9 * HOUR))
    newsroom.poll(entry("ancient", published=NOW - timedelta(days=400)))
    newsroom.scrape(A + "ancient", previous=A + "more-ancient")
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example/two", "https://alpha.example/", "https://alpha.example/blog"],
    ids=["another site", "the front page", "the list above the post"],
)
def test_links_that_lead_to_no_post_of_the_site(newsroom: Newsroom, url: str) -> None:
    """They are not even asked for."""
    newsroom.poll(entry("one", published=NOW - 9 * HOUR))
    newsroom.poll(entry("blog/three"))
    newsroom.scrape(A + "blog/three", previous=url)
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0


REFUSED = {
    "older": {"published": NOW - timedelta(days=3), "previous": A + "one"},
    "no article": {"published": NOW - 7 * HOUR, "previous": A + "one", "kind": PageKind.NOT_HTML},
    "no title": {"published": NOW - 7 * HOUR, "previous": A + "one", "title": None},
    "a list": {"published": NOW - 7 * HOUR},
    "no date, and leads elsewhere": {"previous": A + "x"},
}


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED.keys())
def test_a_page_that_is_no_missing_post(newsroom: Newsroom, values: dict[str, object]) -> None:
    """It leaves nothing in the output, is said to be refused and why, and is not tried again."""
    broken(newsroom)
    before = newsroom.store.maintenance.counts()
    follow(newsroom)
    newsroom.scrape(A + "two", **values)
    state, reason = state_of(newsroom, A + "two")
    assert state == "refused"
    assert reason
    assert newsroom.store.maintenance.counts() == before
    newsroom.now += 10 * HOUR
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0
    assert (pending(newsroom), newsroom.publish(), newsroom.feed().found_by_chain) == ([], 0, 0)
    assert newsroom.value("SELECT outcome FROM gaps") == reason


def test_a_page_without_a_date_that_leads_back(newsroom: Newsroom) -> None:
    """It is a post, and stands just before the one that named it."""
    broken(newsroom)
    follow(newsroom)
    newsroom.scrape(A + "two", next=A + "three")
    newsroom.publish()
    assert newsroom.posts()["two"].published == NOW - 5 * HOUR - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        (NOW - timedelta(days=400), NOW - 5 * HOUR - timedelta(seconds=1)),
        (NOW + timedelta(days=2), NOW - 5 * HOUR - timedelta(seconds=1)),
        (NOW.replace(hour=0), NOW - 5 * HOUR - timedelta(seconds=1)),
        (NOW - 20 * HOUR, NOW - 20 * HOUR),
    ],
    ids=["guessed from a year in the text", "the day of a change", "only the day", "of a clock that is wrong"],
)
def test_the_date_of_a_post_between_two(newsroom: Newsroom, stated: datetime, taken: datetime) -> None:
    """A page's own date counts as far as it can be true: its links say where the post stands."""
    broken(newsroom)
    follow(newsroom)
    newsroom.scrape(A + "two", next=A + "three", previous=A + "one", published=stated)
    newsroom.publish()
    assert newsroom.posts()["two"].published == taken
    row = newsroom.row("SELECT published, page_published FROM articles WHERE title = 'Page two'")
    assert (row["published"], row["page_published"]) == (whole(taken), whole(stated))


def test_a_day_alone_is_put_in_order_and_kept_as_stated(newsroom: Newsroom) -> None:
    """The end of the day places the post; what the page states is on record, also after it was read again."""
    newsroom.poll(entry("one", published=NOW - 90 * HOUR))
    newsroom.scrape(A + "one")
    newsroom.poll(entry("three", published=NOW - 5 * HOUR))
    newsroom.scrape(A + "three", previous=A + "two")
    follow(newsroom)
    stated = (NOW - 40 * HOUR).replace(hour=0, minute=0, second=0)
    for _ in range(2):
        newsroom.scrape(A + "two", next=A + "three", previous=A + "one", published=stated)
        row = newsroom.row("SELECT published, page_published FROM articles WHERE title = 'Page two'")
        end = stated + timedelta(days=1, seconds=-1)
        assert (row["published"], row["page_published"]) == (whole(end), whole(stated))


def test_a_page_without_a_date_states_none(newsroom: Newsroom) -> None:
    """The time under which its page was sought is not taken for one that the page states."""
    broken(newsroom)
    follow(newsroom)
    sought = NOW - 5 * HOUR - timedelta(seconds=1)
    newsroom.scrape(A + "two", next=A + "three", published=sought)
    row = newsroom.row("SELECT published, page_published FROM articles WHERE title = 'Page two'")
    assert (row["published"], row["page_published"]) == (whole(sought), None)


def test_a_redirect_to_what_is_held(newsroom: Newsroom) -> None:
    """A former address of a post closes the gap: the link leads to that post from now on."""
    broken(newsroom)
    follow(newsroom)
    newsroom.scrape(A + "two", urls=(A + "one",), published=NOW - 9 * HOUR, next=A + "three")
    assert state_of(newsroom, A + "two") == ("refused", "it is held under another address")
    posts = newsroom.posts()
    assert posts["three"].previous is not None
    assert posts["three"].previous.path == posts["one"].path
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0


def test_a_page_that_can_not_be_had(newsroom: Newsroom) -> None:
    """It is tried again as any page is; given up, it leaves nothing."""
    broken(newsroom)
    found = follow(newsroom)
    newsroom.store.save_failure(found.id, "500", newsroom.now + HOUR, newsroom.now)
    newsroom.now += 9 * HOUR
    assert (newsroom.publish(), pending(newsroom)) == (0, [A + "two"])
    newsroom.store.save_failure(found.id, "404 Not Found", None, newsroom.now)
    assert state_of(newsroom, A + "two") == ("refused", "404 Not Found")
    assert (newsroom.publish(), pending(newsroom), newsroom.store.neighbours.follow_chain(newsroom.now)) == (0, [], ())
    newsroom.store.save_failure(found.id, "late", None, newsroom.now)


def test_feeds_whose_pages_are_not_fetched(newsroom: Newsroom) -> None:
    """`full_text: never` since the link was found: there is nothing that such a post could be made of."""
    broken(newsroom)
    found = follow(newsroom)
    from support.store_builders import fingerprint

    from aggregator.models import Article

    newsroom.store.save_feed_text(found.id, Article(A + "two"), fingerprint(""), None, NOW)
    assert state_of(newsroom, A + "two")[0] == "refused"


@pytest.mark.parametrize("when", ["waiting", "refused"])
def test_a_poll_brings_what_was_sought(newsroom: Newsroom, when: str) -> None:
    """Then it is the feed's, as if nobody had sought it."""
    broken(newsroom)
    found = follow(newsroom)
    if when == "refused":
        newsroom.store.save_failure(found.id, "404 Not Found", None, newsroom.now)
    newsroom.poll(entry("two", published=NOW - 7 * HOUR))
    newsroom.scrape(A + "two")
    newsroom.publish()
    assert newsroom.rows("SELECT * FROM chain") == []
    assert newsroom.value("SELECT group_concat(DISTINCT found_by) FROM entries") == "feed"
    assert newsroom.feed().found_by_chain == 0
    assert len(newsroom.posts()) == 3


@pytest.mark.parametrize("guid", [A + "two", "tag:alpha,two"])
def test_a_later_poll_lists_what_was_found(newsroom: Newsroom, guid: str) -> None:
    """It stays one article, in its place, with the feed's own entry; its page is not fetched again."""
    broken(newsroom)
    follow(newsroom)
    newsroom.scrape(A + "two", published=NOW - 7 * HOUR, previous=A + "one")
    newsroom.publish()
    before = newsroom.posts()["two"]
    newsroom.poll(entry("two", guid=guid, title="As the feed calls it", published=NOW - 7 * HOUR, tags=("Worms",)))
    assert (newsroom.publish(), pending(newsroom)) == (0, [])
    after = newsroom.posts()["two"]
    assert (after.sequence, after.path, after.revised, after.title) == (before.sequence, before.path, None, "Page two")
    assert newsroom.row("SELECT found_by, guid FROM entries WHERE url = ?", A + "two") == {
        "found_by": "feed",
        "guid": guid,
    }
    assert newsroom.feed().found_by_chain == 1
    assert newsroom.store.maintenance.check() == ()


def test_a_later_poll_lists_it_under_a_redirect(newsroom: Newsroom) -> None:
    """Known for the same only when its page has been fetched, it becomes one article with one entry all the same."""
    broken(newsroom)
    follow(newsroom)
    newsroom.scrape(A + "two", published=NOW - 7 * HOUR, previous=A + "one")
    newsroom.publish()
    newsroom.poll(entry("r/2", title="As the feed calls it", published=NOW - 7 * HOUR))
    newsroom.scrape(A + "r/2", urls=(A + "two",))
    newsroom.publish()
    assert len(newsroom.posts()) == 3
    assert newsroom.value("SELECT count(*) FROM entries WHERE found_by = 'chain'") == 0
    assert newsroom.feed().found_by_chain == 1


def test_what_another_feed_has_brought_is_no_gap(two: Newsroom) -> None:
    """No poll at all may have seen it."""
    two.poll(entry("two"), feed="Beta")
    broken(two)
    assert len(two.store.neighbours.follow_chain(two.now)) == 0


def test_the_chain_has_an_end(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site whose links never come to what is held is left after so many."""
    monkeypatch.setattr(chain, "DEPTH", 3)
    broken(newsroom, previous=A + "x0")
    steps = 0
    while newsroom.store.neighbours.follow_chain(newsroom.now):
        newsroom.scrape(A + f"x{steps}", published=NOW - 6 * HOUR, previous=A + f"x{steps + 1}")
        steps += 1
    assert steps == 3


def test_paused_feeds_and_gaps_of_long_ago(newsroom: Newsroom) -> None:
    """Nothing is sought for a feed that is not polled, nor forever."""
    broken(newsroom)
    paused = {"url": "https://alpha.example/feed", "name": "Alpha", "paused": True}
    newsroom.store.sync_feeds(config(paused), NOW)
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 0
    newsroom.store.sync_feeds(config("Alpha"), NOW)
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now + chain.PURSUED)) == 0
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 1


@pytest.fixture
def folding(path: Path) -> Iterator[Newsroom]:
    """A store that is told what a canonical form and a site are."""
    with Store.open(
        path,
        canonical=lambda url: url.replace("http:", "https:").replace("www.", "").rstrip("/"),
        same_site=lambda a, b: "alpha.example" in a and "alpha.example" in b,
    ) as store:
        yield Newsroom(store)


def test_links_in_another_spelling(folding: Newsroom) -> None:
    """One post, however the pages spell its address; the link that is fetched is the one that the page gives."""
    broken(folding, previous="http://www.alpha.example/two/")
    assert follow(folding).url == "http://www.alpha.example/two/"
    folding.scrape(A + "two", next="http://www.alpha.example/three/", previous=A + "one/")
    folding.poll(entry("two", published=NOW - 7 * HOUR))
    folding.publish()
    assert len(folding.posts()) == 3


def test_an_answer_without_news_is_no_break(newsroom: Newsroom) -> None:
    """Only a document with something new can have lost something."""
    newsroom.poll(entry("one", published=NOW - 9 * HOUR))
    state = replace(newsroom.feed(), last_poll=NOW)
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    assert newsroom.value("SELECT max(missed_since) FROM entries") is None
    newsroom.poll(entry("two"))
    assert newsroom.value("SELECT max(missed_since) FROM entries") == f"{_text(NOW - 9 * HOUR)}"


def _text(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat() + "Z"
