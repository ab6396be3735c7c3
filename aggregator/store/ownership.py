"""Whose post an article is: that of the feed of its own site, whoever named it first; and what only shares its link.

A link says which page is meant, not who wrote it: link blogs and strangers are often first. Sites are compared by the
functions that the store was opened with (`addresses.Links`). Nothing is fetched here.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from aggregator.models import Article, Decision, Neighbour
from aggregator.store import article_texts, identity, neighbours, post_changes, retention, times
from aggregator.store.connection import Sql
from aggregator.store.identity import OWN_ENTRY, Links
from aggregator.text.urls import host_of

LINKED = "its link is that of this post"

AKIN = 0.5
"""The part of the words of the shorter of two titles that the other has too, when both speak of one thing."""

_DRESS = re.compile(r"^(www|m|mobile|amp)\.(?=[^.]+\.)")
_NOT_WORD = re.compile(r"[\W_]+")

_CARRIERS = """
    SELECT entries.feed_id, min(entries.id) AS entry_id, entries.canonical_url,
        feeds.polled_url, feeds.url AS feed_url, feeds.home_page_url
    FROM entries JOIN feeds ON feeds.id = entries.feed_id
    WHERE entries.article_id = ? AND entries.found_by = 'feed' GROUP BY entries.feed_id
"""


def folded(title: object) -> str:
    """A title without what outlets change in it: case, punctuation, forms of one character."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", str(title)).casefold()).strip()


def titles_akin(a: str, b: str) -> bool:
    """Whether two titles may be those of one article; one that is missing says nothing against it."""
    first, second = set(folded(a).split()), set(folded(b).split())
    return not first or not second or len(first & second) >= AKIN * min(len(first), len(second))


# --- the owner ------------------------------------------------------------------------------------------------------


def settle(sql: Sql, article_id: int, now: datetime, links: Links) -> bool:
    """Let an article be that of the feed at home where it is; whether that was news.

    It then has that feed's title, text, author and date, and its page is asked again. The others carry it.
    """
    rows = sql.all(_CARRIERS, (article_id,))
    if len(rows) < 2:
        return False
    article = sql.one("SELECT * FROM articles WHERE id = ?", (article_id,))
    assert article is not None
    carriers = {row["feed_id"]: row for row in rows}
    owner = carriers.get(article["feed_id"])
    best = owner
    for row in sorted(rows, key=lambda row: int(row["entry_id"])):
        address = article["final_url"] if article["state"] == "scraped" else None
        if best is None or _nearer(row, best, address or row["canonical_url"] or "", links):
            best = row
    if best is None:
        return False
    if best is not owner:
        _hand_to(sql, article, best["feed_id"], best["entry_id"], now)
    _note_contributors(sql, article_id, best, rows, links)
    _list_strangers(sql, article_id, best, links)
    article_texts.take_longest(sql, article_id, now)
    return best is not owner


def _list_strangers(sql: Sql, article_id: int, owner: sqlite3.Row, links: Links) -> None:
    """Let posts of strangers that only have this one's link be listed as such, now that the feed at home brings it.

    While no feed was at home there, they may have been taken for posts of their own (see `is_another`). A feed that has
    the address for several posts has none of them named by it.
    """
    url = owner["canonical_url"] or ""
    near = _nearness(owner, url, links)
    rows = sql.all(
        """
        SELECT DISTINCT entries.article_id, entries.feed_id,
            feeds.polled_url, feeds.url AS feed_url, feeds.home_page_url
        FROM entries JOIN feeds ON feeds.id = entries.feed_id
        WHERE entries.canonical_url = ? AND entries.article_id <> ? AND entries.found_by = 'feed'
        """,
        (url, article_id),
    )
    if not near or any(row["feed_id"] == owner["feed_id"] for row in rows):
        return
    for row in rows:
        if _nearness(row, url, links) < near:
            identity.follow(sql, row["article_id"], article_id, LINKED)
            post_changes.mark_changed(sql, (row["article_id"], article_id))


def _note_contributors(sql: Sql, article_id: int, owner: sqlite3.Row, rows: list[sqlite3.Row], links: Links) -> None:
    """Note which of the feeds that carry an article may add to it: those of its site, or as near to it as its owner.

    They have to say the same thing. The words of one that is farther away never stand for it.
    """
    sql.execute("DELETE FROM contributors WHERE article_id = ?", (article_id,))
    address = owner["canonical_url"] or ""
    near = _nearness(owner, address, links)
    own = _entry(sql, owner["entry_id"])
    for row in rows:
        other, nearness = _entry(sql, row["entry_id"]), _nearness(row, address, links)
        if row is not owner and nearness >= min(near, 1) and _add_up(own, other):
            sql.execute(
                "INSERT OR REPLACE INTO contributors (entry_id, article_id, text) VALUES (?, ?, ?)",
                (row["entry_id"], article_id, nearness >= near),
            )
            sql.execute("INSERT OR IGNORE INTO media_queue (article_id) VALUES (?)", (article_id,))


def _entry(sql: Sql, entry_id: int) -> sqlite3.Row:
    row = sql.one("SELECT * FROM entries WHERE id = ?", (entry_id,))
    assert row is not None
    return row


def _add_up(one: sqlite3.Row, other: sqlite3.Row) -> bool:
    texts = [article_texts.plain_words(row["html"] or row["summary"]) for row in (one, other)]
    return titles_akin(one["title"], other["title"]) and (
        min(map(len, texts)) < article_texts.RUN or article_texts.words_akin(*texts)  # a word or two is no text
    )


def _nearer(row: sqlite3.Row, other: sqlite3.Row, address: str, links: Links) -> bool:
    """Whether one feed is nearer to an address than another: fetched from its site, or at least said to be of it.

    Of two on one host, whose folders exclude each other, the one in whose folder it is.
    """
    one, two = _nearness(row, address, links), _nearness(other, address, links)
    if one != two:
        return one > two
    return (
        one > 0
        and _in_folder(row["home_page_url"], address) is True
        and (_in_folder(other["home_page_url"], address) is False)
    )


def _nearness(row: sqlite3.Row, address: str, links: Links) -> int:
    if links.at_home(row["polled_url"], address) or links.at_home(row["feed_url"], address):
        return 2
    return int(bool(row["home_page_url"]) and links.at_home(row["home_page_url"], address))


def _in_folder(home: str | None, address: str) -> bool | None:
    """Whether an address lies below a feed's home page; None where that is no folder of its host, or elsewhere."""
    folder = urlsplit(home or "").path.rstrip("/")
    hosts = {host_of(url).removeprefix("www.") for url in (home or "", address)}
    if not folder or len(hosts) > 1:
        return None
    return urlsplit(address).path.startswith(folder + "/")


def _hand_to(sql: Sql, article: sqlite3.Row, feed_id: int, entry_id: int, now: datetime) -> None:
    """Make an article that of another feed, which has it by this entry."""
    if retention.is_purged(sql, article["id"]):
        return
    entry = _entry(sql, entry_id)
    sql.execute(
        "UPDATE articles SET feed_id = ?, published = ?, attempts = 0, next_attempt = ? WHERE id = ?",
        (feed_id, entry["published_at"], times.whole(now) if entry["canonical_url"] else None, article["id"]),
    )
    sql.execute(
        "UPDATE posts SET feed_id = ?, published = iif(sequence IS NULL, published, ?) WHERE article_id = ?",
        (feed_id, entry["published_at"], article["id"]),
    )
    sql.execute("UPDATE samples SET feed_id = ? WHERE article_id = ?", (feed_id, article["id"]))
    if article["state"] == "scraped":
        sql.execute(
            "UPDATE articles SET author = coalesce(?, author), title = coalesce(nullif(?, ''), title) WHERE id = ?",
            (entry["author"], entry["title"], article["id"]),
        )
        post_changes.revised(sql, article["id"], now)
    else:
        article_texts.speak_as(sql, article["id"], entry, now)
        identity.stand_alone(sql, article["id"])
    post_changes.carry_all(sql, (article["id"],))


_ENTRIES_AT = """
    SELECT feed_id, article_id, title, html, summary FROM entries WHERE article_id = :article OR canonical_url = :url
"""
_FEEDS_AT = """
    SELECT id, polled_url, url AS feed_url, home_page_url FROM feeds WHERE id = :feed
        OR id IN (SELECT feed_id FROM entries WHERE article_id = :article OR canonical_url = :url)
"""

# --- what shares a link ---------------------------------------------------------------------------------------------


def is_another(sql: Sql, feed_id: int, article_id: int, decision: Decision, links: Links) -> bool:
    """Whether a new entry with an article's address is something else than that article.

    A feed that lists two entries means two, save where title and date are the same. Of two feeds it is something else
    when neither is nearer to the address than the other, and neither title nor text have anything in common: then the
    address is no article's, but a catalogue, a dashboard, a list of changes. What a stranger says of an outlet's post
    is never something else, unless the outlet itself has the address for several.
    """
    entry, url = decision.entry, decision.canonical_url or ""
    own = sql.one(
        """
        SELECT max(title = :title COLLATE NOCASE AND (published = :published OR (content_hash = :hash
            AND (published IS NULL OR :published IS NULL)))) AS same, count(*) AS entries
        FROM entries WHERE article_id = :article AND feed_id = :feed AND found_by = 'feed'
        """,
        {
            "article": article_id,
            "feed": feed_id,
            "title": entry.title,
            "published": times.exact(entry.published),
            "hash": decision.content_hash,
        },
    )
    assert own is not None
    if own["entries"]:
        return not own["same"]
    wanted = {"feed": feed_id, "url": url, "article": article_id}
    near = {row["id"]: _nearness(row, url, links) for row in sql.all(_FEEDS_AT, wanted)}
    others = sql.all(_ENTRIES_AT, wanted)
    here = [other for other in others if other["article_id"] == article_id]
    nearest = max((near[other["feed_id"]] for other in here), default=0)
    articles_there = {other["article_id"] for other in others if near[other["feed_id"]] == nearest}
    if not here or near[feed_id] > nearest or (near[feed_id] < nearest and len(articles_there) < 2):
        return False
    return not any(
        say_the_same(entry.title, entry.html or entry.summary, other["title"], other["html"] or other["summary"])
        for other in here
        if near[other["feed_id"]] == nearest
    )


def say_the_same(title: str, text: str, other_title: str, other_text: str) -> bool:
    """Whether two entries with one link may be about one post: by their titles, or by their texts (HTML)."""
    titled = bool(folded(title) and folded(other_title))
    texts = article_texts.plain_words(text), article_texts.plain_words(other_text)
    if (titled and titles_akin(title, other_title)) or article_texts.words_akin(*texts):
        return True
    return not titled and not all(texts)


def is_claimed(sql: Sql, article_id: int, url: str, links: Links) -> bool:
    """Whether only a page's word stands for an address being the article's: no feed's link, no redirect led there."""
    article = sql.one("SELECT final_url, canonical_url FROM articles WHERE id = ?", (article_id,))
    if article is None or article["canonical_url"] == url:
        return False
    if article["final_url"] and links.canonical(article["final_url"]) == url:
        return False
    return not sql.one("SELECT 1 FROM entries WHERE article_id = ? AND canonical_url = ?", (article_id, url))


def give_up(sql: Sql, article_id: int, url: str, links: Links) -> None:
    """Take an address from an article whose page has only claimed it; its link leads to its own page again."""
    sql.execute("DELETE FROM article_urls WHERE url = ? AND article_id = ?", (url, article_id))
    link_to_own_page(sql, article_id, url, links)


def link_to_own_page(sql: Sql, article_id: int, url: str, links: Links) -> None:
    """Let an article that links to `url` (canonical form) link to its own page again."""
    row = sql.one(
        f"""
        SELECT articles.url, coalesce(articles.final_url, entries.url) AS own
        FROM articles LEFT JOIN entries ON entries.id = {OWN_ENTRY}
        WHERE articles.id = ?
        """,  # noqa: S608 - the text is ours
        (article_id,),
    )
    if row is not None and row["url"] and row["own"] and links.canonical(row["url"]) == url:
        sql.execute("UPDATE articles SET url = ? WHERE id = ?", (row["own"], article_id))
        post_changes.mark_changed(sql, (article_id,))


def believed(sql: Sql, article_id: int, claim: str, page_url: str, links: Links) -> bool:
    """Whether a page may say that `claim` (canonical form) is its article's address.

    Not where it is a front page or a feed's own, or lies in the folder of another feed's author.
    """
    if not identity.identifying((claim,)) or in_anothers_folder(sql, article_id, claim, page_url):
        return False
    homes = {home for row in sql.all("SELECT home_page_url, url, polled_url FROM feeds") for home in tuple(row) if home}
    return not any(links.canonical(home) == claim for home in homes)


def speaks_for(sql: Sql, feed_ids: Iterable[int], page_url: str, page_text: str, text: str) -> bool:
    """Whether a page that claims the address of a post of these feeds is that post: near them, or in its words.

    Equal titles prove nothing: "Patch Tuesday, December" is everybody's. `text`: the post's words as HTML; where it has
    none, the titles have to do.
    """
    spaces = (space for feed_id in feed_ids for space in _spaces(sql, feed_id))
    if any(_lies_in(space, page_url) for space in spaces):
        return True
    words = article_texts.plain_words(text)
    return len(words) < article_texts.RUN or article_texts.words_akin(words, page_text.casefold().split())


def _spaces(sql: Sql, feed_id: int) -> set[str]:
    row = sql.one("SELECT home_page_url, url FROM feeds WHERE id = ?", (feed_id,))
    return {space for space in (row["home_page_url"], urljoin(row["url"], ".")) if space} if row else set()


def in_anothers_folder(sql: Sql, article_id: int, url: str, page_url: str) -> bool:
    """Whether `url` is of a feed that does not carry the article, and the article's page is not.

    A feed has the host or the folder of its home page, and the folder in which it stands itself.
    """
    rows = sql.all(
        """
        SELECT home_page_url, url FROM feeds WHERE (instr(home_page_url, :host) > 0 OR instr(url, :host) > 0)
            AND NOT EXISTS (SELECT 1 FROM entries WHERE article_id = :article AND feed_id = feeds.id)
        """,
        {"host": _main_host(url), "article": article_id},
    )
    spaces = {space for row in rows for space in (row["home_page_url"], urljoin(row["url"], ".")) if space}
    return any(_lies_in(space, url) and not _lies_in(space, page_url) for space in spaces)


def _lies_in(space: str, address: str) -> bool:
    """Whether an address is of the host of `space`, and below its path."""
    folder, path = (urlsplit(url).path.rstrip("/") + "/" for url in (space, address))
    return _main_host(space) == _main_host(address) and path.startswith(folder)


def _main_host(url: str) -> str:
    """The host of a URL, without the labels of its other dresses."""
    return _DRESS.sub("", host_of(url))


def own_neighbours(
    sql: Sql, article_id: int, article: Article, page_url: str
) -> tuple[tuple[str, Neighbour | None], ...]:
    """What a page states as next and previous post, without posts in the folder of another feed's author."""
    stated = ((neighbours.NEXT, article.next), (neighbours.PREVIOUS, article.previous))
    return tuple(
        (side, link) for side, link in stated if link and not in_anothers_folder(sql, article_id, link.url, page_url)
    )


def is_overview(sql: Sql, article_id: int, page_title: str, page_text: str) -> bool:
    """Whether a page is none of the article's own: entries of others have its link too, and it says something else.

    Where an article's feed gives it no text, its title has to tell.
    """
    rows = sql.all(
        """
        SELECT DISTINCT own.title, coalesce(nullif(own.html, ''), own.summary) AS html
        FROM entries AS own JOIN entries AS other ON other.canonical_url = own.canonical_url
        WHERE own.article_id = ? AND other.article_id <> own.article_id AND other.found_by = 'feed'
        """,
        (article_id,),
    )
    return bool(rows) and not any(_is_page_of(row["title"], row["html"], page_title, page_text) for row in rows)


def is_page_of(entry: sqlite3.Row, page_title: str, page_text: str) -> bool:
    """Whether a page that several entries link to is about this one."""
    return _is_page_of(entry["title"], entry["html"] or entry["summary"], page_title, page_text)


def _is_page_of(title: str, html: str, page_title: str, page_text: str) -> bool:
    text = article_texts.plain_words(html)
    if text:
        return article_texts.words_akin(text, page_text.casefold().split())
    return bool(title) and titles_akin(title, page_title)
