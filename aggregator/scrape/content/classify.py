"""Which blocks of a page are its article: the evidence for each, weighed.

The weights are those of a logistic regression over the evidence, learned from labelled pages (`bench/extraction.py
--learn` writes weights.json from one half of them and is checked on the other). What a page or its feed states to be
the article's text counts on top.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.features import Evidence, evidence, page_areas
from aggregator.scrape.content.tables import classify_tables
from aggregator.text.words import coverage, shingles

STATED = 2.5
"""What it adds to a block (in logits) that the page's own JSON-LD or the feed has its text: ten times as likely."""

STATED_WORDS = 50
"""Words from which a stated text counts: shorter ones are teasers, and stand on other pages' cards too."""

COPY_WORDS = 12
"""Words from which a paragraph that comes again is a copy."""

KEEP = 0.5
"""Chance from which a block is kept."""

PARAGRAPH = 12
"""Words of a block that cannot be a line of furniture."""

_DATE = re.compile(
    r"(?i)(?:[^\W\d]{2,12}\.?,? +)?(?:\d{1,2}\.?(?:st|nd|rd|th)? +(?:de +)?[^\W\d]{3,12}\.?,? +(?:de +)?\d{4}"
    r"|[^\W\d]{3,12}\.? +\d{1,2}(?:st|nd|rd|th)?, +\d{4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
)
"""Friday, June 12, 2020 · 12 June 2020 · 12. Juni 2020 · 2020-06-12."""

_BY = re.compile(r"(?i)(?:written |posted |published )?(?:by|von|par|por|di) +[^\W\d_]")

_CLOSING = 0.3
"""Chance from which a paragraph that closes an article is kept (see `_close`)."""

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_SURE = 0.8
_PLACEHOLDER = "Lorem ipsum"


@dataclass(frozen=True, slots=True)
class BlockVerdict:
    """For each block of a page, how likely it belongs to the article (0 to 1), and whether it is kept."""

    blocks: list[Block]
    chances: list[float]
    kept: list[bool]

    def expected_f1(self, kept: Sequence[bool]) -> float:
        """The F1 that keeping `kept` would get if the chances are right, counted in words."""
        hits = sum(
            block.words * chance for block, chance, keep in zip(self.blocks, self.chances, kept, strict=True) if keep
        )
        chosen = sum(block.words for block, keep in zip(self.blocks, kept, strict=True) if keep)
        wanted = sum(
            block.words * chance for block, chance in zip(self.blocks, self.chances, strict=True) if block.words > 3
        )
        return 2 * hits / (chosen + wanted) if chosen else 0.0

    @property
    def words(self) -> int:
        return sum(block.words for block, keep in zip(self.blocks, self.kept, strict=True) if keep)


def judge(blocks: list[Block], title: str, stated: str = "") -> BlockVerdict:
    """Which of `blocks` are the article titled `title`. `stated` is what the page or the feed says its text is."""
    found = evidence(page_areas(blocks), title)
    weights = _weights()
    logits = [sum([weights.get(name, 0.0) * value for name, value in item.items()]) for item in found]
    if len(stated.split()) >= STATED_WORDS:
        known = shingles(stated)
        for index, block in enumerate(blocks):
            if block.words > 3 and coverage(block.text, known) > _SURE:
                logits[index] += STATED
    chances = [_chance(logit) for logit in logits]
    kept = [chance >= KEEP and not is_placeholder(block) for block, chance in zip(blocks, chances, strict=True)]
    _close(blocks, chances, kept, found)
    _no_second_copy(blocks, kept)
    classify_tables(blocks, chances, kept, KEEP)
    _no_dangling_headings(blocks, kept)
    _no_furniture_above(blocks, kept, title)
    return BlockVerdict(blocks, chances, kept)


def is_placeholder(block: Block) -> bool:
    """Whether a theme's demonstration text stands here, whatever its place says."""
    return block.text.startswith(_PLACEHOLDER)


@cache
def _weights() -> dict[str, float]:
    text = files("aggregator.scrape").joinpath("weights.json").read_text(encoding="utf-8")
    return {name: float(weight) for name, weight in json.loads(text)["weights"].items()}


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def _close(blocks: list[Block], chances: list[float], kept: list[bool], found: list[Evidence]) -> None:
    """Keep the last paragraph of an article where only its place speaks against it: a sentence, with a link perhaps,
    that is the sibling of the kept paragraph before, the last in their parent, and says nothing that furniture says.
    """
    for index in range(1, len(blocks)):
        block, before = blocks[index], blocks[index - 1]
        if kept[index] or not kept[index - 1] or chances[index] < _CLOSING or block.link_words * 2 > block.words:
            continue
        if block.element.tag != "p" or before.element.tag != "p":
            continue
        last = block.element.getparent() is before.element.getparent() and block.element.getnext() is None
        if last and "ends" in found[index] and not any(name.startswith("says_") for name in found[index]):
            kept[index] = True


def _no_second_copy(blocks: list[Block], kept: list[bool]) -> None:
    """Some pages hold the article twice, for two widths of screen: keep the first of each paragraph.

    Short lines go when both their neighbours have gone; alone they may well stand twice in an article.
    """
    seen: set[str] = set()
    second = [False] * len(blocks)
    for index, block in enumerate(blocks):
        if kept[index] and block.words >= COPY_WORDS:
            second[index] = block.text in seen
            seen.add(block.text)
    chosen = [index for index, keep in enumerate(kept) if keep]
    copies = _between([second[index] for index in chosen], [blocks[index].words < COPY_WORDS for index in chosen])
    for index, copy in zip(chosen, copies, strict=True):
        kept[index] = not copy


def _between(copies: list[bool], short: list[bool]) -> list[bool]:
    """`copies`, with the runs of short lines between two copies."""
    result = list(copies)
    start = None
    for index, copy in enumerate(copies):
        if copy:
            if start is not None and index - start > 1:
                result[start + 1 : index] = [True] * (index - start - 1)
            start = index
        elif not short[index]:
            start = None
    return result


def _no_dangling_headings(blocks: list[Block], kept: list[bool]) -> None:
    """Drop a heading under which nothing was kept before the next of its rank or above."""
    waiting: list[tuple[int, int]] = []
    for index, block in enumerate(blocks):
        level = _HEADINGS.get(str(block.element.tag), 0)
        if not kept[index]:
            continue
        if level:
            while waiting and waiting[-1][0] >= level:
                kept[waiting.pop()[1]] = False
            waiting.append((level, index))
        else:
            waiting.clear()
    for _, index in waiting:
        kept[index] = False


def _no_furniture_above(blocks: list[Block], kept: list[bool], title: str) -> None:
    """Drop the title and lines with a date or an author above the first paragraph: they are told elsewhere."""
    folded = title.casefold().split()
    for index in [index for index, keep in enumerate(kept) if keep]:
        block = blocks[index]
        if block.words >= PARAGRAPH and block.text.casefold().split() != folded:
            return
        if block.text.casefold().split() == folded or _DATE.search(block.text) or _BY.match(block.text):
            kept[index] = False
