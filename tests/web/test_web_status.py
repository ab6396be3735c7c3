"""The page of the feeds' health: conditions, words, charts, filters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from support.desk_room import serving
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.models import FeedEvent, FeedState, FeedStatus, PollOutcome, PollResult
from aggregator.poll import health
from aggregator.store import Store
from aggregator.store.feeds import PageCounts
from aggregator.web.status import _notes as notes_of
from aggregator.web.status import chart

DAY = timedelta(days=1)
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server over five feeds: one well, one failing, one broken, one gone, one silent, one never polled."""
    data = tmp_path_factory.mktemp("sick")
    with Store.open(data / "aggregator.db") as store:
        room = Newsroom(store, {"url": "https://alpha.example/feed", "name": "Alpha", "tags": ["wire"]},
                        "Beta", "Gamma", "Delta", "Epsilon", "Zeta")  # fmt: skip
        for name in ("Alpha", "Beta", "Gamma", "Delta"):
            host = f"{name.lower()}.example"
            room.poll(*(entry(f"{n}", host, published=NOW - n * HOUR) for n in range(1, 20)), feed=name)
        room.poll(
            *(entry(f"{n}", "epsilon.example", published=NOW - 5 * DAY - n * HOUR) for n in range(20)), feed="Epsilon"
        )

        def fail(name: str, error: str, *events: FeedEvent, **values: Any) -> None:
            state = replace(room.feed(name), status=FeedStatus.BACKING_OFF, last_error=error, last_poll=NOW, **values)
            store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, 500, error=error, events=events))

        fail("Beta", f"HTTP 500 {EVIL} https://x.example/?token=REDACTED", failures=1, next_poll=NOW + HOUR)
        broke = FeedEvent(NOW, "broke", f"Gamma has broken {EVIL}", "No answer.")
        fail("Gamma", "no answer", broke, failures=5, last_success=NOW - 3 * DAY)
        state = replace(room.feed("Delta"), status=FeedStatus.GONE, failures=1, last_poll=NOW, next_poll=None)
        store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, 410, error="gone"))
        room.publish()
    with serving(data) as asking:
        yield asking


def rows(answer: Any) -> dict[str, str]:
    """The state of each feed on the page, in its order."""
    page = html.fromstring(answer.body)
    return {
        row.xpath(".//h2 | .//th/a")[0].text_content(): row.xpath('.//*[contains(@class, "state")]')[0].text_content()
        for row in page.xpath('//li[@class="feed"] | //table[@class="healthy"]/tbody/tr')
    }


def test_trouble_comes_first_and_in_words(sick: Any) -> None:
    """Each feed with its state; what needs a look is counted in the heading."""
    answer = sick("/status")
    assert list(rows(answer).items()) == [
        ("Delta", "gone (410)"), ("Gamma", "broken for 3 days"), ("Beta", "failed 1×"), ("Epsilon", "silent for 5 days"),
        ("Zeta", "new"), ("Alpha", "ok"),
    ]  # fmt: skip
    text = unescape(answer.text)
    assert "4 of 6 feeds need attention" in text
    assert "Usually posts every 1 h, nothing for 5 days" in text
    assert "No answer; " in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("show=trouble", ["Delta", "Gamma", "Beta", "Epsilon"]),
        ("show=broken", ["Gamma"]),
        ("tag=wire", ["Alpha"]),
        ("sort=name", ["Alpha", "Beta", "Delta", "Epsilon", "Gamma", "Zeta"]),
        ("sort=posts", ["Epsilon", "Alpha", "Beta", "Delta", "Gamma", "Zeta"]),
        ("sort=success", ["Zeta", "Gamma", "Alpha", "Beta", "Delta", "Epsilon"]),
        ("show=nonsense", []),
        ("sort=%3Cscript%3E&tag=%00", []),
    ],
)
def test_filters_and_orders(sick: Any, query: str, names: list[str]) -> None:
    """By condition, tag; by trouble, name, posts, time of success; nonsense finds nothing and breaks nothing."""
    assert list(rows(sick(f"/status?{query}"))) == names


def test_a32_what_servers_say_is_text(sick: Any) -> None:
    """Markup in errors, events and filters is escaped; no element has a style or a handler."""
    page = sick("/status?tag=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text + sick("/status").text
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)


def test_charts_say_in_words_what_they_show(sick: Any) -> None:
    """Each has a name for those who do not see it."""
    names = html.fromstring(sick("/status?sort=name").body).xpath("//*[local-name()='svg']/@aria-label")
    assert names[0] == "19 posts in 30 days, at most 12 a day"
    assert names[-1] == "0 posts in 30 days"


def test_trouble_has_a_cause_and_a_remedy_and_the_healthy_a_table(sick: Any) -> None:
    """Four cards on top, each with what can be done; below them one table of those that need nothing."""
    page = html.fromstring(sick("/status").body)
    cards = page.xpath('//li[@class="feed"]')
    assert len(cards) == 4
    assert all("aggregator" in card.text_content() for card in cards)
    (silent,) = (card for card in cards if card.xpath('.//*[contains(@class, "silent")]'))
    assert "its feed has moved" in silent.text_content()
    names = [name.text_content() for name in page.xpath('//table[@class="healthy"]//th[@scope="row"]/a')]
    assert names == ["Zeta", "Alpha"]
    assert not page.xpath('//table[@class="healthy"]/preceding::table')


def test_the_navigation_is_that_of_the_mirror(sick: Any) -> None:
    """The same stops in the same order, Exploited among them."""
    stops = html.fromstring(sick("/status").body).xpath("//nav[@aria-label='Site']//a/text()")
    assert stops == ["Latest", "Stories", "Exploited", "Sources", "Archive", "Search", "Status"]


def test_a_feed_without_entries_is_read(tmp_path: Path) -> None:
    """Before the first poll it is being read for the first time; after it no longer, though it has nothing."""
    with Store.open(tmp_path / "aggregator.db") as store:
        room = Newsroom(store, "Alpha")
        with serving(tmp_path) as asking:
            assert "<h1>Reading 1 feed for the first time</h1>" in asking("/status").text
            room.poll()
            text = asking("/status").text
            assert "for the first time" not in text
            assert "<h1>The feed is healthy</h1>" in text
            assert "1 feed read: none has an entry" in text


def test_durations_are_rounded_alike(tmp_path: Path) -> None:
    """Two hours and 53 minutes are three hours wherever they stand: on the page, and on the command line."""
    with Store.open(tmp_path / "aggregator.db") as store:
        room = Newsroom(store, "Alpha")
        room.poll(entry("one"))
        state = replace(room.feed("Alpha"), status=FeedStatus.BACKING_OFF, failures=4, last_error="no answer")
        store.save_poll(PollOutcome(state, PollResult.FAILED, NOW, 500, error="no answer"))
    later = NOW + timedelta(days=2, hours=2, minutes=53)
    with serving(tmp_path, clock=lambda: later) as asking:
        text = html.fromstring(asking("/status").body).text_content()
    assert "broken for 2 days 3 h" in text
    assert text.count("2 days 3 h ago") >= 2
    assert health.diagnose(state, later).short == "broken for 2 days 3 h"


def test_a_chart_is_a_bar_a_day() -> None:
    """Today is the last; the highest fills the height; one post can be seen beside a hundred."""
    drawn = chart({"2026-03-10": 100, "2026-03-09": 1, "2025-01-01": 9}, NOW)
    assert drawn.path == "M112 24v-2h3v2zM116 24v-24h3v24z"
    assert drawn.words == "101 posts in 30 days, at most 100 a day"


def test_pages_that_wait_are_said(sick: Any) -> None:
    """In each feed whose pages are not read yet."""
    notes = html.fromstring(sick("/status?sort=name").body).xpath('//*[@class="note"]/text()')
    assert notes[0] == "19 pages wait to be fetched"


def test_a_backlog_is_the_first_thing_said(sick: Any) -> None:
    """How many feeds are read, how many articles are to be fetched, how many are done."""
    assert re.search(r"\d of 6 feeds read, \d+ articles to fetch, \d+ done", sick("/status").text)


@pytest.mark.parametrize(
    ("pages", "found_by_chain", "missing", "told"),
    [
        (PageCounts(scraped=9), 0, 0, []),
        (PageCounts(scraped=3, failed=1), 0, 0, []),
        (PageCounts(scraped=1204, failed=3), 0, 0, ["1,204 of 1,207 pages could be read"]),
        (PageCounts(failed=5), 0, 0, ["0 of 5 pages could be read"]),
        (PageCounts(pending=1), 0, 0, ["1 page waits to be fetched"]),
        (PageCounts(), 1, 0, ["1 missed post recovered by following links"]),
        (PageCounts(), 12, 0, ["12 missed posts recovered by following links"]),
        (PageCounts(), 0, 1, ["1 post slipped through in 30 days, between two polls"]),
        (PageCounts(), 0, 7, ["7 posts slipped through in 30 days, between two polls"]),
    ],
)
def test_extraction_and_gaps_in_words(pages: PageCounts, found_by_chain: int, missing: int, told: list[str]) -> None:
    """How well pages are read, what the chain found, and what it misses; nothing where nothing is wrong."""
    feed = FeedState(1, "Alpha", "alpha", "https://a.example/", "https://a.example/", found_by_chain=found_by_chain)
    assert list(notes_of(feed, pages, missing)) == told


def test_what_happened_is_listed(sick: Any) -> None:
    """The last events, beside the feeds."""
    assert "What happened" in sick("/status").text


def test_an_empty_folder_says_how_to_begin(tmp_path: Path) -> None:
    """Before the first round there is a page, not an error."""
    with serving(tmp_path) as asking:
        (tmp_path / "aggregator.db").rename(tmp_path / "gone.db")
        answer = asking("/status")
    assert answer.status == 200
    assert "aggregator poll" in answer.text


def test_a_program_at_rest_is_said(sick: Any) -> None:
    """When no feed has been polled for hours although some are due."""
    with serving(sick.data, clock=lambda: NOW + 2 * DAY) as asking:
        assert "Polling rests since 2026-03-10 12:00 UTC" in asking("/status").text
        assert asking("/ready").json["checks"]["rounds"].startswith("Polling rests")


def test_a_network_that_is_down_is_said_on_top(tmp_path: Path) -> None:
    """On the page, to those who watch, and in the feed of health, from when it begins until it ends."""
    with Store.open(tmp_path / "aggregator.db") as store:
        Newsroom(store, "Alpha")
        begun = health.network_event(store.queries.offline_since(), offline=3, answered=0, now=NOW - HOUR)
        assert begun
        store.record_event(begun)
        assert health.network_event(store.queries.offline_since(), offline=3, answered=0, now=NOW) is None
    with serving(tmp_path) as asking:
        assert "The network seems to be down (for 1 h)" in asking("/status").text
        assert "<h1>The network is down: no feed could be read</h1>" in asking("/status").text
        assert asking("/ready").json["checks"]["network"].startswith("The network seems to be down")
        assert asking("/health.json").text.count("seems to be down") == 1
    with Store.open(tmp_path / "aggregator.db") as store:
        ended = health.network_event(store.queries.offline_since(), offline=0, answered=1, now=NOW)
        assert ended
        store.record_event(ended)
    with serving(tmp_path) as asking:
        assert 'class="notice"' not in asking("/status").text
        assert asking("/ready").json["checks"]["network"] == "ok"
        assert "It seemed to be down for 1 h" in asking("/health.json").text
