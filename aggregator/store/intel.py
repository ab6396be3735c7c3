"""What articles name, as stored: their facts, the flaws that they name, hits of watchlists, pages to be written.

What a text names is found elsewhere (intel); nothing here recognises, judges or joins.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.models.emit import Flaw, PostFact
from aggregator.models.intel import JUDGED, Fact, Vulnerability
from aggregator.store import post_changes, times, vulnerabilities
from aggregator.store.connection import Session, Sql

PAGES = ("cve", "actor", "software", "vendor", "product")
"""Kinds whose values have a page and a feed of their own."""


@dataclass(frozen=True, slots=True)
class WaitingText:
    """An article whose facts are to be found."""

    id: int
    title: str
    text: str
    html: str
    url: str
    own: tuple[str, ...]
    published: str


@dataclass(frozen=True, slots=True)
class WatchHit:
    """A hit of a watchlist, as stored."""

    article_id: int
    watch: str
    why: str
    certain: bool
    exploited: bool


@dataclass(frozen=True, slots=True)
class NamedIn:
    """An article that names something: for its page, its feed and the API."""

    article_id: int
    title: str
    url: str
    path: str | None
    outlet: str
    published: datetime


class StoredIntel:
    """Facts, flaws and hits in the database."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def waiting(self, limit: int) -> tuple[WaitingText, ...]:
        """Articles whose text was not read for facts since it came or changed; newest first."""
        with self._session.read() as sql:
            return _texts(sql, f"{_TEXTS} {_WAITING}", (limit,))

    def save(
        self, article_id: int, facts: Iterable[Fact], hits: Iterable[WatchHit], recogniser: int, now: datetime
    ) -> None:
        """Replace the facts of an article, and mark what shows them as changed; its `updated` stays.

        Of an article whose text was deleted, the flaws that it named are kept.
        """
        with self._session.write() as sql:
            before = {
                tuple(row)
                for row in sql.all("SELECT kind, value, indicator FROM facts WHERE article_id = ?", (article_id,))
            }
            gone = not sql.value("SELECT text FROM articles WHERE id = ?", (article_id,))
            sql.execute("DELETE FROM facts WHERE article_id = ? AND NOT (? AND kind = 'cve')", (article_id, gone))
            rows = [_row(article_id, fact, recogniser) for fact in facts]
            sql.many("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            sql.execute("DELETE FROM facts_waiting WHERE article_id = ?", (article_id,))
            after = {(row[1], row[2], int(bool(row[6]))) for row in rows}
            self._save_hits(sql, article_id, hits, now)
            if before != after:
                pages = {(kind, value) for kind, value, _ in before | after if kind in PAGES}
                sql.many("INSERT OR IGNORE INTO fact_pages_changed VALUES (?, ?)", sorted(pages))
                post_changes.mark_changed(sql, [article_id])

    @staticmethod
    def _save_hits(sql: Sql, article_id: int, hits: Iterable[WatchHit], now: datetime) -> None:
        found = {hit.watch: hit for hit in hits}
        sql.execute(
            "DELETE FROM watch_hits WHERE article_id = ? AND watch NOT IN (SELECT value FROM json_each(?))",
            (article_id, json.dumps(sorted(found))),
        )
        sql.many(
            "INSERT INTO watch_hits (article_id, watch, why, certain, exploited, at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (article_id, watch) DO UPDATE SET why = excluded.why, certain = excluded.certain, exploited = excluded.exploited",
            [(article_id, hit.watch, hit.why, hit.certain, hit.exploited, times.whole(now)) for hit in found.values()],
        )

    def cves(self) -> tuple[str, ...]:
        """Every CVE number that an article names."""
        with self._session.read() as sql:
            return tuple(row["value"] for row in sql.all("SELECT DISTINCT value FROM facts WHERE kind = 'cve'"))

    def save_vulnerabilities(self, known: Mapping[str, Vulnerability], now: datetime) -> int:
        """Write what the data files know of the flaws that articles name now; how many changed.

        A change marks the posts that name the flaw, so that they are written again; their `updated` stays.
        """
        with self._session.write() as sql:
            return vulnerabilities.save(sql, known, now)

    def queue_outdated(self, recogniser: int, limit: int) -> int:
        """Have articles read again whose facts an older recogniser found; how many."""
        with self._session.write() as sql:
            return sql.execute(
                "INSERT OR IGNORE INTO facts_waiting SELECT DISTINCT article_id FROM facts WHERE recogniser < ? LIMIT ?",
                (recogniser, limit),
            ).rowcount

    def changed(self, what: str, number: int) -> bool:
        """Note the number of what facts are found with; whether it is another than before."""
        name = f"intel: {what}"
        with self._session.read() as sql:
            if sql.value("SELECT value FROM numbers WHERE name = ?", (name,)) == number:
                return False
        with self._session.write() as sql:
            sql.execute("INSERT OR REPLACE INTO numbers (name, value) VALUES (?, ?)", (name, number))
        return True

    def untold(self, watch: str, since: datetime) -> tuple[dict[str, Any], ...]:
        """Hits of a watchlist since then that nobody was told of, or not that they are exploited; oldest first."""
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                SELECT watch_hits.why, watch_hits.certain, watch_hits.exploited, watch_hits.told_at, named.*,
                    coalesce((SELECT story_id FROM story_articles WHERE article_id = named.article_id), named.article_id) AS story,
                    EXISTS (SELECT 1 FROM watch_hits AS other JOIN story_articles AS beside ON beside.article_id = other.article_id
                        WHERE other.watch = watch_hits.watch AND other.told_at IS NOT NULL
                        AND other.told_exploited >= watch_hits.exploited AND beside.story_id =
                            (SELECT story_id FROM story_articles WHERE article_id = named.article_id)) AS told_by_story
                FROM watch_hits JOIN ({_ARTICLES}) AS named ON named.article_id = watch_hits.article_id
                WHERE watch_hits.watch = ? AND watch_hits.at >= ? AND named.path IS NOT NULL
                    AND (watch_hits.told_at IS NULL OR watch_hits.exploited > watch_hits.told_exploited)
                ORDER BY named.published, named.article_id
                """,  # noqa: S608 - our own words
                (watch, times.whole(since)),
            )
            return tuple(dict(row) for row in rows)

    def told(self, watch: str, article_id: int, now: datetime) -> None:
        """Note that a message about a hit went out, or that its story had one."""
        with self._session.write() as sql:
            sql.execute(
                "UPDATE watch_hits SET told_at = ?, told_exploited = exploited WHERE watch = ? AND article_id = ?",
                (times.whole(now), watch, article_id),
            )

    def texts_since(self, since: datetime) -> tuple[tuple[WaitingText, tuple[str, ...]], ...]:
        """(text, CVE numbers that it names) of articles published since then, newest first."""
        with self._session.read() as sql:
            found = _texts(
                sql, f"{_TEXTS} WHERE articles.published >= ? ORDER BY articles.published DESC", (times.whole(since),)
            )
            named: dict[int, list[str]] = {}
            for row in sql.all("SELECT article_id, value FROM facts WHERE kind = 'cve'"):
                named.setdefault(row["article_id"], []).append(row["value"])
        return tuple((one, tuple(named.get(one.id, ()))) for one in found)

    def queue_all(self) -> int:
        """Have every article read again: lists or names have changed."""
        with self._session.write() as sql:
            return sql.execute("INSERT OR IGNORE INTO facts_waiting SELECT id FROM articles").rowcount

    def queue_judged(self) -> None:
        """Have the articles read again that hold a value which is judged; no list changes what others say."""
        kinds = ", ".join(f"'{kind}'" for kind in sorted(JUDGED))
        with self._session.write() as sql:
            sql.execute(
                f"INSERT OR IGNORE INTO facts_waiting SELECT DISTINCT article_id FROM facts WHERE kind IN ({kinds})"  # noqa: S608 - our own
            )

    # --- reading -----------------------------------------------------------------------------------------------------

    def changed_pages(self, limit: int) -> tuple[tuple[str, str], ...]:
        """(kind, value) of pages that have to be written again."""
        with self._session.read() as sql:
            return tuple(
                (row["kind"], row["value"]) for row in sql.all("SELECT * FROM fact_pages_changed LIMIT ?", (limit,))
            )

    def written_pages(self, pages: Sequence[tuple[str, str]]) -> None:
        with self._session.write() as sql:
            for page in pages:
                sql.execute("DELETE FROM fact_pages_changed WHERE kind = ? AND value = ?", page)

    def every_page(self) -> None:
        """Have every page written again."""
        with self._session.write() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO fact_pages_changed SELECT DISTINCT kind, value FROM facts "
                "WHERE kind IN ('cve', 'actor', 'software', 'vendor', 'product')"
            )

    def named_in(self, kind: str, value: str, limit: int = 500) -> tuple[NamedIn, ...]:
        """The articles that name something and are out, newest first."""
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                {_NAMED_IN} WHERE facts.kind = ? AND facts.value = ? AND {_OUT} ORDER BY articles.published DESC, articles.id DESC LIMIT ?
                """,
                (kind, value, limit),
            )
            return tuple(_named_in(row) for row in rows)

    def neighbours(self, kind: str, value: str, limit: int = 20) -> tuple[tuple[str, str, int], ...]:
        """(kind, value, articles) of what is named together with something, most often first."""
        with self._session.read() as sql:
            rows = sql.all(
                """
                SELECT other.kind, other.value, count(*) AS articles FROM facts AS one
                JOIN facts AS other ON other.article_id = one.article_id AND other.kind IN ('cve', 'actor', 'software', 'vendor', 'product')
                WHERE one.kind = ? AND one.value = ? AND NOT (other.kind = one.kind AND other.value = one.value)
                GROUP BY other.kind, other.value ORDER BY articles DESC, other.kind, other.value LIMIT ?
                """,
                (kind, value, limit),
            )
            return tuple((row["kind"], row["value"], row["articles"]) for row in rows)

    def flaw(self, cve: str) -> dict[str, Any] | None:
        with self._session.read() as sql:
            row = sql.one("SELECT * FROM vulnerabilities WHERE cve = ?", (cve,))
            return _plain(row) if row else None

    def flaws(self, *, exploited: bool | None = None, after: str = "", limit: int = 50) -> tuple[dict[str, Any], ...]:
        """The flaws by number, from one after `after` on."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT * FROM vulnerabilities WHERE cve > ? AND (? IS NULL OR exploited = ?) ORDER BY cve LIMIT ?",
                (after, exploited, exploited, limit),
            )
            return tuple(_plain(row) for row in rows)

    def exploited(self, limit: int = 500) -> tuple[dict[str, Any], ...]:
        """The flaws that are exploited now, those learnt last first."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT * FROM vulnerabilities WHERE exploited ORDER BY exploited_since DESC, cve DESC LIMIT ?",
                (limit,),
            )
            return tuple(_plain(row) for row in rows)

    def newest(self) -> datetime | None:
        """The publication of the newest article that names an indicator: exports go by it, not by the clock."""
        with self._session.read() as sql:
            return times.read(
                sql.value(
                    "SELECT max(articles.published) FROM articles JOIN facts ON facts.article_id = articles.id WHERE facts.indicator"
                )
            )

    def text_of(self, article_id: int) -> WaitingText:
        """The text of an article as it is read for facts."""
        with self._session.read() as sql:
            (found,) = _texts(sql, f"{_TEXTS} WHERE articles.id = ?", (article_id,))
        return found

    def exported(self, since: datetime) -> tuple[tuple[NamedIn, tuple[PostFact, ...]], ...]:
        """Articles with an indicator that are out, not withdrawn and published since then, by number, with their facts."""
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                {_ARTICLES} WHERE {_OUT} AND articles.published >= ? AND articles.duplicate_of IS NULL
                    AND EXISTS (SELECT 1 FROM facts WHERE facts.article_id = articles.id AND facts.indicator)
                ORDER BY articles.id
                """,  # noqa: S608 - our own words
                (times.whole(since),),
            )
            facts = of_articles(sql, [row["article_id"] for row in rows])
        return tuple((_named_in(row), facts.get(row["article_id"], ())) for row in rows)

    def indicators(
        self, *, kind: str | None, since: datetime | None, after: tuple[str, str] = ("", ""), limit: int = 50
    ) -> tuple[dict[str, Any], ...]:
        """Indicators by kind and value, from one after `after` on; `since`: last seen then or later."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT * FROM indicators WHERE (? IS NULL OR kind = ?) AND (? IS NULL OR last_seen >= ?) "
                "AND (kind, value) > (?, ?) ORDER BY kind, value LIMIT ?",
                (kind, kind, since and times.whole(since), since and times.whole(since), *after, limit),
            )
            return tuple(dict(row) for row in rows)

    def watched(self, since: datetime) -> tuple[tuple[str, int], ...]:
        """Each watchlist with a hit since then, and how many it has."""
        with self._session.read() as sql:
            rows = sql.all(
                "SELECT watch, count(*) AS hits FROM watch_hits WHERE at >= ? GROUP BY watch ORDER BY watch",
                (times.whole(since),),
            )
            return tuple((row["watch"], row["hits"]) for row in rows)

    def of_article(self, article_id: int) -> tuple[dict[str, Any], ...]:
        """The facts of an article, or of the one that it is a copy of, with their places."""
        with self._session.read() as sql:
            own = sql.value("SELECT coalesce(duplicate_of, id) FROM articles WHERE id = ?", (article_id,))
            rows = sql.all("SELECT * FROM facts WHERE article_id = ? ORDER BY kind, value", (own,))
            return tuple({**dict(row), "places": json.loads(row["places"])} for row in rows)

    def hits(
        self, watch: str | None = None, since: datetime | None = None, limit: int = 200
    ) -> tuple[dict[str, Any], ...]:
        """Hits of the watchlists, newest first."""
        with self._session.read() as sql:
            rows = sql.all(
                f"""
                SELECT watch_hits.watch, watch_hits.why, watch_hits.certain, watch_hits.exploited, watch_hits.at, watch_hits.told_at, named.*
                FROM watch_hits JOIN ({_ARTICLES}) AS named ON named.article_id = watch_hits.article_id
                WHERE (? IS NULL OR watch_hits.watch = ?) AND (? IS NULL OR watch_hits.at >= ?) AND named.path IS NOT NULL
                ORDER BY watch_hits.at DESC, watch_hits.article_id DESC LIMIT ?
                """,  # noqa: S608 - our own words
                (watch, watch, since and times.whole(since), since and times.whole(since), limit),
            )
            return tuple(dict(row) for row in rows)


_TEXTS = """
    SELECT articles.id, coalesce(articles.title, '') AS title, articles.text, articles.html,
        coalesce(articles.url, '') AS url, articles.source_url, articles.published, feeds.url AS feed_url,
        feeds.home_page_url
    FROM articles JOIN feeds ON feeds.id = articles.feed_id
"""
_WAITING = """
    JOIN facts_waiting ON facts_waiting.article_id = articles.id
    ORDER BY articles.id DESC LIMIT ?
"""


def _texts(sql: Sql, statement: str, parameters: tuple[object, ...]) -> tuple[WaitingText, ...]:
    return tuple(
        WaitingText(
            row["id"],
            row["title"],
            row["text"],
            row["html"],
            row["url"],
            tuple(one for one in (row["feed_url"], row["home_page_url"], row["source_url"]) if one),
            row["published"],
        )
        for row in sql.all(statement, parameters)
    )


_ARTICLES = """
    SELECT articles.id AS article_id, coalesce(articles.title, '') AS title, coalesce(articles.url, '') AS url, articles.published,
        feeds.name AS outlet, posts.path
    FROM articles JOIN feeds ON feeds.id = articles.feed_id JOIN posts ON posts.article_id = articles.id
"""
_NAMED_IN = _ARTICLES + " JOIN facts ON facts.article_id = articles.id"
_OUT = "posts.sequence IS NOT NULL AND articles.id NOT IN (SELECT article_id FROM withdrawals)"


def _named_in(row: sqlite3.Row) -> NamedIn:
    return NamedIn(
        row["article_id"], row["title"], row["url"], row["path"], row["outlet"], times.must_read(row["published"])
    )


def _row(article_id: int, fact: Fact, recogniser: int) -> tuple[object, ...]:
    places = json.dumps([[one.field, one.start, one.end] for one in fact.places])
    return (
        article_id, fact.kind, fact.value, fact.shown, fact.name, fact.attack_id, fact.indicator, fact.why, fact.confidence, fact.port,
        fact.count, places, recogniser,
    )  # fmt: skip


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "products": json.loads(row["products"]), "cwes": json.loads(row["cwes"])}


def of_articles(sql: Sql, ids: Sequence[int]) -> dict[int, tuple[PostFact, ...]]:
    """The facts of these articles (of a copy: its original's), with the state of the flaws."""
    rows = sql.all(
        """
        SELECT articles.id AS id, facts.kind, facts.value, facts.shown, facts.name, facts.attack_id, facts.indicator, facts.why,
            facts.confidence, facts.port, v.state, v.title, v.exploited, v.exploited_since, v.kev_added, v.kev_due, v.kev_ransomware,
            v.cvss, v.severity, v.epss, v.epss_percentile, v.epss_date, v.epss_model
        FROM json_each(?) AS wanted
        JOIN articles ON articles.id = wanted.value
        JOIN facts ON facts.article_id = coalesce(articles.duplicate_of, articles.id)
        LEFT JOIN vulnerabilities AS v ON facts.kind = 'cve' AND v.cve = facts.value
        ORDER BY facts.article_id, facts.kind, facts.value
        """,
        (json.dumps(list(ids)),),
    )
    found: dict[int, list[PostFact]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append(_post_fact(row))
    return {number: tuple(facts) for number, facts in found.items()}


def _post_fact(row: sqlite3.Row) -> PostFact:
    flaw = None
    if row["kind"] == "cve":
        flaw = Flaw(
            row["state"],
            row["title"],
            bool(row["exploited"]),
            times.read(row["exploited_since"]),
            row["kev_added"],
            row["kev_due"],
            bool(row["kev_ransomware"]),
            row["cvss"],
            row["severity"],
            row["epss"],
            row["epss_percentile"],
            row["epss_date"],
            row["epss_model"],
        )
    return PostFact(
        row["kind"],
        row["value"],
        row["shown"],
        row["name"],
        row["attack_id"],
        bool(row["indicator"]),
        row["why"],
        row["confidence"],
        row["port"],
        flaw,
    )
