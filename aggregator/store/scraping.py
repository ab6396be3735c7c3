"""What a scraped article changes, over all tables and in one transaction: text, addresses, neighbours, duplicates.

An article may turn out to be one that is held already, under another address. Then the two become one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.models import Article, Change, ChangeKind, Fingerprint, Likeness, PageEvidence, PageKind
from aggregator.store import (
    addresses,
    articles,
    chain,
    contents,
    duplicates,
    extractions,
    headers,
    merging,
    neighbours,
    output,
    retention,
    times,
)
from aggregator.store.addresses import Links
from aggregator.store.connection import Sql


@dataclass(frozen=True, slots=True)
class Judged:
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
class Found:
    """How its page was found: `urls` are the canonical forms of the addresses that led to it."""

    evidence: PageEvidence
    urls: tuple[str, ...]


def save_page(sql: Sql, article_id: int, judged: Judged, page: Found, now: datetime, links: Links) -> None:
    """Write what a page gave."""
    found = addresses.resolve(sql, article_id)
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
        contents.keep(sql, found, judged.change.reason, now)
        return
    touched = {found}
    again = articles.revised_since(sql, found, judged.version)
    keep, shared = merging.unite(sql, found, _led(judged.article, page), now, touched)
    changed = keep != found or len(touched) > 1
    if keep == found or _lacks_page(sql, keep):
        changed |= contents.from_page(sql, keep, judged.article, page.evidence, now, again=again, change=judged.change)
        trifle = judged.change is not None and judged.change.kind in (ChangeKind.SAME, ChangeKind.TRIVIAL)
        if not trifle:
            extractions.save(sql, keep, judged.article)
        headers.save(sql, keep, page.evidence)
        changed |= not shared and not trifle and _judge(sql, keep, judged, touched)
    stated = ((neighbours.NEXT, judged.article.next), (neighbours.PREVIOUS, judged.article.previous))
    changed |= neighbours.save(sql, keep, stated, now, links.canonical)
    if changed:
        output.touch(sql, touched | {keep})


def save_feed_text(
    sql: Sql, article_id: int, judged: Judged, now: datetime, evidence: PageEvidence | None = None
) -> None:
    """Write an article made of the feed's own text. `evidence`: that of its page, which gave none."""
    found = addresses.resolve(sql, article_id)
    if found is None or retention.leaves_alone(sql, found):
        return
    missing = chain.waiting(sql, found)
    if missing is not None:
        chain.refuse(sql, missing, "the pages of its feed are not fetched", now)
        return
    if articles.revised_since(sql, found, judged.version):
        return
    touched = {found}
    changed = contents.from_feed(sql, found, judged.article, now, evidence)
    changed |= _judge(sql, found, judged, touched)
    if changed:
        output.touch(sql, touched)


def _led(article: Article, page: Found) -> merging.Led:
    """What the addresses say of an article: nothing where the page is a wall, to which any link of its site may lead.

    Its entry's own link is registered since the entry was seen.
    """
    urls = addresses.identifying(page.urls) if article.kind is PageKind.ARTICLE else ()
    return merging.Led(urls, article.title or "")


def _lacks_page(sql: Sql, article_id: int) -> bool:
    return bool(sql.value("SELECT state <> 'scraped' FROM articles WHERE id = ?", (article_id,)))


def _judge(sql: Sql, article_id: int, judged: Judged, touched: set[int]) -> bool:
    published = times.must_read(sql.value("SELECT published FROM articles WHERE id = ?", (article_id,)))
    duplicates.save_fingerprint(sql, article_id, judged.fingerprint, published)
    linked = duplicates.link(sql, article_id, judged.likeness) if judged.likeness else ()
    linked += duplicates.gather(sql, article_id, judged.also)
    touched.update(linked)
    return bool(linked)


def save_failure(sql: Sql, article_id: int, error: str, next_attempt: datetime | None, now: datetime) -> None:
    """Note a failed try; one of a page that was scraped before leaves the article as it is."""
    found = addresses.resolve(sql, article_id)
    if found is None:
        return
    missing = chain.waiting(sql, found) if next_attempt is None else None
    if missing is not None:
        chain.refuse(sql, missing, error, now)
    else:
        contents.failed(sql, found, error, next_attempt, now)
