"""Feed HTML as the words that a reader would see, without what changes by itself from poll to poll.

For hashing and comparing only: what comes out is never shown, and nothing here makes HTML safe. One pass, linear in
the input whatever it holds (unclosed comments, a million `<`).
"""

from __future__ import annotations

import html
import re

from aggregator.dedupe.words import normal

_MARK = re.compile(r"<!--|-->|<(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^<>]*)>|<[!?][^<>]*>")
_SILENT = frozenset(
    {"script", "style", "noscript", "template", "iframe", "svg", "object", "form", "textarea", "select"}
)
_PICTURE = re.compile(r"""(?i)\bsrc\s*=\s*["']?([^"'\s>?#]+)""")
_SPACE = re.compile(r"\s+")

_AMOUNT = r"\d[\d.,' \u00a0\u202f]*[km]?"
_COUNTED = (
    r"views?|reads?|hits|clicks|visits|visitors|shares?|likes?|comments?|replies|responses|retweets|downloads|votes?|"
    r"points?|reactions?|aufrufe|klicks|kommentare?|leser|vues|lectures?|commentaires?|vistas|visitas|lecturas|"
    r"comentarios?|просмотр\w*|комментари\w*|次浏览|次阅读|阅读|评论|閲覧|回表示"
)
_COUNTER = re.compile(
    rf"(?i)\b{_AMOUNT}\s*(?:{_COUNTED})\b|\b(?:{_COUNTED})\s*[:：(]\s*{_AMOUNT}\)?|\b(?:viewed|read|gelesen|seen)\s+{_AMOUNT}\s*(?:times|mal)\b"
)
_AGO = re.compile(
    r"(?i)\b(?:\d+|an?|one)\s+(?:seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)\s+ago\b"
    r"|\bvor\s+\d+\s+(?:sekunden|minuten?|stunden?|tagen?)\b|\bil y a\s+\d+\s+\w+|\bhace\s+\d+\s+\w+"
)
_TOKEN = re.compile(
    r"(?i)\b(?:csrf|xsrf|token|nonce|session|sid|request[ -]?id|ray[ -]?id|trace[ -]?id|cache[ -]?key|build)"
    r"[\w-]{0,16}\s*[:=]\s*[\w+/=.-]{6,}"
)
_LINK = re.compile(r"(?i)\bhttps?://[^\s<>\"']+")
_STAMPED = re.compile(
    r"(?i)\b(?:generated|rendered|cached|loaded) (?:at|on|in)\b[^.\n]{0,30}?\d[\d:.,TZ/ +-]*(?:m?s\b|seconds)?"
)


def visible(markup: str) -> str:
    """The text between the tags, entities resolved, whitespace folded, pictures' addresses when there is no text."""
    pieces: list[str] = []
    position, silent, comment = 0, "", False
    for match in _MARK.finditer(markup):
        if not silent and not comment:
            pieces.append(markup[position : match.start()])
        position = match.end()
        mark = match[0]
        if comment or mark in ("<!--", "-->"):
            comment = mark != "-->" and (comment or mark == "<!--")
            continue
        name = (match[2] or "").lower()
        if silent:
            silent = "" if match[1] and name == silent else silent
        elif name in _SILENT and not match[1] and not mark.endswith("/>"):
            silent = name
        pieces.append(" ")
    if not silent and not comment:
        pieces.append(markup[position:])
    text = _SPACE.sub(" ", html.unescape("".join(pieces))).strip()
    return normal(text) or " ".join(_PICTURE.findall(markup))


def lasting(markup: str) -> str:
    """`visible` without what changes by itself: view counters, ages, tokens, links written out, generation times."""
    text = visible(markup)
    for noise in (_LINK, _TOKEN, _AGO, _COUNTER, _STAMPED):
        text = noise.sub(" ", text)
    return _SPACE.sub(" ", text).strip()
