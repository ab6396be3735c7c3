"""The command line: `aggregator [--config feeds.yaml] [--data data] COMMAND`.

Commands read options, call the pipeline, and print; they decide nothing. JSON goes to standard output, everything else
to standard error. Exit codes: 0 done; 1 nothing could be done; 2 wrong use or configuration; 3 the data folder is in
use by another daemon.
"""

from __future__ import annotations

import sys

from aggregator.cli import (  # noqa: F401 - importing registers the commands
    add,
    data,
    demo,
    diff,
    doctor,
    facts,
    feeds,
    init,
    inspect,
    maintain,
    notify,
    outputs,
    rules,
    run,
    search,
    status,
    stories,
    tail,
    watch,
)
from aggregator.cli.app import app, complain
from aggregator.models.errors import AggregatorError, ConfigError, InUse

__all__ = ["app", "main"]


def main() -> None:
    """The entry point; never shows a traceback for an error that is expected."""
    try:
        app()
    except ConfigError as error:
        for mistake in error.mistakes:
            complain(mistake)
        sys.exit(2)
    except InUse as error:
        complain(str(error))
        sys.exit(3)
    except AggregatorError as error:
        complain(str(error))
        sys.exit(1)
