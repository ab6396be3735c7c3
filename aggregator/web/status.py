"""`/status`: every feed's health. Feeds in trouble on top, with cause and remedy; the healthy ones in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aggregator import emit
from aggregator.config.settings import Site
from aggregator.models import FeedState, NotedEvent
from aggregator.pipeline import data_files
from aggregator.poll import health
from aggregator.poll.health import Condition, Diagnosis, FirstMinutes
from aggregator.store import Store
from aggregator.store.feeds import PageCounts
from aggregator.store.intel_data import IntelData
from aggregator.text.wording import about
from aggregator.web.files import TYPES
from aggregator.web.rendering import Templates
from aggregator.web.search import document

DAYS = 30
"""Days in a chart."""

EVENTS = 8
"""Of what happened last, above the feeds; the feed of health has more."""

CHART_HEIGHT = 24
BAR_WIDTH = 4
"""In the units of the charts' view boxes; a bar takes all of its width but one."""

_LEAST_TRIED = 5
"""Pages tried before a share of them is told."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Posts a day as bars: `path` is the data of one SVG path, `words` says the same to those who do not see it."""

    path: str
    width: int
    words: str
    posts: int


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One feed as the page shows it."""

    state: FeedState
    diagnosis: Diagnosis
    chart: Chart
    last_success: str
    next_poll: str
    notes: tuple[str, ...]


class Status:
    """The page; each request opens its own read-only connection."""

    def __init__(self, site: Site, database: Path, clock: Callable[[], datetime], templates: Templates) -> None:
        self._site = site
        self._database = database
        self._clock = clock
        self._templates = templates

    def feed(self, request: Request) -> Response:
        """`/health.atom`, `.rss`, `.json`: what happened to the feeds, and whether polling rests now."""
        extension = request.scope["path"].rpartition(".")[2]
        with Store.read(self._database) as store:
            events, pulse = store.queries.events(emit.HEALTH_EVENTS), store.queries.pulse()
        rest = health.resting(pulse.last_poll, pulse.next_poll, self._clock())
        if rest:
            events = (NotedEvent(0, rest.at, rest.kind, rest.title, rest.words), *events)
        return document(request, emit.health(self._site, events, extension), TYPES[f".{extension}"])

    def _data_files(self, now: datetime) -> list[DataFileLine]:
        path = data_files.database(self._database.parent)
        if not path.exists():
            return []
        with IntelData.open(path, read_only=True) as stored:
            found = stored.files()
        return [
            DataFileLine(
                one.name,
                (one.stated_at or one.version or "")[:10],
                one.rows or 0,
                f"{about(now - one.fetched_at)} ago" if one.fetched_at else "never",
                one.error or ("not fetched for long" if data_files.is_old(one, now) else ""),
            )
            for one in sorted(found, key=lambda one: (not (one.error or data_files.is_old(one, now)), one.name))
        ]

    def page(self, request: Request) -> Response:
        """Filters: `show` (a condition, `trouble`, all), `tag`; `sort`: trouble, name, success, posts."""
        now = self._clock()
        if not self._database.exists():
            return self._templates.page("status.html", request, **_nothing(now))
        with Store.read(self._database) as store:
            rows, pulse, events = _rows(store, now), store.queries.pulse(), store.queries.events(EVENTS)
            offline = health.network_text(store.queries.offline_since(), now)
            watched = store.intel.watched(now - timedelta(days=DAYS))
            begun = health.first_minutes(store.queries.backlog(now), now)
        show, tag, sort = (request.query_params.get(name, "") for name in ("show", "tag", "sort"))
        rest = health.idle(pulse.last_poll, pulse.next_poll, now)
        apart = sort not in _SORTS or sort == "trouble"  # in any other order they stand among the others
        chosen = _sorted(_chosen(rows, show, tag), sort)
        return self._templates.page(
            "status.html",
            request,
            now=now,
            troubled=[row for row in chosen if row.diagnosis.trouble and apart],
            rows=[row for row in chosen if not (row.diagnosis.trouble and apart)],
            chosen=len(chosen),
            total=len(rows),
            entries=sum(row.state.entries for row in rows),
            heading=_heading(rows, begun, offline=offline is not None),
            counts=_counts(rows),
            trouble=sum(row.diagnosis.trouble for row in rows),
            show=show,
            tag=tag,
            tags=sorted({tag for row in rows for tag in row.state.tags}),
            sort=sort if sort in _SORTS else "trouble",
            sorts=tuple(_SORTS),
            under_way="" if offline else begun.words,
            rest=offline or (rest.words if rest else ""),
            events=[(event, f"{about(now - event.at)} ago") for event in events],
            files=self._data_files(now),
            watched=watched,
            days=DAYS,
            height=CHART_HEIGHT,
        )


def _heading(rows: Sequence[StatusLine], begun: FirstMinutes, *, offline: bool) -> str:
    """What matters most, in a sentence: the network, then feeds in trouble, then what has not been read yet."""
    total, trouble = len(rows), sum(row.diagnosis.trouble for row in rows)
    if offline or not total:
        return begun.heading
    if trouble:
        return f"{trouble} of {total} feeds need{'s' * (trouble == 1)} attention"
    if not any(row.state.entries for row in rows) and any(row.state.last_poll is None for row in rows):
        return begun.heading
    if total == 1:
        return "The feed is healthy"
    return f"All {total} feeds are healthy"


@dataclass(frozen=True, slots=True)
class DataFileLine:
    """A data file as the page shows it; `trouble` is what is wrong with it, empty where nothing is."""

    name: str
    dated: str
    rows: int
    fetched: str
    trouble: str


def chart(days: Mapping[str, int], now: datetime) -> Chart:
    """The posts of the last DAYS days, by day (`YYYY-MM-DD`), today last."""
    counts = [days.get(f"{now - timedelta(days=ago):%Y-%m-%d}", 0) for ago in reversed(range(DAYS))]
    most, total = max(counts), sum(counts)
    bars = []
    for place, count in enumerate(counts):
        if count:
            height = max(round(CHART_HEIGHT * count / most), 2)
            bars.append(f"M{place * BAR_WIDTH} {CHART_HEIGHT}v-{height}h{BAR_WIDTH - 1}v{height}z")
    posts = "1 post" if total == 1 else f"{total:,} posts"
    words = f"{posts} in {DAYS} days" + (f", at most {most:,} a day" if total > 1 else "")
    return Chart("".join(bars), DAYS * BAR_WIDTH - 1, words, total)


def _rows(store: Store, now: datetime) -> list[StatusLine]:
    """Every feed by name, and how it does."""
    since = now - timedelta(days=DAYS)
    disallowed, flagged = store.queries.disallowed(), store.quality.flagged()
    daily, pages, missing = store.queries.posts_a_day(since), store.queries.pages(), store.queries.missing(since)
    return [
        _row(
            state,
            health.diagnose(state, now, disallowed.get(state.id, 0), flagged.get(state.id)),
            chart(daily.get(state.id, {}), now),
            _notes(state, pages.get(state.id, PageCounts()), missing.get(state.id, 0)),
            now,
        )
        for state in store.feeds()
    ]


def _row(state: FeedState, diagnosis: Diagnosis, drawn: Chart, notes: tuple[str, ...], now: datetime) -> StatusLine:
    ago = f"{about(now - state.last_success)} ago" if state.last_success else "never"
    if diagnosis.condition in (Condition.PAUSED, Condition.GONE):
        ahead = "no more"
    elif state.next_poll is None or state.next_poll <= now:
        ahead = "now"
    else:
        ahead = f"in {about(state.next_poll - now)}"
    return StatusLine(state, diagnosis, drawn, ago, ahead, notes)


def _notes(state: FeedState, pages: PageCounts, missing: int) -> tuple[str, ...]:
    """What else there is to know of a feed: how well its pages are read, and what slipped through."""
    found = []
    if pages.scraped + pages.failed >= _LEAST_TRIED and pages.failed:
        found.append(f"{pages.scraped:,} of {pages.scraped + pages.failed:,} pages could be read")
    if pages.pending:
        found.append(f"{pages.pending:,} {'page waits' if pages.pending == 1 else 'pages wait'} to be fetched")
    if state.found_by_chain:
        posts = f"{state.found_by_chain:,} missed post{'s' if state.found_by_chain != 1 else ''}"
        found.append(f"{posts} recovered by following links")
    if missing:
        found.append(
            f"{missing:,} {'post' if missing == 1 else 'posts'} slipped through in {DAYS} days, between two polls"
        )
    return tuple(found)


def _chosen(rows: Sequence[StatusLine], show: str, tag: str) -> list[StatusLine]:
    return [
        row
        for row in rows
        if (not tag or tag in row.state.tags)
        and (show in ("", row.diagnosis.condition) or (show == "trouble" and row.diagnosis.trouble))
    ]


def _by_trouble(row: StatusLine) -> tuple[object, ...]:
    return (row.diagnosis.rank, -row.state.failures, row.state.name.casefold())


def _by_name(row: StatusLine) -> tuple[object, ...]:
    return (row.state.name.casefold(),)


def _by_success(row: StatusLine) -> tuple[object, ...]:
    success = row.state.last_success
    return (success.timestamp() if success else 0.0, row.state.name.casefold())


def _by_posts(row: StatusLine) -> tuple[object, ...]:
    return (-row.chart.posts, row.state.name.casefold())


_SORTS: Mapping[str, Callable[[StatusLine], tuple[object, ...]]] = {
    "trouble": _by_trouble,
    "name": _by_name,
    "success": _by_success,
    "posts": _by_posts,
}


def _sorted(rows: list[StatusLine], sort: str) -> list[StatusLine]:
    return sorted(rows, key=_SORTS.get(sort, _by_trouble))


def _counts(rows: Sequence[StatusLine]) -> list[tuple[Condition, int]]:
    counts = [(kind, sum(row.diagnosis.condition is kind for row in rows)) for kind in Condition]
    return [(kind, count) for kind, count in counts if count]


def _nothing(now: datetime) -> dict[str, Any]:
    empty = dict.fromkeys(("rows", "troubled", "counts", "tags", "events", "files", "watched"), ())
    texts = dict.fromkeys(("show", "tag", "rest", "under_way"), "")
    numbers = {"total": 0, "chosen": 0, "entries": 0, "trouble": 0, "days": DAYS, "height": CHART_HEIGHT}
    order = {"sort": "trouble", "sorts": tuple(_SORTS)}
    return {"now": now, "heading": "No feeds yet", **order, **empty, **texts, **numbers}
