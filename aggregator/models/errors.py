"""Every error that the program raises on purpose.

    AggregatorError
    ├── ConfigError          feeds.yaml or the environment is wrong; carries every mistake
    ├── StageError           one feed or article could not be handled; carries its URL and the stage
    │   ├── FetchError       the network, the server or the guard said no
    │   │   ├── Refused      the guard, robots.txt or the scheme forbids it; nothing was sent
    │   │   │   ├── Misled   a name led to a private address: a fault of name resolution, perhaps
    │   │   │   └── Offline  nearly no host can be reached: it is our network, and nobody's failure
    │   │   ├── TimedOut     the wall-clock deadline passed
    │   │   └── TooLarge     a cap on bytes, headers, hops or encodings was met
    │   ├── ParseError       the bytes are not a feed (or not one that can be read)
    │   ├── ScrapeError      the page holds no article
    │   ├── NotifyError      a service did not take a message
    │   ├── ImageError       the bytes are not an image that is kept
    │   └── WorkerDied       the worker process ran out of time or memory, or crashed
    ├── StoreError           the database refuses: newer than the program, full, damaged; stops the round
    │   └── TooCostly        one question would take longer than its asker may have
    ├── BadDataFile          a data file (KEV, EPSS, ATT&CK ...) cannot be taken; what was known stays in force
    ├── EmitError            the output folder refuses: full or not writable; the former files stand
    ├── ClockError           our clock is years ahead of the servers'; nothing is stored or stamped
    └── InUse                another daemon holds the data folder

A `StageError` is caught in one place, in the pipeline, and turned into a recorded outcome.
Anything that is not an `AggregatorError` is a bug: it is logged with its traceback and costs only its own feed.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any


class AggregatorError(Exception):
    """The root: everything below is expected, and has a message written for a person."""


class ConfigError(AggregatorError):
    """The configuration cannot be used.

    `mistakes` holds one line a mistake, each `file:line:column: what was found, what was expected`.
    """

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class StageError(AggregatorError):
    """One feed or one article failed at one stage; the others go on.

    `url` is safe to print: credentials and query tokens have been taken out by whoever raised it.
    """

    stage = "stage"

    def __init__(self, url: str, message: str) -> None:
        super().__init__(url, message)
        self.url = url
        self.message = message

    def __str__(self) -> str:
        return f"{self.stage}: {self.message} ({self.url})" if self.url else f"{self.stage}: {self.message}"


class Barrier(StrEnum):
    """What stands between us and a document, in words that follow a status."""

    CHALLENGE = "a check for bots stands before it, which only a browser passes"
    LOGIN = "it wants a user and a password"
    BLOCKED = "the server, or a firewall before it, refuses programs such as this one"
    PARKED = "the domain is parked or for sale"


class Refusal(StrEnum):
    """Why we may not, as it is stored."""

    ADDRESS = "address"
    ROBOTS = "robots"
    RESTING = "resting"
    URL = "url"
    OFFLINE = "offline"


class FetchError(StageError):
    """The request did not give a usable answer.

    `retry_after_s` is what the server asked for (seconds, already clamped), or None; `barrier` what stood in the way.
    `status` is the last HTTP status seen, or None when there was no answer. `unreached` is set where nobody was there
    to answer: the name had no address, or no packet came back from it. A refused connection is an answer.
    """

    stage = "fetch"
    unreached = False

    def __init__(
        self,
        url: str,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        barrier: Barrier | None = None,
    ) -> None:
        super().__init__(url, message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.barrier = barrier

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        given = {"status": self.status, "retry_after_s": self.retry_after_s, "barrier": self.barrier}
        return _rebuild_fetch_error, (type(self), self.url, self.message, given)


def _rebuild_fetch_error(kind: type[FetchError], url: str, message: str, given: dict[str, Any]) -> FetchError:
    return kind(url, message, **given)


class Refused(FetchError):
    """We may not (`kind`): a private address, robots.txt, a host that rests, a URL that is none. No byte was sent."""

    def __init__(self, url: str, message: str, kind: Refusal = Refusal.URL, **more: Any) -> None:
        super().__init__(url, message, **more)
        self.kind = kind

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        rebuild, (kind, url, message, given) = super().__reduce__()
        return rebuild, (kind, url, message, {**given, "kind": self.kind})


class Misled(Refused):
    """A host name led to addresses that may not be reached; a fault of name resolution does that, and passes."""


class Offline(Refused):
    """The network seems to be down; says nothing about the host or the URL. `retry_after_s` is when to try again."""


class TimedOut(FetchError):
    """The whole request took longer than it may (wall clock, all hops together)."""


class TooLarge(FetchError):
    """The answer went over a cap: wire bytes, decoded bytes, headers, hops or encodings."""


class ParseError(StageError):
    """The bytes are not a feed."""

    stage = "parse"


class WebPage(ParseError):
    """They are a web page, where a feed was expected; `barrier` is what that page stands for, where it shows."""

    def __init__(self, url: str, message: str, barrier: Barrier | None = None) -> None:
        super().__init__(url, message)
        self.barrier = barrier


class NotifyError(StageError):
    """A message about a post could not be sent; it waits, and the post is in the output all the same."""

    stage = "notify"


class ScrapeError(StageError):
    """The page gives no article; the feed's own text stays."""

    stage = "scrape"


class ImageError(StageError):
    """The bytes are not an image of a kind that is kept, or too large a one in pixels."""

    stage = "image"


class WorkerDied(StageError):
    """The worker process was killed at its time or memory limit, or crashed."""

    stage = "worker"


class StoreError(AggregatorError):
    """The database cannot be used, or cannot be written; the round stops."""


class TooCostly(StoreError):
    """A question to the database was ended: it had its time, and nothing is wrong with the database."""


class EmitError(AggregatorError):
    """The output cannot be written; what was there before is untouched."""


class ClockError(AggregatorError):
    """Our clock is far ahead of the servers': nothing is stored or stamped by it."""


class InUse(AggregatorError):
    """Another daemon runs on this data folder."""


class DataFault(Enum):
    """What is wrong with a data file as a whole."""

    NOT_THE_FORMAT = "not the format"
    CUT_OFF = "cut off"
    TOO_LARGE = "too large"
    EMPTY = "no rows"
    MISCOUNTED = "count differs"
    TOO_DEEP = "nested too deep"
    TOO_MANY_BAD_ROWS = "too many bad rows"
    OTHER_RECORD = "another record"
    SHRUNK = "half as long as before"
    MISSING = "missing"


class BadDataFile(AggregatorError):
    """A data file that is refused as a whole: `name` is the file's, `fault` the kind of fault."""

    def __init__(self, name: str, fault: DataFault, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.fault = fault
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, self.fault, self.message)
