"""Other people's engines, each behind the same door: a tree and its URL in, the text that it takes for the article out.

They are asked for a second opinion (see body); an engine that fails has no opinion.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy, deepcopy

import trafilatura
from lxml.etree import tostring
from lxml.html import HtmlElement
from readability import Document

from aggregator.scrape.dom import to_text

# They warn of every page that they give up; we have our own word for that.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("readability").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def by_trafilatura(tree: HtmlElement, url: str) -> str:
    """What trafilatura takes for the article; empty when it finds none."""
    try:
        return trafilatura.extract(copy(tree), url=url, include_comments=False, include_tables=True) or ""
    except Exception:  # noqa: BLE001 - whatever stops it, it has no opinion
        return ""


def by_readability(tree: HtmlElement, _url: str) -> str:
    """What readability takes for the article; empty when it finds none."""
    try:
        return to_text(Document(tostring(deepcopy(tree), encoding="unicode", method="html")).summary())
    except Exception:  # noqa: BLE001 - whatever stops it, it has no opinion
        return ""


ENGINES: tuple[tuple[str, Callable[[HtmlElement, str], str]], ...] = (
    ("trafilatura", by_trafilatura),
    ("readability", by_readability),
)
"""In the order in which they are asked."""
