"""What stands around a headline for people to read: who wrote it, and when.

Looks only at the short lines between the headline and the first paragraphs (and just above the headline), where every
layout has them, and at a signature below the text. A name without a label is one only beside a date, or where a text
is signed; a section's name stands there, too, and is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, pairwise

from lxml.html import HtmlElement

from aggregator.scrape.blocks import INLINE, Block
from aggregator.scrape.content.words import hints
from aggregator.scrape.dom import HEADINGS, squeeze, text_of
from aggregator.text.date_order import Style
from aggregator.text.dates import dates_in

ABOVE = 4
BELOW = 14
"""Blocks above and below the headline in which a byline is looked for."""

LONGEST = 30
"""Words; a longer block is no byline."""

DATELINE = 12
"""Words of a line that shows the article's date; a longer one tells of something that happened then."""

PARAGRAPHS = 2
"""Paragraphs below the headline after which the article has begun."""

_LATER = re.compile(
    r"(?i)updated?\b|modified|reviewed|revised|edited|aktualisiert|geändert|mis à jour|modifié|actualizado|aggiornato"
    r"|atualizado|bijgewerkt|uppdaterad|opdateret|oppdatert|обновлено|zaktualizowano|更新"
)
_LABELLED = re.compile(
    r"(?i)\s(?=(?:last |first |originally )?(?:published|posted|created|released|updated?|modified|revised|edited|reviewed"
    r"|veröffentlicht|erschienen|aktualisiert|geändert|publié|mis à jour|modifié|publicado|actualizado|pubblicato|aggiornato"
    r"|atualizado|gepubliceerd|bijgewerkt|publicerad|uppdaterad|опубликовано|обновлено|opublikowano|zaktualizowano)\b)"
    r"|(?<=[\d日])(?=\s*(?:更新|公開|发布|發布|发表|發表))|\s(?=(?:更新|公開|发布|發布|发表|發表))"
)
_ORIGINALLY = re.compile(
    r"(?i)(?:^\W*|\b(?:this|the) (?:article|post|story|page|piece|blog|guide|entry)\b.{0,40}?)(?:originally|first) (?:published|posted|appeared)\b"
    r"|\bursprünglich (?:veröffentlicht|erschienen)|\bzuerst veröffentlicht"
    r"|\bpublié (?:initialement|à l'origine)|\bpublicado originalmente|\bpubblicato originariamente"
)
_FULL_STOPS = ("。", "！", "？")
_LOWER = re.compile(r"\b[^\W\d_A-ZÀ-Þ]{2,}\b")
SAID = 2
"""Words in lower case that make a line a sentence, beside those of which bylines are made."""

_OF_BYLINES = frozenset({
    "on", "at", "by", "and", "this", "article", "post", "story", "was", "were", "is", "first", "last", "originally",
    "published", "posted", "written", "updated", "modified", "reviewed", "revised", "edited", "am", "pm", "of",
    "in", "the", "to", "min", "minutes", "read", "reading", "time", "vor", "von", "um", "zuletzt", "veröffentlicht",
    "aktualisiert", "uhr", "le", "la", "du", "par", "publié", "mis", "jour", "el", "de", "por", "publicado",
    "actualizado", "il", "di", "da", "pubblicato", "aggiornato", "em", "às",
})  # fmt: skip

_BYLINE = re.compile(
    r"(?i)^\W*(?:this \w+ (?:was|is) )?(?:(?:(?:story|words|text|article|guide|post(?:ed)?|written|authored|published|reported"
    r")\s+)?by|authors?|contributors?|written by|von|par|por|di|door|af|av|autor|auteur|autore|автор|tekst)\b"
    r"[:：\s]+(?P<name>\S.*)$"
)
_BY_IN_CHINESE = re.compile(
    r"(?:作者|撰文|文|记者|記者|著者|執筆者?|作成者|投稿者|글쓴이|작성자)\s*[:：/／]\s*(?P<name>[^\s|｜·:：,，/]{2,20})"
)
_DATED_BY = re.compile(
    r"(?i)^\W*(?:posted|published|written|updated)?(?:\s+on)?\b[^.!?]{0,60}\b(?:19|20)\d\d\b[^.!?]{0,30}\bby\s+(?P<name>\S[^.!?]{1,60})$"
)
"""posted on 2023-12-20 14:00 EST by Ada Example"""

_WROTE_IN_LINE = re.compile(r"(?i)\b(?:written|authored|words|reported) by (?P<name>[^.|·]{3,80})")
_BY_ALONE = re.compile(
    r"(?i)^\W*(?:(?:posted|written|authored|published|words|story)\s+)?(?:by|von|par|por|authors?|autor|auteur|автор)\W*$"
)
_DATE_BEFORE = re.compile(
    r"^(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\w{3,9}\.? \d{1,2},? \d{4}|\d{1,2}\.? \w{3,9} \d{4})\W+"
)


def byline(blocks: list[Block], title: str | None) -> list[Block]:
    """The short lines around the headline, in order; below it first, as that is where most bylines are."""
    top = _headline(blocks, title)
    if top is None:
        return []
    below: list[Block] = []
    paragraphs = 0
    for block in blocks[top + 1 : top + 1 + BELOW]:
        if _is_readers(block.element) or block.element.tag == "th":
            break
        if block.words > LONGEST or (block.words >= DATELINE and block.text.endswith(_FULL_STOPS)):
            paragraphs += 1
            if paragraphs >= PARAGRAPHS:
                break
        else:
            below.append(block)
    above = [block for block in blocks[max(0, top - ABOVE) : top] if block.words <= LONGEST]
    return below + above[::-1]


def _headline(blocks: list[Block], title: str | None) -> int | None:
    """Where the headline stands: the block with the title, a heading if there is one; else the first `h1`."""
    wanted = (title or "").casefold().split()
    same = [index for index, block in enumerate(blocks) if wanted and block.text.casefold().split() == wanted]
    first = next((index for index, block in enumerate(blocks) if block.element.tag == "h1"), None)
    headings = [index for index in same if blocks[index].element.tag in ("h1", "h2", "h3")]
    return next(iter([*headings, *([] if first is not None else same)]), first)


def is_sentence(line: str) -> bool:
    """Whether a line tells something: it has an end, and more words than names, dates and what bylines are made of."""
    text = line.strip()
    if not text.endswith((".", "!", "?", "。", "！", "？", "…")):
        return False
    return sum(1 for word in _LOWER.findall(text) if word not in _OF_BYLINES) >= SAID or (
        not text.isascii() and len(text) > 40
    )


def shown_date(lines: list[str], style: Style) -> datetime | None:
    """The first date in `lines`, written in `style`, that is not one of a change."""
    return next((moment for part in _parts(lines) if not _LATER.search(part) for moment in dates_in(part, style)), None)


def shown_change(lines: list[str], style: Style) -> datetime | None:
    """The first date in `lines` that is one of a change: "Updated June 12, 2026"."""
    return next((moment for part in _parts(lines) if _LATER.search(part) for moment in dates_in(part, style)), None)


def _parts(lines: list[str]) -> Iterator[str]:
    """The lines, each cut where another date begins that is labelled: "Updated: 1 May 2026 · Published: 3 March 2026"."""
    for line in lines:
        yield from _LABELLED.split(line)


def dateline(lines: list[str], style: Style) -> datetime | None:
    """The date that stands around the headline by itself, or with little more than a name."""
    return shown_date([line for line in lines if len(line.split()) <= DATELINE], style)


def first_shown(blocks: list[Block], style: Style) -> datetime | None:
    """The date in a note that a text was "originally published" on it, and has been changed since."""
    notes = (block.text for block in blocks if block.words <= 2 * LONGEST and _ORIGINALLY.search(block.text))
    return next((moment for note in notes for moment in dates_in(_ORIGINALLY.split(note, maxsplit=1)[1], style)), None)


def told_behind(day: datetime, lines: list[Block], style: Style) -> str | None:
    """What the first of `lines` with `day` (midnight UTC) tells machines where it shows that day; not of a change."""
    for line in lines:
        if day not in dates_in(line.text, style):
            continue
        for node in line.element.iter("time"):
            shown = text_of(node)
            # What stands before it says what it is of, as in "19 November 2026, updated 20 November 2026".
            of_change = _LATER.search(line.text.partition(shown)[0])
            if day in dates_in(shown, style) and _box(node) is line.element and not of_change:
                told: str | None = node.get("datetime")
                return told
        if not _LATER.search(line.text):
            return None
    return None


def _box(node: HtmlElement) -> HtmlElement | None:
    """The element whose block has the text of `node`."""
    return next((around for around in node.iterancestors() if around.tag not in INLINE), None)


def shown_author(lines: list[str]) -> str | None:
    """The name behind a "by" in `lines`."""
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        if is_sentence(line) and not _WROTE_IN_LINE.search(line):
            continue
        if (
            match := _WROTE_IN_LINE.search(line)
            or _BYLINE.match(_DATE_BEFORE.sub("", line))
            or _BY_IN_CHINESE.search(line)
            or _DATED_BY.match(line)
        ):
            return match["name"]
        if following and _BY_ALONE.match(line):
            return following
    return None


NEAR = 4
"""Lines below a headline among which a name without a label is looked for."""

LONGEST_NAME = 4
"""Words of such a name."""

LABEL = 3
"""Words of a label of its own above a name: "Written by"."""

SIGNED = 14
"""Words of a line that signs a text: "Posted by Ada Example at 16 December 2026, 11:15"."""

_TOPICS = re.compile(
    r"(?i)\b(?:news|blog|post|posts|article|articles|report|reports|research|security|cyber\w*|threat\w*|intelligence|malware"
    r"|ransomware|vulnerab\w*|exploits?|analysis|advisory|advisories|data|privacy|cloud|software|hardware|network\w*|web|mobile"
    r"|internet|digital|tech\w*|science|business|market\w*|politics|world|sports?|culture|health|travel|opinion|review\w*"
    r"|guides?|tutorials?|tips|how|tools?|updates?|updated|published|posted|release\w*|events?|press|media|company|team|product\w*|engineering"
    r"|development|design|desk|last|master|chief|editor\w*|education|finance|lifestyle|food|home|general|featured|popular|latest|top|best|read|reading|share|views?|comments?"
    r"|min|minutes?|part|series|episode|edition|issue|volume|chapter|table|contents|artificial|machine|learning|open|source|developer\w*|cookie"
    r"|the|and|of|for|in|on|with|your|our|to|from|about|all|more|us|is|are|nachrichten|aktuell\w*|wirtschaft|politik|kultur|wissen"
    r"|actualités?|noticias|notizie|uhr|stand|january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
"""Words of sections, and of other lines around a headline, that no person is called."""

_NOT_LINES = HEADINGS | {"li", "dt", "th", "figcaption"}
_LISTED = re.compile(r"(?i)/(?:category|categories|kategorie|tags?|topics?|sections?|rubrik|thema)/|[?&](?:cat|tag)=")
_BETWEEN = re.compile(r"\s*(?:[|•·・—–,;/\n]|\s-\s|\bon\b|\bat\b)\s*")
_A_DATE = re.compile(
    r"(?i)(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?(?:[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    r"|\d{1,2}\.?(?:st|nd|rd|th)?\s+(?:de\s+)?[^\W\d_]{3,12}\.?,?\s+(?:de\s+)?(?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d)"
)
_PARTICLES = frozenset({"van", "von", "der", "den", "de", "da", "di", "del", "la", "le", "bin", "al", "ter", "zu"})
_PERSON = re.compile(
    r"(?:[^\W\d_a-z][\w.'’-]*\s+){1,3}(?:(?:van|von|de|der|den|di|da|del|la|le|bin|al)\s+){0,2}[^\W\d_a-z][\w.'’-]*"
)
_SIGNS = re.compile(
    r"(?i)^\W*(?:(?:posted|written|authored|published|reported|words|text)\s+by|geschrieben von|verfasst von|écrit par|escrito por|scritto da)"
    r"\s*:?\s+(?P<name>[^\W\d_][^|·,()]{1,60}?)(?:\s+(?:at|on|am|le|el|il)\s+.{0,40}\d.*|\s*[|·,(].*|\W*)$"
)


def unlabelled_name(lines: list[Block]) -> str | None:
    """The name that stands beside the date in one of the first `lines`, or alone in the line before or behind it."""
    texts = [squeeze(" ".join(line.parts)) for line in lines[:NEAR]]
    dated = [_A_DATE.search(text) is not None for text in texts]
    for line, text in ((line, text) for line, text, day in zip(lines, texts, dated, strict=False) if day):
        for part in _BETWEEN.split(_A_DATE.sub("|", text)):
            if (match := _PERSON.match(part)) and _is_name(match[0], line):
                return match[0]
    for index, (line, text) in enumerate(zip(lines, texts, strict=False)):
        beside = any(dated[max(0, index - 1) : index + 2])
        if beside and not dated[index] and _PERSON.fullmatch(text) and _is_name(text, line):
            return text
    return None


def signature(blocks: list[Block]) -> str | None:
    """The name in a line that signs a text ("Posted by ...") or below one that announces it, if no reader's."""
    for block, following in pairwise([*blocks, *blocks[-1:]]):
        if block.words <= SIGNED and (match := _SIGNS.match(block.text)) and not _is_readers(block.element):
            return match["name"]
        if block.words <= LABEL and _BY_ALONE.match(block.text) and is_person(following.text):
            return following.text
    return None


def is_person(text: str) -> bool:
    """Whether a text may be a person's name: two to four words, each with a capital, none of them a section's."""
    words = [word for word in text.split() if word not in _PARTICLES]
    capital = 2 <= len(words) <= LONGEST_NAME and all(word[0].isupper() for word in words)
    return capital and not text.endswith((".", ":")) and not _TOPICS.search(text)


def _is_readers(node: HtmlElement) -> bool:
    return any("comment" in hints(each) or "reader" in hints(each) for each in (node, *islice(node.iterancestors(), 6)))


def _is_name(text: str, line: Block) -> bool:
    if not is_person(text) or text.isupper() or text.endswith(("'s", "’s")):
        return False
    if line.element.tag in _NOT_LINES:
        return False
    return not any(_LISTED.search(link.get("href") or "") for link in line.element.iter("a"))
