"""A YAML file as values with their places, so that every mistake can be named with file, line and column.

The file is data: a tag such as `!!python/object` is a mistake, never an instruction. `${NAME}` in a value is replaced
from the environment after parsing, so that a secret cannot change the file's structure; `$${NAME}` is `${NAME}` itself
(see `literal`). What is shown to everybody, names, titles and tags, is text: nothing in it is replaced.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from aggregator.config.value_types import IN_WORDS
from aggregator.models.errors import ConfigError
from aggregator.text.urls import keep_secret, redact

Path_ = tuple[str | int, ...]
ValidKeys = Callable[[Path_], tuple[str, ...]]
"""The keys that a mapping at a place of the file may have."""

MAX_DEPTH = 12
"""Levels of nesting; the configuration needs four. Deeper files are a mistake, or an attack on the reader."""

_BOUNDS = {
    "greater_than": "a number above {}",
    "greater_than_equal": "a number that is at least {}",
    "less_than_equal": "a number that is at most {}",
    "less_than": "a number below {}",
    "too_long": "fewer values",
    "string_too_short": "at least {} character",
    "string_too_long": "at most {} characters",
    "string_pattern_mismatch": "text that matches {}",
}
_KINDS = {
    "string_type": "text (a number needs quotes)",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "too_short": "at least one",
    "int_type": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "none_required": "nothing",
    "timedelta_type": "a duration such as 90s, 15m, 1h or 2d",
}

_VARIABLE = re.compile(r"(\$+)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHOWN = frozenset({"name", "title", "tags", "author", "sources"})
"""Keys whose values are shown to everybody, or are compared with those. Often they are a stranger's: a feed's title, a
list's. An environment variable that they name is none of theirs."""
_ADDRESS = re.compile(r"://|//[^/\[]*@")
"""What may be a URL with a password in it, and is no XPath."""

_STANDARD_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null")}


@dataclass
class YamlDocument:
    """The file as values, with the place of every key and value, and the mistakes found so far."""

    name: str
    environ: Mapping[str, str]
    values: Any = None
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    secret: set[Path_] = field(default_factory=set)
    unset: set[Path_] = field(default_factory=set)
    mistakes: list[tuple[tuple[int, int], str]] = field(default_factory=list)

    def mistake(self, place: tuple[int, int], message: str) -> None:
        self.mistakes.append((place, message))

    def lines(self) -> tuple[str, ...]:
        ordered = sorted(set(self.mistakes))
        return tuple(f"{self.name}:{line}:{column}: {message}" for (line, column), message in ordered)


def read(path: Path, environ: Mapping[str, str], expected: str) -> YamlDocument:
    """The file's values, or with the mistake that it holds nothing where `expected` was. Raises ConfigError."""
    document = YamlDocument(str(path), environ)
    root = _compose(document, path)
    if root is None:
        document.mistake((1, 1), f"the file is empty; expected {expected}")
    else:
        document.values = _value(document, root, ())
        if not isinstance(document.values, dict):
            document.mistake((1, 1), f"found {_shown(document.values)}; expected {expected}")
            document.values = None
    return document


def _compose(document: YamlDocument, path: Path) -> Node | None:
    try:
        text = path.read_text("utf-8-sig")
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
        return root
    except OSError as error:
        raise ConfigError((f"{document.name}: cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((f"{document.name}: is not UTF-8 (byte {error.start})",)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.mistake(place, f"is not YAML: {error.problem or error.context}{_begun(error)}")
        raise ConfigError(document.lines()) from None
    except (YAMLError, RecursionError) as error:
        raise ConfigError((f"{document.name}:1:1: is not YAML: {str(error).splitlines()[0]}",)) from None


def _begun(error: MarkedYAMLError) -> str:
    """Where that began which is wrong, when it is found some lines further down: a quote that nothing closes."""
    mark = error.context_mark
    if mark is None or error.problem_mark is None or mark.line == error.problem_mark.line:
        return ""
    return f" ({error.context} that begins in line {mark.line + 1}, column {mark.column + 1})"


def _value(document: YamlDocument, node: Node, path: Path_) -> Any:
    """The plain value of a node; its place is noted, and a tag that is not YAML's own is a mistake."""
    place = (node.start_mark.line + 1, node.start_mark.column + 1)
    document.places[path] = place
    tag = str(node.tag)
    if tag not in _STANDARD_TAGS and tag != "tag:yaml.org,2002:timestamp":
        document.mistake(place, f"{where(path)}: found the tag `{tag}`; expected plain text, a list or a mapping")
        return None
    if len(path) > MAX_DEPTH:
        document.mistake(place, f"nested deeper than {MAX_DEPTH} levels")
        return None
    if isinstance(node, MappingNode):
        return _mapping(document, node, path)
    if isinstance(node, SequenceNode):
        return [_value(document, item, (*path, index)) for index, item in enumerate(node.value)]
    return _scalar(document, node, path)


def _mapping(document: YamlDocument, node: MappingNode, path: Path_) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in values:
            document.mistake(place, f"{where((*path, key))}: the key stands here a second time")
        document.keys[(*path, key)] = place
        values[key] = _value(document, value_node, (*path, key))
    return values


def _scalar(document: YamlDocument, node: Node, path: Path_) -> Any:
    text = str(node.value)
    kind = str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        return _number(text)
    return _interpolated(document, text, path)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _interpolated(document: YamlDocument, text: str, path: Path_) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if key in _SHOWN and not {"headers", "cookies"} & set(path):
        return text
    names = {match[2] for match in _VARIABLE.finditer(text) if len(match[1]) % 2}
    for name in sorted(names):
        document.secret.add(path)
        if path[:1] in (("feeds",), ("lists",), ("notifications",)):
            keep_secret(document.environ.get(name, ""))
        if name not in document.environ:
            document.unset.add(path)
            document.mistake(document.places[path], f"{where(path)}: the environment has no variable `{name}`")
    return _VARIABLE.sub(lambda match: _replaced(match, document.environ), text)


def _replaced(match: re.Match[str], environ: Mapping[str, str]) -> str:
    """Two dollar signs are one; one that is left over stands before the name of a variable."""
    dollars, name = match[1], match[2]
    return "$" * (len(dollars) // 2) + (environ.get(name, "") if len(dollars) % 2 else f"{{{name}}}")


def literal(text: str) -> str:
    """`text` as it has to stand in a value of the file that is to be this text, whatever it looks like."""
    return _VARIABLE.sub(lambda match: f"{match[1] * 2}{{{match[2]}}}", text)


def explain(document: YamlDocument, error: ValidationError, valid_keys: ValidKeys) -> None:
    """Turn pydantic's errors into ours: one a place, since a union reports each of its branches."""
    expected: dict[Path_, list[str]] = {}
    for detail in error.errors(include_url=False):
        path = _real_path(document, detail["loc"])
        if detail["type"] == "extra_forbidden":
            document.mistake(document.keys.get(path, (1, 1)), _unknown_key(path, valid_keys(path[:-1])))
        elif detail["type"] == "missing":
            place = document.places.get(path[:-1] if path not in document.places else path, (1, 1))
            document.mistake(place, f"{where((*path, *_rest(path, detail['loc'])))}: is missing; it must be given")
        else:
            expected.setdefault(path, []).append(expectation(detail))
    for path, wishes in expected.items():
        if path in document.unset:
            continue  # what would stand there is not known, and that it is not has been said
        if any(other[: len(path)] == path and other != path for other in expected):
            continue  # what is wrong inside explains why the whole is
        shown = "a value from the environment" if path in document.secret else _shown(_at(document.values, path))
        message = f"{where(path)}: found {shown}; expected {', or '.join(dict.fromkeys(wishes))}"
        if wishes == [_KINDS["model_type"]] and "://" in shown:
            message += ": `url:` stands before the address"
        document.mistake(document.places.get(path, (1, 1)), message)


def _real_path(document: YamlDocument, location: tuple[str | int, ...]) -> Path_:
    """The part of pydantic's location that exists in the file (unions append the name of their branch)."""
    path: Path_ = ()
    for part in location:
        if (*path, part) not in document.places:
            break
        path = (*path, part)
    return path


def _rest(path: Path_, location: tuple[str | int, ...]) -> Path_:
    return tuple(location[len(path) :])


def expectation(detail: Mapping[str, Any]) -> str:
    """What was expected, in words, from one of pydantic's error details."""
    limits = detail.get("ctx") or {}
    if (words := IN_WORDS.get(limits.get("pattern", ""))) is not None:
        return words
    if detail["type"] in _BOUNDS:
        return _BOUNDS[detail["type"]].format(next(iter(limits.values())))
    if detail["type"] in _KINDS:
        return _KINDS[detail["type"]]
    if detail["type"] == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "literal_error":
        return str(limits["expected"])
    return "another value"


def _unknown_key(path: Path_, valid: tuple[str, ...]) -> str:
    key = str(path[-1])
    near = difflib.get_close_matches(key, valid, 1, 0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"expected one of: {', '.join(valid)}"
    return f"{where(path)}: unknown key `{key}`; {hint}"


def _at(values: Any, path: Path_) -> Any:
    for part in path:
        values = values[part]
    return values


def where(path: Path_) -> str:
    return "".join(_steps(path)).removeprefix(".") or "the file"


def _steps(path: Path_) -> Iterator[str]:
    for part in path:
        yield f"[{part}]" if isinstance(part, int) else f".{part}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    text = str(value)
    return f"`{redact(text) if _ADDRESS.search(text) else text[:80]}`"
