"""Times as the database keeps them: UTC, ISO 8601, `2026-03-10T12:00:00Z`, so that text order is time order.

Columns that only record what a publisher said keep microseconds where there are any (`exact`); columns that are
ordered by, or compared with the clock, hold whole seconds: rounded down (`whole`) for the past, up (`not_before`) for
appointments, so that nothing happens earlier than was promised. Reads no clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_SECOND = timedelta(seconds=1)


def exact(time: datetime | None) -> str | None:
    """The time to the microsecond, where it has any."""
    return None if time is None else _text(time)


def whole(time: datetime) -> str:
    """The time without its fraction of a second: 20 characters, always."""
    return _text(time.replace(microsecond=0))


def not_before(time: datetime | None) -> str | None:
    """The next whole second, for times before which something must not happen."""
    if time is None:
        return None
    return _text(time.replace(microsecond=0) + (_SECOND if time.microsecond else timedelta(0)))


def read(value: str | None) -> datetime | None:
    """What any of the above has written."""
    return None if value is None else datetime.fromisoformat(value)


def must_read(value: str) -> datetime:
    """As `read`, for columns that are never NULL."""
    return datetime.fromisoformat(value)


def day(time: datetime) -> int:
    """Days since 1970-01-01, for windows."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)).days


def _text(time: datetime) -> str:
    # A naive time is a bug of the caller: astimezone() would silently take it for local time.
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone: {time!r}")
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
