"""Engines that find an article's text in a page, each behind the same door: a tree in, a Found out."""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import dataclass

import trafilatura
from lxml.html import HtmlElement

from aggregator.scrape.clean import clean

# It warns of every page that it gives up; we have our own word for that.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Found:
    """What an engine found: its name and clean HTML."""

    engine: str
    html: str


def by_trafilatura(tree: HtmlElement, url: str) -> Found:
    html = trafilatura.extract(
        copy(tree), url=url, output_format="html", include_comments=False, include_tables=True, include_images=True,
        include_links=True, include_formatting=True,
    )  # fmt: skip
    return Found("trafilatura", clean(html or "", url))
