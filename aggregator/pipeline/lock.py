"""One writer a data folder: an advisory lock that the system lets go when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aggregator.models.errors import InUse, StoreError


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Hold the data folder `data` (made if missing) while the block runs.

    Raises InUse when another process holds it, StoreError when the folder cannot be made, written or locked.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / "aggregator.pipeline.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"the data folder {data} cannot be used: {error.strerror}") from None
    try:
        _lock(descriptor, data)
        with suppress(OSError):  # no room on the disk: who holds it is a courtesy, the lock is what counts
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        raise InUse(f"the data folder {data} is in use by another aggregator (process {owner})") from None
    except OSError as error:  # some network shares know no locks
        raise StoreError(f"the data folder {data} cannot be locked: {error.strerror}; it has to be local") from None
