"""What is taken out of an article when it is known which blocks it is: second copies, headings over nothing, the title
and the byline above it. Each is known for what it is; a sentence is never taken for one of them.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate

from aggregator.scrape.blocks import Block

COPY_WORDS = 12
"""Words from which a paragraph can tell that a run of paragraphs comes again."""

COPY_RUN = 2
"""Paragraphs in a row that must come again, in the same order, to be a copy; one sentence may well be repeated."""

COPY_SHARE = 0.6
"""Share of the paragraphs before it that a run must have to be a copy."""

COPIED = 0.5
"""Share of a page's paragraphs that come twice from which each second one is a copy, and how many it takes."""

COPIES = 5

PARAGRAPH = 12
"""Words of a block that cannot be a line of furniture."""

_DATE = re.compile(
    r"(?i)(?:[^\W\d]{2,12}\.?,? +)?(?:\d{1,2}\.?(?:st|nd|rd|th)? +(?:de +)?[^\W\d]{3,12}\.?,? +(?:de +)?\d{4}"
    r"|[^\W\d]{3,12}\.? +\d{1,2}(?:st|nd|rd|th)?, +\d{4}|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
)
"""Friday, June 12, 2020 · 12 June 2020 · 12. Juni 2020 · 2020-06-12."""

_BY = re.compile(r"(?i)(?:written |posted |published )?(?:by|von|par|por|di) +[^\W\d_]")
_SENTENCE_END = re.compile(r"[.!?…。！？][”\"’)»」]?$")
_OF_NAMES = frozenset(
    [
        "and",
        "of",
        "the",
        "for",
        "on",
        "at",
        "in",
        "by",
        "from",
        "to",
        "a",
        "an",
        "updated",
        "published",
        "posted",
        "written",
        "staff",
        "writer",
        "reporter",
        "editor",
        "contributor",
        "senior",
        "min",
        "read",
        "und",
        "von",
        "am",
        "um",
        "et",
        "par",
        "le",
        "la",
        "de",
        "del",
        "di",
        "da",
        "y",
        "por",
        "el",
        "em",
        "het",
        "van",
        "den",
        "der",
    ]
)
"""Small words that stand in bylines."""

SENTENCE = 5
"""Words of a sentence with no more than one that could not stand in a byline: "Von da an war Ruhe."."""

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}

UNLIKELY = 0.1
"""Chance under which a heading with nothing below it goes."""


def drop_copies(blocks: list[Block], kept: list[bool]) -> None:
    """Some pages hold the article twice, for two widths of screen: keep the first of each paragraph.

    A copy is a run of paragraphs with most of what stood before it, in the same order, short lines with them; a
    paragraph right behind itself; or any that comes again, where most of a page comes twice. Sentences that an advisory
    repeats under each flaw are none of these, and what differs between two runs is no copy.
    """
    chosen = [index for index, keep in enumerate(kept) if keep]
    texts = [blocks[index].text for index in chosen]
    long = [blocks[index].words >= COPY_WORDS for index in chosen]
    number = Counter(texts)
    counts = Counter(text for text, is_long in zip(texts, long, strict=True) if is_long)
    twice = sum(1 for times in counts.values() if times == 2)
    everywhere = twice >= COPIES and twice > COPIED * len(counts)
    before = list(accumulate(long, initial=0))
    first: dict[str, int] = {}
    at = 0
    while at < len(chosen):
        origin = first.get(texts[at])
        if origin is None:
            first[texts[at]] = at
            at += 1
            continue
        length = 1
        while at + length < len(chosen) and origin + length < at and texts[at + length] == texts[origin + length]:
            length += 1
        copied = sum(long[at : at + length])
        # Between two copies nothing differs; between two flaws of an advisory their names do.
        differs = copied < COPIES and any(number[text] == 1 for text in texts[origin + length : at])
        whole = copied >= COPY_RUN and copied > COPY_SHARE * before[at] and not differs
        if whole or (copied and (everywhere or origin == at - 1)):
            for step in range(length):
                kept[chosen[at + step]] = False
        at += length


def drop_empty_headings(blocks: list[Block], kept: list[bool], chances: list[float]) -> None:
    """Drop a heading under which there was text, and all of it was left out, before the next of its rank or above.

    One with nothing under it stands over a picture or another heading: it stays where it is likely to.
    """
    waiting: list[tuple[int, int, bool]] = []

    def close(entry: tuple[int, int, bool]) -> None:
        _, index, had_text = entry
        if had_text or chances[index] < UNLIKELY or index == len(blocks) - 1:
            kept[index] = False

    for index, block in enumerate(blocks):
        level = _HEADINGS.get(str(block.element.tag), 0)
        if not level:
            if kept[index]:
                waiting.clear()
            else:
                waiting = [(rank, place, True) for rank, place, _ in waiting]
        elif kept[index]:
            while waiting and waiting[-1][0] >= level:
                close(waiting.pop())
            waiting.append((level, index, False))
        else:
            # What follows is the text of a section that was left out.
            while waiting and waiting[-1][0] >= level:
                close(waiting.pop())
    for entry in waiting:
        close(entry)


def drop_byline(blocks: list[Block], kept: list[bool], title: str) -> None:
    """Drop the title and lines with a date or an author above the first paragraph: they are shown elsewhere."""
    folded = title.casefold().split()
    for index in [index for index, keep in enumerate(kept) if keep]:
        block = blocks[index]
        same = block.text.casefold().split() == folded
        if not same and (block.words >= PARAGRAPH or block.element.tag in ("td", "th", "dt", "dd", "li", "pre")):
            return
        if same or (not is_sentence(block.text) and (_DATE.search(block.text) or _BY.match(block.text))):
            kept[index] = False


def is_sentence(text: str) -> bool:
    """Whether a short line is a sentence, and no byline: it ends as one, and has words that are no names."""
    if not _SENTENCE_END.search(text):
        return False
    said = re.findall(r"[^\W\d_]{2,}", text)
    small = [word for word in said if word[0].islower() and word not in _OF_NAMES]
    return len(small) > 1 or (bool(small) and len(said) >= SENTENCE)
