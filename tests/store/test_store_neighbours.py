"""Next and previous posts: stated, completed by the chain, or known from the feed's order; and who must be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import PostLink
from aggregator.store import Store

A = "https://alpha.example/"


def chain(room: Newsroom, *names: str) -> None:
    """Posts an hour apart, the first the oldest, scraped without any stated neighbour, and put out."""
    for number, name in enumerate(names):
        room.poll(entry(name, published=NOW - (len(names) - number) * HOUR))
        room.scrape(A + name)
    room.publish()


def changed(room: Newsroom, since: int) -> set[str]:
    return {(post.url or "").rpartition("/")[2] for post in room.store.archive.changed(since)}


def test_without_any_statement_the_feeds_order_counts(newsroom: Newsroom) -> None:
    """The posts before and after in the same feed, with title, teaser and page."""
    chain(newsroom, "one", "two", "three")
    posts = newsroom.posts()
    assert posts["one"].previous is None
    assert posts["two"].previous == PostLink(A + "one", "Page one", f"The whole text of {A}one.", posts["one"].path)
    assert posts["two"].next == PostLink(A + "three", "Page three", f"The whole text of {A}three.", posts["three"].path)
    assert posts["three"].next is None


def test_another_feeds_posts_are_no_neighbours(two: Newsroom) -> None:
    """Only the order within one feed counts."""
    two.poll(entry("one", published=NOW - 3 * HOUR))
    two.poll(entry("x", "beta.example", published=NOW - 2 * HOUR), feed="Beta")
    two.scrape(A + "one")
    two.scrape("https://beta.example/x")
    two.publish()
    assert [(post.next, post.previous) for post in two.posts().values()] == [(None, None)] * 2


def test_the_pages_own_word_counts_most(newsroom: Newsroom) -> None:
    """A page that states its next post is believed, also against the order; a post not held is shown as stated."""
    chain(newsroom, "one", "two", "three")
    newsroom.scrape(A + "one", next=A + "three")
    newsroom.scrape(A + "two", next="https://elsewhere.example/page?token=x")
    posts = newsroom.posts()
    assert posts["one"].next is not None
    assert posts["one"].next.path == posts["three"].path
    assert posts["two"].next == PostLink(
        "https://elsewhere.example/page?token=REDACTED", "Stated page?token=x", "A stated teaser."
    )


def test_the_chain_counts_more_than_the_order(newsroom: Newsroom) -> None:
    """A later page that names this one as its previous post is its next post."""
    chain(newsroom, "one", "two", "three")
    newsroom.scrape(A + "three", previous=A + "one")
    assert newsroom.posts()["one"].next == PostLink(
        A + "three", "Page three", f"The whole text of {A}three.", newsroom.posts()["three"].path
    )


def test_of_several_that_name_it_the_nearest_is_next(newsroom: Newsroom) -> None:
    """Two pages name the same previous post: the one published first is its next; and the other way round."""
    chain(newsroom, "one", "two", "three", "four", "five")
    newsroom.scrape(A + "four", previous=A + "one")
    newsroom.scrape(A + "three", previous=A + "one")
    newsroom.scrape(A + "one", next=A + "five")
    newsroom.scrape(A + "two", next=A + "five")
    link, back = newsroom.posts()["one"].next, newsroom.posts()["five"].previous
    assert link is not None
    assert link.url == A + "five"
    assert back is not None
    assert back.title == "Page two"
    newsroom.execute("DELETE FROM neighbours WHERE direction = 'next'")
    link = newsroom.posts()["one"].next
    assert link is not None
    assert link.title == "Page three"


def test_a_stated_post_that_arrives_later(newsroom: Newsroom) -> None:
    """Stated before it was held, the next post gets its page and its own title once it is out; nothing else moves."""
    newsroom.poll(entry("one", published=NOW - 5 * HOUR))
    newsroom.scrape(A + "one", next=A + "two")
    newsroom.publish()
    before = newsroom.posts()["one"]
    assert before.next == PostLink(A + "two", "Stated two", "A stated teaser.")
    head = newsroom.store.archive.head()
    newsroom.poll(entry("two"))
    assert changed(newsroom, head) == {"one"}
    newsroom.scrape(A + "two", "Its own text.")
    newsroom.publish()
    after = newsroom.posts()["one"]
    assert after.next == PostLink(A + "two", "Page two", "Its own text.", newsroom.posts()["two"].path)
    assert (after.revised, after.stamp, after.sequence) == (before.revised, before.stamp, before.sequence)


def test_only_those_that_show_it_are_marked(newsroom: Newsroom) -> None:
    """A change of a title or text marks the post and its neighbours, and no other."""
    chain(newsroom, "one", "two", "three", "four", "five")
    head = newsroom.store.archive.head()
    newsroom.scrape(A + "three", "Another text.")
    assert changed(newsroom, head) == {"two", "three", "four"}


def test_a_post_between_two_is_seen_by_both(newsroom: Newsroom) -> None:
    """A late entry between two posts becomes the neighbour of both."""
    chain(newsroom, "one", "three")
    head = newsroom.store.archive.head()
    newsroom.poll(entry("two", published=NOW - 2 * HOUR + HOUR / 2))
    newsroom.scrape(A + "two")
    newsroom.publish()
    assert changed(newsroom, head) == {"one", "two", "three"}
    posts = newsroom.posts()
    assert [posts["one"].next, posts["three"].previous] == [
        PostLink(A + "two", "Page two", f"The whole text of {A}two.", posts["two"].path)
    ] * 2


def test_a_page_that_names_itself(newsroom: Newsroom) -> None:
    """A page is not its own neighbour."""
    newsroom.poll(entry("one"))
    newsroom.scrape(A + "one", next=A + "one", previous=A + "one")
    newsroom.publish()
    assert (newsroom.posts()["one"].next, newsroom.posts()["one"].previous) == (None, None)


def test_what_was_stated_once_stays(newsroom: Newsroom) -> None:
    """A later look at the page that finds no neighbours takes nothing back; another statement counts."""
    newsroom.poll(entry("one"))
    newsroom.scrape(A + "one", next=A + "two")
    newsroom.publish()
    newsroom.scrape(A + "one")
    assert newsroom.posts()["one"].next is not None
    newsroom.scrape(A + "one", next=A + "three")
    link = newsroom.posts()["one"].next
    assert link is not None
    assert link.url == A + "three"


@pytest.mark.parametrize("spelling", ["http://www.alpha.example/one/", "https://alpha.example/one?utm_source=x"])
def test_links_in_another_spelling(store_with_canonical: Newsroom, spelling: str) -> None:
    """Neighbours are found by canonical form, as articles are."""
    room = store_with_canonical
    room.poll(entry("one", published=NOW - 3 * HOUR))
    room.poll(entry("two"))
    room.scrape(A + "one")
    room.scrape(A + "two", previous=spelling)
    room.publish()
    link = room.posts()["two"].previous
    assert link is not None
    assert link.path == room.posts()["one"].path


@pytest.fixture
def store_with_canonical(path: Path) -> Iterator[Newsroom]:
    """A store that is told what a canonical form is."""

    def fold(url: str) -> str:
        return url.replace("http:", "https:").replace("www.", "").partition("?")[0].rstrip("/")

    with Store.open(path, canonical=fold) as store:
        yield Newsroom(store)


def test_a_long_teaser_is_cut_between_words(newsroom: Newsroom) -> None:
    """At most 200 characters and an ellipsis."""
    chain(newsroom, "one", "two")
    newsroom.scrape(A + "two", "wordy " * 100)
    link = newsroom.posts()["one"].next
    assert link is not None
    assert link.teaser is not None
    assert len(link.teaser) <= 201
    assert link.teaser.endswith("wordy…")


def test_gaps_are_known(newsroom: Newsroom) -> None:
    """A previous link of a post that came after a break, to one that no poll has seen, is a gap until that is held."""
    newsroom.poll(entry("zero", published=NOW - 5 * HOUR))
    newsroom.poll(entry("two"))
    newsroom.scrape(A + "two", previous=A + "one")
    assert newsroom.value("SELECT missing_url FROM gaps") == A + "one"
    assert newsroom.store.counts()["gaps"] == 1
    newsroom.poll(entry("one", published=NOW - 2 * HOUR))
    assert newsroom.store.counts()["gaps"] == 0
