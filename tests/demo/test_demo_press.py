"""The imaginary press: what its feeds and pages say in each round is what the press calls true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import feedparser
import pytest
import requests
from lxml import html as lxml_html
from ruamel.yaml import YAML

from aggregator.config.settings import Config
from aggregator.demo import Expected, Listed, Press

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NEVER_WHOLE = {"cracked", "oldmill"}
ROUNDS = range(1, Press.rounds + 1)


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press(NOW, slow_s=0.02) as opened:
        yield opened


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=5)


def of(press: Press, listed: Listed) -> list[Expected]:
    return [post for post in press.expected() if post.outlet == listed.name]


def words_of(page: bytes) -> str:
    """A page's visible words, with single spaces."""
    tree = lxml_html.fromstring(page)
    for hidden in tree.xpath("//script | //style"):
        hidden.drop_tree()
    for cell in tree.xpath("//td | //th | //li | //p | //h2 | //h3 | //pre | //div | //span"):
        cell.tail = " " + (cell.tail or "")
    return " ".join(tree.text_content().split())


@pytest.mark.parametrize("round_", ROUNDS)
def test_every_feed_holds_what_is_expected(press: Press, round_: int) -> None:
    """An independent feed parser finds each post with its title, link, id and date, newest first."""
    press.publish(round_)
    for listed in press.outlets:
        if listed.key in NEVER_WHOLE:
            continue
        wanted = [post for post in reversed(of(press, listed)) if post.in_feed]
        body = get(listed.feed_url).content
        if listed.key == "kettle":
            items = json.loads(body)["items"]
            found = [(item["id"], item["title"], item["url"], item["date_published"]) for item in items]
            assert found == [(post.guid, post.title, post.url, post.published.isoformat()) for post in wanted]
            continue
        parsed = feedparser.parse(body)
        assert not parsed.bozo, listed.name
        assert [entry.get("id") for entry in parsed.entries] == [post.guid for post in wanted]
        assert [entry.title for entry in parsed.entries] == [post.title for post in wanted]
        if listed.key != "certvel":
            links = [requests.compat.urljoin(listed.home_url, entry.link) for entry in parsed.entries]
            assert links == [post.url for post in wanted]
        dates = [
            datetime(*(entry.get("published_parsed") or entry.updated_parsed)[:6], tzinfo=UTC)
            for entry in parsed.entries
        ]
        assert dates == [post.published for post in wanted]


@pytest.mark.parametrize("round_", ROUNDS)
def test_every_page_says_what_is_expected(press: Press, round_: int) -> None:
    """A page shows its title, every paragraph, cell and line of code, its noise, and the neighbours it states."""
    press.publish(round_)
    for post in press.expected():
        if post.url is None or (post.outlet == "Old Mill Bulletin" and round_ > 1):
            continue
        response = get(post.url)
        page = words_of(response.content)
        assert response.status_code == 200
        for part in (post.title, *post.paragraphs, *post.code, *post.cells, *post.noise):
            assert " ".join(part.split()) in page, (post.url, part)
        hrefs = set(lxml_html.fromstring(response.content).xpath("//a/@href"))
        for neighbour in (post.next, post.previous):
            if neighbour:
                assert neighbour.url in hrefs
                for stated in (neighbour.title, neighbour.teaser):
                    assert stated is None or stated in page
        if post.source and post.source.url:
            assert post.source.url in hrefs


@pytest.mark.parametrize("round_", ROUNDS)
def test_next_and_previous_are_each_others_inverse(press: Press, round_: int) -> None:
    """Within an outlet that links its posts, the newest has no next, the oldest no previous, and the chain is whole."""
    press.publish(round_)
    for listed in press.outlets:
        posts = of(press, listed)
        if not any(post.next or post.previous for post in posts):
            continue
        assert posts[0].previous is None
        assert posts[-1].next is None
        for older, newer in pairwise(posts):
            assert older.next
            assert newer.previous
            assert (older.next.url, newer.previous.url) == (newer.url, older.url)
            assert older.published < newer.published


def test_a_page_names_its_next_post_as_soon_as_there_is_one(press: Press) -> None:
    """The newest page of round 1 has no next link; in round 2 it links to the new post, with its title."""
    press.publish(1)
    newest = of(press, press.outlets[0])[-1]
    assert 'rel="next"' not in get(newest.url or "").text
    press.advance()
    again = next(post for post in press.expected() if post.url == newest.url)
    assert again.next
    assert again.next.title
    assert 'rel="next"' in get(newest.url or "").text


def test_rounds_add_and_take_nothing_back(press: Press) -> None:
    """Every round brings posts, all of them in the past and newer than the round before in their outlet."""
    before: set[tuple[str, str]] = set()
    for round_ in ROUNDS:
        new = press.publish(round_)
        out = {(post.outlet, post.guid) for post in press.expected()}
        assert out - before == {(post.outlet, post.guid) for post in new}
        assert before < out
        assert all(NOW - timedelta(days=40) < post.published <= post.updated < NOW for post in new)
        before = out
    assert len(before) >= 45
    with pytest.raises(ValueError, match="rounds 1 to 4"):
        press.advance()


def test_an_entry_is_revised_in_round_three(press: Press) -> None:
    """One post gets an update on top of its text, with a newer date and the same id."""
    press.publish(2)
    old = {post.guid: post for post in press.expected()}
    press.publish(3)
    revised = [post for post in press.expected() if post.guid in old and post.updated > old[post.guid].updated]
    assert [post.outlet for post in revised] == ["Basalt Labs Research"]
    assert revised[0].paragraphs[0].startswith("Update: ")
    assert revised[0].paragraphs[1:] == old[revised[0].guid].paragraphs


def test_carried_articles_are_nearly_the_same_text(press: Press) -> None:
    """A copy names its source, shares most of its words with it, and stands at an address of its own."""
    press.publish(4)
    by_url = {post.url: post for post in press.expected()}
    copies = [post for post in press.expected() if post.copy_of]
    assert len(copies) >= 12
    for copy in copies:
        original = by_url[copy.copy_of]
        shared = set(copy.paragraphs) & set(original.paragraphs)
        assert copy.source
        assert copy.source.name == original.outlet
        assert len(shared) >= 3
        assert original.published < copy.published


def test_events_are_covered_by_several_outlets_in_their_own_words(press: Press) -> None:
    """At least three events have three or more texts of different outlets, copies not counted."""
    press.publish(4)
    outlets: dict[str, set[str]] = {}
    for post in press.expected():
        if post.event and not post.copy_of:
            outlets.setdefault(post.event, set()).add(post.outlet)
    assert sum(len(names) >= 3 for names in outlets.values()) >= 3


def test_a_post_that_fell_out_of_the_feed_is_still_in_the_chain(press: Press) -> None:
    """The small feed of one outlet loses a post between rounds 2 and 3; only the previous links lead to it."""
    press.publish(3)
    lost = [post for post in press.expected() if post.round == 3 and not post.in_feed]
    assert len(lost) == 1
    after = next(post for post in press.expected() if post.previous and post.previous.url == lost[0].url)
    assert after.in_feed


def test_the_broken_outlet_breaks_and_recovers(press: Press) -> None:
    """A truncated feed, an error, a page instead of a feed, and then everything again."""
    url = next(outlet.feed_url for outlet in press.outlets if outlet.key == "cracked")
    press.publish(1)
    truncated = feedparser.parse(get(url).content)
    assert truncated.bozo
    assert len(truncated.entries) == 2
    press.publish(2)
    assert get(url).status_code == 500
    press.publish(3)
    page = get(url)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    press.publish(4)
    assert len(feedparser.parse(get(url).content).entries) == 4


def test_the_gone_outlet_is_gone_for_good(press: Press) -> None:
    """410 for its feed and its pages from round 2 on."""
    listed = next(outlet for outlet in press.outlets if outlet.key == "oldmill")
    press.publish(1)
    pages = [post.url for post in of(press, listed)]
    assert get(listed.feed_url).status_code == 200
    for round_ in (2, 3, 4):
        press.publish(round_)
        assert {get(url or "").status_code for url in (listed.feed_url, *pages)} == {410}


def test_the_moved_outlet_redirects_for_good(press: Press) -> None:
    """The subscribed address answers 301 to the same path at another origin."""
    listed = next(outlet for outlet in press.outlets if outlet.key == "ferry")
    response = get(listed.feed_url)
    assert [hop.status_code for hop in response.history] == [301]
    assert response.url.startswith(listed.home_url)
    assert not listed.feed_url.startswith(listed.home_url)


def test_one_path_is_forbidden_to_robots(press: Press) -> None:
    """Every outlet has a robots.txt; one forbids a folder, and exactly one post lies in it."""
    press.publish(4)
    rules = {
        listed.key: get(listed.home_url + "robots.txt").text for listed in press.outlets if listed.key != "oldmill"
    }
    assert {key for key, text in rules.items() if "Disallow: /" in text} == {"dockside"}
    forbidden = [post for post in press.expected() if not post.allowed]
    assert len(forbidden) == 1
    assert "/subscribers/" in (forbidden[0].url or "")


def test_home_pages_lead_to_the_feed(press: Press) -> None:
    """A site's front page names its feed for discovery and lists its posts; unknown paths are 404."""
    press.publish(4)
    for listed in press.outlets:
        if listed.key == "oldmill":
            continue
        tree = lxml_html.fromstring(get(listed.home_url).content)
        assert tree.xpath("//link[@rel='alternate']/@href")[0].rpartition("/")[2] == listed.feed_url.rpartition("/")[2]
        assert {post.url for post in of(press, listed) if post.url} <= set(tree.xpath("//a/@href"))
        assert get(listed.home_url + "nothing/here").status_code == 404


def test_the_configuration_is_valid_and_complete(press: Press) -> None:
    """config_text is YAML that the settings accept, with every outlet by its name, and loopback allowed."""
    config = Config.model_validate(YAML(typ="safe").load(press.config_text("http://127.0.0.1:8080/")))
    assert {feed.name: feed.url for feed in config.feeds} == {listed.name: listed.feed_url for listed in press.outlets}
    assert config.network.allow == ("127.0.0.0/8",)
    assert config.network.per_host_interval_s == 0


def test_the_press_is_the_same_for_the_same_now(press: Press) -> None:
    """Two presses differ in their ports and in nothing else."""

    def told(one: Press) -> str:
        text = "\n".join(map(repr, one.expected()))
        for listed in one.outlets:
            text = text.replace(listed.home_url, f"http://{listed.key}/")
        return text

    press.publish(3)
    with Press(NOW) as other:
        other.publish(3)
        assert told(other) == told(press)


def test_nothing_points_outside() -> None:
    """Links and images on pages lead to loopback, or to names that cannot exist (RFC 2606)."""
    with Press(NOW, slow_s=0) as press:
        press.publish(4)
        for post in press.expected():
            if post.url is None or post.outlet == "Old Mill Bulletin":
                continue
            tree = lxml_html.fromstring(get(post.url).content)
            for address in tree.xpath("//@href | //@src"):
                host = requests.compat.urlsplit(address).hostname or ""
                assert host == "" or host.startswith("127.") or host.endswith(".example"), address
