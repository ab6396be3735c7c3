"""Evidence: one view tells how each article came to be what is stored."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

from support.store_builders import HOUR, NOW, Newsroom, entry, evidence, fingerprint

from aggregator.models import Article, Likeness, Validators

A = "https://alpha.example/"


def test_the_view_tells_all_that_is_known_of_an_article(newsroom: Newsroom) -> None:
    """Fetched when and how, the headers that matter, the page's hash, engine, rule, pages, and a copy of what and why."""
    newsroom.poll(entry("one"), entry("two"), entry("three"))
    three = newsroom.scrape(A + "three")
    two = newsroom.article_id(A + "two")
    proof = replace(
        evidence(A + "two/"),
        validators=Validators('"e2"', "Tue, 10 Mar 2026 11:00:00 GMT"),
        x_robots_tag="noarchive",
        partial=True,
    )
    article = Article(
        A + "two", title="Two", text="Text.", extractor="rule", quality=0.9, noarchive=True, pages=2, rule="alpha.txt"
    )
    likeness = Likeness(three, 0.93, "nearly the same")
    newsroom.store.save_article(two, article, proof, fingerprint("Text."), likeness, NOW, (A + "two",))
    with newsroom.store._session.read() as sql:
        row = dict(sql.one("SELECT * FROM evidence WHERE id = ?", (two,)) or ())
        counts = [sql.value(f"SELECT count(*) FROM {name}") for name in ("evidence", "articles")]
    known = {
        "url": A + "two/", "fetched_at": "2026-03-10T12:00:00Z", "final_url": A + "two/", "http_status": 200,
        "content_type": "text/html", "etag": '"e2"', "last_modified": "Tue, 10 Mar 2026 11:00:00 GMT",
        "x_robots_tag": "noarchive", "noarchive": 1, "raw_hash": proof.raw_hash, "partial": 1, "pages": 2,
        "extractor": "rule", "quality": 0.9, "rule": "alpha.txt", "duplicate_of": three, "similarity": 0.93,
        "duplicate_reason": "nearly the same", "state": "scraped", "source": "Alpha",
    }  # fmt: skip
    assert {name: row[name] for name in known} == known
    assert counts == [3, 3]  # one row an article, whatever is known of it


def test_the_desk_tells_the_same(newsroom: Newsroom) -> None:
    """What the API shows of an article: headers, pages and rule too, and nothing where nothing is known."""
    newsroom.poll(entry("one"), entry("two"))
    one = newsroom.article_id(A + "one")
    proof = replace(
        evidence(A + "one"),
        validators=Validators('"e1"', "Tue, 10 Mar 2026 11:00:00 GMT"),
        x_robots_tag="noarchive",
    )
    article = Article(A + "one", title="One", text="Text.", pages=3, rule="alpha.txt")
    newsroom.store.save_article(one, article, proof, fingerprint("Text."), None, NOW, (A + "one",))
    newsroom.now += 48 * HOUR
    newsroom.publish()
    told = [newsroom.store.queries.article(id_) for id_ in (one, newsroom.article_id(A + "two"))]
    headers = attrgetter("etag", "last_modified", "x_robots_tag", "pages", "rule", "raw_hash")
    shown = [headers(found.evidence) for found in told if found]
    assert shown == [
        ('"e1"', "Tue, 10 Mar 2026 11:00:00 GMT", "noarchive", 3, "alpha.txt", proof.raw_hash),
        (None, None, None, None, None, None),
    ]


def test_a_header_that_is_no_longer_sent_is_forgotten(newsroom: Newsroom) -> None:
    """What stands there is what the page said when it was fetched last."""
    newsroom.poll(entry("one"))
    number = newsroom.article_id(A + "one")
    for said in ("noarchive", ""):
        proof = replace(evidence(A + "one"), x_robots_tag=said)
        newsroom.store.save_article(number, Article(A + "one", text="T."), proof, fingerprint("T."), None, NOW)
        with newsroom.store._session.read() as sql:
            assert (sql.value("SELECT x_robots_tag FROM evidence") or "") == said
