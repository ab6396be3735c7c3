"""Data files read and stored: from a folder, each whole or not at all. Fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.models import Validators
from aggregator.models.errors import BadDataFile, DataFault
from aggregator.store.intel_data import DataFile, IntelData

if TYPE_CHECKING:
    from aggregator.intel.files import Stated

NAMES = ("kev", "epss", "attack", "cves", "warninglists", "galaxies")

PATHS = {
    "kev": "known_exploited_vulnerabilities.json",
    "epss": "epss_scores-current.csv.gz",
    "attack": "enterprise-attack.json",
}


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
