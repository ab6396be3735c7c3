"""What the shell completes beside commands and options: the names in feeds.yaml. Or nothing: it never fails."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aggregator.models.errors import AggregatorError

if TYPE_CHECKING:
    from aggregator.config.settings import Config


class _Chosen(str):
    """A name that was chosen whatever its case, and may stand in quotes: typer keeps only what begins as was typed."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """It was looked at already."""
        return True


def feeds(context: typer.Context, incomplete: str) -> list[str]:
    """Names of feeds that begin so."""
    from aggregator.config import feed_name

    return _beginning(context, incomplete, lambda config: map(feed_name, config.feeds))


def outputs(context: typer.Context, incomplete: str) -> list[str]:
    """Names of outputs that begin so."""
    return _beginning(context, incomplete, lambda config: (one.name for one in config.outputs))


def notifications(context: typer.Context, incomplete: str) -> list[str]:
    """Names of notifications that begin so."""
    return _beginning(context, incomplete, lambda config: (one.name for one in config.notifications))


def _beginning(context: typer.Context, incomplete: str, named: Callable[[Config], Iterable[str]]) -> list[str]:
    from aggregator.config import load

    path = Path(context.find_root().params.get("config") or os.environ.get("AGGREGATOR_CONFIG") or "feeds.yaml")
    try:
        names = [name for name in named(load(path, os.environ)) if name.casefold().startswith(incomplete.casefold())]
    except (AggregatorError, OSError):
        return []
    # bash puts in what it is given; zsh and fish quote by themselves
    bash = "bash" in os.environ.get("_AGGREGATOR_COMPLETE", "")
    return [_Chosen(shlex.quote(name) if bash else name) for name in names]
