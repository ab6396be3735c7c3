"""Pages asked again for their next post: which, when, how often; and that nothing else comes of it."""

from __future__ import annotations

from datetime import timedelta

from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import Article, Neighbour
from aggregator.store.chain import LOOKS_A_DAY

A = "https://alpha.example/"
DAY = timedelta(days=1)


def forward_only(room: Newsroom) -> int:
    """A site that links forward only: `zero` names `one`; `two` has come since `one` was scraped. The number of `one`."""
    room.poll(entry("zero", published=NOW - 9 * HOUR), entry("one", published=NOW - 8 * HOUR))
    room.scrape(A + "zero", next=A + "one")
    one = room.scrape(A + "one")
    room.publish()
    room.now += HOUR
    room.poll(entry("two", published=NOW - 1 * HOUR))
    room.scrape(A + "two")
    return one


def asked(room: Newsroom) -> list[str]:
    return [article.url.rpartition("/")[2] for article in room.store.neighbours.next_unknown(room.now)]


def page(url: str, following: str | None) -> Article:
    neighbour = Neighbour(following, "The next one") if following else None
    return Article(url, title="Another title", text="Another text.", html="<p>Another text.</p>", next=neighbour)


def test_a_page_whose_next_post_has_come(newsroom: Newsroom) -> None:
    """Its neighbours are taken; its text, its dates and its revisions are as before."""
    one = forward_only(newsroom)
    (wanted,) = newsroom.store.neighbours.next_unknown(newsroom.now)
    assert (wanted.id, wanted.url) == (one, A + "one")
    before, head = newsroom.posts()["one"], newsroom.store.archive.head()
    newsroom.store.neighbours.save(one, page(A + "one", A + "two"), newsroom.now)
    after = newsroom.posts()["one"]
    assert after.next is not None
    assert after.next.url == A + "two"
    assert (after.title, after.html, after.revised, after.stamp) == (before.title, before.html, None, before.stamp)
    assert newsroom.value("SELECT count(*) FROM revisions") == 0
    assert "one" in {(post.url or "").rpartition("/")[2] for post in newsroom.store.archive.changed(head)}
    assert asked(newsroom) == []


def test_twice_and_no_more(newsroom: Newsroom) -> None:
    """A page that still names none, or cannot be had, is asked once more a day later, and then never again."""
    one = forward_only(newsroom)
    head = newsroom.store.archive.head()
    newsroom.store.neighbours.save(one, page(A + "one", None), newsroom.now)
    assert asked(newsroom) == []
    newsroom.now += DAY
    assert asked(newsroom) == ["one"]
    newsroom.store.neighbours.save(one, None, newsroom.now)
    newsroom.now += DAY
    assert asked(newsroom) == []
    assert newsroom.store.archive.head() == head


def test_long_after_it_is_left_alone(newsroom: Newsroom) -> None:
    """A post that came days ago is no reason any more."""
    forward_only(newsroom)
    newsroom.now += 4 * DAY
    assert asked(newsroom) == []


def test_the_chain_knows_already(newsroom: Newsroom) -> None:
    """A later page that names its previous post is enough: nothing is fetched."""
    forward_only(newsroom)
    newsroom.scrape(A + "two", previous=A + "one")
    assert asked(newsroom) == []


def test_a_site_that_names_no_neighbours(newsroom: Newsroom) -> None:
    """Pages of a feed none of which ever named a neighbour are not asked again."""
    newsroom.poll(entry("one", published=NOW - 8 * HOUR))
    newsroom.scrape(A + "one")
    newsroom.publish()
    newsroom.now += HOUR
    newsroom.poll(entry("two", published=NOW - 1 * HOUR))
    newsroom.scrape(A + "two")
    assert asked(newsroom) == []


def test_a_page_read_after_its_next_post_came(newsroom: Newsroom) -> None:
    """It could have named it, and did not."""
    newsroom.poll(entry("zero", published=NOW - 9 * HOUR), entry("one", published=NOW - 8 * HOUR), entry("two"))
    newsroom.now += HOUR
    newsroom.scrape(A + "zero", next=A + "one")
    newsroom.scrape(A + "one")
    newsroom.scrape(A + "two")
    newsroom.publish()
    assert asked(newsroom) == []


def test_a_few_of_a_feed_in_a_day(newsroom: Newsroom) -> None:
    """However many posts a feed brings, a bounded number of pages is asked again; the rest on other days."""
    forward_only(newsroom)
    for number in range(LOOKS_A_DAY + 3):
        newsroom.publish()
        newsroom.now += HOUR
        newsroom.poll(entry(f"n{number}", published=newsroom.now))
        newsroom.scrape(A + f"n{number}")
    wanted = newsroom.store.neighbours.next_unknown(newsroom.now)
    assert len(wanted) == LOOKS_A_DAY
    for article in wanted:
        newsroom.store.neighbours.save(article.id, None, newsroom.now)
    assert asked(newsroom) == []
    newsroom.now += DAY
    assert len(asked(newsroom)) == LOOKS_A_DAY
