"""`aggregator status`: how every feed does, those in trouble first.

In a terminal of WIDE columns or more a feed is a row of a table; in a narrower one its reason stands on a line of its
own below it. In a pipe each feed is one line, with nothing cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from aggregator.cli.app import Here, Json, app, clock, complain, here, iso, line, print_json, print_table, say
from aggregator.models.errors import ConfigError
from aggregator.text.urls import redact
from aggregator.text.wording import about

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from aggregator.models import FeedState
    from aggregator.poll.health import Diagnosis

WIDE = 120
"""Columns of a terminal on which a sentence fits beside the figures."""

INDENT = 4

_COLOURS = {
    "GONE": "red",
    "BROKEN": "red",
    "FAILING": "yellow",
    "SILENT": "yellow",
    "MISREAD": "yellow",
    "NEW": "dim",
    "OK": "green",
    "PAUSED": "dim",
}


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A feed, how it does, and the list that it comes from (empty: feeds.yaml itself)."""

    state: FeedState
    diagnosis: Diagnosis
    disallowed: int = 0
    flagged: str | None = None
    origin: str = ""

    def cells(self, now: datetime) -> tuple[str, str, str, str, str]:
        """Name, state, last success, next poll, entries."""
        ago = _ago(self.state.last_success, now)
        return self.state.name, self.diagnosis.short, ago, _ahead(self.state, now), f"{self.state.entries:,}"

    @property
    def why(self) -> str:
        """The reason, and where the feed comes from if that is not feeds.yaml."""
        return f"{self.diagnosis.words} From the list {self.origin}." if self.origin else self.diagnosis.words


COLUMNS = ("feed", "state", "last success", "next poll", "entries")


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Show every feed's health and the reason, last success, next poll and entries; problems first."""
    from aggregator.poll import health

    place, now = here(context), clock()
    rows, offline = _rows(place, now)
    unread = _unread(place)
    if as_json:
        print_json([_json(row) for row in rows])
        return
    for trouble in unread:
        complain(trouble)
    if not rows:
        if unread:
            return
        say(f"No data yet in {place.data}. Run `aggregator poll` first.")
        return
    if words := health.network_text(offline, now):
        complain(words)
    _show(sorted(rows, key=lambda row: row.diagnosis.rank), now, offline is not None)


def _rows(place: Here, now: datetime) -> tuple[list[StatusRow], datetime | None]:
    """Every feed, and since when the network seems to be down."""
    from aggregator.poll.health import diagnose
    from aggregator.store import Store

    if not place.database.exists():
        return [], None
    with Store.read(place.database) as store:
        states, disallowed, flagged = store.feeds(), store.queries.disallowed(), store.quality.flagged()
        offline, lists = store.queries.offline_since(), bool(store.lists.states())
    origins = _origins(place) if lists else {}  # to read feeds.yaml takes longer than all the rest
    rows = []
    for state in states:
        kept, why = disallowed.get(state.id, 0), flagged.get(state.id)
        rows.append(StatusRow(state, diagnose(state, now, kept, why), kept, why, origins.get(state.url, "")))
    return rows, offline


def _unread(place: Here) -> list[str]:
    """What is wrong with the lists that could not be read when they were last looked at."""
    from aggregator.pipeline.data_files import data_troubles
    from aggregator.store import Store

    if not place.database.exists():
        return []
    with Store.read(place.database) as store:
        states = store.lists.states()
    found = [*data_troubles(place.data, clock())]
    if not states:
        return found
    from aggregator.pipeline.lists import troubles

    with suppress(ConfigError):  # what is stored is shown whatever feeds.yaml says
        found = [*troubles(place.config, states), *found]
    return found


def _origins(place: Here) -> dict[str, str]:
    """Address of a feed -> the list that it comes from: its name, or else its address without secrets."""
    from aggregator.cli.feeds import with_lists
    from aggregator.config.settings import Followed
    from aggregator.pipeline.lists import shown_name

    try:
        config = with_lists(place)
    except ConfigError:
        return {}  # what is stored is shown whatever feeds.yaml says
    names = {one.url: shown_name(one) for one in config.lists}
    return {feed.url: names[feed.listed_in] for feed in config.feeds if isinstance(feed, Followed)}


# --- for people ------------------------------------------------------------------------------------------------


def _show(rows: Sequence[StatusRow], now: datetime, offline: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    title = _title(rows)
    if console.is_terminal and console.width < WIDE:
        _show_narrow(console, title, rows, now, offline)
        return
    cells = []
    for row in rows:
        name, short, *rest = row.cells(now)
        cells.append((name, Text(line(short), _COLOURS[row.diagnosis.condition.name]), *rest, row.why))
    print_table(title, (*COLUMNS, "why"), cells)


def _title(rows: Sequence[StatusRow]) -> str:
    trouble = sum(row.diagnosis.trouble for row in rows)
    every = f"{len(rows)} feed{'s' * (len(rows) != 1)}"
    return f"{every}, {trouble} of them in trouble" if trouble else every


def _show_narrow(console: Console, title: str, rows: Sequence[StatusRow], now: datetime, offline: bool) -> None:
    """Two lines a feed: the figures, and below them the reason, which is what a table has no room for."""
    from rich.padding import Padding
    from rich.text import Text

    console.print(title, style="bold", markup=False)
    table = [tuple(map(line, row.cells(now))) for row in rows]
    widths = _widths((COLUMNS, *table), console.width)
    console.print(_aligned(COLUMNS, widths), style="bold", soft_wrap=True)
    for row, cells in zip(rows, table, strict=True):
        console.print(_aligned(cells, widths, _COLOURS[row.diagnosis.condition.name]), soft_wrap=True)
        if row.diagnosis.trouble or not offline:  # that the network is down stands above
            style = "" if row.diagnosis.trouble else "dim"
            console.print(Padding(Text(line(row.why), style), (0, 0, 0, INDENT), expand=False))


def _widths(table: Sequence[Sequence[str]], width: int) -> list[int]:
    """Of the columns, in cells of the terminal: names give way where there is no room for all."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    room = width - sum(widths[1:]) - 2 * (len(widths) - 1)
    return [max(min(widths[0], room), 8), *widths[1:]]


def _aligned(cells: Sequence[str], widths: Sequence[int], colour: str = "") -> Text:
    """One line; the second cell, the state, in `colour`."""
    from rich.text import Text

    text = Text()
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        fitted = Text(cell, colour if number == 1 else "")
        fitted.truncate(width, overflow="ellipsis", pad=True)
        text.append("  " if number else "").append_text(fitted)
    return text


def _ago(time: datetime | None, now: datetime) -> str:
    return f"{about(now - time)} ago" if time else "never"


def _ahead(state: FeedState, now: datetime) -> str:
    from aggregator.models import FeedStatus

    if state.status in (FeedStatus.PAUSED, FeedStatus.GONE):
        return "no more"
    return f"in {about(state.next_poll - now)}" if state.next_poll and state.next_poll > now else "now"


# --- for programs ----------------------------------------------------------------------------------------------


def _json(row: StatusRow) -> dict[str, object]:
    from aggregator.poll.health import describe

    state = row.state
    return {
        "name": state.name,
        "url": redact(state.url),
        "state": state.status.value,
        "last_success": iso(state.last_success),
        "last_poll": iso(state.last_poll),
        "next_poll": iso(state.next_poll),
        "failures": state.failures,
        "last_error": state.last_error,
        "entries": state.entries,
        "interval_s": state.interval_s,
        "reason": state.next_poll_reason or None,
        "found_by_chain": state.found_by_chain,
        "list": row.origin or None,
        "words": describe(state, row.disallowed).words,
        "quality": row.flagged,
        "condition": row.diagnosis.condition,
    }
