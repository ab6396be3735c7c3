"""The poll stage: bytes -> ParsedFeed, and when the feed is to be asked again. It fetches nothing and stores nothing.

`parse`, `discover` and `read_opml` look at hostile bytes and belong into a worker process (`pipeline.workers`);
what they need is imported when they are called. `succeeded`, `failed` and `body_hash` are pure and cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.poll.state import CUT_SHORT, MOVE_AFTER, body_hash, failed, succeeded

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.models import ParsedFeed
    from aggregator.poll.discovery import FeedLink
    from aggregator.poll.opml import Opml

__all__ = ["CUT_SHORT", "MOVE_AFTER", "body_hash", "discover", "failed", "parse", "read_opml", "succeeded"]


def parse(body: bytes, url: str, content_type: str = "", now: datetime | None = None) -> ParsedFeed:
    """The feed in `body`, fetched from `url` at `now`; `content_type` is the HTTP header. Raises ParseError."""
    from aggregator.poll.feed import parse

    return parse(body, url, content_type, now)


def discover(body: bytes, url: str, content_type: str = "", link: str = "") -> tuple[FeedLink, ...]:
    """Feeds behind the page `body` fetched from `url`, best first: stated, linked to, usual places. Never raises."""
    from aggregator.poll.discovery import discover

    return discover(body, url, content_type, link)


def read_opml(data: bytes) -> Opml:
    """The subscriptions in an OPML document, nested folders as tags. Raises ParseError."""
    from aggregator.poll.opml import read_opml

    return read_opml(data)
