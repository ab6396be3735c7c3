"""Next and previous posts: stated, completed by the chain, or known from the feed's order; and who must be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store_builders import HOUR, NOW, Newsroom, entry

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
    assert posts["two"].previous == PostLink(
        A + "one", "Page one", f"The whole text of {A}one.", posts["one"].path, named=False
    )
    assert posts["two"].next == PostLink(
        A + "three", "Page three", f"The whole text of {A}three.", posts["three"].path, named=False
    )
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
        "https://elsewhere.example/page?token=x", "Stated page?token=x", "A stated teaser."
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
        PostLink(A + "two", "Page two", f"The whole text of {A}two.", posts["two"].path, named=False)
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
    assert newsroom.store.maintenance.counts()["gaps"] == 1
    newsroom.poll(entry("one", published=NOW - 2 * HOUR))
    assert newsroom.store.maintenance.counts()["gaps"] == 0


def links_of(room: Newsroom) -> dict[str, tuple[str | None, str | None]]:
    """The ends of the URLs of (previous, next) of each post."""

    def end(link: PostLink | None) -> str | None:
        return link.url.rpartition("/")[2] if link else None

    return {name: (end(post.previous), end(post.next)) for name, post in room.posts().items()}


def reversed_site(room: Newsroom) -> None:
    """Three posts of a site that calls the older post next; the oldest names one from before our time."""
    for number, name in enumerate(["one", "two", "three"]):
        room.poll(entry(name, published=NOW - (9 - number) * HOUR))
    room.scrape(A + "one", next=A + "zero", previous=A + "two")
    room.scrape(A + "two", next=A + "one", previous=A + "three")
    room.scrape(A + "three", next=A + "two")
    room.publish()


def test_a_site_that_calls_the_older_post_next(newsroom: Newsroom) -> None:
    """Dates settle the direction, for posts that are not held too; what the site said is kept."""
    reversed_site(newsroom)
    assert links_of(newsroom) == {"one": ("zero", "two"), "two": ("one", "three"), "three": ("two", None)}
    said = newsroom.rows("SELECT said, direction FROM settled_neighbours WHERE id = 2 ORDER BY said")
    assert said == [{"said": "next", "direction": "previous"}, {"said": "previous", "direction": "next"}]
    assert newsroom.value("SELECT url FROM neighbours WHERE article_id = 2 AND direction = 'next'") == A + "one"
    assert newsroom.value("SELECT next_url FROM next_posts WHERE id = 2") == A + "three"
    assert newsroom.value("SELECT links_reversed FROM feeds") == 1


def test_a_gap_of_such_a_site(newsroom: Newsroom) -> None:
    """A missing post is found by the link that leads to the older one, whatever it is called."""
    reversed_site(newsroom)
    newsroom.poll(entry("five", published=NOW - 2 * HOUR))
    newsroom.scrape(A + "five", next=A + "four")
    assert len(newsroom.store.neighbours.follow_chain(newsroom.now)) == 1
    newsroom.scrape(A + "four", next=A + "three", previous=A + "five", published=NOW - 4 * HOUR)
    newsroom.publish()
    shown = links_of(newsroom)
    assert (shown["three"], shown["four"], shown["five"]) == (("two", "four"), ("three", "five"), ("four", None))


def test_one_wrong_link_does_not_make_a_site_reversed(newsroom: Newsroom) -> None:
    """The majority of the newest posts judges; the link itself follows the dates all the same."""
    for number, name in enumerate(["one", "two", "three", "four"]):
        newsroom.poll(entry(name, published=NOW - (9 - number) * HOUR))
    newsroom.scrape(A + "one", next=A + "two")
    newsroom.scrape(A + "two", next=A + "three", previous=A + "one")
    newsroom.scrape(A + "three", next=A + "two")
    newsroom.scrape(A + "four", previous=A + "gone")
    newsroom.publish()
    assert newsroom.value("SELECT links_reversed FROM feeds") == 0
    shown = links_of(newsroom)
    assert (shown["three"][0], shown["four"][0]) == ("two", "gone")


def test_a_site_that_changes_its_mind(newsroom: Newsroom) -> None:
    """When later posts outvote the earlier ones, every post of the feed is shown again, and none as revised."""
    reversed_site(newsroom)
    head = newsroom.store.archive.head()
    for number in range(5):
        newsroom.poll(entry(f"n{number}", published=NOW - (5 - number) * HOUR / 2))
        newsroom.scrape(A + f"n{number}", previous=A + (f"n{number - 1}" if number else "three"))
    newsroom.publish()
    assert newsroom.value("SELECT links_reversed FROM feeds") == 0
    assert {"one", "two", "three"} <= changed(newsroom, head)
    assert all(post.revised is None for post in newsroom.posts().values())


def test_neighbours_of_the_same_time_are_as_stated(newsroom: Newsroom) -> None:
    """Dates that say nothing leave the page's word."""
    newsroom.poll(entry("b"), entry("a"))
    newsroom.scrape(A + "a", previous=A + "b")
    newsroom.publish()
    assert links_of(newsroom)["a"][0] == "b"


def test_what_every_page_names_is_no_neighbour(newsroom: Newsroom) -> None:
    """A promotion in the place of the next post: from the fourth page on it is known, and taken from the others."""
    names = ("one", "two", "three", "four", "five")
    chain(newsroom, *names)
    promoted = "https://alpha.example/subscribe-to-our-briefing"
    for name in names[:3]:
        newsroom.scrape(A + name, next=promoted)
    assert newsroom.posts()["one"].next is not None
    assert newsroom.posts()["one"].next.url == promoted
    head = newsroom.store.archive.head()
    newsroom.scrape(A + "four", next=promoted)
    newsroom.scrape(A + "five", next=promoted)
    posts = newsroom.posts()
    assert [posts[name].next and posts[name].next.url for name in names] == [A + name for name in names[1:]] + [None]
    assert {"one", "two", "three"} <= changed(newsroom, head)


def viewed(room: Newsroom) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """What the view has for each post that stands in the output: link, title, teaser and page of its neighbour."""
    rows = room.rows(
        "SELECT neighbour_posts.*, posts.path AS own_path FROM neighbour_posts JOIN posts ON posts.article_id = neighbour_posts.id"
        " WHERE posts.sequence IS NOT NULL AND NOT EXISTS (SELECT 1 FROM withdrawals WHERE article_id = posts.article_id)"
    )
    parts = ("other_url", "other_title", "other_teaser", "other_path")
    return {(row["own_path"], row["direction"]): tuple(row[part] for part in parts) for row in rows}


def shown(room: Newsroom) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """The same of the output."""
    links = {
        (post.path, direction): link
        for post in room.posts().values()
        for direction, link in (("next", post.next), ("previous", post.previous))
        if link is not None
    }
    return {key: (link.url, link.title, link.teaser, link.path) for key, link in links.items()}


def test_the_view_has_the_links_of_the_output(newsroom: Newsroom) -> None:
    """Stated by the page, by the neighbour's page, or by nothing but the order of the feed: the same links."""
    for number, name in enumerate(["one", "two", "three", "four", "five"]):
        newsroom.poll(entry(name, published=NOW - (9 - number) * HOUR))
    newsroom.scrape(A + "one", previous=A + "zero", next=A + "three")
    newsroom.scrape(A + "three", previous=A + "two")
    for name in ("two", "four", "five"):
        newsroom.scrape(A + name)
    newsroom.publish()
    assert viewed(newsroom) == shown(newsroom)
    sources = {(row["id"], row["stated_by"]) for row in newsroom.rows("SELECT id, stated_by FROM next_posts")}
    ids = [newsroom.article_id(A + name) for name in ("one", "two", "three", "four")]
    assert sources == set(zip(ids, ("page", "next page", "feed order", "feed order"), strict=True))


def test_the_view_has_the_links_of_a_reversed_site(newsroom: Newsroom) -> None:
    """Dates settle the direction there, too."""
    reversed_site(newsroom)
    assert viewed(newsroom) == shown(newsroom)


def test_the_view_steps_over_withdrawn_posts(newsroom: Newsroom) -> None:
    """Two in a row that were withdrawn: what comes after them comes after the one before them, on both sides."""
    for number, name in enumerate(["one", "two", "three", "four", "five"]):
        newsroom.poll(entry(name, published=NOW - (9 - number) * HOUR))
    newsroom.scrape(A + "one", next=A + "two")
    for name in ("two", "three", "four", "five"):
        newsroom.scrape(A + name)
    newsroom.publish()
    for name in ("two", "three"):
        newsroom.store.withdrawals.withdraw(newsroom.article_id(A + name), "", NOW)
    newsroom.publish()
    one, four = newsroom.article_id(A + "one"), newsroom.article_id(A + "four")
    assert viewed(newsroom) == shown(newsroom)
    assert newsroom.value("SELECT next_id FROM next_posts WHERE id = ?", one) == four
    assert newsroom.value("SELECT other_id FROM related WHERE id = ? AND relation = 'previous'", four) == one
