"""Log lines: readable on a terminal, JSON elsewhere, always on standard error, never with a secret or a raw line break.

Whatever a line is given is made plain text, without secrets and control characters, before a renderer sees it. What
libraries log (uvicorn, APScheduler) and Python's warnings take the same way and look the same. A line that cannot be
written, because the disk is full or the pipe is closed, is lost: work goes on. To systemd's journal each line
goes with its priority, so that `journalctl -p warning` finds what matters.
"""

from __future__ import annotations

import logging
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

import structlog

from aggregator.text.urls import hide, redact

_URL = re.compile(r"(?:https?|([a-z][a-z0-9+.-]{0,30}))://[^\s'\"<>]+", re.IGNORECASE)
"""A scheme has a length at which the search for it ends: a long name with dots would else be gone through at each."""

_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    **{
        number: f"\\u{number:04x}"
        for number in (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
    },
}
"""What makes a second line, or what a terminal takes for a command: C0, DEL, C1, Unicode's own line breaks, and what
turns the direction of a line."""

_IN_TRACEBACKS = {number: shown for number, shown in _CONTROL.items() if chr(number) not in "\t\n"}

_FIRST = ("timestamp", "level", "event")
"""What people look for in a line, and so what it begins with."""

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Levels as syslog numbers them, written before a line as `<N>` (sd-daemon(3))."""


def configure(*, level: int = logging.ERROR, human: bool | None = None) -> None:
    """Set up logging for the process. `human`: readable lines (default: when standard error is a terminal)."""
    human = sys.stderr is not None and sys.stderr.isatty() if human is None else human
    renderer: Any = structlog.dev.ConsoleRenderer() if human else _json
    if not human and _is_journal():
        renderer = _with_priority(renderer)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # text, without the values of local variables
        _without_secrets,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    libraries = _StderrHandler()
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shared, renderer],
            use_get_message=True,
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[libraries], force=True)
    logging.captureWarnings(capture=True)


class _Stderr:
    """A logger that looks up standard error at each line, so that a progress bar may stand in for it."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            if sys.stderr is not None:
                sys.stderr.write(message + "\n")
                sys.stderr.flush()

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


class _StderrHandler(logging.Handler):
    """Hands what libraries log to `_Stderr`."""

    def emit(self, record: logging.LogRecord) -> None:
        _Stderr().msg(self.format(record))


def _json(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    ordered = {key: event[key] for key in _FIRST if key in event} | dict(event)
    return str(structlog.processors.JSONRenderer(ensure_ascii=False)(logger, name, ordered))


def _is_journal() -> bool:
    """Whether standard error leads to systemd's journal: JOURNAL_STREAM is its device and inode (systemd.exec(5))."""
    try:
        there = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or none at all
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _with_priority(renderer: Callable[[Any, str, MutableMapping[str, Any]], str]) -> Any:
    def render(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        priority = _PRIORITIES.get(str(event.get("level")), 6)
        return f"<{priority}>{renderer(logger, name, event)}"

    return render


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: _safe(value).translate(_IN_TRACEBACKS) if key == "exception" and isinstance(value, str) else _plain(value)
        for key, value in event.items()
    }


def _plain(value: object) -> Any:
    """`value` as something that JSON has, and that shows no secret however deep it lies."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return _text(value)


def _text(value: object) -> str:
    return _safe(str(value)).translate(_CONTROL)


def _safe(text: str) -> str:
    """`text` without secrets. Of addresses that are not http's (Apprise's are keys all over) the scheme is shown."""
    return _URL.sub(lambda match: f"{match[1]}://REDACTED" if match[1] else redact(match[0]), hide(text))
