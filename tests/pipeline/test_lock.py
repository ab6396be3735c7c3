"""One process holds a data folder; what keeps it from doing so is said in words."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from aggregator.models.errors import InUse, StoreError
from aggregator.pipeline import lock


def test_f40_a_folder_is_held_once_and_by_name(tmp_path: Path) -> None:
    """The second is told who is first; when that has ended, or was killed, nothing has to be tidied up."""
    (tmp_path / "aggregator.pipeline.lock").write_text("99999999 or some such, left by a kill\n")
    for _ in range(2):
        with lock.hold(tmp_path):
            assert (tmp_path / "aggregator.pipeline.lock").read_text() == f"{os.getpid()}\n"
            with pytest.raises(InUse, match=f"process {os.getpid()}"), lock.hold(tmp_path):
                pass


def test_a_folder_that_can_not_be(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="cannot be used"), lock.hold(tmp_path / "data"):
        pass


def test_a_folder_that_can_not_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network shares know no locks."""

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(StoreError, match="cannot be locked: No locks available"), lock.hold(tmp_path):
        pass


def test_f38_a_full_disk_keeps_nobody_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds it cannot be written then, and is unknown to the others."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with lock.hold(tmp_path), pytest.raises(InUse, match="process unknown"), lock.hold(tmp_path):
        pass
