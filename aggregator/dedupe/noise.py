"""What changes by itself in a feed's texts, from poll to poll: counters, ages, tokens, generation times; as patterns.

Each has words that must stand in a text (in lower case) before the pattern is tried: nearly all texts have none. Every
pattern is linear: nothing repeats without a bound that could begin in many places.
"""

from __future__ import annotations

import re
from typing import Final

_AMOUNT = r"\d{1,12}(?:[.,' \u00a0\u202f]\d{3}){0,4}(?:[.,]\d{1,2})?[km]?"
_COUNTED = (
    "view|read|hit|click|visit|visitor|share|like|comment|reply|replies|response|retweet|download|vote|point|reaction|"
    "aufruf|klick|kommentar|leser|vue|lecture|commentaire|vista|visita|lectura|comentario"
)
_COUNTED_RUSSIAN = r"просмотр\w{0,4}|комментари\w{0,4}"
_COUNTED_UNSPACED = "次浏览|次阅读|浏览|阅读|评论|閲覧|回表示"
_NOUNS = rf"(?:{_COUNTED})(?:s|e|n|es)?|{_COUNTED_RUSSIAN}"

COUNTER: Final = re.compile(rf"(?i)(?<!\w){_AMOUNT}\s?(?:(?:{_NOUNS})\b|{_COUNTED_UNSPACED})")
LABELLED: Final = re.compile(
    rf"(?i)\b(?:{_NOUNS})\s?[:(]\s?{_AMOUNT}\)?|(?:{_COUNTED_UNSPACED})[数量]?\s?[:：(（]\s?{_AMOUNT}[)）]?"
)
_LABEL = re.compile(r"[:(：（]\s?\d")
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


def without_noise(text: str) -> str:
    """A text (whitespace folded) without what changes by itself."""
    low = text.lower()
    for pattern, signs in NOISE:
        if any(sign in low for sign in signs):
            text = pattern.sub(" ", text)
    return LABELLED.sub(" ", text) if _LABEL.search(text) else text
