"""The way of articles through the store: seen, scraped, put out, found."""

from __future__ import annotations

from support.store_builders import HOUR, NOW, WAIT, Newsroom, entry

from aggregator.models import Likeness, Verdict
from aggregator.store import Store


def test_an_entry_goes_all_the_way(newsroom: Newsroom) -> None:
    """What a poll brings is pending; scraped and published it is a post, and can be found."""
    newsroom.poll(entry("one"), entry("two", published=NOW - 2 * HOUR))
    pending = newsroom.store.pending(NOW, 10)
    assert [item.url for item in pending] == ["https://alpha.example/one", "https://alpha.example/two"]
    assert newsroom.publish() == 0
    newsroom.scrape("https://alpha.example/one", "A worm in the orchard of identity providers.")
    newsroom.scrape("https://alpha.example/two")
    assert newsroom.store.pending(NOW, 10) == ()
    assert newsroom.publish() == 2
    assert newsroom.publish() == 0
    latest = newsroom.store.archive.latest(10)
    assert [(post.sequence, post.title) for post in latest] == [(2, "Page one"), (1, "Page two")]
    assert latest[0].path.startswith("posts/2026/03/page-one-")
    assert latest[0].source.name == "Alpha"
    (hit,) = newsroom.store.search("orchard")
    assert hit.path == latest[0].path
    assert "\ue000orchard\ue001" in hit.snippet
    assert newsroom.store.maintenance.check() == ()


def test_neighbours_are_completed(newsroom: Newsroom) -> None:
    """A page that names its previous post gives that post its next one, and marks it as changed."""
    newsroom.poll(entry("one", published=NOW - 3 * HOUR))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    assert newsroom.posts()["one"].next is None
    head = newsroom.store.archive.head()
    newsroom.poll(entry("two"))
    newsroom.scrape("https://alpha.example/two", previous="https://alpha.example/one")
    newsroom.publish()
    changed = {post.url: post for post in newsroom.store.archive.changed(head)}
    one = changed["https://alpha.example/one"]
    assert one.next is not None
    assert one.next.title == "Page two"
    assert one.next.path == changed["https://alpha.example/two"].path
    assert one.next.teaser == "The whole text of https://alpha.example/two."
    assert one.revised is None
    previous = changed["https://alpha.example/two"].previous
    assert previous is not None
    assert previous.path == one.path


def test_a_copy_is_linked(store: Store) -> None:
    """A near-copy is hidden behind its first publication; each names the other."""
    room = Newsroom(store, "Alpha", "Beta")
    room.poll(entry("one", published=NOW - 3 * HOUR))
    room.poll(entry("copy", "beta.example"), feed="Beta")
    one = room.scrape("https://alpha.example/one", "Many words that are the same in both of them.")
    room.scrape(
        "https://beta.example/copy", "Many words that are the same in both.", likeness=Likeness(one, 0.9, "nearly")
    )
    assert room.publish() == 2
    assert [post.url for post in store.archive.latest(10)] == ["https://alpha.example/one"]
    (copy,) = store.archive.latest(10, source="beta")
    assert copy.hidden
    assert copy.leader is not None
    assert (copy.leader.name, copy.leader.similarity) == ("Alpha", 0.9)
    (also,) = store.archive.latest(10)[0].also_in
    assert (also.name, also.path, also.similarity) == ("Beta", copy.path, 0.9)


def test_one_article_of_two_feeds(store: Store) -> None:
    """The same URL in two feeds is one article with two carriers."""
    room = Newsroom(store, "Alpha", "Beta")
    room.poll(entry("one"))
    room.poll(entry("one"), feed="Beta")
    room.scrape("https://alpha.example/one")
    assert room.publish() == 1
    post = room.posts()["one"]
    assert [also.name for also in post.also_in] == ["Beta"]
    assert store.archive.latest(5, source="beta") == store.archive.latest(5, source="alpha") == (post,)


def test_a_revision_is_kept(newsroom: Newsroom) -> None:
    """A revised entry is fetched again; what the post said before is kept, and the post says when it changed."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one", "First text.")
    newsroom.publish()
    newsroom.now += HOUR
    newsroom.poll(entry("one", html="<p>Other</p>"), verdict=Verdict.REVISED)
    assert len(newsroom.store.pending(newsroom.now, 5)) == 1
    assert newsroom.posts()["one"].revised is None
    newsroom.scrape("https://alpha.example/one", "Second text.")
    post = newsroom.posts()["one"]
    assert post.revised == newsroom.now
    assert post.html == "<p>Second text.</p>"
    assert newsroom.value("SELECT text FROM revisions") == "First text."


def test_a_failed_page_goes_out_with_the_feeds_text(newsroom: Newsroom) -> None:
    """Given up, or waited for long enough, an article is put out with what its feed gave."""
    newsroom.poll(entry("one"), entry("two"))
    newsroom.store.save_failure(newsroom.article_id("https://alpha.example/one"), "404", None, NOW)
    newsroom.store.save_failure(newsroom.article_id("https://alpha.example/two"), "503", NOW + HOUR, NOW)
    assert newsroom.publish() == 1
    assert newsroom.posts()["one"].html == "<p>Feed text of one.</p>"
    newsroom.now += WAIT
    assert newsroom.publish() == 1
    assert [item.attempts for item in newsroom.store.pending(newsroom.now, 5)] == [1]
