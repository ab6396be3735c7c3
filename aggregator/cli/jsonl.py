"""JSON Lines for `extract --batch` and `stories`: a bad line is named with its number, and costs only itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.models.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: the object that it holds, or the problem with it, said with file and line."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def read_lines(path: Path, texts: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of a file that are not blank; the keys in `texts` hold text where they are there.

    Raises ConfigError when the file can not be read. A line ends at a newline and at nothing else: JSON may hold
    U+2028 and its like as they are.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError((f"{path}: can not be read: {error.strerror}",)) from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _line(path, number, line, texts)


def _line(path: Path, number: int, line: bytes, texts: tuple[str, ...]) -> Line:
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return Line(number, problem=f"{path}:{number}:{error.colno}: is not JSON: {error.msg}")
    except UnicodeDecodeError as error:
        return Line(number, problem=f"{path}:{number}: is not UTF-8 (byte {error.start + 1} of the line)")
    except (RecursionError, ValueError) as error:
        return Line(number, problem=f"{path}:{number}: can not be read: {error}")
    if not isinstance(value, dict):
        return Line(number, problem=f"{path}:{number}: found no JSON object")
    for key in texts:
        if value.get(key) is not None and not isinstance(value[key], str):
            return Line(number, {"id": value.get("id")}, f"{path}:{number}: `{key}` is not text")
    return Line(number, value)
