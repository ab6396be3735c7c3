"""What is known of a page before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.models.site_rules import Rule


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of the page before it is read: what its feed said (evidence, not truth), and its site's rule.

    `html` is the feed's own content, raw or clean. `boilerplate` are the marks of paragraphs that page after page of
    its feed has shown in place of articles.
    """

    title: str = ""
    html: str = ""
    published: datetime | None = None
    language: str | None = None
    rule: Rule | None = None
    boilerplate: frozenset[str] = frozenset()
