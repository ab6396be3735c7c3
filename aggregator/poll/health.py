"""How a feed does, in words for people, and what happened to it between two polls. Pure: values in, values out.

A feed is judged against itself: whether it is silent depends on how it posted before. What flaps is not news: a feed
is broken after several failures and a day without success, not at the first error.

How a feed stands, in words that a person understands: what `status` and the page /status say of it.

Pure: a stored state in, words out. What went wrong was put into words where it happened; here it is said what follows.

The network itself seems to be down: the event that tells when it begins and when it ends, and the words meanwhile.

Whether it is, `fetch` judges (see `aggregator.fetch.hosts`); what could not be reached is asked again soon, and no
feed, page or host is counted as failed for it. Nothing is fetched or stored here.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from itertools import pairwise

from aggregator.models import Backlog, FeedEvent, FeedState, FeedStatus, PollOutcome, Verdict
from aggregator.models.errors import Barrier, FetchError, StageError, WebPage
from aggregator.poll.limits import CUT_SHORT, MOVE_AFTER
from aggregator.text.urls import redact
from aggregator.text.wording import about


@dataclass(frozen=True, slots=True)
class StatusText:
    """`label` is a word or two, for a narrow column; `words` says why it is so, and what comes next."""

    label: str
    words: str
    remarks: tuple[str, ...] = ()
    """What holds for a healthy feed, too: a limit, a move, pages that robots.txt keeps from us."""


_ADVICE = {
    Barrier.LOGIN: "give its `user` and `password` in feeds.yaml (the password as `${NAME}`, from the environment)",
    Barrier.CHALLENGE: "ask the publisher to let feed readers through, or look for another address of the feed",
    Barrier.BLOCKED: "ask the publisher to let it through (`user_agent` in feeds.yaml should name where to reach you)",
    Barrier.PARKED: "the outlet has given it up: `aggregator remove` removes the feed; its posts are kept",
}

_FIND = "`aggregator add` with the site's address finds its feed; feeds.yaml has to name that"


def advice(error: StageError) -> str | None:
    """What can be done about a feed that is refused to us; None where there is nothing but to wait."""
    if isinstance(error, WebPage):
        return _ADVICE[error.barrier] if error.barrier else _FIND
    if not isinstance(error, FetchError):
        return None
    if error.status == HTTPStatus.NOT_FOUND:
        return _FIND
    return _ADVICE.get(error.barrier or _BARRIERS.get(error.status or 0))  # type: ignore[arg-type]


_BARRIERS = {401: Barrier.LOGIN, 403: Barrier.BLOCKED}
"""What a status means that comes without a mark of who refuses."""


def describe(state: FeedState, disallowed: int = 0) -> StatusText:
    """How `state` stands; `disallowed` are the pages of its articles that robots.txt keeps from us."""
    label, words = _now(state)
    remarks = tuple(note for note in (state.limit, *_moves(state), *_pages(disallowed)) if note)
    return StatusText(label, "; ".join(note for note in (words, *remarks) if note), remarks)


def _now(state: FeedState) -> tuple[str, str]:
    name = shlex.quote(state.name)
    match state.status:
        case FeedStatus.PAUSED:
            return "paused", "paused in feeds.yaml: not polled, and what is stored stays"
        case FeedStatus.GONE:
            return "gone (410)", (
                "the server says this feed is gone (410): no longer polled; stored posts are kept. "
                f"Retry: `aggregator poll --feed {name}`. Remove: `aggregator remove {name}`"
            )
        case FeedStatus.BACKING_OFF:
            return f"failed {state.failures}×", f"{state.last_error or 'no answer'}; {state.next_poll_reason}"
    if state.last_poll is None:
        return "new", state.next_poll_reason or "not polled yet; the next round does"
    if state.limit:
        return "limit", state.next_poll_reason
    if state.last_error == CUT_SHORT:
        return "cut short", f"what was whole of it is stored; {state.next_poll_reason}"
    return "ok", state.next_poll_reason


def _moves(state: FeedState) -> list[str]:
    notes = []
    if state.polled_url != state.url:
        notes.append(f"moved permanently to {redact(state.polled_url)}; update feeds.yaml")
    if state.moving_to and state.moving_polls:
        notes.append(
            f"it announces a permanent move to {redact(state.moving_to)}: "
            f"seen {state.moving_polls} of {MOVE_AFTER} times before that is believed"
        )
    elif state.moving_to:
        notes.append(f"it is redirected to {redact(state.moving_to)} for the time being")
    return notes


def _pages(disallowed: int) -> list[str]:
    if not disallowed:
        return []
    pages = "1 page is" if disallowed == 1 else f"{disallowed:,} pages are"
    return [f"{pages} not fetched because robots.txt does not allow it: the feed's own text stands"]


BROKEN_FAILURES = 3
BROKEN_AFTER = timedelta(hours=24)
"""Failures in a row, and time since the last success, after which a feed counts as broken: maintenance of a night and
an expired certificate that is renewed in the morning are no news."""

NEVER_FAILURES = 7
"""Failures in a row of a feed that never worked: with the doubling waits of a failing feed, about a day."""

ENOUGH_POSTS = 8
"""Posts needed to speak of a rhythm when it comes to silence."""

LONGEST_FACTOR = 1.5
"""A silence is unusual when it is this much longer than the longest of the last gaps ..."""

MEAN_FACTOR = 5
"""... and than this many usual ones ..."""

LEAST_SILENCE = timedelta(days=1)
"""... and than this. On 47 real feeds this names none that posted within its usual week."""

IDLE_AFTER = timedelta(hours=6)
"""So long after the time at which a feed was due, and none polled meanwhile, the program was not running."""


class Condition(StrEnum):
    """How a feed does; in the order of trouble, the worst first."""

    GONE = "gone"
    BROKEN = "broken"
    FAILING = "failing"
    SILENT = "silent"
    MISREAD = "misread"
    NEW = "new"
    OK = "ok"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A feed's condition and the reason for it: `short` for a table, `words` a sentence.

    `remedy` is what can be done about trouble, where `words` do not have it; `remarks` are those of StatusText.
    """

    condition: Condition
    short: str
    words: str
    remedy: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def trouble(self) -> bool:
        """Whether it needs attention."""
        return self.condition not in (Condition.NEW, Condition.OK, Condition.PAUSED)

    @property
    def rank(self) -> int:
        """Its place in a list with the worst first."""
        return list(Condition).index(self.condition)


@dataclass(frozen=True, slots=True)
class Silence:
    """A feed that has not posted for unusually long: how often it does, and how long it has not."""

    usual: timedelta
    lasts: timedelta

    @property
    def words(self) -> str:
        """`usually posts every 5 h, nothing for 4 days`."""
        return f"usually posts every {about(self.usual)}, nothing for {about(self.lasts)}"


def silence(posted: Sequence[datetime], now: datetime) -> Silence | None:
    """Whether the feed with these publication times is silent at `now` by its own rhythm; None: it is not."""
    times = sorted({moment for moment in posted if moment <= now})
    if len(times) < ENOUGH_POSTS:
        return None
    usual = (times[-1] - times[0]) / (len(times) - 1)
    longest = max(later - earlier for earlier, later in pairwise(times))
    lasts = now - times[-1]
    return Silence(usual, lasts) if lasts > max(LONGEST_FACTOR * longest, MEAN_FACTOR * usual, LEAST_SILENCE) else None


def is_broken(state: FeedState, now: datetime) -> bool:
    """Whether a failing feed has failed long enough to be news."""
    if state.last_success is None:
        return state.failures >= NEVER_FAILURES
    return state.failures >= BROKEN_FAILURES and now - state.last_success >= BROKEN_AFTER


def diagnose(state: FeedState, now: datetime, disallowed: int = 0, flagged: str | None = None) -> Diagnosis:
    """How the feed does at `now`; `disallowed` as in `describe`, `flagged` why its pages seem to be read badly."""
    stands = describe(state, disallowed)
    condition, short, words = _condition(state, now), stands.label, stands.words
    success = state.last_success
    if condition in (Condition.BROKEN, Condition.FAILING):
        words = f"{words}; last success {about(now - success)} ago" if success else f"{words}; it has never worked"
    if condition is Condition.BROKEN:
        short = f"broken for {about(now - success)}" if success else "never worked"
    if condition is Condition.SILENT and (quiet := silence(state.posted, now)):
        short, words = f"silent for {about(quiet.lasts)}", f"{quiet.words}; {words}"
    if flagged:
        words = f"{words}; its pages are read badly: {flagged}"
    if flagged and condition is Condition.OK:
        condition, short = Condition.MISREAD, "pages read badly"
    remarks = tuple(map(_sentence, stands.remarks))
    return Diagnosis(condition, short, _sentence(words), _remedy(condition, state), remarks)


def _remedy(condition: Condition, state: FeedState) -> str:
    doctor = f"`aggregator doctor {shlex.quote(redact(state.url))}` fetches it now and explains the answer"
    match condition:
        case Condition.BROKEN:
            return f"{doctor}. If the site has a new feed, `aggregator add` with the site's address finds it."
        case Condition.FAILING:
            return f"Often passes by itself. {doctor}."
        case Condition.SILENT:
            where = redact(state.home_page_url) if state.home_page_url else "the site"
            return f"Look at {where}: if it has newer posts, its feed has moved. {doctor}."
        case Condition.MISREAD:
            return f"A site rule may help (docs/rules.md): `aggregator rules` shows which there are. {doctor}."
    return ""


@dataclass(frozen=True, slots=True)
class FirstMinutes:
    """How far a backlog is: `heading` says what the matter is, `words` how far it is; both empty when all is read."""

    heading: str = ""
    words: str = ""


BACKLOG = 20
"""Articles that wait to be fetched, from which that is worth telling on the front page once it shows posts."""


def first_minutes(backlog: Backlog, now: datetime) -> FirstMinutes:
    """What a site without posts, or with a backlog, says of itself: what it waits for, and how fast that comes."""
    if backlog.offline_since:
        return FirstMinutes(OFFLINE, network_text(backlog.offline_since, now) or "")
    if not backlog.feeds:
        return FirstMinutes("No feeds yet", "`aggregator add` with a site's address adds the first one.")
    feeds = "1 feed" if backlog.feeds == 1 else f"{backlog.feeds:,} feeds"
    words = ""
    if 0 < backlog.read < backlog.feeds or backlog.pending:
        every = feeds if backlog.read == backlog.feeds else f"{backlog.read:,} of {feeds}"
        fetched = f", {backlog.pending:,} articles to fetch, {backlog.done:,} done" if backlog.pending else ""
        words = f"{every} read{fetched}{_rate(backlog, now)}."
    if not backlog.entries:
        if backlog.read < backlog.feeds:
            return FirstMinutes(f"Reading {feeds} for the first time", words)
        return FirstMinutes("Nothing to show yet", f"{feeds} read: none has an entry. The next poll looks again.")
    if not backlog.posts:
        return FirstMinutes("The first posts are on their way", words)
    if backlog.pending >= BACKLOG:
        return FirstMinutes("Articles are being fetched", words)
    return FirstMinutes()


def _rate(backlog: Backlog, now: datetime) -> str:
    """`, 140 a minute`, over the last minutes; empty where nothing came."""
    if not (backlog.pending and backlog.lately and backlog.lately_since):
        return ""
    minutes = max((now - backlog.lately_since).total_seconds(), 1.0) / 60
    return f", {max(round(backlog.lately / minutes), 1):,} a minute"


def _condition(state: FeedState, now: datetime) -> Condition:
    if state.status is FeedStatus.PAUSED:
        return Condition.PAUSED
    if state.status is FeedStatus.GONE:
        return Condition.GONE
    if state.failures:
        return Condition.BROKEN if is_broken(state, now) else Condition.FAILING
    if state.last_poll is None:
        return Condition.NEW
    return Condition.SILENT if silence(state.posted, now) else Condition.OK


def events(before: FeedState, outcome: PollOutcome) -> tuple[FeedEvent, ...]:
    """What happened to a feed by this poll, in the order of telling; usually nothing."""
    after, now, found = outcome.state, outcome.at, list[FeedEvent]()
    if FeedStatus.PAUSED in (before.status, after.status):
        return ()
    was_down = before.status is FeedStatus.GONE or is_broken(before, before.last_poll or now)

    def tell(kind: str, title: str, words: str) -> None:
        found.append(FeedEvent(now, kind, f"{after.name} {title}", words))

    if after.status is FeedStatus.GONE and before.status is not FeedStatus.GONE:
        tell("gone", "is gone", "The publisher answers 410 Gone. Its posts are kept; it is no longer polled.")
    elif after.failures and is_broken(after, now) and not was_down:
        tell("broke", "has broken", diagnose(after, now).words)
    elif was_down and not after.failures and after.status is FeedStatus.OK:
        tell("back", "is back", f"It answers again after {before.failures or 'some'} failed polls{_gap(before, now)}.")
    if after.polled_url != before.polled_url:
        tell("moved", "has moved", f"It is polled at {redact(after.polled_url)} from now on.")
    return (*found, *_posting(before, outcome))


def _posting(before: FeedState, outcome: PollOutcome) -> tuple[FeedEvent, ...]:
    """Whether the feed fell silent, or speaks again; only a good poll tells, beside the good one before it."""
    after, now = outcome.state, outcome.at
    if after.failures or before.last_success is None:
        return ()
    new = [decision.entry.published or now for decision in outcome.decisions if decision.verdict is Verdict.NEW]
    quiet_before = silence(before.posted, before.last_success)
    quiet = silence((*before.posted, *new), now)
    if quiet and not quiet_before:
        return (FeedEvent(now, "silent", f"{after.name} has fallen silent", _sentence(quiet.words)),)
    if quiet_before and not quiet and new:
        words = f"It posts again after {about(now - max(before.posted))}."
        return (FeedEvent(now, "posting", f"{after.name} posts again", words),)
    return ()


def idle(last_poll: datetime | None, next_poll: datetime | None, now: datetime) -> FeedEvent | None:
    """That no feed was polled for hours although one was due: told in the round that ends it; None: all is well.

    `last_poll` and `next_poll` are the last and the earliest of all feeds.
    """
    found = resting(last_poll, next_poll, now)
    if found is None or last_poll is None:
        return None
    return replace(found, at=now, title=f"No feed was polled for {about(now - last_poll)}")


def resting(last_poll: datetime | None, next_poll: datetime | None, now: datetime) -> FeedEvent | None:
    """The same while it lasts: dated when it became noticeable, so that it is one piece of news."""
    if last_poll is None or next_poll is None or now - max(last_poll, next_poll) < IDLE_AFTER:
        return None
    words = f"Polling rests since {last_poll:%Y-%m-%d %H:%M} UTC; a feed was due at {next_poll:%Y-%m-%d %H:%M} UTC."
    return FeedEvent(max(last_poll, next_poll) + IDLE_AFTER, "idle", "No feed is polled any more", words)


def _gap(before: FeedState, now: datetime) -> str:
    return f" in {about(now - before.last_success)}" if before.last_success else ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""


OFFLINE = "The network is down: no feed could be read"
BEGINS = "The network seems to be down"

NOTHING_FAILED = (
    "Almost no host can be reached. This isn't counted against any feed; all will be retried within minutes."
)


def network_event(since: datetime | None, *, offline: int, answered: int, now: datetime) -> FeedEvent | None:
    """The event that a round of polls shows, if any: the network goes down, or comes back.

    `since`: when it went down, None while it is up; `offline`: how many feeds were out of reach for it; `answered`: how
    many were polled well.
    """
    if offline and since is None:
        return FeedEvent(now, "offline", BEGINS, NOTHING_FAILED)
    if answered and not offline and since is not None:
        words = f"It seemed to be down for {about(now - since)}, since {since:%Y-%m-%d %H:%M} UTC."
        return FeedEvent(now, "online", "The network is back", words)
    return None


def network_text(since: datetime | None, now: datetime) -> str | None:
    """What is to be said of it as long as it lasts; None: all is well."""
    return f"{BEGINS} (for {about(now - since)}). {NOTHING_FAILED}" if since else None
