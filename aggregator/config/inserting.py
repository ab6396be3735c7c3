"""A feed put into the text of feeds.yaml: some lines more after the last feed, and every other byte as it was.

Only where the list is written an item a line, as nearly always; else None, and the file has to be written anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode


def inserted(text: str, items: Iterable[str]) -> str | None:
    """`text` with the items (each as a list of one, as YAML writes it) at the end of its list of feeds."""
    feeds = _feeds(text)
    if feeds is None or feeds.flow_style or not feeds.value:
        return None
    lines = text.splitlines(keepends=True)
    last = feeds.value[-1]
    begin = lines[last.start_mark.line][: last.start_mark.column]
    dash, place = begin.rfind("-"), _last_line(last)
    if dash < 0 or begin.strip() != "-" or place >= len(lines):
        return None
    newline = "\r\n" if lines[place].endswith("\r\n") else "\n"
    if not lines[place].endswith(("\n", "\r")):
        lines[place] += newline
    lines[place + 1 : place + 1] = [line + newline for item in items for line in _indented(item, begin)]
    return "".join(lines)


def _feeds(text: str) -> SequenceNode | None:
    try:
        root = YAML().compose(text)
    except YAMLError:
        return None
    if not isinstance(root, MappingNode):
        return None
    found = (value for key, value in root.value if isinstance(key, ScalarNode) and key.value == "feeds")
    node = next(found, None)
    return node if isinstance(node, SequenceNode) else None


def _last_line(node: Any) -> int:
    """The line that a node ends on. A block has no end of its own: it is that of the last thing in it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        # Of `name:` with nothing behind it the value stands where the next thing begins.
        left_empty = value.start_mark.index == value.end_mark.index
        return _last_line(key if left_empty else value)
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    line, column = int(node.end_mark.line), int(node.end_mark.column)
    return line if column or line == node.start_mark.line else line - 1


def _indented(item: str, begin: str) -> Iterable[str]:
    """The lines of an item as far in as the others: `begin` is what stands before these, up to the dash and behind."""
    for number, line in enumerate(item.splitlines()):
        yield (" " * len(begin) if number else begin) + line[4:]
