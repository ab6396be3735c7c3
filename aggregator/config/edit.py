"""Change the list of feeds in feeds.yaml and keep everything else in it: comments, order, quoting.

The new text is checked as a whole before it replaces the old, and written beside it first: a mistake or a full disk
leaves the file as it was.

A feed put into the text of feeds.yaml: some lines more after the last feed, and every other byte as it was.

Only where the list is written an item a line, as nearly always; else None, and the file has to be written again.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from aggregator.config.document import literal
from aggregator.config.load import feed_name, load
from aggregator.config.settings import Feed
from aggregator.models.errors import ConfigError


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


def add_feeds(path: Path, feeds: Iterable[Feed], environ: Mapping[str, str]) -> None:
    """Append feeds. ConfigError when the result would not be valid (a name or a URL that stands there already)."""
    feeds = tuple(feeds)
    if path.exists():
        text = path.read_bytes().decode("utf-8")
        new = inserted(text, map(as_yaml, feeds))
        if new is not None:
            _write(path, new, environ)
            return
    document = _read(path)
    if document.get("feeds") is None:
        document["feeds"] = CommentedSeq()
    document["feeds"].extend(_item(feed) for feed in feeds)
    _write(path, _dumped(document), environ)


def as_yaml(feed: Feed) -> str:
    """A feed as it would stand in the list."""
    return _dumped(CommentedSeq([_item(feed)]))


def create(path: Path, text: str, environ: Mapping[str, str]) -> None:
    """Write a new feeds.yaml. ConfigError when one is there, `text` is not a valid one, or it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            tried = Path(folder) / path.name
            tried.write_text(text, "utf-8")
            _checked(tried, environ, path)
            _claim(path)
            tried.replace(path)
    except OSError as error:
        raise ConfigError((f"{path}: cannot be written: {error.strerror}",)) from None


def _claim(path: Path) -> None:
    """Create the file, empty, unless one exists: never replace it."""
    try:
        path.open("x").close()
    except FileExistsError:
        raise ConfigError((f"{path}: already exists and is left unchanged",)) from None


def _item(feed: Feed) -> CommentedMap:
    """A feed as found: its address may be a stranger's, and is no place for values from our environment."""
    item = CommentedMap({"url": literal(feed.url)})
    if feed.name:
        item["name"] = feed.name
    if feed.tags:
        item["tags"] = CommentedSeq(feed.tags)
        item["tags"].fa.set_flow_style()
    return item


def remove_feed(path: Path, name: str, environ: Mapping[str, str]) -> str:
    """Take the feed called `name` (or with that URL) out; its URL is given back. ConfigError when there is none."""
    config = load(path, environ)
    document = _read(path)
    for index, feed in enumerate(config.feeds):
        if name.casefold() in (feed_name(feed).casefold(), feed.url.casefold()):
            del document["feeds"][index]
            _write(path, _dumped(document), environ)
            return feed.url
    raise ConfigError((f"{path}: no feed is called `{name}`",))


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _read(path: Path) -> Any:
    if not path.exists():
        return CommentedMap()
    return _yaml().load(path.read_text("utf-8-sig")) or CommentedMap()


def _dumped(document: Any) -> str:
    text = io.StringIO()
    _yaml().dump(document, text)
    return text.getvalue()


def _write(path: Path, text: str, environ: Mapping[str, str]) -> None:
    try:
        _replace(path.resolve(), text, environ, path)
    except OSError as error:
        raise ConfigError((f"{path}: cannot be written: {error.strerror}",)) from None


def _replace(path: Path, text: str, environ: Mapping[str, str], named: Path) -> None:
    """Check the new text, then put it in place of the file that `named` leads to; a link stays a link."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _checked(Path(temporary), environ, named)
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _checked(tried: Path, environ: Mapping[str, str], named: Path) -> None:
    """ConfigError where the file has mistakes; they name `named`, which it is to become."""
    try:
        load(tried, environ)
    except ConfigError as error:
        raise ConfigError(tuple(line.replace(str(tried), str(named)) for line in error.mistakes)) from None
