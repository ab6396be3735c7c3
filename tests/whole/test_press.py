"""Four rounds of an imaginary press through the whole program: what is stored, linked, emitted, and asked for."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from support.mirroredpress import Mirrored, rows

from aggregator.demo import Expected


def by_url(mirrored: Mirrored) -> dict[str, dict[str, str]]:
    with mirrored.database() as database:
        found = database.execute(
            "select entries.url as entry_url, articles.* from entries join articles on articles.id = entries.article_id"
        )
        return {row["entry_url"]: dict(row) for row in found}  # fmt: skip


def paged(mirrored: Mirrored) -> list[Expected]:
    return [post for post in mirrored.expected if post.url and post.allowed]


def test_every_post_of_every_round_is_stored(mirrored: Mirrored) -> None:
    """What left a feed again stays; what has no page of its own is there; nothing else is."""
    with mirrored.database() as database:
        stored = Counter(row["title"] for row in database.execute("select title from entries"))
    assert stored == Counter(post.title for post in mirrored.expected)


def test_articles_carry_title_text_and_nothing_of_the_page_around(mirrored: Mirrored) -> None:
    """Each paragraph of each post that has a page is in its article, and no share bar, form or related card."""
    stored = by_url(mirrored)
    lost, noisy, titles = [], [], []
    for post in paged(mirrored):
        article = stored[str(post.url)]
        text = " ".join(article["text"].split())
        lost += [(post.url, part) for part in (*post.paragraphs, *post.cells) if " ".join(part.split()) not in text]
        noisy += [(post.url, part) for part in post.noise if " ".join(part.split()) in text]
        titles += [(post.title, article["title"])] if article["title"] != post.title else []
    assert not titles
    assert not lost
    assert not noisy


def test_code_survives_to_the_letter(mirrored: Mirrored) -> None:
    """Indicators, rules and commands are in the stored text as they were written."""
    stored = by_url(mirrored)
    listings = [(post.url, listing) for post in paged(mirrored) for listing in post.code]
    assert listings
    assert not [(url, listing) for url, listing in listings if listing.strip() not in stored[str(url)]["text"]]


def test_next_and_previous_links_are_those_of_the_pages(mirrored: Mirrored) -> None:
    """Where a page states a neighbour, the combined feed leads there, with the neighbour's title."""
    items = {item["url"]: item["_aggregator"] for item in mirrored.items()}
    wrong = []
    stated = 0
    for post in paged(mirrored):
        if post.url not in items:
            continue
        for direction in ("next", "previous"):
            wanted = getattr(post, direction)
            if wanted:
                stated += 1
                found = items[post.url][direction]
                if not found or found["url"] != wanted.url or (wanted.title and found["title"] != wanted.title):
                    wrong.append((post.url, direction, wanted, found))
    assert stated > 40
    assert not wrong, "\n".join(map(str, wrong))


def test_the_database_knows_the_neighbours_of_the_output(mirrored: Mirrored) -> None:
    """`neighbour_posts` has the next and the previous post of each entry of the combined feed, and no other."""
    items = {item["url"]: item["_aggregator"] for item in mirrored.items() if item.get("url")}
    with mirrored.database() as database:
        rows = database.execute(
            "SELECT coalesce(articles.url, 'http://mirror.example/' || posts.path), direction,"
            " coalesce(other_url, 'http://mirror.example/' || other_path), other_title"
            " FROM neighbour_posts JOIN articles ON articles.id = neighbour_posts.id"
            " JOIN posts ON posts.article_id = articles.id"
        ).fetchall()
        named = database.execute("SELECT count(*) FROM next_posts WHERE stated_by IS NULL").fetchone()[0]
    known = {(row[0], row[1]): (row[2], row[3]) for row in rows if row[0] in items}
    links = {
        (url, direction): (facts[direction]["url"], facts[direction]["title"])
        for url, facts in items.items()
        for direction in ("next", "previous")
        if facts[direction]
    }
    assert len(links) > 60
    assert known == links
    assert named == 0


def test_a_next_link_leads_to_the_mirrored_post(mirrored: Mirrored) -> None:
    """On the mirror and in the feed, the neighbour that we hold is a page of ours, and that page is there."""
    held = [item["_aggregator"]["next"] for item in mirrored.items() if item["_aggregator"]["next"]]
    mirrors = [link["mirror_url"] for link in held if link["mirror_url"]]
    assert len(mirrors) > 20
    for url in mirrors:
        assert (mirrored.public / urlsplit(url).path.lstrip("/")).is_file()


def test_the_next_post_appears_in_a_later_round_without_touching_updated(mirrored: Mirrored) -> None:
    """Titles and teasers of posts that came later stand below earlier ones, whose `date_modified` is unmoved."""
    first_round = {post.url for post in mirrored.expected if post.round == 1}
    filled = [item for item in mirrored.items() if item["url"] in first_round and item["_aggregator"]["next"]]
    assert len(filled) > 10
    assert all(item.get("date_modified", item["date_published"]) >= item["date_published"] for item in filled)
    with mirrored.database() as database:
        revised = database.execute("select count(*) from posts where revised is not null").fetchone()[0]
    assert revised <= sum(tally.revised for tally in mirrored.tallies)


def test_a_copy_is_linked_to_its_first_publication_and_stands_once(mirrored: Mirrored) -> None:
    """A wire story in three outlets is one entry of the combined feed, with the others under it."""
    stored = by_url(mirrored)
    items = {item["url"]: item for item in mirrored.items()}
    copies = [post for post in paged(mirrored) if post.copy_of and post.copy_of in stored]
    assert len(copies) >= 6
    missed = [
        post.url
        for post in copies
        if not stored[str(post.url)]["duplicate_of"] and not stored[str(post.copy_of)]["duplicate_of"]
    ]
    assert not missed
    for post in copies:
        assert (post.url in items) + (post.copy_of in items) <= 1
    assert any(item["_aggregator"]["also_in"] for item in items.values())


def test_what_are_different_articles_is_not_linked(mirrored: Mirrored) -> None:
    """No post is called a copy of another unless it carries the same text."""
    same = {frozenset((post.url, post.copy_of)) for post in mirrored.expected if post.copy_of}
    groups: dict[str, set[str]] = {}
    for post in mirrored.expected:
        groups.setdefault(post.copy_of or str(post.url), set()).add(str(post.url))
    with mirrored.database() as database:
        linked = database.execute(
            "select a.url as copy, b.url as first from articles a join articles b on b.id = a.duplicate_of"
        ).fetchall()
    assert linked
    assert not [
        (row["copy"], row["first"])
        for row in linked
        if frozenset((row["copy"], row["first"])) not in same
        and not any({row["copy"], row["first"]} <= group for group in groups.values())
    ]


def test_each_page_is_fetched_once_and_robots_is_obeyed(mirrored: Mirrored) -> None:
    """No page twice unless its entry was revised, none that robots.txt forbids, and the forbidden post still goes out with the feed's text."""
    pages = Counter(
        (asked.outlet, asked.path) for asked in mirrored.requests if asked.status == 200 and "robots" not in asked.path
    )
    twice = {asked for asked, count in pages.items() if count > 1}
    posts = {(post.outlet, urlsplit(str(post.url)).path): post for post in mirrored.expected if post.url}
    assert [
        posts[asked].title for asked in twice & posts.keys() if posts[asked].updated == posts[asked].published
    ] == []
    forbidden = [post for post in mirrored.expected if not post.allowed]
    assert forbidden
    asked = {asked.path for asked in mirrored.requests}
    assert not {urlsplit(str(post.url)).path for post in forbidden} & asked
    assert {post.title for post in forbidden} <= {item["title"] for item in mirrored.items()}


def test_a_second_poll_of_unchanged_feeds_fetches_and_writes_nothing_new(mirrored: Mirrored) -> None:
    """Conditional requests alone; no row more than the log of polls, no file written."""
    again = mirrored.again
    assert (again.new, again.revised, again.scraped, again.published, again.built.written) == (0, 0, 0, 0, 0)
    assert {asked.path for asked in mirrored.asked_again} <= {asked.path for asked in mirrored.requests}
    posts = {urlsplit(str(post.url)).path for post in mirrored.expected if post.url}
    assert not {asked.path for asked in mirrored.asked_again} & posts
    after = rows(mirrored.folder)
    assert {table for table in after if after[table] != mirrored.rows_before[table]} <= {"polls"}


def test_only_the_first_request_of_a_feed_is_unconditional(mirrored: Mirrored) -> None:
    """Once a validator was given, every later request echoes it."""
    seen: set[tuple[str, str]] = set()
    for asked in mirrored.requests:
        names = {name.lower() for name in asked.headers}
        if (asked.outlet, asked.path) in seen and asked.status == 304:
            assert names & {"if-none-match", "if-modified-since"}
        seen.add((asked.outlet, asked.path))
    assert any(asked.status == 304 for asked in mirrored.asked_again)


def test_outlets_in_trouble_lose_nothing(mirrored: Mirrored) -> None:
    """The gone, the broken and the moved: their entries are all there, and `gone` is polled no more of itself."""
    with mirrored.database() as database:
        states = {row["name"]: row["status"] for row in database.execute("select name, status from feeds")}
    assert "gone" in states.values()
    troubled = [name for name, state in states.items() if state == "gone"]
    kept = {post.title for post in mirrored.expected if post.outlet in troubled}
    assert kept <= {item["title"] for item in mirrored.items()}


@pytest.mark.parametrize("document", ["feed.json", "feed.atom", "feed.rss"])
def test_nothing_active_reaches_the_output(mirrored: Mirrored, document: str) -> None:
    """No script, handler or frame of any outlet's page."""
    text = (mirrored.public / document).read_text("utf-8")
    assert not re.search(r"(?i)(<|&lt;)(script|iframe|form|style)\b|\bon(load|error|click)=", text)


def test_every_page_names_and_links_its_source(mirrored: Mirrored) -> None:
    """The outlet's name and the original address stand on each post's page."""
    pages = {item["title"]: item for item in mirrored.items()}
    for path in (mirrored.public / "posts").rglob("*.html"):
        text = path.read_text("utf-8")
        assert (
            'rel="canonical"' in text or "no page of its own" in text or any(not post.url for post in mirrored.expected)
        )
    assert pages
