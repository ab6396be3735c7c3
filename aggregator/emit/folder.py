"""The output folder: files appear whole or not at all, and only where their bytes differ.

A file is written outside the folder and renamed to its place: nothing is ever in the folder but what is to be served,
since any web server may serve it. `settle` waits once for all that was written. A failure leaves every former file as
it was and takes the temporary ones away.

Beside the folder `public` stands `public.notes`: our own notes (`keep`), and the files under way. Where that is another
file system (a mounted `public`), files are written beside their place, under hidden names, as there is no other way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

from aggregator.emit.paths import safe_path

BATCH_FILES = 256
"""Files that are synced together; each holds a descriptor open until then (the usual limit is 1,024)."""
BATCH_BYTES = 64 * 2**20
"""Bytes that are synced together, for few but large files."""
FEW_FILES = 4
"""Files that are waited for one by one; for more, all that the file system holds is written at once."""
SYNC_THREADS = 8
"""Threads that wait in fsync; more gave nothing on ext4 (docs/outputs.md)."""


FORMER_STATE, FORMER_NOTES = ".built.json", ".built"

SERVED = "served"
BUILDING = "building"
"""There while files are being written: found at the beginning of a build, it tells that the last one was killed."""
UNDER_WAY = "new"
"""Where files stand until they are whole, below the notes."""
_NUMBERS = count()


class Folder:
    """Where documents are put. Not thread-safe; one builder at a time (the daemon's lock sees to it).

    The builder's own notes are in a folder beside it, `public.notes` of `public`: what is served has nothing hidden.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes = notes_of(root)
        self._apart: bool | None = None
        self._unsynced = False
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
        """`put` for a note of our own, which does not count as output."""
        place = self.notes / name
        if not self.same(place, data):
            self._stage(place, data)

    def remove(self, path: str) -> None:
        """Take a file away that an earlier build made; folders that become empty go too."""
        self._unlink(self.root / safe_path(path))

    def forget(self, name: str) -> None:
        """Take one of our own notes away."""
        (self.notes / name).unlink(missing_ok=True)

    def noted(self, name: str) -> bool:
        """Whether there is a note of this name."""
        return (self.notes / name).is_file()

    def adopt_notes(self) -> None:
        """Bring notes that stand in the output folder itself, as they once did, to their place.

        Where that cannot be done they go, which costs one full build.
        """
        former, days = self.root / FORMER_STATE, self.root / FORMER_NOTES
        with suppress(OSError):
            if former.is_file() and not self.notes.exists():
                days.mkdir(exist_ok=True)
                former.replace(days / "state.json")
                days.rename(self.notes)
        former.unlink(missing_ok=True)
        if days.is_dir():
            shutil.rmtree(days, ignore_errors=True)

    def sweep(self) -> None:
        """Take temporary files away that a build has left which was killed."""
        for torn in (self.notes / UNDER_WAY).glob("*"):
            if not torn.name.startswith(f"{os.getpid()}-"):  # images may be written meanwhile
                torn.unlink(missing_ok=True)
        if not self.noted(BUILDING):
            return
        for left in self.root.rglob(".*.new"):
            left.unlink(missing_ok=True)

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
        """Everything staged is in its place for every other program when this returns.

        A few files are on the disk, too; many are waited for at once, by `settle`.
        """
        waiting = self._take()
        if not waiting:
            return
        descriptors = [descriptor for descriptor, _, _ in waiting]
        try:
            if len(waiting) <= FEW_FILES:
                self._sync(descriptors)
            else:
                self._unsynced = True
                for descriptor in descriptors:
                    os.close(descriptor)
            for _, temporary, place in waiting:
                _move(temporary, place)
        except OSError:
            self._abandon(waiting)
            raise
        for parent in {place.parent for _, _, place in waiting} - self._changed:
            inside = (folder for folder in (parent, *parent.parents) if folder.is_relative_to(self.root))
            self._changed.update((parent, *inside))

    def settle(self) -> None:
        """Flush, and wait until all that was written is on the disk, the names too.

        After a power cut, what was renamed before this may be there as it was, or torn: the notes of a build come after
        it, so that the next one looks at the same files again.
        """
        self.flush()
        if self._unsynced:
            self._unsynced = False
            for root in {
                folder.stat().st_dev: folder for folder in (self.root, self.notes) if folder.is_dir()
            }.values():
                _sync_all(root)
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
        if self._is_apart():
            temporary = self.notes / UNDER_WAY / f"{os.getpid()}-{next(_NUMBERS)}"
        else:
            temporary = place.with_name(f".{place.name}.new")
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _create(temporary)
        self._waiting.append((descriptor, temporary, place))
        self._bytes += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def _is_apart(self) -> bool:
        """Whether what is written beside the folder can be renamed into it."""
        if self._apart is None:
            for folder in (self.root, self.notes):
                folder.mkdir(parents=True, exist_ok=True)
            self._apart = self.root.stat().st_dev == self.notes.stat().st_dev
        return self._apart

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


def _move(temporary: Path, place: Path) -> None:
    """Rename; into a folder that is mounted inside ours by way of a copy there."""
    try:
        temporary.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = place.with_name(f".{place.name}.new")
        shutil.copyfile(temporary, beside)
        with beside.open("rb") as copied:
            os.fsync(copied.fileno())
        beside.replace(place)
        temporary.unlink()


def notes_of(root: Path) -> Path:
    """The folder of the builder's notes on the output folder `root`."""
    return root.with_name(f"{root.name}.notes")


def note_served(root: Path) -> None:
    """Note that our own server serves this output: pages that are written from now on link to its Search and Status."""
    with suppress(OSError):  # a server that may not write here: who builds the output notes it
        notes_of(root).mkdir(parents=True, exist_ok=True)
        (notes_of(root) / SERVED).write_bytes(b"served\n")


def is_served(root: Path) -> bool:
    """Whether that was noted."""
    return (notes_of(root) / SERVED).exists()


def _create(temporary: Path) -> int:
    """A new file; what an earlier build that was killed has left under the name goes, and no link is followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(temporary, flags, 0o644)
    except FileExistsError:
        temporary.unlink()
        return os.open(temporary, flags, 0o644)


def _sync_all(folder: Path) -> None:
    """Wait until the file system of `folder` has written everything, in one pass (Linux; else all file systems do)."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if syncfs(descriptor) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(folder))
    finally:
        os.close(descriptor)
