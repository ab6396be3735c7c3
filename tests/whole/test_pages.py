"""Articles of several pages, AMP and print pages: what is fetched for them, and what is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.outlets import Outlet, outlet, rss

from aggregator.config import load
from aggregator.pipeline import outcomes
from aggregator.pipeline.articles import MAX_PAGES
from aggregator.pipeline.pipeline import opened

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DATE = "Mon, 09 Mar 2026 08:00:00 GMT"
TITLE = "A long read about the loader"
HTML = "text/html; charset=utf-8"
WORDS = ["alder", "birch", "cedar", "dogwood", "elder", "fir", "ginkgo", "hazel", "ironwood", "juniper"]


def text(number: int) -> str:
    """Paragraphs that no other page has; `Words of page 3` tells which it is."""
    lines = (
        f"Words of page {number}: the {word} sample number {number}{index} was unpacked by analysts, who found that it "
        f"waits for {number + index} hours, asks a server for its orders, and hides them in the {word} registry key."
        for index, word in enumerate(WORDS)
    )
    return "".join(f"<p>{line}</p>" for line in lines)


def page(
    number: int, *, foot: str = "", head: str = "", title: str = TITLE, html: str = "", body: str = ""
) -> tuple[str, bytes]:
    source = (
        f"<!doctype html><html {html}><head><title>{title} - The Outlet</title>{head}</head><body><article><h1>{title}</h1>"
        f"{body or text(number)}</article><nav>{foot}</nav></body></html>"
    )
    return HTML, source.encode()


class World:
    """An outlet with one article in its feed, and the folder that mirrors it."""

    def __init__(self, folder: Path, here: Outlet) -> None:
        self.folder, self.here, self.now = folder, here, NOW
        (folder / "feeds.yaml").write_text(
            f"network: {{allow: [127.0.0.1], per_host_interval_s: 0}}\nfeeds: [{{url: '{here.origin}/feed', name: Outlet}}]\n",
            "utf-8",
        )

    def mirror(self, path: str, pages: dict[str, Any], *, rounds: int = 1) -> dict[str, Any]:
        """Publish an article at `path`, poll, and give back what is stored of it."""
        self.here.pages |= {
            "/feed": rss("The Outlet", (f"{self.here.origin}{path}", TITLE, DATE, "It is back.")),
            **pages,
        }
        with opened(load(self.folder / "feeds.yaml"), self.folder / "data", lambda: self.now) as pipeline:
            for _ in range(rounds):
                pipeline.round(force=True)
                self.now += timedelta(hours=6)
        with closing(sqlite3.connect(self.folder / "data" / "aggregator.db")) as connection:
            connection.row_factory = sqlite3.Row
            (row,) = connection.execute(
                "SELECT articles.*, coalesce(pages, 1) AS pages FROM articles LEFT JOIN extractions ON article_id = articles.id"
            )
            return dict(row)

    @property
    def asked(self) -> list[str]:
        return [path for path in self.here.asked if path not in ("/feed", "/robots.txt")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with outlet() as here:
        yield World(tmp_path, here)


def pages_of(article: dict[str, Any]) -> list[int]:
    """The pages whose words are in the article, in their order."""
    found = [line.split(":")[0].removeprefix("Words of page ") for line in article["text"].split("\n\n")]
    return [int(number) for number in dict.fromkeys(found) if number.isdigit()]


@pytest.mark.parametrize(
    ("first", "second", "third", "link"),
    [
        ("/post/", "/post/2/", "/post/3/", "<a rel=next href='{}'>Next</a>"),
        ("/post/", "/post/?page=2", "/post/?page=3", "<a href='{}'>Next page</a>"),
        ("/post.html", "/post-2.html", "/post-3.html", "<a href='{}'>Next</a>"),
        ("/post/", "/post/page/2/", "/post/page/3/", "<a rel=next href='{}'>»</a>"),
    ],
)
def test_pages_of_an_article_are_joined(world: World, first: str, second: str, third: str, link: str) -> None:
    """One article with the words of all pages, each asked for once, and the record says how many."""
    article = world.mirror(
        first,
        {
            first: page(1, foot=link.format(second)),
            second: page(2, foot=link.format(third)),
            third: page(3),
        },
    )
    assert pages_of(article) == [1, 2, 3]
    assert (article["pages"], article["partial"], article["state"]) == (3, 0, "scraped")
    assert article["word_count"] == len(article["text"].split())
    assert article["html"].count("<h1") == 0
    assert article["url"] == world.here.origin + first
    assert world.asked == [first, second, third]


def test_a_page_with_all_of_it_is_asked_for_instead(world: World) -> None:
    """Two requests rather than three."""
    foot = "<a href='/post/2/'>2</a><a href='/post/?page=all'>View on one page</a>"
    article = world.mirror(
        "/post/", {"/post/": page(1, foot=foot), "/post/?page=all": page(0, body=text(1) + text(2) + text(3))}
    )
    assert pages_of(article) == [1, 2, 3]
    assert world.asked == ["/post/", "/post/?page=all"]
    assert article["url"] == f"{world.here.origin}/post/"


def test_where_the_single_page_shows_something_else_the_pages_are_read(world: World) -> None:
    """A print link that leads to a shop."""
    foot = "<a href='/post/2/'>2</a><a href='/post/?print=1'>Print</a>"
    article = world.mirror(
        "/post/",
        {"/post/": page(1, foot=foot), "/post/?print=1": page(0, body=text(7) * 2), "/post/2/": page(2)},
    )
    assert pages_of(article) == [1, 2]


def test_a_loop_ends(world: World) -> None:
    """A server that shows the first page for every number adds nothing, and is asked once."""
    one = page(1, foot="<a rel=next href='/post/2/'>Next</a>")
    article = world.mirror("/post/", {"/post/": one, "/post/2/": one})
    assert (pages_of(article), article["pages"], article["partial"]) == ([1], 1, 0)
    assert world.asked == ["/post/", "/post/2/"]


def test_an_endless_chain_is_cut_and_marked(world: World) -> None:
    """Ten pages and no more."""
    numbered = {f"/post/{n}/": page(n, foot=f"<a rel=next href='/post/{n + 1}/'>Next</a>") for n in range(2, 60)}
    article = world.mirror("/post/", {"/post/": page(1, foot="<a rel=next href='/post/2/'>Next</a>"), **numbered})
    assert article["pages"] == MAX_PAGES
    assert article["partial"] == 1
    assert len(world.asked) == MAX_PAGES


def test_the_next_post_is_not_joined(world: World) -> None:
    """Neither by an address of its own, nor where posts are numbered like pages."""
    foot = "<a rel=next href='/another-post/'>Another post</a>"
    article = world.mirror("/post/", {"/post/": page(1, foot=foot), "/another-post/": page(9, title="Another post")})
    assert pages_of(article) == [1]
    assert world.asked == ["/post/"]


def test_the_next_post_under_a_page_s_address_is_not_joined(world: World) -> None:
    """`/series/2/` is another post, as its title says."""
    foot = "<a rel=next href='/series/2/'>Next</a>"
    article = world.mirror(
        "/series/", {"/series/": page(1, foot=foot), "/series/2/": page(2, title="Database left open")}
    )
    assert (pages_of(article), article["pages"], article["partial"]) == ([1], 1, 0)


def test_a_page_that_is_gone_leaves_what_there_is(world: World) -> None:
    """A 404 does not come back: saved at once, and marked."""
    article = world.mirror("/post/", {"/post/": page(1, foot="<a rel=next href='/post/2/'>Next</a>")})
    assert (pages_of(article), article["partial"], article["state"]) == ([1], 1, "scraped")


def test_a_page_that_fails_for_now_is_tried_again(world: World) -> None:
    """A 500 on page two: nothing is saved yet, the feed's text stands; it works later, and the article is whole."""
    answers = [(500, "text/plain", b"")]

    def second() -> tuple[int, str, bytes]:
        return answers.pop() if answers else (200, *page(2))

    pages = {"/post/": page(1, foot="<a rel=next href='/post/2/'>Next</a>"), "/post/2/": second}
    before = world.mirror("/post/", pages)
    assert (before["state"], before["attempts"], before["text"]) == ("failed", 1, "")
    assert "500" in before["last_error"]
    article = world.mirror("/post/", pages)
    assert (pages_of(article), article["partial"], article["last_error"]) == ([1, 2], 0, None)


def test_a_page_that_fails_for_good_costs_only_itself(world: World) -> None:
    """After the last try what was had is saved, and marked."""
    pages = {
        "/post/": page(1, foot="<a rel=next href='/post/2/'>Next</a>"),
        "/post/2/": lambda: (500, "text/plain", b""),
    }
    article = world.mirror("/post/", pages, rounds=8)
    assert (pages_of(article), article["partial"], article["state"]) == ([1], 1, "scraped")
    assert article["next_attempt"] is None


@pytest.mark.parametrize(
    ("path", "html"), [("/post/amp/", "amp"), ("/post/?amp=1", "⚡"), ("/post/?print=1", ""), ("/post/print/", "")]
)
def test_amp_and_print_pages_lead_to_the_real_one(world: World, path: str, html: str) -> None:
    """Its text is stored, its address is the article's; the feed's link is known to mean the same."""
    article = world.mirror(
        path,
        {
            path: page(1, html=html, head="<link rel=canonical href='/post/'>"),
            "/post/": page(2, head="<link rel=canonical href='/post/'>"),
        },
    )
    assert pages_of(article) == [2]
    assert article["url"] == article["final_url"] == f"{world.here.origin}/post/"
    assert world.asked == [path, "/post/"]


def test_a_real_page_may_have_several_pages(world: World) -> None:
    """An AMP page in the feed, two pages behind it."""
    article = world.mirror(
        "/post/amp/",
        {
            "/post/amp/": page(1, html="amp", head="<link rel=canonical href='/post/'>"),
            "/post/": page(1, foot="<a href='/post/2/'>2</a>"),
            "/post/2/": page(2),
        },
    )
    assert pages_of(article) == [1, 2]


@pytest.mark.parametrize(
    "real",
    [
        {},
        {
            "/post/": (
                HTML,
                b"<html><body><h1>Cookies</h1><p>We and our partners use cookies. Accept all?</p></body></html>",
            )
        },
        {"/post/": page(5, title="Welcome to the shop")},
        {"/post/": lambda: (503, "text/plain", b"")},
    ],
    ids=["not found", "a consent wall", "another page", "unavailable"],
)
def test_where_the_real_page_can_not_be_had_the_amp_text_stands(world: World, real: dict[str, Any]) -> None:
    """And its canonical URL is the article's all the same; what may pass is tried as often as any page first."""
    amp = {"/post/amp/": page(1, html="amp", head="<link rel=canonical href='/post/'>")}
    article = world.mirror("/post/amp/", {**amp, **real}, rounds=outcomes.ATTEMPTS)
    assert pages_of(article) == [1]
    assert (article["url"], article["state"]) == (f"{world.here.origin}/post/", "scraped")
    assert article["final_url"] == f"{world.here.origin}/post/amp/"


def test_the_real_page_behind_an_amp_page_is_waited_for(world: World) -> None:
    """A passing failure costs no reader the real page: the AMP text is not stored before the last try."""
    answers = [(503, "text/plain", b""), (200, HTML, page(2)[1])]
    article = world.mirror(
        "/post/amp/",
        {
            "/post/amp/": page(1, html="amp", head="<link rel=canonical href='/post/'>"),
            "/post/": lambda: answers.pop(0) if len(answers) > 1 else answers[0],
        },
        rounds=2,
    )
    assert pages_of(article) == [2]
    assert article["partial"] == 0


def test_no_page_of_another_site_is_asked_for(world: World) -> None:
    """Neither as the real page nor as the next one."""
    with outlet() as other:
        head = f"<link rel=canonical href='{other.origin.replace('127.0.0.1', 'localhost')}/post/'>"
        foot = f"<a rel=next href='{other.origin.replace('127.0.0.1', 'localhost')}/post/2/'>Next</a>"
        article = world.mirror("/post/", {"/post/": page(1, html="amp", head=head, foot=foot)})
        assert pages_of(article) == [1]
        assert other.asked == []
