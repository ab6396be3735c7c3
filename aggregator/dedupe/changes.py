"""Whether a page that was fetched again says something else: edited, the same but for trifles, or not to be believed.

Compared are paragraphs, folded: without white space, typography, counters, ages, "last updated" stamps, what stands
under "Related", share buttons, advertisements. What remains is content, down to one word, one number or one `<=`. A
page that has lost most of its text (a teaser, a soft 404, another page in its place) is no edit of the article.

What changes by itself in a feed's texts, from poll to poll: counters, ages, tokens, generation times; as patterns.

Each has words that must stand in a text (in lower case) before the pattern is tried: nearly all texts have none. Every
pattern is linear: nothing repeats without a bound that could begin in many places.

Feed HTML as the words that a reader would see, without what changes by itself from poll to poll.

For hashing and comparing only: what comes out is never shown, and nothing here makes HTML safe. One pass, linear in
the input whatever it holds (unclosed comments, a million `<`).
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from typing import Final

from aggregator.models import Change, ChangeKind
from aggregator.text import diff
from aggregator.text.words import has_digit, normal, words

_REST = r"\d{0,11}(?:[.,' \u00a0\u202f]\d{3}){0,4}(?:[.,]\d{1,2})?[km]?"
_AMOUNT = rf"\d{_REST}"
_COUNTED = (
    "view|read|hit|click|visit|visitor|share|like|comment|reply|replies|response|retweet|download|vote|point|reaction|"
    "aufruf|klick|kommentar|leser|vue|lecture|commentaire|vista|visita|lectura|comentario"
)
_COUNTED_RUSSIAN = r"просмотр\w{0,4}|комментари\w{0,4}"
_COUNTED_UNSPACED = "次浏览|次阅读|浏览|阅读|评论|閲覧|回表示"
_NOUNS = rf"(?:{_COUNTED})(?:s|e|n|es)?|{_COUNTED_RUSSIAN}"

# What stands before the amount is looked at after its first digit: what begins with one is quick to search for.
COUNTER: Final = re.compile(rf"(?i)\d(?<!\w\d){_REST}\s?(?:(?:{_NOUNS})\b|{_COUNTED_UNSPACED})")
LABELLED: Final = re.compile(
    rf"(?i)\b(?:{_NOUNS})\s?[:(]\s?{_AMOUNT}\)?|(?:{_COUNTED_UNSPACED})[数量]?\s?[:：(（]\s?{_AMOUNT}[)）]?"
)
_LABEL_START = re.compile(r"[:(：（]\s?\d")
TIMES: Final = re.compile(rf"(?i)\b(?:viewed|read|gelesen|seen)\s{_AMOUNT}\s?(?:times|mal)\b")
_UNIT = r"(?:second|minute|min|hour|hr|day|week|month|year)s?"
AGO: Final = re.compile(
    rf"(?i)\b(?:\d{{1,4}}|an?|one)\s{_UNIT}\sago\b|\bvor\s\d{{1,4}}\s(?:sekunden|minuten?|stunden?|tagen?)\b"
    r"|\bil y a\s\d{1,4}\s\w{1,12}|\bhace\s\d{1,4}\s\w{1,12}|\d{1,4}\s?(?:分钟|小时|天|分|時間|日)前"
)
TOKEN: Final = re.compile(
    r"(?i)\b(?:csrf|xsrf|token|nonce|session|sid|request[ -]?id|ray[ -]?id|trace[ -]?id|cache[ -]?key|build)"
    r"[\w-]{0,16}\s?[:=]\s?[\w+/=.-]{6,}"
)
_TOKEN_END = re.compile(r"[:=]\s?[\w+/=.-]{6}")
"""Quicker to look for than what stands before it."""
LINK: Final = re.compile(r"(?i)\bhttps?://[^\s<>\"']+")
STAMPED: Final = re.compile(
    r"(?i)\b(?:page )?(?:generated|rendered|cached|loaded) (?:at|on|in)\b"
    r"[^.\n]{0,30}?\d[\d:.,TZ/ +-]{0,40}(?:m?s\b|seconds)?"
)

NOISE: Final = (
    (LINK, ("://",)),
    (TOKEN, ("csrf", "xsrf", "token", "nonce", "session", "sid", "request", "ray", "trace", "cache", "build")),
    (AGO, (" ago", "vor ", "il y a", "hace ", "前")),
    (COUNTER, (*_COUNTED.split("|"), "просмотр", "комментари", *_COUNTED_UNSPACED.split("|"))),
    (TIMES, (" times", " mal")),
    (STAMPED, ("generated", "rendered", "cached", "loaded")),
)


_NUMBERED = frozenset({COUNTER, TIMES, STAMPED})
"""Those that have a digit in whatever they match."""


def without_noise(text: str) -> str:
    """A text (whitespace folded) without what changes by itself."""
    low = text.lower()
    numbered = has_digit(text)
    for pattern, signs in NOISE:
        if (not numbered and pattern in _NUMBERED) or (pattern is TOKEN and not _TOKEN_END.search(text)):
            continue
        for sign in signs:
            if sign in low:
                text = pattern.sub(" ", text)
                break
    return LABELLED.sub(" ", text) if numbered and _LABEL_START.search(text) else text


FULL = 60
"""Words from which a text counts as a full article that can be cut short; below it, edits may well halve it."""

CUT = 0.4
"""The part of the words that must be left. Of the edits that outlets make (corrections, updates put above or below)
hardly one takes out more than a quarter; teasers of articles have a tenth to a third of them.
`python -m bench.watch`: 0.4 takes 0.3 % of edits that drop 40 % of the paragraphs for losses, 0.5 takes 5 %."""

FOREIGN = 0.15
"""The part of the old text's pairs of words that must still be there where the title has changed too; two texts that
have nothing but their language in common share one in twenty-five, the most alike of 378 neighbours in the corpus one
in six (`bench.watch`)."""

CARD = 25
"""Words. Paragraphs under "Related" that are no longer than this are its cards; the first longer one is the article.
In such short ones alone a number of views or an age is a trifle: in a sentence it is what the article says."""

SENTENCE = 6
"""Words from which a short paragraph that ends with a full stop is prose."""

CARDS = 8
"""Cards under one such heading; what follows them is the article again."""

_CHANGING = (AGO, COUNTER, LABELLED, TIMES, STAMPED)
"""Not the links and tokens that feeds' texts are rid of: in an article they may be indicators and versions."""

_QUOTES = str.maketrans({**dict.fromkeys('‘’‚‛′`´ʼ“”„‟″«»‹›"', "'"), **dict.fromkeys("‐‑‒–—―−", "-")})
_ENDS = (".", "!", "?", "。")
_FRAME = "'()[]*•·|"
_END = ".,;:!?…'()[]*•·|"
_SPACE = re.compile(r"\s+")

_MONTH = r"[^\W\d]{3,12}\.?"
_DAY = (
    rf"(?:(?:[^\W\d]{{2,12}}\.?,? )?(?:\d{{1,2}}(?:st|nd|rd|th|\.)? (?:de )?{_MONTH},? (?:de )?\d{{4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}))"
)
_CLOCK = (
    r"(?:[,T]? ?(?:at |um |- ?)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})? ?(?:[ap]\.?m\.?)?(?: ?(?:[a-z]{2,5}|[+-]\d{2}:?\d{2}))?)"
)
_WHEN = rf"(?:{_DAY}{_CLOCK}?|(?:today|yesterday|just now|heute|gestern){_CLOCK}?|{_CLOCK})"
_STAMPED = (
    r"\b(?:last |zuletzt |dernière |última )?(?:updated?|modified|published|posted|edited|reviewed|revised|"
    r"aktualisiert|veröffentlicht|stand|mise? à jour|publié|actualizado|publicado|aggiornato|обновлено)"
    rf"(?: on| at| am| le| el| il)?[: -]{{0,3}}{_WHEN}(?=$|[\s.,;|)-])"
)
_STAMP = re.compile(rf"(?i){_STAMPED}|^{_WHEN}$")
_STAMP_FIRST = re.compile(rf"(?i)^{_STAMPED}")
"""In a longer paragraph: at its beginning only, as a date within a sentence is what the article says."""

_LABEL = re.compile(
    r"(?i)(?:last |zuletzt )?(?:updated?|modified|published|posted|edited|aktualisiert|veröffentlicht)[: -]{0,3}"
)

_RELATED = re.compile(
    r"(?i)(?:related(?: (?:posts?|articles?|stories|news|reading|content|coverage|links|topics|items))?"
    r"|read (?:more|next|also)|also read|see also|more (?:stories|like this|news|articles?)|more from [^.]{1,40}"
    r"|you (?:may|might) (?:also )?(?:like|enjoy|be interested in)|recommended (?:for you|reading|articles?|stories|posts)"
    r"|don'?t miss|up next|trending(?: now)?|most (?:read|popular|viewed|recent|shared)|popular(?: (?:posts|stories))?"
    r"|latest (?:news|posts|stories|articles)|editors'? picks?|keep reading|what to read next|weiterlesen"
    r"|mehr zum thema|lesen sie auch|auch interessant|ähnliche (?:artikel|beiträge)|à lire aussi|lire aussi"
    r"|articles? (?:similaires|liés)|lea también|te puede interesar|artículos? relacionados?|leggi anche"
    r"|читайте также|相关文章|推荐阅读|関連記事) ?(?P<more>[:：>»].*)?"
)
"""As a heading of its own, or as a label with a link behind it; "Recommended mitigations" is neither."""

_FURNITURE = re.compile(
    r"(?i)(?:advertisement|advertising|anzeige|werbung|publicité|publicidad|sponsored(?: (?:content|by|post))?|promoted"
    r"|(?:click to )?(?:share|tweet|pin|email|print) (?:this|on|via|to|it)\b|share$|tweet$|follow us|subscribe|sign up|newsletter"
    r"|get (?:our|the) (?:daily |weekly )?newsletter|(?:leave|post|add) a (?:comment|reply)|(?:no|\d+) comments?\b|comments? (?:are )?(?:off|closed)"
    r"|log in to|join the (?:conversation|discussion)|loading|skip to|(?:we|this site) uses? cookies|accept (?:all )?cookies"
    r"|add (?:us|as a) preferred|listen to this article|reading time|\d+ min(?:ute)?s? read)"
)
_COUNT = re.compile(r"[\d.,' ]{1,12}[kKmM]?\+?")
"""A paragraph that is a bare number: what a share button shows."""


def change(title: str, text: str, new_title: str, new_text: str, *, announced: Collection[str] = ()) -> Change:
    """What became of an article that said `text` under `title`, now that its page says `new_text`.

    `announced` are titles that feeds give it: a page rewritten from end to end under one of these is still the article.
    """
    if (title, text) == (new_title, new_text):
        return Change(ChangeKind.SAME, "the same text")
    if (lost := _lost(title, text, new_title, new_text, announced)) is not None:
        return Change(ChangeKind.LOST, lost)
    before, after = _content(text), _content(new_text)
    renamed = bool(new_title) and _folded_title(title) != _folded_title(new_title)
    if before == after or Counter(before) == Counter(after) or " ".join(before) == " ".join(after):
        return Change(ChangeKind.EDITED, "another title") if renamed else _trifle(text, new_text, before, after)
    told = diff.summary(text, new_text)
    return Change(ChangeKind.EDITED, f"another title; {told}" if renamed else told)


def _trifle(text: str, new_text: str, before: list[str], after: list[str]) -> Change:
    if before != after and Counter(before) == Counter(after):
        return Change(ChangeKind.TRIVIAL, "only the order of its paragraphs differs")
    plain, new_plain = _squeezed(text), _squeezed(new_text)
    what = "white space" if plain == new_plain else "counters, dates, related links or typography"
    return Change(ChangeKind.TRIVIAL, f"only {what} differ{'s' if what == 'white space' else ''}")


def _lost(title: str, text: str, new_title: str, new_text: str, announced: Collection[str]) -> str | None:
    """Why the new text is not to be taken for the article, or None."""
    old, new = words(text), words(new_text)
    if not new:
        return "the page has no text any more" if old else None
    if len(old) < FULL:
        return None
    if len(new) < CUT * len(old):
        return f"the page has only {len(new)} of {len(old)} words left"
    names = {_folded_title(name) for name in (title, *announced)}
    runs = _runs(old)
    if new_title and _folded_title(new_title) not in names and len(runs & _runs(new)) < FOREIGN * len(runs):
        return "the page shows something else, under another title"
    return None


def _runs(tokens: list[str]) -> set[tuple[str, ...]]:
    return set(itertools.pairwise(tokens))


def _content(text: str) -> list[str]:
    """The paragraphs of a text, folded; without those that are none of the article's."""
    found: list[str] = []
    cards = 0
    for paragraph in text.split("\n\n"):
        line = _SPACE.sub(" ", unicodedata.normalize("NFKC", paragraph)).strip()
        short = len(line.split()) <= CARD
        if short and (heading := _RELATED.fullmatch(line)):
            cards = CARDS if heading["more"] in (None, ":") else cards
            continue
        cards = cards - 1 if cards and short and not line.endswith(_ENDS) else 0
        if cards or (short and (_FURNITURE.match(line) or _COUNT.fullmatch(line))):
            continue
        if folded := _folded(line, short=short and not _is_sentence(line)):
            found.append(folded)
    return found


def _is_sentence(line: str) -> bool:
    return line.endswith(_ENDS) and len(line.split()) >= SENTENCE


def _folded(line: str, *, short: bool) -> str:
    """A paragraph's words as compared: `<=`, `./` and the points within a version stay, quotes and full stops go."""
    if short:
        for pattern in _CHANGING:
            line = pattern.sub(" ", line)
        line = "" if _LABEL.fullmatch(line.strip(_END + " ")) else line
    stamp = _STAMP if short else _STAMP_FIRST
    line = stamp.sub(" ", _SPACE.sub(" ", line).strip())
    kept = (word.rstrip(_END).lstrip(_FRAME) for word in line.casefold().translate(_QUOTES).split())
    return " ".join(word for word in kept if word.strip("-"))


def _folded_title(title: str) -> str:
    """A title's words: the case, the punctuation and the site's name behind a bar or a dash are no change."""
    return " ".join(words(title))


def _squeezed(text: str) -> str:
    return "".join(text.split())


_MARK = re.compile(r"<!--|-->|<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)[^<>]*+>|<[!?][^<>]*+>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*+>")
_SILENT = frozenset(
    {"script", "style", "noscript", "template", "iframe", "svg", "object", "form", "textarea", "select"}
)
_UNCOMMON = re.compile(rf"(?i)<[!?]|-->|<(?:{'|'.join(sorted(_SILENT))})")
"""What clean HTML does not have."""

_PICTURE = re.compile(r"""(?i)\bsrc\s?=\s?["']?([^"'\s>?#]+)""")


def visible(markup: str) -> str:
    """The text between the tags, entities resolved, whitespace folded."""
    text = _walked(markup) if _UNCOMMON.search(markup) else _TAG.sub(" ", markup)
    return normal(" ".join(html.unescape(text).split()))


def lasting(markup: str) -> str:
    """`visible` without what changes by itself: view counters, ages, tokens, links written out, generation times.

    The addresses of the pictures, without their parameters, where there is no text.
    """
    text = visible(markup)
    if not text:
        return " ".join(_PICTURE.findall(markup))
    return " ".join(without_noise(text).split())


def _walked(markup: str) -> str:
    """The text of markup with comments, scripts and the like, without these."""
    pieces: list[str] = []
    position, silent, comment = 0, "", False
    for match in _MARK.finditer(markup):
        if not silent and not comment:
            pieces.append(markup[position : match.start()])
        position = match.end()
        mark = match[0]
        if comment or mark in ("<!--", "-->"):
            comment = mark != "-->"
            pieces.append(" ")
            continue
        name = (match[2] or "").lower()
        if silent:
            silent = "" if match[1] and name == silent else silent
        elif name in _SILENT and not match[1] and not mark.endswith("/>"):
            silent = name
        pieces.append(" ")
    if not silent and not comment:
        pieces.append(markup[position:])
    return "".join(pieces)
