"""The images of articles whose feed has `media: mirror`: fetched, checked, kept as files that any web server can serve.

A copy stands in the output folder under the hash of its bytes, so equal images are one file and a file never changes.
It is written whole, and its row in the same transaction. What cannot be had stays a link to the original, and is
tried again for some hours; nothing here can hold an article back for longer than the output waits for first tries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.emit.folder import Folder
from aggregator.models import CheckedImage, PendingImage, Request, Response
from aggregator.models.errors import FetchError, ImageError, Offline, StageError, TooLarge
from aggregator.pipeline import outcomes
from aggregator.scrape import image_check
from aggregator.text.images import path_of
from aggregator.text.urls import redact

if TYPE_CHECKING:
    from aggregator.config.settings import Network
    from aggregator.fetch import Fetcher
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store

ACCEPT = "image/avif, image/webp, image/png, image/jpeg, image/gif"

CHECK_TIMEOUT_S = 15.0
"""The largest image that is let through (50 million pixels) is decoded in two."""

ATTEMPTS = 6
"""With `outcomes.FIRST_RETRY` doubled by each: as a page, an image is tried for about five hours."""

PER_HOST = 40
"""Images of one host in a batch: an article's worth. At the usual two seconds between requests, over a minute."""

ICONS = 20
"""Icons of feeds that are fetched in a round; the others come in the next ones."""

PATIENCE = timedelta(minutes=10)
"""How long a round goes on fetching the images of new articles; what is left then comes in later rounds."""

DISK_WAIT = timedelta(minutes=10)
"""After a copy could not be written; no try is counted, since the image is not at fault."""

SWEEP_BATCH = 200
"""Files taken away in one transaction."""


@dataclass
class Mirroring:
    """The images of one data folder; `out` is the root of the output."""

    store: Store
    fetcher: Fetcher
    workers: Workers
    network: Network
    out: Path
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def fetch(self, progress: Callable[[int, int], None]) -> int:
        """Fetch the images of new articles, for at most PATIENCE, then one batch of all others; how many copies came.

        Raises StoreError alone. `progress` is told (done, total), of which the total may grow.
        """
        copies = done = 0
        for batch in self._batches():
            total = done + len(batch)
            for image, answer in self._read(batch):
                copies += self._save(image, answer)
                done += 1
                progress(done, total)
        return copies

    def fetch_icons(self) -> int:
        """Fetch the icons that feeds name, with the same checks; how many copies came. Raises StoreError alone."""
        copies = 0
        for icon, answer in self._read(self.store.media.pending_icons(self.clock(), ICONS)):
            copies += self._save_icon(icon, answer)
        return copies

    def _save_icon(self, icon: PendingImage, answer: tuple[bytes, CheckedImage] | Exception) -> bool:
        media, now = self.store.media, self.clock()
        if isinstance(answer, Exception):
            known = outcomes.expected(answer, image=redact(icon.url))
            media.save_icon(icon, None, str(known), _next_attempt(icon, known, now))
            return False
        body, checked = answer
        if min(checked.width, checked.height) <= image_check.TRACKER_PIXELS:
            media.save_icon(icon, None, "it is too small to show anything", None)
            return False
        digest = hashlib.sha256(body).hexdigest()
        try:
            with self.store.transaction():
                _write(self.out, path_of(digest, checked.type), body)
                media.save_icon(icon, (digest, checked.type), None, None)
        except OSError as error:
            media.save_icon(icon, None, f"the copy cannot be written: {error.strerror or error}", now + DISK_WAIT)
            return False
        return True

    def _batches(self) -> Iterator[tuple[PendingImage, ...]]:
        media_store, until = self.store.media, self.clock() + PATIENCE
        while not self.stopping() and media_store.look_through(self.clock(), older=False):
            pass
        while not self.stopping() and self.clock() <= until:
            batch = media_store.pending(self.clock(), PER_HOST, first=True)
            if not batch:
                break
            yield batch
        if not self.stopping():
            media_store.look_through(self.clock(), older=True)
            yield media_store.pending(self.clock(), PER_HOST, first=False)

    def _read(
        self, batch: tuple[PendingImage, ...]
    ) -> Iterator[tuple[PendingImage, tuple[bytes, CheckedImage] | Exception]]:
        """Each image as fetched and checked, or what stood in its way; as they complete."""
        images = {image.id: image for image in batch}
        failed: list[tuple[PendingImage, Exception]] = []

        def bodies() -> Iterator[tuple[tuple[PendingImage, bytes], tuple[bytes, str]]]:
            for request, answer in self.fetcher.each([_request(image, self.network) for image in batch]):
                image = images[request.key]
                if self.stopping():
                    return
                if not isinstance(answer, Response):
                    failed.append((image, answer))
                elif answer.partial:
                    failed.append((image, FetchError(redact(image.url), "ended early", status=answer.status)))
                else:
                    yield (image, answer.body), (answer.body, redact(image.url))

        for (image, body), checked in self.workers.each(bodies(), image_check.check_image, timeout_s=CHECK_TIMEOUT_S):
            if self.stopping():
                return
            yield image, checked if isinstance(checked, Exception) else (body, checked)
        for image, error in failed:
            if not self.stopping():
                yield image, error

    def _save(self, image: PendingImage, answer: tuple[bytes, CheckedImage] | Exception) -> bool:
        """Keep a copy, or note why there is none; whether there is one."""
        now = self.clock()
        if isinstance(answer, Exception):
            self._save_failure(image, answer, now)
            return False
        body, checked = answer
        if min(checked.width, checked.height) <= image_check.TRACKER_PIXELS:
            self.store.media.save_tracker(image.id, checked, now)
            return False
        digest = hashlib.sha256(body).hexdigest()
        try:
            with self.store.transaction():
                _write(self.out, path_of(digest, checked.type), body)
                self.store.media.save_copy(image.id, digest, checked, len(body), now)
        except OSError as error:
            outcomes.log.warning("image not written", url=redact(image.url), error=error.strerror or str(error))
            reason = f"the copy cannot be written: {error.strerror or error}"
            self.store.media.postpone(image.id, now + DISK_WAIT, reason)
            return False
        return True

    def _save_failure(self, image: PendingImage, error: Exception, now: datetime) -> None:
        known = outcomes.expected(error, image=redact(image.url))
        outcomes.log.info("image not fetched", url=redact(image.url), stage=known.stage, error=known.message)
        if isinstance(known, Offline):
            self.store.media.postpone(image.id, outcomes.resting_until(known, now) or now, str(known))
            return
        self.store.media.save_failure(image.id, str(known), _next_attempt(image, known, now))


def sweep(store: Store, out: Path, now: datetime) -> int:
    """Take away the copies that no article shows or has shown, and fetch those again whose files are gone.

    How many files went. Raises StoreError; a file that cannot be taken away stays until the next time.
    """
    store.media.forget_unused()
    there = {path.relative_to(out).as_posix() for path in (out / "media").glob("*/*") if path.is_file()}
    wanted = store.media.paths()
    store.media.fetch_again({Path(path).stem for path in wanted - there}, now)
    unwanted, removed = sorted(there - wanted), 0
    for start in range(0, len(unwanted), SWEEP_BATCH):
        with store.transaction():  # no copy can come into use between the question and the removal
            wanted = store.media.paths()
            for path in set(unwanted[start : start + SWEEP_BATCH]) - wanted:
                removed += _remove(out / path)
    return removed


def _request(image: PendingImage, network: Network) -> Request:
    return Request(url=image.url, key=image.id, max_bytes=network.max_image_bytes, accept=ACCEPT, robots=image.robots)


def _next_attempt(image: PendingImage, error: StageError, now: datetime) -> datetime | None:
    """When an image is tried again; never when it is no image, or too large: that will not change within hours."""
    if isinstance(error, ImageError | TooLarge) or image.attempts + 1 >= ATTEMPTS:
        return None
    # A host that is given a rest counts as a try: one that is gone for good would be waited for forever.
    return outcomes.resting_until(error, now) or outcomes.next_attempt(image, error, now)


def _write(out: Path, path: str, body: bytes) -> None:
    """A file that is whole, and on the disk with its name. Raises OSError; then there is none, or the former."""
    folder = Folder(out)
    try:
        folder.put(path, body)
        folder.settle()
    finally:
        folder.discard()


def _remove(path: Path) -> bool:
    try:
        path.unlink()
        path.parent.rmdir()
    except OSError:  # the folder holds others; or the file is not to be removed
        return not path.exists()
    return True
