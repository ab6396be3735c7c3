"""Feed documents that are made when they are asked for: what a search finds. The same rules as for those in files.

The entries are those of the output: same ids, same dates, in the output's order, so that a reader that follows a
search and the combined feed knows them again.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.config.settings import Site
from aggregator.emit import addresses, documents, items
from aggregator.emit.documents import Document
from aggregator.emit.formats import Speller
from aggregator.emit.pure import pure_posts
from aggregator.models import Post
from aggregator.text.published import valid


def answer(site: Site, found: Iterable[Post], *, query: str, words: str, extension: str) -> bytes:
    """The posts that a search finds, as `atom`, `rss` or `json`, newest first.

    `query` is the query string that leads to them, percent-encoded, in one fixed spelling: the feed's id is made of it.
    `words` says to people what was searched for.
    """
    feed = documents.of_search(site, query, valid(words))
    speller = Speller(addresses.base(site.base_url), relation=items.relation_of(site))
    newest = sorted(pure_posts(found), key=lambda post: post.sequence, reverse=True)
    return speller.document(Document(feed, feed.stem, speller.items(newest)), extension)
