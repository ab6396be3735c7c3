"""What is not kept forever: its text goes, its identity, its place, its links and its copies stay; nothing comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from support.store_builders import HOUR, NOW, Newsroom, decision, entry

from aggregator import emit
from aggregator.config.settings import Site
from aggregator.dedupe import decide
from aggregator.dedupe.decide import Document
from aggregator.models import Likeness, PollOutcome, PollResult, Verdict
from aggregator.store.retention import NOTICE, Limit
from aggregator.store.stories import Placed, StoryChanges

DAY = timedelta(days=1)
ONE, TWO = "https://alpha.example/one", "https://alpha.example/two"


def old_and_new(room: Newsroom) -> None:
    """`one`, a hundred days older than `two`; both scraped and out."""
    room.now = NOW - 100 * DAY
    room.poll(entry("one", published=room.now))
    room.scrape(ONE, "Ransomware, told at length. " * 200, lead_image="https://alpha.example/one.png")
    room.publish()
    room.now = NOW
    room.poll(entry("two"))
    room.scrape(TWO, "A botnet of kettles, told at length. " * 20, previous=ONE)
    room.publish()


def purge(room: Newsroom, days: int = 90, feed: str = "Alpha") -> int:
    return room.store.maintenance.purge([Limit(room.feed(feed).id, before=room.now - days * DAY)], room.now)


def test_text_goes_and_identity_stays(newsroom: Newsroom) -> None:
    """Title, link, teaser, dates and place are as before; text, HTML, the feed's text and old versions are gone."""
    old_and_new(newsroom)
    before = newsroom.posts()["one"]
    assert purge(newsroom) == 1
    after = newsroom.posts()["one"]
    assert (after.id, after.sequence, after.stamp, after.path, after.title, after.url, after.revised) == (
        before.id, before.sequence, before.stamp, before.path, before.title, before.url, before.revised
    )  # fmt: skip
    teaser = newsroom.value("SELECT text FROM articles WHERE canonical_url = ?", ONE)
    assert teaser.startswith("Ransomware, told at length.")
    assert after.html == f"<p>{teaser}</p>{NOTICE}"
    assert len(after.html) < 500 < len(before.html)
    row = newsroom.row("SELECT * FROM entries WHERE canonical_url = ?", ONE)
    assert (row["html"], row["summary"]) == ("", "")
    assert newsroom.value("SELECT count(*) FROM revisions") == 0
    assert newsroom.row("SELECT word_count FROM purged")["word_count"] == 800
    assert newsroom.store.search("ransomware")  # by its teaser
    assert newsroom.store.maintenance.check() == ()


def test_the_rest_is_untouched(newsroom: Newsroom) -> None:
    """Another post is the same to the letter, the link to the purged one too; purging again does nothing."""
    old_and_new(newsroom)
    before, head = newsroom.posts()["two"], newsroom.store.archive.head()
    assert purge(newsroom) == 1
    assert newsroom.posts()["two"] == before
    assert newsroom.store.archive.head() > head
    head = newsroom.store.archive.head()
    assert purge(newsroom) == 0
    assert newsroom.store.archive.head() == head


def test_what_is_purged_does_not_come_back(newsroom: Newsroom) -> None:
    """Neither as new, nor revised, nor through the chain, nor to be scraped."""
    old_and_new(newsroom)
    purge(newsroom)
    one = entry("one", published=NOW - 100 * DAY)
    known = newsroom.store.known(newsroom.feed().id, [one.guid])
    assert known[one.guid].content_hash == decision(one).content_hash
    newsroom.poll(one)
    newsroom.poll(entry("one", html="<p>Told once more.</p>"), verdict=Verdict.REVISED)
    assert newsroom.store.pending(NOW + 9 * DAY, 9) == ()
    assert len(newsroom.store.neighbours.follow_chain(NOW)) == 0
    assert newsroom.publish() == 0
    assert newsroom.posts()["one"].html.endswith(NOTICE)
    assert newsroom.value("SELECT html FROM entries WHERE canonical_url = ?", ONE) == ""
    hashes = [item.content_hash for item in newsroom.store.known(newsroom.feed().id, [one.guid]).values()]
    assert hashes == [decision(entry("one", html="<p>Told once more.</p>")).content_hash]


def test_a_page_that_is_read_again_does_not_bring_it_back(newsroom: Newsroom) -> None:
    """No look for edits is planned any more, and one that was under way when the text went changes nothing."""
    old_and_new(newsroom)
    one = newsroom.article_id(ONE)
    newsroom.execute("UPDATE rechecks SET due = ? WHERE article_id = ?", "2026-03-10T12:00:00Z", one)
    assert one in [article.id for article in newsroom.store.revisions.due(NOW, 9)]
    purge(newsroom)
    assert one not in [article.id for article in newsroom.store.revisions.due(NOW + 99 * DAY, 9)]
    newsroom.scrape(ONE, "Ransomware, edited. " * 100)
    assert newsroom.posts()["one"].html.endswith(NOTICE)
    assert newsroom.value("SELECT count(*) FROM revisions") == 0
    assert newsroom.store.maintenance.check() == ()


def test_a_purged_page_is_not_asked_for_again(newsroom: Newsroom) -> None:
    """Not by a look that was under way, not by a feed that has healed, and not for its neighbours."""
    old_and_new(newsroom)
    one = newsroom.article_id(ONE)
    newsroom.store.quality.sampled(one, 10, (newsroom.article_id(TWO),), NOW)
    purge(newsroom)
    newsroom.store.revisions.looked(one, "not modified", NOW)
    assert newsroom.value("SELECT due FROM rechecks WHERE article_id = ?", one) is None
    newsroom.execute("INSERT INTO flagged SELECT feed_id, at, 'short', 400 FROM samples WHERE article_id = ?", one)
    for number in range(3):
        newsroom.poll(entry(f"good{number}"))
        newsroom.store.quality.sampled(newsroom.article_id(f"https://alpha.example/good{number}"), 400, (), NOW + DAY)
    assert newsroom.store.quality.flagged() == {}
    assert one not in [article.id for article in newsroom.store.pending(NOW + 9 * DAY, 99)]
    newsroom.execute("UPDATE articles SET next_attempt = '2026-03-10T12:00:00Z' WHERE id = ?", one)
    newsroom.scrape(ONE, "Ransomware, told again. " * 100)
    assert newsroom.value("SELECT next_attempt FROM articles WHERE id = ?", one) is None
    assert newsroom.posts()["one"].html.endswith(NOTICE)


def test_a_copy_of_what_is_purged_is_still_a_copy(two: Newsroom) -> None:
    """The fingerprint stays: a copy that appears later is linked to its original."""
    old_and_new(two)
    one = two.article_id(ONE)
    purge(two)
    two.poll(entry("copy", "beta.example"), feed="Beta")
    two.scrape("https://beta.example/copy", likeness=Likeness(one, 0.95, "nearly the same"))
    two.publish()
    assert two.posts()["copy"].hidden
    assert two.posts()["copy"].leader is not None
    assert two.value("SELECT count(*) FROM fingerprints WHERE article_id = ?", one) == 1


def test_as_long_as_one_feed_keeps_it(two: Newsroom) -> None:
    """An article that another feed brought too stays as long as that one is to keep it."""
    two.now = NOW - 100 * DAY
    two.poll(entry("one"))
    two.poll(entry("one"), feed="Beta")
    two.scrape(ONE)
    two.publish()
    two.now = NOW
    alpha, beta = (Limit(two.feed(name).id, before=NOW - 90 * DAY) for name in ("Alpha", "Beta"))
    assert two.store.maintenance.purge([alpha], NOW) == 0
    assert two.store.maintenance.purge([alpha, beta], NOW) == 1


def test_another_feed_that_brings_it_later(two: Newsroom) -> None:
    """Its page is fetched once more, since that feed may keep it longer; it is no new post."""
    old_and_new(two)
    purge(two)
    two.poll(entry("one"), feed="Beta")
    assert [article.url for article in two.store.pending(NOW, 9)] == [ONE]
    two.scrape(ONE, "Ransomware, told at length once more.")
    assert two.publish() == 0
    assert purge(two) == 0
    assert "once more" in two.posts()["one"].html


def test_by_count(newsroom: Newsroom) -> None:
    """All but the newest go, by publication."""
    names = [f"e{number}" for number in range(7)]
    newsroom.poll(*(entry(name, published=NOW - number * HOUR) for number, name in enumerate(names)))
    for name in names:
        newsroom.scrape(f"https://alpha.example/{name}", f"The text of {name}.")
    newsroom.publish()
    assert newsroom.store.maintenance.purge([Limit(newsroom.feed().id, newest=3)], NOW) == 4
    held = {name for name, post in newsroom.posts().items() if not post.html.endswith(NOTICE)}
    assert held == {"e0", "e1", "e2"}
    newsroom.poll(entry("e7", published=NOW))
    newsroom.scrape("https://alpha.example/e7")
    newsroom.publish()
    assert newsroom.store.maintenance.purge([Limit(newsroom.feed().id, newest=3)], NOW) == 1


def test_what_is_not_out_yet_waits(newsroom: Newsroom) -> None:
    """A post is never purged before anybody could read it."""
    newsroom.now = NOW - 100 * DAY
    newsroom.poll(entry("one"))
    newsroom.scrape(ONE)
    newsroom.now = NOW
    assert purge(newsroom) == 0
    newsroom.publish()
    assert purge(newsroom) == 1


def test_the_output_of_the_rest_stays_as_it_is(newsroom: Newsroom, tmp_path: Path) -> None:
    """Archive documents and every other page keep their bytes; a full build finds the same as the small one."""
    site, out = Site(page_size=10), tmp_path / "public"
    for number in range(25):
        newsroom.poll(entry(f"e{number}", published=NOW - (30 - number) * HOUR))
        newsroom.scrape(f"https://alpha.example/e{number}", f"The text of e{number} is told at length. " * 20)
        newsroom.publish()
    emit.build(newsroom.store.archive, site, out)
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file() and not file.name.startswith(".")}
    assert newsroom.store.maintenance.purge([Limit(newsroom.feed().id, newest=22)], NOW) == 3
    built = emit.build(newsroom.store.archive, site, out)
    changed = {file for file, content in before.items() if file.read_bytes() != content}
    purged = {out / newsroom.posts()[name].path for name in ("e0", "e1", "e2")}
    assert changed == purged
    assert built.removed == 0
    assert all(b"no longer kept" in file.read_bytes() for file in purged)
    assert list((out / "archive").glob("*.atom"))
    assert emit.build(newsroom.store.archive, site, out, full=True).written == 0


def test_a_purged_guid_that_flips_does_not_come_back(two: Newsroom) -> None:
    """With http for https, and a slash at its end: the same entry; the same article where another feed brings it so."""
    old_and_new(two)
    purge(two)
    for flipped in ("http://alpha.example/one", "https://alpha.example/one/", "http://alpha.example/one/"):
        again = replace(entry("one", published=NOW - 100 * DAY), guid=flipped, url=flipped)
        known = two.store.known(two.feed().id, Document.of([again]).guids)
        (decided,) = decide([again], known)
        assert decided.verdict is not Verdict.NEW, flipped
        two.store.save_poll(PollOutcome(two.feed(), PollResult.CHANGED, NOW, 200, decisions=(decided,)))
        assert two.posts()["one"].html.endswith(NOTICE)
        assert two.value("SELECT count(*) FROM entries WHERE feed_id = ?", two.feed().id) == 2


def test_purging_keeps_story_images_and_archive_links(newsroom: Newsroom) -> None:
    """The story of a purged article still counts it, its neighbour still leads to it, its evidence is there."""
    old_and_new(newsroom)
    one, two = newsroom.article_id(ONE), newsroom.article_id(TWO)
    waiting = newsroom.store.stories.unplaced(9)
    newsroom.store.stories.save(
        StoryChanges(tuple(Placed(item.id, item.key, item.published, "{}", waiting[0].key) for item in waiting)), NOW
    )
    before = newsroom.row("SELECT fetched_at, raw_hash, http_status FROM evidence WHERE id = ?", one)
    assert purge(newsroom) == 1
    assert newsroom.row("SELECT fetched_at, raw_hash, http_status FROM evidence WHERE id = ?", one) == before
    related = newsroom.rows("SELECT relation, other_id FROM related WHERE id = ?", two)
    assert {(row["relation"], row["other_id"]) for row in related} == {("previous", one), ("story", one)}
    assert newsroom.row("SELECT articles FROM latest_stories")["articles"] == 2
