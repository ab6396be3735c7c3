"""The output folder: files appear whole or not at all, and only where their bytes differ.

A file is written under a temporary name beside its place, synced, and renamed. Syncing is done for many files at a
time, from several threads, so that the file system can join them into few commits of its journal. A failure leaves
every former file as it was and takes the temporary ones away.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aggregator.emit.paths import safe_path

BATCH_FILES = 256
"""Files that are synced together; each holds a descriptor open until then (the usual limit is 1,024)."""
BATCH_BYTES = 64 * 2**20
"""Bytes that are synced together, for few but large files."""
SYNC_THREADS = 8
"""Threads that wait in fsync; more gave nothing on ext4 (docs/outputs.md)."""


class Folder:
    """Where documents are put. Not thread-safe; one builder at a time (the daemon's lock sees to it)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: list[str] = []
        self.unchanged = 0
        self.removed = 0
        self._waiting: list[tuple[int, Path, Path]] = []
        self._names: set[Path] = set()
        self._changed: set[Path] = set()
        self._bytes = 0

    def put(self, path: str, data: bytes) -> bool:
        """Have `data` at `path` after the next flush; whether that is a change. Raises OSError, EmitError."""
        place = self.root / safe_path(path)
        if self.same(place, data):
            self.unchanged += 1
            return False
        self._stage(place, data)
        self.written.append(path)
        if len(self._waiting) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.flush()
        return True

    def keep(self, name: str, data: bytes) -> None:
        """`put` for our own notes: hidden names are allowed, and it does not count as output."""
        place = self.root / name
        if not self.same(place, data):
            self._stage(place, data)

    def remove(self, path: str) -> None:
        """Take a file away that an earlier build made; folders that become empty go too."""
        self._unlink(self.root / safe_path(path))

    def forget(self, name: str) -> None:
        """Take one of our own notes away."""
        (self.root / name).unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    @staticmethod
    def same(place: Path, data: bytes) -> bool:
        """Whether the file at `place` already holds `data`."""
        try:
            if place.stat().st_size != len(data):
                return False
            return place.read_bytes() == data
        except FileNotFoundError:
            return False

    def flush(self) -> None:
        """Everything staged is on the disk, and in its place for every other program, when this returns."""
        waiting = self._take()
        if not waiting:
            return
        try:
            self._sync([descriptor for descriptor, _, _ in waiting])
            for _, temporary, place in waiting:
                temporary.replace(place)
        except OSError:
            self._abandon(waiting)
            raise
        for parent in {place.parent for _, _, place in waiting} - self._changed:
            self._changed.update(folder for folder in (parent, *parent.parents) if folder.is_relative_to(self.root))

    def settle(self) -> None:
        """Flush, and wait until the names are on the disk too.

        After a power cut, what was renamed before this may be there as it was: the notes of a build come after it.
        """
        self.flush()
        folders, self._changed = sorted(folder for folder in self._changed if folder.is_dir()), set()
        for start in range(0, len(folders), BATCH_FILES):
            some = folders[start : start + BATCH_FILES]
            self._sync([os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for folder in some])

    def discard(self) -> None:
        """Forget what is staged and not flushed; used when a build fails."""
        waiting = self._take()
        for descriptor, _, _ in waiting:
            os.close(descriptor)
        self._abandon(waiting)

    def _take(self) -> list[tuple[int, Path, Path]]:
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        self._names.clear()
        return waiting

    def _stage(self, place: Path, data: bytes) -> None:
        if place in self._names:
            self.flush()
        self._names.add(place)
        temporary = place.with_name(f".{place.name}.new")
        try:
            descriptor = _create(temporary)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _create(temporary)
        self._waiting.append((descriptor, temporary, place))
        self._bytes += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def _sync(self, descriptors: list[int]) -> None:
        failures: list[OSError] = []

        def settle(descriptor: int) -> None:
            try:
                os.fsync(descriptor)
            except OSError as error:
                failures.append(error)
            finally:
                os.close(descriptor)

        with ThreadPoolExecutor(SYNC_THREADS) as threads:
            list(threads.map(settle, descriptors))
        if failures:
            raise failures[0]

    @staticmethod
    def _abandon(waiting: list[tuple[int, Path, Path]]) -> None:
        for _, temporary, _ in waiting:
            temporary.unlink(missing_ok=True)

    def _unlink(self, place: Path) -> None:
        try:
            place.unlink()
        except FileNotFoundError:
            return
        self.removed += 1
        for parent in place.parents:
            if parent == self.root:
                return
            try:
                parent.rmdir()
            except OSError:
                return


def _create(temporary: Path) -> int:
    """A new file; what an earlier build that was killed has left under the name goes, and no link is followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(temporary, flags, 0o644)
    except FileExistsError:
        temporary.unlink()
        return os.open(temporary, flags, 0o644)
