"""One writer a data folder: an advisory lock that the system lets go when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aggregator.errors import InUse, StoreError


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Hold the data folder `data` (made if missing) while the block runs.

    Raises InUse when another process holds it, StoreError when the folder can not be made or written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "aggregator.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(f"the data folder {data} can not be used: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read(20).strip() or "unknown"
            raise InUse(f"the data folder {data} is in use by another aggregator (process {owner})") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
