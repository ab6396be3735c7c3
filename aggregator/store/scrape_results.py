"""What a scraped article changes, over all tables and in one transaction: text, addresses, neighbours, duplicates.

An article may turn out to be one that is held already, under another address. Then the two become one.

The table `article_aliases`: two articles that turn out to be one, since one address leads to both.

That alone is not enough: posts that are two lead to one address where a site shows a wall or a notice instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.models import Article, Change, ChangeKind, Fingerprint, Likeness, PageEvidence, PageKind
from aggregator.models.errors import Refusal
from aggregator.store import (
    article_texts,
    articles,
    chain,
    identity,
    neighbours,
    ownership,
    post_changes,
    retention,
    stories,
    times,
)
from aggregator.store.connection import Sql
from aggregator.store.identity import Links
from aggregator.store.ownership import folded

SAME_ADDRESS = "both lead to the same address"

_LINKS = "SELECT canonical_url FROM entries WHERE article_id = ? AND canonical_url IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Led:
    """Where the link of an article led: the canonical forms of the addresses, and the title of the page."""

    urls: tuple[str, ...]
    title: str


def believed_claim(sql: Sql, article_id: int, article: Article, page_url: str, links: Links) -> bool:
    """Whether what a page says of its address (`rel=canonical`, `og:url`) is to be taken for it.

    An address that several posts claim is an overview's: then none has it, and those that had link to their own pages.
    """
    claim = links.canonical(article.canonical_url or "")
    own = {links.canonical(page_url)}
    own |= {row["canonical_url"] for row in sql.all(_LINKS, (article_id,))}
    if claim in own:
        return True
    if not ownership.believed(sql, article_id, claim, page_url, links):
        return False
    other = identity.held(sql, claim)
    if other is None or other == article_id:
        return True
    agree = _titles_agree(sql, article_id, other, article.title or "")
    if (
        agree
        and not _same_feed_says_two(sql, article_id, other)
        and _speaks_for(sql, article_id, other, article, page_url)
    ):
        return True
    if ownership.is_claimed(sql, other, claim, links):
        ownership.link_to_own_page(sql, other, claim, links)
    return False


def _speaks_for(sql: Sql, article_id: int, other: int, article: Article, page_url: str) -> bool:
    """Whether an article's page may be that of another, whose address it claims."""
    carriers = "SELECT feed_id, html, summary FROM entries WHERE article_id = ?"
    own, others = sql.all(carriers, (article_id,)), sql.all(carriers, (other,))
    feeds = {row["feed_id"] for row in others}
    text = str(sql.value("SELECT coalesce(nullif(html, ''), text) FROM articles WHERE id = ?", (other,)) or "")
    texts = (text, *(row["html"] or row["summary"] for row in others))
    return bool(feeds & {row["feed_id"] for row in own}) or ownership.speaks_for(
        sql, feeds, page_url, article.text, max(texts, key=len)
    )


def unite(sql: Sql, article_id: int, page: Led, now: datetime, touched: set[int]) -> tuple[int, bool]:
    """Register the addresses of an article; the article that remains when they belong to more than one.

    Also whether another article, which this one is not, has one of the addresses: then the page is a wall or a notice
    that both are redirected to, and its text says nothing of either. `touched` gets the articles whose posts show the
    difference.
    """
    keep, shared = article_id, False
    for url in page.urls:
        other = identity.held(sql, url)
        if other is None or other == keep:
            continue
        if _are_one(sql, keep, other, url, page.title):
            keep = _make_one(sql, keep, other, now, touched)
        else:
            shared = True
    identity.register(sql, keep, page.urls)
    return keep, shared


def _are_one(sql: Sql, one: int, other: int, url: str, page_title: str) -> bool:
    """Whether `one`, which leads to `url`, is the article `other`, which is held under it.

    It is when a feed gives this very link to the other. An address that both are only redirected to may be anybody's:
    then the titles have to agree, one of which at least was not read from that page.
    """
    if _same_feed_says_two(sql, one, other):
        return False
    if sql.one("SELECT 1 FROM entries WHERE article_id = ? AND canonical_url = ?", (other, url)):
        return True
    return _titles_agree(sql, one, other, page_title)


def _titles_agree(sql: Sql, one: int, other: int, page_title: str) -> bool:
    """Whether two articles have one title, which was not read from one page twice."""
    announced, others = _announced(sql, one), _announced(sql, other)
    held_title = folded(sql.value("SELECT title FROM articles WHERE id = ?", (other,)))
    agreeing = (announced & others) | ({folded(page_title)} & others) | ({held_title} & announced)
    return bool(agreeing - {""})


def _announced(sql: Sql, article_id: int) -> set[str]:
    """The titles that feeds give an article, as compared."""
    return {folded(row["title"]) for row in sql.all("SELECT title FROM entries WHERE article_id = ?", (article_id,))}


def _same_feed_says_two(sql: Sql, one: int, other: int) -> bool:
    """Whether one feed announces both, by guids of their own: then they are two, wherever the server redirects.

    They are one all the same when title and link are the same.
    """
    rows = sql.all(
        """
        SELECT a.title, b.title AS other_title, a.canonical_url IS b.canonical_url AS same_link
        FROM entries AS a JOIN entries AS b ON b.feed_id = a.feed_id
        WHERE a.article_id = ? AND b.article_id = ? AND a.found_by = 'feed' AND b.found_by = 'feed'
        """,
        (one, other),
    )
    return any(not row["same_link"] or folded(row["title"]) != folded(row["other_title"]) for row in rows)


def _make_one(sql: Sql, one: int, other: int, now: datetime, touched: set[int]) -> int:
    """Merge two articles into the one already out, else the older; two that are both out are linked."""
    placed = {
        row["article_id"]
        for row in sql.all(
            "SELECT article_id FROM posts WHERE article_id IN (?, ?) AND sequence IS NOT NULL", (one, other)
        )
    }
    keep, drop = sorted((one, other), key=lambda number: (number not in placed, number))
    if drop in placed:
        touched.update(identity.link(sql, drop, Likeness(keep, 1.0, SAME_ADDRESS)))
        return one
    touched |= neighbours.beside(sql, [drop])
    _merge(sql, keep, drop, now)
    post_changes.carry_all(sql, (keep,))
    touched.discard(drop)
    return keep


def _merge(sql: Sql, keep: int, drop: int, now: datetime) -> None:
    """Make two articles one: what belongs to `drop`, which was never put out, goes to `keep`."""
    sql.execute("UPDATE entries SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE article_urls SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE article_aliases SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE OR IGNORE neighbours SET article_id = ? WHERE article_id = ?", (keep, drop))
    sql.execute("UPDATE revisions SET article_id = ? WHERE article_id = ?", (keep, drop))
    identity.hand_over(sql, drop, keep)
    chain.hand_over(sql, drop, keep)
    stories.hand_over(sql, drop, keep)
    retention.revive(sql, keep, now)
    identity.forget_fingerprint(sql, drop)
    sql.execute(
        "INSERT INTO article_aliases (old_id, uid, article_id, at) SELECT id, uid, ?, ? FROM articles WHERE id = ?",
        (keep, times.whole(now), drop),
    )
    sql.execute("DELETE FROM articles WHERE id = ?", (drop,))


@dataclass(frozen=True, slots=True)
class ScrapeResult:
    """An article, and what dedupe found out about its text. `version`: the entry it was read with (`content_hash`).

    `change`: what became of the text that its page had before; None: it had none, or nobody has compared.
    """

    article: Article
    fingerprint: Fingerprint
    likeness: Likeness | None
    also: tuple[Likeness, ...] = ()
    version: str = ""
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class StoredPage:
    """How its page was found: `urls` are the canonical forms of the addresses that led to it."""

    evidence: PageEvidence
    urls: tuple[str, ...]


def save_page(sql: Sql, article_id: int, judged: ScrapeResult, page: StoredPage, now: datetime, links: Links) -> None:
    """Write what a page gave."""
    found = identity.resolve(sql, article_id)
    if found is None or retention.leaves_alone(sql, found):
        return
    missing = chain.waiting(sql, found)
    if missing is not None:
        led_to = page.evidence.final_url, page.urls
        adopted = chain.settle(sql, missing, judged.article, led_to, now, links)
        if adopted is None:
            return
        judged = replace(judged, article=adopted)
    if judged.change is not None and judged.change.kind is ChangeKind.LOST:
        article_texts.keep(sql, found, judged.change.reason, now)
        return
    touched = {found}
    again = articles.revised_since(sql, found, judged.version)
    judged, page = _without_false_claim(sql, found, judged, page, links)
    keep, shared = unite(sql, found, _led(judged.article, page), now, touched)
    changed = keep != found or len(touched) > 1
    if keep == found or _lacks_page(sql, keep):
        if shared:  # the link of its own says more than where it leads
            judged = replace(judged, article=replace(judged.article, canonical_url=article_texts.link_of(sql, keep)))
        changed |= article_texts.from_page(
            sql, keep, judged.article, page.evidence, now, again=again, change=judged.change
        )
        trifle = judged.change is not None and judged.change.kind in (ChangeKind.SAME, ChangeKind.TRIVIAL)
        if not trifle:
            articles.save_extraction(sql, keep, judged.article)
        articles.save_evidence(sql, keep, page.evidence)
        articles.save_label(sql, keep, judged.article)
        changed |= not shared and not trifle and _judge(sql, keep, judged, touched)
    stated = ownership.own_neighbours(sql, keep, judged.article, page.evidence.final_url)
    renamed = neighbours.save(sql, keep, stated, now, links.canonical)
    changed |= ownership.settle(sql, keep, now, links)
    if changed or renamed:
        post_changes.mark_changed(sql, touched | {keep} | renamed)


def save_feed_text(
    sql: Sql, article_id: int, judged: ScrapeResult, now: datetime, evidence: PageEvidence | None = None
) -> None:
    """Write an article made of the feed's own text. `evidence`: that of its page, which gave none."""
    found = identity.resolve(sql, article_id)
    if found is None or retention.leaves_alone(sql, found):
        return
    missing = chain.waiting(sql, found)
    if missing is not None:
        chain.refuse(sql, missing, "the pages of its feed are not fetched", now)
        return
    if articles.revised_since(sql, found, judged.version):
        return
    touched = {found}
    changed = article_texts.from_feed(sql, found, judged.article, now, evidence)
    changed |= _judge(sql, found, judged, touched)
    if changed:
        post_changes.mark_changed(sql, touched)


def _without_false_claim(
    sql: Sql, article_id: int, judged: ScrapeResult, page: StoredPage, links: Links
) -> tuple[ScrapeResult, StoredPage]:
    """What a page gave, without an address that it claims and that is not its own."""
    claim = judged.article.canonical_url
    if claim is None or believed_claim(sql, article_id, judged.article, page.evidence.final_url, links):
        return judged, page
    urls = tuple(url for url in page.urls if url != links.canonical(claim))
    return replace(judged, article=replace(judged.article, canonical_url=None)), replace(page, urls=urls)


def _led(article: Article, page: StoredPage) -> Led:
    """What the addresses say of an article: nothing where the page is a wall, to which any link of its site may lead.

    Its entry's own link is registered since the entry was seen.
    """
    urls = identity.identifying(page.urls) if article.kind is PageKind.ARTICLE else ()
    return Led(urls, article.page_title or article.title or "")


def _lacks_page(sql: Sql, article_id: int) -> bool:
    return bool(sql.value("SELECT state <> 'scraped' FROM articles WHERE id = ?", (article_id,)))


def _judge(sql: Sql, article_id: int, judged: ScrapeResult, touched: set[int]) -> bool:
    published = times.must_read(sql.value("SELECT published FROM articles WHERE id = ?", (article_id,)))
    identity.save_fingerprint(sql, article_id, judged.fingerprint, published)
    linked = identity.link(sql, article_id, judged.likeness) if judged.likeness else ()
    linked += identity.gather(sql, article_id, judged.also)
    touched.update(linked)
    return bool(linked)


def save_failure(
    sql: Sql, article_id: int, error: str, next_attempt: datetime | None, now: datetime, refused_by: Refusal | None
) -> None:
    """Note a failed try; one of a page that was scraped before leaves the article as it is."""
    found = identity.resolve(sql, article_id)
    if found is None:
        return
    missing = chain.waiting(sql, found) if next_attempt is None else None
    if missing is not None:
        chain.refuse(sql, missing, error, now)
    else:
        article_texts.failed(sql, found, error, next_attempt, now, refused_by)
