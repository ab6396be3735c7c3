"""Log lines: readable on a terminal, JSON elsewhere, always on standard error, never with a secret or a raw line break.

Values are written by structlog's renderers, which escape control characters (CR LF in a title makes no second line).
What libraries log (uvicorn, APScheduler) takes the same way and looks the same. To systemd's journal each line goes
with its priority, so that `journalctl -p warning` finds what matters.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from aggregator.urls import hide, redact

_URL = re.compile(r"https?://[^\s'\"<>]+")

_FIRST = ("timestamp", "level", "event")
"""What people look for in a line, and so what it begins with."""

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Levels as syslog numbers them, written before a line as `<N>` (sd-daemon(3))."""


def configure(*, level: int = logging.ERROR, human: bool | None = None) -> None:
    """Set up logging for the process. `human`: readable lines (default: when standard error is a terminal)."""
    human = sys.stderr.isatty() if human is None else human
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
        logger_factory=_StderrFactory(),
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


class _StderrHandler(logging.StreamHandler[Any]):
    """Writes to what is standard error at the time, as `_StderrFactory`."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _StderrFactory:
    """Loggers that look up standard error at each line, so that a progress bar may stand in for it."""

    def __call__(self, *_: Any) -> structlog.PrintLogger:
        return structlog.PrintLogger(sys.stderr)


def _json(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    ordered = {key: event[key] for key in _FIRST if key in event} | dict(event)
    return str(structlog.processors.JSONRenderer(ensure_ascii=False)(logger, name, ordered))


def _is_journal() -> bool:
    """Whether standard error leads to systemd's journal: JOURNAL_STREAM is its device and inode (systemd.exec(5))."""
    try:
        there = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _with_priority(renderer: Callable[[Any, str, MutableMapping[str, Any]], str]) -> Any:
    def render(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        priority = _PRIORITIES.get(str(event.get("level")), 6)
        return f"<{priority}>{renderer(logger, name, event)}"

    return render


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            safe = _URL.sub(lambda match: redact(match[0]), hide(value))
            event[key] = safe if key == "exception" else safe.replace("\r", "\\r").replace("\n", "\\n")
    return event
