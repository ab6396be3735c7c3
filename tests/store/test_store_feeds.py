"""Configured feeds and stored ones: which is which, what is kept, what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.store_builders import HOUR, NOW, Newsroom, config, entry

from aggregator.models import FeedHints, FeedStatus, ParsedFeed, PollOutcome, PollResult, Validators
from aggregator.store import Store


def names(store: Store) -> list[str]:
    return [feed.name for feed in store.feeds()]


def test_a_new_feed_is_due_at_once(store: Store) -> None:
    """What feeds.yaml names is stored, with a slug, its tags, and nothing to wait for."""
    store.sync_feeds(config({"url": "https://alpha.example/feed", "name": "Alpha News", "tags": ["b", "a"]}), NOW)
    (feed,) = store.due(NOW)
    assert (feed.name, feed.slug, feed.tags) == ("Alpha News", "alpha-news", ("b", "a"))
    assert feed.url == feed.polled_url == "https://alpha.example/feed"
    assert feed.status is FeedStatus.OK
    assert (feed.entries, feed.posted, feed.next_poll) == (0, (), None)


def test_names_come_from_hosts(store: Store) -> None:
    """A feed without a name is called like its host; two of one host are told apart, now and later."""
    feeds = [{"url": f"https://www.alpha.example/{part}"} for part in ("news", "advisories", "blog")]
    store.sync_feeds(config(*feeds), NOW)
    assert names(store) == ["alpha.example", "alpha.example 2", "alpha.example 3"]
    assert [feed.slug for feed in store.feeds()] == ["alpha-example", "alpha-example-2", "alpha-example-3"]
    store.sync_feeds(config(*feeds[1:]), NOW)
    assert names(store) == ["alpha.example 2", "alpha.example 3"]


def test_k20_a_feed_without_a_name_has_its_own_title_once_it_is_known(newsroom: Newsroom) -> None:
    """Everywhere, and forever; the place of its documents stays. Feeds of one title are told apart by their sites."""
    store = newsroom.store
    feeds = [{"url": f"https://{host}.example/feed"} for host in ("one", "two")]
    store.sync_feeds(config(*feeds), NOW)
    slugs = [feed.slug for feed in store.feeds()]
    newsroom.execute("UPDATE feeds SET title = ' The' || char(10) || 'Blog ' WHERE configured")
    for title in ("The Blog", "Another title"):
        store.sync_feeds(config(*feeds), NOW)
        assert names(store) == ["The Blog", "The Blog (two.example)"]
        newsroom.execute("UPDATE feeds SET title = ? WHERE configured", title)
    assert sorted(feed.slug for feed in store.feeds()) == sorted(slugs)


def test_a_slug_never_changes(store: Store) -> None:
    """A feed that is renamed keeps its addresses in the output."""
    store.sync_feeds(config({"url": "https://alpha.example/feed", "name": "Alpha"}), NOW)
    store.sync_feeds(config({"url": "https://alpha.example/feed", "name": "Omega"}), NOW)
    (feed,) = store.feeds()
    assert (feed.name, feed.slug) == ("Omega", "alpha")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "feed-con"),
        ("Überwachung & Straße", "uberwachung-strae"),
        ("セキュリティ", "feed"),
        ("x" * 200, "x" * 60),
        ("a\x00b", "a-b"),
    ],
)
def test_a39_slugs_are_safe(store: Store, name: str, slug: str) -> None:
    """Whatever a feed is called, its slug is a safe file name."""
    store.sync_feeds(config({"url": "https://alpha.example/feed", "name": name}), NOW)
    assert store.feeds()[0].slug == slug


def test_a_changed_url_keeps_the_history(newsroom: Newsroom) -> None:
    """A feed with the same name and another URL is the same feed; the former server's words count no more."""
    newsroom.poll(entry("one"))
    state = replace(newsroom.feed(), validators=Validators('"x"', "Tue"), body_hash="abc", failures=3)
    newsroom.store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, error="500"))
    newsroom.store.sync_feeds(config({"url": "https://new.example/feed", "name": "Alpha"}), NOW)
    (feed,) = newsroom.store.feeds()
    assert (feed.id, feed.entries, feed.slug) == (state.id, 1, "alpha")
    assert feed.url == feed.polled_url == "https://new.example/feed"
    assert (feed.validators, feed.body_hash, feed.failures, feed.next_poll) == (Validators(), None, 0, None)


def test_a_moved_feed_that_the_operator_follows(newsroom: Newsroom) -> None:
    """Writing the URL that a permanent move has led to into feeds.yaml changes nothing but the URL."""
    moved = "https://moved.example/feed"
    state = replace(newsroom.feed(), polled_url=moved, validators=Validators('"x"'), next_poll=NOW + HOUR)
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    newsroom.store.sync_feeds(config({"url": moved, "name": "Renamed too"}), NOW)
    (feed,) = newsroom.store.feeds()
    assert (feed.id, feed.url, feed.validators.etag, feed.next_poll) == (state.id, moved, '"x"', NOW + HOUR)


def test_two_feeds_that_change_places(store: Store) -> None:
    """The URL decides before the name does."""
    store.sync_feeds(config("Alpha", "Beta"), NOW)
    before = {feed.url: feed.id for feed in store.feeds()}
    swapped = [
        {"url": "https://beta.example/feed", "name": "Alpha"},
        {"url": "https://alpha.example/feed", "name": "Beta"},
    ]
    store.sync_feeds(config(*swapped), NOW)
    assert {feed.url: feed.id for feed in store.feeds()} == before
    assert names(store) == ["Alpha", "Beta"]


def test_another_feed_of_the_same_host_is_another_feed(store: Store) -> None:
    """A feed without a name does not inherit from another path of its host; http and https are one."""
    store.sync_feeds(config({"url": "http://alpha.example/news"}), NOW)
    (first,) = store.feeds()
    store.sync_feeds(config({"url": "https://www.alpha.example/news/"}), NOW)
    assert [feed.id for feed in store.feeds()] == [first.id]
    store.sync_feeds(config({"url": "https://alpha.example/blog"}), NOW)
    assert [feed.id for feed in store.feeds()] != [first.id]


def test_a_removed_feed_stays_and_may_return(newsroom: Newsroom) -> None:
    """Taken out of feeds.yaml a feed is not polled, and keeps what it has; put back it goes on."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    store = newsroom.store
    store.sync_feeds(config("Beta"), NOW)
    assert names(store) == ["Beta"]
    assert [feed.name for feed in store.feeds(unconfigured=True)] == ["Alpha", "Beta"]
    assert [feed.name for feed in store.due(NOW + 9 * HOUR, force=True)] == ["Beta"]
    assert [source.name for source in store.archive.sources()] == ["Alpha", "Beta"]
    assert len(store.archive.latest(5)) == 1
    store.sync_feeds(config("Alpha", "Beta"), NOW)
    assert newsroom.feed().entries == 1


def test_a_paused_feed_is_left_alone(newsroom: Newsroom) -> None:
    """Paused means no poll and no page, forced or not; what is stored stays, and it goes on where it was."""
    newsroom.poll(entry("one"))
    store = newsroom.store
    store.sync_feeds(config({"url": "https://alpha.example/feed", "name": "Alpha", "paused": True}), NOW)
    assert newsroom.feed().status is FeedStatus.PAUSED
    assert store.due(NOW + 9 * HOUR, force=True) == ()
    assert store.pending(NOW + 9 * HOUR, 9) == ()
    assert not store.untried(NOW - HOUR, NOW)
    store.sync_feeds(config("Alpha"), NOW)
    assert newsroom.feed().status is FeedStatus.OK
    assert len(store.pending(NOW, 9)) == 1


@pytest.mark.parametrize("beta", [{"paused": False}, {"paused": True}], ids=["another feed carries it", "none does"])
@pytest.mark.parametrize("alpha", ["paused", "removed"])
def test_an_article_is_read_while_any_feed_carries_it(two: Newsroom, alpha: str, beta: dict[str, bool]) -> None:
    """The feed that brought it first may be paused or removed: its page is fetched for the other, with its options."""
    first = entry("one", html="<p>Alpha's words.</p>")
    two.poll(first, feed="Alpha")
    two.poll(replace(first, guid="beta-1", html="<p>Beta's words.</p>"), feed="Beta")
    store, own = two.store, two.feed("Beta").id
    assert [article.feed_id for article in store.pending(NOW, 9)] == [two.feed("Alpha").id]
    left = {"url": "https://alpha.example/feed", "name": "Alpha", "paused": True}
    feeds = [{"url": "https://beta.example/feed", "name": "Beta", **beta}, *([left] if alpha == "paused" else [])]
    store.sync_feeds(config(*feeds), NOW)
    found = [(article.feed_id, article.feed_html, article.content_hash) for article in store.pending(NOW, 9)]
    assert found == ([] if beta["paused"] else [(own, "<p>Beta's words.</p>", "")])
    assert bool(store.untried(NOW - HOUR, NOW)) is not beta["paused"]


def test_it_is_known_when_a_server_last_sent_a_document(newsroom: Newsroom) -> None:
    """What is due is polled with that in mind: 200 and 203 count, 304 and failures do not."""
    for hours, status in enumerate((200, 203, 304, 500, None)):
        result = PollResult.FAILED if status in (500, None) else PollResult.NOT_MODIFIED
        newsroom.store.save_poll(PollOutcome(newsroom.feed(), result, NOW + hours * HOUR, http_status=status))
    (state,) = newsroom.store.due(NOW + 9 * HOUR, force=True)
    assert state.body_at == NOW + HOUR


def test_a_state_comes_back_as_it_was(newsroom: Newsroom) -> None:
    """Every field that a poll decides on survives."""
    state = replace(
        newsroom.feed(),
        polled_url="https://moved.example/feed",
        status=FeedStatus.BACKING_OFF,
        title="A title",
        home_page_url="https://alpha.example/",
        validators=Validators('W/"odd', "Tuesday, maybe"),
        body_hash="hash",
        rhythm=FeedHints(timedelta(minutes=90), frozenset({0, 23}), frozenset({6})),
        last_poll=NOW,
        last_success=NOW - HOUR,
        next_poll=NOW + HOUR,
        next_poll_reason="because",
        failures=4,
        last_error="the server said no",
        interval_s=5400,
        moving_to="https://next.example/feed",
        moving_polls=2,
        max_age_s=7200,
        not_before=NOW + HOUR,
    )
    newsroom.store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, error="no"))
    assert newsroom.store.feeds() == (state,)


def test_f08_an_appointment_is_never_early(newsroom: Newsroom) -> None:
    """A next poll with a fraction of a second is kept as the next whole second."""
    state = replace(newsroom.feed(), next_poll=NOW.replace(microsecond=1))
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    assert newsroom.store.due(NOW) == ()
    assert len(newsroom.store.due(NOW + timedelta(seconds=1))) == 1


def test_f15_a_gone_feed_is_polled_only_when_forced(newsroom: Newsroom) -> None:
    """410: reported, kept, not polled; `--force` is the operator's word."""
    state = replace(newsroom.feed(), status=FeedStatus.GONE, next_poll=None)
    newsroom.store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, 410, error="gone"))
    assert newsroom.store.due(NOW) == ()
    assert [feed.status for feed in newsroom.store.due(NOW, force=True)] == [FeedStatus.GONE]


def test_due_by_name(two: Newsroom) -> None:
    """One feed, by name or by slug; only if it is due, unless forced."""
    two.poll(feed="Alpha")
    assert [feed.name for feed in two.store.due(NOW)] == ["Beta"]
    assert two.store.due(NOW, name="Alpha") == ()
    assert [feed.name for feed in two.store.due(NOW, force=True, name="alpha")] == ["Alpha"]


def test_recent_times_for_the_interval(newsroom: Newsroom) -> None:
    """A feed's state has its fifty latest publication times, newest first, none in the future."""
    newsroom.poll(*(entry(f"e{n}", published=NOW - n * HOUR) for n in range(-1, 60)))
    posted = newsroom.feed().posted
    assert len(posted) == 50
    assert posted[0] == posted[1] == NOW
    assert list(posted) == sorted(posted, reverse=True)
    assert newsroom.feed().entries == 61


def test_a_poll_under_way_when_the_url_changes(newsroom: Newsroom) -> None:
    """The answer of the former address does not overwrite what the new one starts with; its entries are kept."""
    old = newsroom.feed()
    newsroom.store.sync_feeds(config({"url": "https://new.example/feed", "name": "Alpha"}), NOW)
    late = replace(old, validators=Validators('"old"'), next_poll=NOW + HOUR)
    newsroom.store.save_poll(PollOutcome(late, PollResult.NOT_MODIFIED, NOW, 304))
    assert newsroom.feed().validators == Validators()
    assert newsroom.feed().next_poll is None


def test_a_shorter_interval_counts_from_the_last_poll(newsroom: Newsroom) -> None:
    """Changing the interval in feeds.yaml does not wait for the end of the former one."""
    state = replace(newsroom.feed(), last_poll=NOW, next_poll=NOW + 20 * HOUR)
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    newsroom.store.sync_feeds(config({"url": state.url, "name": "Alpha", "interval": "2h"}), NOW)
    assert newsroom.feed().next_poll == NOW + 2 * HOUR


def test_another_option_leaves_the_next_poll_and_its_reason(newsroom: Newsroom) -> None:
    """Nobody is told of a shorter interval where there is none, and feeds spread in time stay spread."""
    newsroom.store.sync_feeds(config({"url": newsroom.feed().url, "name": "Alpha", "interval": "2h"}), NOW)
    planned = NOW + 2 * HOUR + timedelta(minutes=7)
    state = replace(newsroom.feed(), last_poll=NOW, next_poll=planned, next_poll_reason="every 2 h, as configured")
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    newsroom.store.sync_feeds(
        config({"url": state.url, "name": "Alpha", "interval": "2h", "keep": "90d"}), NOW + timedelta(minutes=1)
    )
    after = newsroom.feed()
    assert (after.next_poll, after.next_poll_reason) == (planned, "every 2 h, as configured")


@pytest.mark.parametrize(
    ("rhythm", "not_before", "expected"),
    [
        (FeedHints(), NOW + 5 * HOUR, NOW + 5 * HOUR),
        (FeedHints(), NOW + HOUR, NOW + 2 * HOUR),
        (FeedHints(skip_hours=frozenset({14})), None, NOW + 20 * HOUR),
        (FeedHints(skip_days=frozenset({1})), NOW + 5 * HOUR, NOW + 20 * HOUR),
    ],
    ids=["asked to wait", "asked for less", "skipHours", "skipDays"],
)
def test_f08_f11_a_shorter_interval_is_not_shorter_than_the_publisher_asks(
    newsroom: Newsroom, rhythm: FeedHints, not_before: datetime | None, expected: datetime
) -> None:
    """max-age, ttl, Retry-After and skipped hours bind the operator's new interval, too."""
    state = replace(newsroom.feed(), last_poll=NOW, next_poll=NOW + 20 * HOUR, rhythm=rhythm, not_before=not_before)
    newsroom.store.save_poll(PollOutcome(state, PollResult.NOT_MODIFIED, NOW, 304))
    newsroom.store.sync_feeds(config({"url": state.url, "name": "Alpha", "interval": "2h"}), NOW)
    assert newsroom.feed().next_poll == expected


def test_nothing_new_in_the_configuration_changes_nothing(newsroom: Newsroom) -> None:
    """Synchronising again is no change; another tag or name marks the feed's posts as changed."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    archive = newsroom.store.archive
    head = archive.head()
    newsroom.store.sync_feeds(config("Alpha"), NOW + HOUR)
    assert archive.head() == head
    newsroom.store.sync_feeds(config({"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["new"]}), NOW)
    (post,) = archive.changed(head)
    assert post.tags == ("new",)
    assert archive.tags() == ("new",)


def test_a_titles_change_shows_on_posts(newsroom: Newsroom) -> None:
    """When the feed renames itself or its site, its posts have changed; a new time stamp alone is no change."""
    newsroom.poll(entry("one"))
    newsroom.scrape("https://alpha.example/one")
    newsroom.publish()
    archive, state = newsroom.store.archive, newsroom.feed()
    head = archive.head()
    same = ParsedFeed("Alpha News", state.url, "https://alpha.example/", updated=NOW + HOUR)
    newsroom.store.save_poll(PollOutcome(state, PollResult.CHANGED, NOW + HOUR, 200, feed=same))
    assert archive.head() == head
    newsroom.store.save_poll(PollOutcome(state, PollResult.CHANGED, NOW + HOUR, 200, feed=replace(same, title="Omega")))
    (post,) = archive.changed(head)
    assert post.source.title == "Omega"


def test_a37_secrets_do_not_leave(store: Store) -> None:
    """A feed's address is polled as it is, and shown without what may be a secret."""
    secret = "https://user:pw@alpha.example/feed?token=abc&page=2"
    store.sync_feeds(config({"url": secret, "name": "Alpha"}), NOW)
    assert store.due(NOW)[0].polled_url == secret
    (source,) = store.archive.sources()
    assert source.feed_url == "https://alpha.example/feed?token=REDACTED&page=2"
