"""Log lines: readable on a terminal, JSON elsewhere, always on standard error, never with a secret or a raw line break.

Values are written by structlog's renderers, which escape control characters (CR LF in a title makes no second line).
What libraries log (uvicorn, APScheduler) takes the same way and looks the same.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from aggregator.urls import hide, redact

_URL = re.compile(r"https?://[^\s'\"<>]+")


def configure(*, level: int = logging.ERROR, human: bool | None = None) -> None:
    """Set up logging for the process. `human`: readable lines (default: when standard error is a terminal)."""
    human = sys.stderr.isatty() if human is None else human
    renderer: Any = structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(ensure_ascii=False)
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


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            safe = _URL.sub(lambda match: redact(match[0]), hide(value))
            event[key] = safe if key == "exception" else safe.replace("\r", "\\r").replace("\n", "\\n")
    return event
