"""Data files (KEV, EPSS, CVE records, ATT&CK, warning lists, galaxies): fetched when due, read, stored.

They are fetched one at a time through the budget of their hosts, or read from a folder; each is taken whole or not at
all. What was known stays in force when one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.models import FeedEvent, Request, Validators
from aggregator.models.errors import BadDataFile, DataFault, FetchError, StageError
from aggregator.store.intel_data import DataFile, IntelData

if TYPE_CHECKING:
    from aggregator.config.settings import Config
    from aggregator.fetch import Fetcher
    from aggregator.intel.files import Stated
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store


NAMES = ("kev", "epss", "attack", "cves", "warninglists", "galaxies")

PATHS = {
    "kev": "known_exploited_vulnerabilities.json",
    "epss": "epss_scores-current.csv.gz",
    "attack": "enterprise-attack.json",
}

WARNING_LISTS = (
    "automated-malware-analysis",
    "captive-portals",
    "cisco_top1000",
    "common-contact-emails",
    "common-ioc-false-positive",
    "crl-hostname",
    "disposable-email",
    "empty-hashes",
    "google",
    "ipv6-linklocal",
    "lots-project",
    "microsoft",
    "microsoft-office365",
    "moz-top500",
    "multicast",
    "parking-domain",
    "rfc1918",
    "rfc3849",
    "rfc5735",
    "rfc6598",
    "rfc6761",
    "security-provider-blogpost",
    "sinkholes",
    "url-shortener",
    "whats-my-ip",
    "wikimedia",
    "zscaler",
)
GALAXIES = ("threat-actor", "ransomware")

INTERVALS = {
    "kev": timedelta(hours=6),
    "epss": timedelta(days=1),
    "attack": timedelta(days=7),
    "warninglists": timedelta(days=7),
    "galaxies": timedelta(days=7),
}
RETRY = timedelta(hours=1)
"""After a data file could not be fetched."""

RECORDS_AN_HOUR = 50
RECORD_AGAIN = ((timedelta(days=7), timedelta(days=1)), (timedelta(days=90), timedelta(days=7)))
"""CVE records are fetched daily for a week after their number was first named, then weekly for 90 days."""


def database(data: Path) -> Path:
    """The database of the data files in a data folder."""
    return data / "intel.db"


def originals(data: Path) -> Path:
    """Where the data files are kept as they came, laid out as `data update --from` reads them."""
    return data / "intel"


def opened(data: Path, now: datetime) -> IntelData:
    """The data files; where the database is missing, it is built from the files as they came."""
    fresh = not database(data).exists()
    stored = IntelData.open(database(data))
    if fresh and originals(data).is_dir():
        load_folder(stored, originals(data), (), now)
    return stored


OVERDUE = 3
"""Intervals after which a data file that is fetched counts as too old."""


LOAD_TIMEOUT_S = 120.0
"""Processor time for reading one file and storing it; ATT&CK takes five seconds."""


def is_old(one: DataFile, now: datetime) -> bool:
    """Whether a data file that is fetched has not come for three times its interval."""
    every = INTERVALS.get(one.name.partition("/")[0])
    return bool(one.next_at and one.fetched_at and every and now - one.fetched_at > OVERDUE * every)


def data_troubles(data: Path, now: datetime) -> Iterator[str]:
    """Data files that were refused, or that are older than three times their interval, a line each."""
    if not database(data).exists():
        return
    with IntelData.open(database(data), read_only=True) as stored:
        files = stored.files()
    for one in files:
        if one.error or is_old(one, now):
            since = f"of {one.fetched_at:%Y-%m-%d %H:%M} UTC" if one.fetched_at else "not here"
            yield f"data file {one.name} is {since}{f'; {one.error}' if one.error else ''}"


@dataclass
class DataFiles:
    """The data files of one data folder, fetched when they are due."""

    store: Store | None
    fetcher: Fetcher
    workers: Workers
    config: Config
    data: Path
    clock: Callable[[], datetime]

    def update(self, names: tuple[str, ...] = (), *, force: bool = False) -> list[tuple[str, str | None]]:
        """Fetch what is due (`force`: due or not): (name, error or None) of each that was asked for."""
        done: list[tuple[str, str | None]] = []
        with opened(self.data, self.clock()) as stored:
            known_files = {one.name: one for one in stored.files()}
            for label, url in self._urls(names):
                one = known_files.get(label)
                if force or one is None or one.next_at is None or one.next_at <= self.clock():
                    error = self._fetch(stored, label, url)
                    done.append((label, error))
                    if error:
                        self._report(label, one, error)
            if (not names or "cves" in names) and self.config.intel.files.cves:
                done.extend(self._records(stored))
        return done

    def _report(self, label: str, former: DataFile | None, error: str) -> None:
        """Note once, for the feed of the feeds' health, that a data file has become too old."""
        now = self.clock()
        if self.store and former and is_old(former, now) and not (former.error_at and is_old(former, former.error_at)):
            words = f"It was last fetched on {former.fetched_at:%Y-%m-%d}, and is still in force. {error}."
            self.store.record_event(FeedEvent(now, "data", f"The data file {label} is old", words))

    def _urls(self, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        files = self.config.intel.files
        for name in ("kev", "epss", "attack"):
            if (url := getattr(files, name)) and (not names or name in names):
                yield name, str(url)
        for name, parts, tail in (("warninglists", WARNING_LISTS, "/list.json"), ("galaxies", GALAXIES, ".json")):
            if (url := getattr(files, name)) and (not names or name in names):
                for part in parts:
                    yield f"{name}/{part}", f"{str(url).rstrip('/')}/{part}{tail}"

    def _fetch(self, stored: IntelData, label: str, url: str) -> str | None:
        """One file: None when it was taken or has not changed, else why not."""
        former = next((one for one in stored.files() if one.name == label), None)
        validators = Validators(former.etag, former.last_modified) if former and not former.error else Validators()
        now = self.clock()
        next_at = now + INTERVALS[label.partition("/")[0]]
        try:
            answer = self.fetcher.get(Request(url, validators=validators, max_bytes=self.config.network.max_data_bytes))
        except FetchError as error:
            stored.refused(label, f"{label}: {error.message}", now, now + RETRY)
            return f"{label}: {error.message}"
        if answer.status == 304:
            stored.unchanged(label, now, next_at)
            return None
        if answer.partial:
            stored.refused(label, f"{label}: the answer was cut off", now, now + RETRY)
            return f"{label}: the answer was cut off"
        path = _place(originals(self.data), label)
        incoming = path.with_name(f".{path.name}.new")
        incoming.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_bytes(answer.body)
        try:
            given = str(database(self.data)), label, str(incoming), now, (answer.validators, next_at)
            loaded = self.workers.call(load_in_worker, *given, timeout_s=LOAD_TIMEOUT_S)
        except StageError as error:
            stored.refused(label, f"{label}: {error.message}", now, next_at)
            loaded = Loaded(label, error=f"{label}: {error.message}")
        if loaded.error:
            incoming.unlink()
            return loaded.error
        incoming.replace(path)
        return None

    def _records(self, stored: IntelData) -> Iterator[tuple[str, str | None]]:
        """The CVE records that are due, at most so many an hour."""
        numbers = self.store.intel.cves() if self.store else ()
        stored.want_records(numbers, self.clock())
        for cve, first_asked in stored.due_records(self.clock(), RECORDS_AN_HOUR):
            yield cve, self._record(stored, cve, first_asked)
        stored.count_records(self.clock())

    def _record(self, stored: IntelData, cve: str, first_asked: datetime) -> str | None:
        now = self.clock()
        age = now - first_asked
        again = next((now + every for until, every in RECORD_AGAIN if age < until), None)
        try:
            url = f"{str(self.config.intel.files.cves).rstrip('/')}/{cve}"
            answer = self.fetcher.get(Request(url, max_bytes=2 * 2**20, accept="application/json"))
        except FetchError as error:
            stored.record_failed(cve, error.message, again or now + timedelta(days=7), now)
            return f"{cve}: {error.message}"
        from aggregator.intel.files import cve_record

        try:
            stored.save_record(cve_record(cve, answer.body), now, again)
        except BadDataFile as error:
            stored.record_failed(cve, str(error), again or now + timedelta(days=7), now)
            return str(error)
        path = originals(self.data) / "cves" / f"{cve}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer.body)
        return None


def _place(folder: Path, label: str) -> Path:

    if label in PATHS:
        return folder / PATHS[label]
    kind, _, part = label.partition("/")
    return folder / kind / part / "list.json" if kind == "warninglists" else folder / kind / f"{part}.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one data file: its rows, or why it was refused."""

    name: str
    rows: int = 0
    error: str | None = None


def load_folder(stored: IntelData, folder: Path, names: tuple[str, ...], now: datetime) -> list[Loaded]:
    """Read the files that a folder holds; those named must be there, others may be missing."""
    results: list[Loaded] = []
    for name in names or NAMES:
        found = list(_paths(folder, name))
        if not found and names:
            results.append(_refused(stored, BadDataFile(name, DataFault.MISSING, f"not found in {folder}"), now))
        for label, path in found:
            results.append(load_file(stored, label, path, now))
        if name == "cves" and found:
            stored.count_records(now)
    return results


def _paths(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """(name of the data file, its path) of what is there of a kind."""
    if name in PATHS:
        if (path := folder / PATHS[name]).is_file():
            yield name, path
    elif name == "warninglists":
        for path in sorted(folder.glob("warninglists/*/list.json")):
            yield f"warninglists/{path.parent.name}", path
    else:
        for path in sorted(folder.glob(f"{name}/*.json")):
            yield f"{name}/{path.stem}", path


def load_file(
    stored: IntelData, label: str, path: Path, now: datetime, fetched: tuple[Validators, datetime] | None = None
) -> Loaded:
    """One file, taken whole or refused; the refusal is kept for `data status`.

    `fetched`: the validators of a file that came from the network, and when it is to be fetched again. Such a file is
    refused when it is half as long as the one before, until another day's says the same.
    """
    from aggregator.intel import files

    try:
        if path.stat().st_size > files.MAX_BYTES:
            raise BadDataFile(label, DataFault.TOO_LARGE, f"has more than {files.MAX_BYTES} bytes")  # noqa: TRY301
        return Loaded(label, _save(stored, label, path.read_bytes(), now, fetched))
    except BadDataFile as error:
        return _refused(stored, error, now, label, fetched)
    except OSError as error:
        return _refused(stored, BadDataFile(label, DataFault.MISSING, f"cannot be read: {error.strerror}"), now)


def load_in_worker(database: str, label: str, path: str, now: datetime, fetched: tuple[Validators, datetime]) -> Loaded:
    """In a worker: the same for a file from the network, into the database at a path."""
    with IntelData.open(Path(database)) as stored:
        return load_file(stored, label, Path(path), now, fetched)


def _refused(
    stored: IntelData,
    error: BadDataFile,
    now: datetime,
    label: str | None = None,
    fetched: tuple[Validators, datetime] | None = None,
) -> Loaded:
    name = label or error.name
    stored.refused(name, str(error), now, fetched[1] if fetched else None, error.fault.value)
    return Loaded(name, error=str(error))


def _shrunk(stored: IntelData, label: str, rows: int, now: datetime) -> None:
    """Refuse a fetched file that lists half of what it did, unless one of another day did so, too."""
    former = next((one for one in stored.files() if one.name == label), None)
    if former is None or not former.rows or rows * 2 > former.rows:
        return
    if former.fault == DataFault.SHRUNK.value and former.error_at and former.error_at.date() < now.date():
        return
    raise BadDataFile(
        label, DataFault.SHRUNK, f"lists {rows} instead of {former.rows}; taken if it still does tomorrow"
    )


def _save(
    stored: IntelData, label: str, data: bytes, now: datetime, fetched: tuple[Validators, datetime] | None
) -> int:
    from aggregator.intel import files

    validators, next_at = fetched or (Validators(), None)

    def file(stated: Stated) -> DataFile:
        if fetched and label in {"kev", "attack"}:
            _shrunk(stored, label, stated.rows, now)
        file = DataFile(label, stated.version, stated.stated_at, stated.rows, stated.skipped, now, next_at)
        return replace(file, etag=validators.etag, last_modified=validators.last_modified)

    kind, _, part = label.partition("/")
    if kind == "kev":
        stated, entries = files.kev(data)
        stored.save_kev(file(stated), entries)
        return stated.rows
    if kind == "epss":
        stated, rows = files.epss(data)
        return stored.save_epss(file(stated), rows, lambda: rows.skipped)
    if kind == "attack":
        stated, objects = files.attack(data)
        stored.save_attack(file(stated), objects)
        return stated.rows
    if kind == "warninglists":
        stated, one = files.warning_list(part, data)
        stored.save_list(file(stated), one)
        return stated.rows
    if kind == "galaxies":
        stated, names = files.galaxy(part, data)
        stored.save_galaxy(file(stated), part, names)
        return stated.rows
    stored.save_record(files.cve_record(part, data), now, None)
    return 1
