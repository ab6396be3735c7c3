"""A post that is too long for a feed: how it begins, and a link to its page on the mirror, which has the whole."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from aggregator.emit.item import FOOTER, Item

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)


def cut(item: Item, limit: int) -> Item:
    """The item with how its text begins, `limit` bytes of HTML in all, and where the rest is; the footer stays."""
    text, rule, footer = item.html.rpartition(FOOTER)
    if not rule or not text:
        text, footer = item.html, ""
    room = max(0, limit - len((rule + footer).encode()))
    more = f'<p><a href="{escape(item.mirror_url)}">The whole text is on the mirror</a> (too long for this feed)</p>'
    return replace(item, html=_beginning(text, room) + more + rule + footer)


def _beginning(html: str, size: int) -> str:
    """The first `size` bytes of clean HTML, cut between words, with every element in it closed."""
    start = html.encode()[:size].decode("utf-8", "ignore")
    for opening, ending in (("<", ">"), ("&", ";")):
        if start.rfind(opening) > start.rfind(ending):
            start = start[: start.rfind(opening)]
    last = max(start.rfind(mark) for mark in (" ", "\n", ">"))
    start = start[: last + 1].rstrip() if last > len(start) // 2 else start
    open_names: list[str] = []
    for closing, name in _TAG.findall(start):
        if closing and name in open_names:
            while open_names.pop() != name:
                pass
        elif not closing and name.lower() not in _VOID:
            open_names.append(name)
    return start + "".join(f"</{name}>" for name in reversed(open_names))
