"""Articles: waiting for their page, scraped, failed, revised, and found to be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.store_builders import HOUR, NOW, WAIT, Newsroom, entry, evidence, fingerprint

from aggregator.models import Article, Attribution, Likeness, PageKind, Verdict
from aggregator.models.errors import Refusal
from aggregator.store import Limit, Store


def urls(room: Newsroom, limit: int = 99) -> list[str]:
    return [item.url.rpartition("/")[2] for item in room.store.pending(room.now, limit)]


def test_each_feed_has_its_turn(store: Store) -> None:
    """A feed with a large back-file does not keep the others waiting; the newest of each comes first."""
    room = Newsroom(store, "Alpha", "Beta", "Gamma")
    room.poll(*(entry(f"a{n}", published=NOW - n * HOUR) for n in range(50)))
    room.poll(*(entry(f"b{n}", "beta.example", published=NOW - timedelta(days=9 + n)) for n in range(2)), feed="Beta")
    room.poll(entry("c0", "gamma.example", published=NOW - timedelta(days=400)), feed="Gamma")
    assert urls(room, 6) == ["a0", "b0", "c0", "a1", "b1", "a2"]
    assert len(urls(room)) == 53


def test_what_a_pending_article_tells(newsroom: Newsroom) -> None:
    """The link as the feed gives it, and what the feed said, as hints for the extraction."""
    given = replace(entry("one", language="en", published=NOW - HOUR), url="https://alpha.example/one?utm_source=rss")
    newsroom.poll(given)
    (item,) = newsroom.store.pending(NOW, 5)
    assert item.url == given.url
    assert (item.title, item.feed_html, item.published, item.language) == (
        given.title,
        given.html,
        given.published,
        "en",
    )
    assert (item.feed_id, item.attempts) == (newsroom.feed().id, 0)


def test_a_failure_is_tried_again_when_said(newsroom: Newsroom) -> None:
    """A failed page waits for its next try; the tries are counted; given up it is not tried again."""
    newsroom.poll(entry("one"))
    article_id = newsroom.article_id("https://alpha.example/one")
    assert newsroom.store.untried(NOW - HOUR, NOW)
    newsroom.store.save_failure(article_id, "503", NOW + HOUR, NOW)
    assert not newsroom.store.untried(NOW - HOUR, NOW)
    assert urls(newsroom) == []
    newsroom.now += HOUR
    assert [item.attempts for item in newsroom.store.pending(newsroom.now, 5)] == [1]
    newsroom.store.save_failure(article_id, "503 again", None, newsroom.now)
    newsroom.now += 999 * HOUR
    assert urls(newsroom) == []
    row = newsroom.row("SELECT state, last_error, attempts FROM articles")
    assert row == {"state": "failed", "last_error": "503 again", "attempts": 2}


def test_pages_that_robots_txt_forbids_are_counted_by_the_kind_of_refusal(newsroom: Newsroom) -> None:
    """Whatever the words of the error are; no more once the page was fetched."""
    newsroom.poll(entry("one"), entry("two"), entry("three"))
    one, two, three = (newsroom.article_id(f"https://alpha.example/{name}") for name in ("one", "two", "three"))
    newsroom.store.save_failure(one, "fetch: not allowed there", None, NOW, Refusal.ROBOTS)
    newsroom.store.save_failure(two, "fetch: robots.txt of x does not allow it", None, NOW)
    newsroom.store.save_failure(three, "fetch: a private address", None, NOW, Refusal.ADDRESS)
    feed = newsroom.feed("Alpha").id
    assert newsroom.store.queries.disallowed() == {feed: 1}
    newsroom.scrape("https://alpha.example/one")
    assert newsroom.store.queries.disallowed() == {}


def test_a_page_is_kept_with_its_evidence(newsroom: Newsroom) -> None:
    """Everything that a page gave is stored, and what it was fetched as."""
    newsroom.poll(entry("one"))
    newsroom.scrape(
        "https://alpha.example/one",
        "All of it.",
        canonical_url="https://alpha.example/one.html",
        author="Ann",
        published=NOW - 9 * HOUR,
        modified=NOW,
        language="en",
        lead_image="https://alpha.example/i.png",
        source=Attribution("Wire", "https://wire.example/1?token=x"),
        extractor="engine",
        quality=0.5,
        noarchive=True,
    )
    row = newsroom.row("SELECT * FROM articles")
    assert (row["state"], row["kind"], row["extractor"], row["quality"]) == ("scraped", "article", "engine", 0.5)
    assert (row["final_url"], row["http_status"], row["content_type"]) == (
        "https://alpha.example/one",
        200,
        "text/html",
    )
    assert (row["page_published"], row["published"]) == ("2026-03-10T03:00:00Z", "2026-03-10T11:00:00Z")
    assert (row["noarchive"], row["partial"], row["word_count"]) == (1, 0, 3)
    newsroom.publish()
    (post,) = newsroom.store.archive.latest(1)
    assert (post.url, post.author, post.language) == ("https://alpha.example/one.html", "Ann", "en")
    assert post.attribution == Attribution("Wire", "https://wire.example/1?token=x")
    assert (row["lead_image"], post.lead_image, post.word_count) == ("https://alpha.example/i.png", None, 3)


def test_a_page_that_is_no_article(newsroom: Newsroom) -> None:
    """A paywall's text is not the article: the feed's stays, and the kind is on record."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one", "Subscribe now!", kind=PageKind.PAYWALL)
    assert newsroom.row("SELECT state, kind FROM articles") == {"state": "feed_text", "kind": "paywall"}
    newsroom.publish()
    assert newsroom.posts()["one"].html == "<p>Feed text of one.</p>"
    assert len(newsroom.store.search('"feed text"')) == 1
    assert newsroom.store.search("subscribe") == ()


def test_a_wall_does_not_replace_what_was_scraped(newsroom: Newsroom) -> None:
    """A later paywall or failure leaves the article as it was."""
    newsroom.poll(entry("one"))
    article_id = newsroom.scrape("https://alpha.example/one", "The article.")
    newsroom.publish()
    newsroom.scrape("https://alpha.example/one", "Subscribe!", kind=PageKind.PAYWALL)
    newsroom.store.save_failure(article_id, "500", None, NOW)
    assert newsroom.posts()["one"].html == "<p>The article.</p>"
    assert newsroom.value("SELECT state FROM articles") == "scraped"


def test_the_feeds_own_text(newsroom: Newsroom) -> None:
    """`full_text: never`: the article is made of what the feed gave, and no page is fetched."""
    newsroom.poll(entry("one"))
    article_id = newsroom.article_id("https://alpha.example/one")
    made = Article(
        "https://alpha.example/one", title="One", text="Plain words.", html="<p>Plain words.</p>", extractor="feed"
    )
    newsroom.store.save_feed_text(article_id, made, fingerprint("Plain words."), None, NOW)
    assert urls(newsroom) == []
    assert newsroom.publish() == 1
    assert newsroom.posts()["one"].html == "<p>Plain words.</p>"


def test_a_late_page_replaces_the_feeds_text(newsroom: Newsroom) -> None:
    """Put out with the feed's text after the wait, the article gets its page's text later, as a revision."""
    newsroom.poll(entry("one"))
    newsroom.now += WAIT
    assert newsroom.publish() == 1
    first = newsroom.posts()["one"]
    assert first.word_count == 4
    newsroom.scrape("https://alpha.example/one", "The page at last.")
    post = newsroom.posts()["one"]
    assert (post.path, post.stamp, post.sequence, post.id) == (first.path, first.stamp, first.sequence, first.id)
    assert (post.revised, post.html) == (newsroom.now, "<p>The page at last.</p>")
    assert newsroom.value("SELECT text FROM revisions") == "Feed text of one."


def test_the_same_page_again_is_no_revision(newsroom: Newsroom) -> None:
    """Fetched again and the same, nothing that a reader sees has changed."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one", "Text.")
    newsroom.publish()
    head = newsroom.store.archive.head()
    newsroom.now += HOUR
    newsroom.scrape("https://alpha.example/one", "Text.")
    assert newsroom.store.archive.head() == head
    assert newsroom.value("SELECT count(*) FROM revisions") == 0


def test_a_restless_feed_does_not_make_us_rude(newsroom: Newsroom) -> None:
    """An entry that is revised at every hourly poll has its page fetched ever more rarely."""
    newsroom.poll(entry("one"))
    fetched = []
    for hour in range(1, 70):
        newsroom.scrape("https://alpha.example/one") if urls(newsroom) and fetched.append(hour) is None else None
        newsroom.now += HOUR
        newsroom.poll(entry("one"), verdict=Verdict.REVISED, version=str(hour))
    assert len(fetched) < 10


def test_a_revised_entry_that_waits_keeps_its_appointment(newsroom: Newsroom) -> None:
    """A revision does not bring a retry forward, nor does it start the counting of tries again."""
    newsroom.poll(entry("one"))
    newsroom.store.save_failure(newsroom.article_id("https://alpha.example/one"), "503", NOW + 5 * HOUR, NOW)
    newsroom.now += HOUR
    newsroom.poll(entry("one", title="New title"), verdict=Verdict.REVISED)
    assert urls(newsroom) == []
    newsroom.now += 4 * HOUR
    assert [(item.title, item.attempts) for item in newsroom.store.pending(newsroom.now, 5)] == [("New title", 1)]


def test_a_revision_of_the_feeds_text_shows(newsroom: Newsroom) -> None:
    """An article that has only the feed's text follows the feed."""
    newsroom.poll(replace(entry("one"), url=None))
    newsroom.publish()
    newsroom.now += HOUR
    newsroom.poll(replace(entry("one", html="<p>Corrected.</p>"), url=None), verdict=Verdict.REVISED)
    (post,) = newsroom.store.archive.latest(1)
    assert (post.html, post.revised) == ("<p>Corrected.</p>", newsroom.now)
    assert newsroom.value("SELECT text FROM revisions") == "Feed text of one."
    assert len(newsroom.store.search("corrected")) == 1


@pytest.mark.parametrize("of_page", [True, False])
def test_a_revision_that_comes_while_the_article_is_read(newsroom: Newsroom, of_page: bool) -> None:
    """It is not taken for read: the article is handed out again, and old text does not replace the feed's new one."""
    newsroom.poll(entry("one"))
    (given,) = newsroom.store.pending(newsroom.now, 9)
    newsroom.now += HOUR
    newsroom.poll(entry("one", title="Corrected", html="<p>Corrected.</p>"), verdict=Verdict.REVISED)

    def save(version: str) -> None:
        made, mark = Article(given.url, title=given.title, text="Read.", html="<p>Read.</p>"), fingerprint("Read.")
        if of_page:
            proof = evidence(given.url)
            newsroom.store.save_article(given.id, made, proof, mark, None, newsroom.now, version=version)
        else:
            newsroom.store.save_feed_text(given.id, made, mark, None, newsroom.now, version=version)

    save(given.content_hash)
    (again,) = newsroom.store.pending(newsroom.now, 9)
    assert (again.id, again.feed_html) == (given.id, "<p>Corrected.</p>")
    assert of_page or newsroom.row("SELECT title, text FROM articles") == {"title": "Corrected", "text": ""}
    save(again.content_hash)
    assert newsroom.store.pending(newsroom.now, 9) == ()
    assert newsroom.value("SELECT text FROM articles") == "Read."


def test_an_entry_that_gets_a_link_later(newsroom: Newsroom) -> None:
    """Its page is fetched from then on."""
    newsroom.poll(replace(entry("one"), url=None))
    newsroom.now += HOUR
    newsroom.poll(entry("one", html="<p>Now linked.</p>"), verdict=Verdict.REVISED)
    assert urls(newsroom) == ["one"]


# --- one article, several addresses --------------------------------------------------------------------------------


def test_two_addresses_of_one_article_become_one(two: Newsroom) -> None:
    """Before either is out, the younger is folded into the older, which both feeds then carry."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example", title="Seen at Alpha"), feed="Beta")
    young = two.article_id("https://beta.example/r/1")
    two.scrape("https://alpha.example/one", "The text.")
    two.scrape("https://beta.example/r/1", "The text.", urls=["https://alpha.example/one"])
    assert two.publish() == 1
    (post,) = two.store.archive.latest(9)
    assert [also.name for also in post.also_in] == ["Beta"]
    assert two.store.archive.latest(9, source="beta") == (post,)
    assert two.value("SELECT article_id FROM article_aliases WHERE old_id = ?", young) == two.article_id(
        "https://beta.example/r/1"
    )
    assert two.store.maintenance.check() == ()


def test_the_older_takes_the_page_that_the_younger_got(two: Newsroom) -> None:
    """When the older article's own page is not there yet, it has the younger one's."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example"), feed="Beta")
    there = "https://alpha.example/one"
    two.scrape("https://beta.example/r/1", "The text.", urls=[there], final=there)
    assert urls(two) == []
    assert two.publish() == 1
    assert two.store.archive.latest(1)[0].html == "<p>The text.</p>"


def test_an_article_under_way_when_it_is_folded(two: Newsroom) -> None:
    """A page or a failure that comes in under the former number counts for the article that it became."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example"), feed="Beta")
    young = two.article_id("https://beta.example/r/1")
    two.scrape("https://alpha.example/one", urls=["https://beta.example/r/1"])
    text = "A later reading."
    made = Article("https://beta.example/r/1", title="T", text=text, html=f"<p>{text}</p>")
    two.store.save_article(young, made, evidence("https://beta.example/r/1"), fingerprint(text), None, NOW)
    two.store.save_failure(young, "late", None, NOW)
    two.store.save_failure(4711, "of an article that never was", None, NOW)
    assert two.row("SELECT state, text FROM articles") == {"state": "scraped", "text": text}


def test_one_that_is_out_stays(two: Newsroom) -> None:
    """The one already put out remains, though it is the younger one; its entries gather there."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example"), feed="Beta")
    two.scrape("https://beta.example/r/1")
    assert two.publish() == 1
    out = two.store.archive.latest(1)[0]
    two.scrape("https://alpha.example/one", urls=["https://beta.example/r/1"])
    assert two.publish() == 0
    (post,) = two.store.archive.latest(9)
    assert (post.id, post.path) == (out.id, out.path)
    assert [also.name for also in post.also_in] == ["Alpha"]


def test_two_that_are_out_are_linked(two: Newsroom) -> None:
    """Both keep their pages; the younger is hidden behind the older."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example"), feed="Beta")
    two.scrape("https://alpha.example/one")
    two.scrape("https://beta.example/r/1")
    assert two.publish() == 2
    two.scrape("https://beta.example/r/1", urls=["https://alpha.example/one"])
    assert [post.url for post in two.store.archive.latest(9)] == ["https://alpha.example/one"]
    (hidden,) = two.store.archive.latest(9, source="beta")
    assert hidden.leader is not None
    assert (hidden.leader.similarity, hidden.leader.reason) == (1.0, "both lead to the same address")


def test_dead_links_that_lead_to_the_front_page(newsroom: Newsroom) -> None:
    """Articles that a site redirects to its front page, or to one page for all, are not one article for that."""
    newsroom.poll(entry("one"), entry("two"), entry("three"))
    for name in ("one", "two", "three"):
        newsroom.scrape(f"https://alpha.example/{name}", urls=["https://alpha.example/", "https://alpha.example/gone"])
    assert newsroom.publish() == 3


@pytest.mark.parametrize("kind", list(PageKind))
def test_posts_of_two_feeds_that_lead_to_one_wall_or_notice(two: Newsroom, kind: PageKind) -> None:
    """They stay two, and both come out, in the combined feed too, though the page's title and text are the same."""
    two.poll(entry("one"))
    two.poll(entry("two", "beta.example"), feed="Beta")
    first, wall = two.article_id("https://alpha.example/one"), "https://wall.example/login"
    alike = Likeness(first, 1.0, "the same text") if kind is PageKind.ARTICLE else None
    two.scrape("https://alpha.example/one", "A notice.", urls=[wall], title="We have moved", kind=kind)
    two.scrape("https://beta.example/two", "A notice.", urls=[wall], title="We have moved", kind=kind, likeness=alike)
    assert two.publish() == 2
    assert len(two.store.archive.latest(9)) == 2
    held = two.value("SELECT article_id FROM article_urls WHERE url = ?", wall)
    assert held == (first if kind is PageKind.ARTICLE else None)


@pytest.mark.parametrize(("title", "page_title"), [("ABOUT: one!", "A site's name"), ("Seen at Alpha", "About “One”")])
def test_two_links_that_are_redirected_to_one_article(two: Newsroom, title: str, page_title: str) -> None:
    """They are one when what the feeds call them agrees, or the page's title with what the other's feed says."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example", title=title), feed="Beta")
    for url in ("https://alpha.example/one", "https://beta.example/r/1"):
        two.scrape(url, "The text.", urls=["https://press.example/story"], title=page_title)
    assert two.publish() == 1


def test_two_of_one_feed_with_one_title(newsroom: Newsroom) -> None:
    """A column's installments, whose links lead to one wall, are as many articles."""
    newsroom.poll(entry("one", title="Weekly update"), entry("two", title="Weekly update"))
    for name in ("one", "two"):
        newsroom.scrape(f"https://alpha.example/{name}", "Please log in.", urls=["https://alpha.example/login"])
    assert newsroom.publish() == 2


def test_folding_takes_duplicates_along(two: Newsroom) -> None:
    """What was a copy of the folded article is one of the article that it became."""
    two.poll(entry("one"))
    two.poll(entry("r/1", "beta.example"), entry("copy", "beta.example"), feed="Beta")
    young = two.scrape("https://beta.example/r/1", "Words and words.")
    two.scrape("https://beta.example/copy", "Words and words.", likeness=Likeness(young, 0.9, "alike"))
    two.scrape("https://alpha.example/one", urls=["https://beta.example/r/1"])
    two.publish()
    (post,) = two.store.archive.latest(9)
    assert post.url == "https://alpha.example/one"
    assert {also.similarity for also in post.also_in} == {1.0, 0.9}
    assert two.store.maintenance.check() == ()


def test_links_of_articles_can_be_asked_for(newsroom: Newsroom) -> None:
    """Each address once, with domain and words; as the text is now, also of what only its feed told; gone when purged."""
    newsroom.poll(entry("one"), entry("two", html='<p><a href="https://Feed.example/x">of the feed</a></p>'))
    html = (
        '<p><a href="https://www.evil.example/a?x=1&amp;y=2">a <b>tool</b></a> <a href="https://evil.example/a">b</a>'
        '<a dir="ltr" href="https://www.evil.example/a?x=1&amp;y=2">again</a> <a href="mailto:a@b.example">mail</a>'
        '<a href="https://alpha.example/zero">before</a></p>'
    )
    newsroom.scrape("https://alpha.example/one", html=html)

    def links() -> list[tuple[object, ...]]:
        rows = newsroom.rows("SELECT * FROM article_links ORDER BY article_id, position")
        return [(row["url"], row["domain"], row["own"], row["words"]) for row in rows]

    assert links() == [
        ("https://www.evil.example/a?x=1&y=2", "evil.example", 0, "a tool"),
        ("https://evil.example/a", "evil.example", 0, "b"),
        ("https://alpha.example/zero", "alpha.example", 1, "before"),
    ]
    newsroom.scrape(
        "https://alpha.example/one", "Now it says something else.", html='<a href="https://new.example/">n</a>'
    )
    newsroom.now += WAIT
    newsroom.publish()
    assert {link[1] for link in links()} == {"new.example", "feed.example"}
    assert newsroom.store.maintenance.purge([Limit(newsroom.feed().id, before=newsroom.now + HOUR)], newsroom.now)
    assert [link[1] for link in links()] == ["feed.example"]
