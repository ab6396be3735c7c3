"""The words around a value: its column's heading, the label before it, the cells beside it; pure, for judge and lookalikes."""

from __future__ import annotations

import re

from aggregator.intel.layout import Layout, TextLine
from aggregator.intel.values import RecognisedValue


def column_of(page: Layout, line: TextLine, position: int) -> str:
    """The heading of the table column that a position is in, in lower case."""
    if not line.columns or page.lower[line.start : line.end].count("|") == 0:
        return ""
    index = page.text.count("|", line.start, position)
    cells = page.lower[line.start : line.end].split("|")
    if tuple(cell.strip() for cell in cells) == line.columns:
        return ""  # the head itself
    return line.columns[index] if index < len(line.columns) else ""


_LABEL = re.compile(
    r"(?:^|[|*•;,.(\[]|\d[.)]|(?:^|\s)-)\s*([^\W\d_][\w&/'’ -]{0,48}?(?:\(s\))?)\s*(?:\([^)]{0,40}\)\s*)?(?:[:=]|\s-|->|=>)\s*[\"'“‘<(\[]*$"
)


def label_before(page: Layout, line: TextLine, start: int) -> str:
    """The words with a colon before a run of values that begins at `start`, in lower case."""
    match = _LABEL.search(page.lower[max(line.start, start - 120) : start])
    if match is None or (match[0][0] == "(" and not re.match(r"md5|sha|hash", match[1])):
        return ""  # an argument in code, as often as not
    return re.sub(r"\(s\)$", "s", match[1].strip())


TYPE_CELL = re.compile(
    r"(?:file )?(?:md5|sha-?1|sha-?256|sha-?512|domains?(?: names?)?|urls?|ip(?:v[46])?(?: address(?:es)?)?|(?:primary |fallback )?c2(?: (?:servers?|domains?|ips?|urls?))?|c&c|cnc|hash(?:es)?|"
    r"hostnames?|e-?mails?(?: address(?:es)?)?|onion|wallets?|senders?|payloads?|droppers?|stagers?|ioc|indicator|malware|phishing (?:site|url|page)|domäne|domaine|dominio|домен|адрес)(?: (?:hash|domain|address|server))?"
)


FILE_WORDS = re.compile(r"\bfiles?\b|file ?names?|datei|fichier|archivo|attachment")


def cells_beside(page: Layout, line: TextLine, found: RecognisedValue) -> list[str]:
    """The cells beside a value's own, in lower case, where they name a type of value."""
    cells = [cell.strip(" `*") for cell in page.lower[line.start : line.end].split("|")]
    index = page.text.count("|", line.start, found.start)
    near = [cells[at] for at in (index - 1, index + 1) if 0 <= at < len(cells)]
    return [
        cell
        for cell in near
        if cell and (TYPE_CELL.fullmatch(cell) or cell in {"file", "files", "filename", "file name"})
    ]
