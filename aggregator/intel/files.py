"""The data files read: KEV, EPSS, ATT&CK, CVE records, MISP's warning lists and galaxies. Bytes in, values out.

A file is taken whole or refused (`BadDataFile`); single bad rows are skipped and counted where the format is a table.
Nothing is fetched or stored here. Every string is a stranger's: it is text, and is escaped by whoever shows it.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from aggregator.models.errors import BadDataFile, DataFault
from aggregator.models.intel import Affected, AttackObject, CveRecord, Cvss, KevEntry, Name, WarningList

MAX_BYTES = 128 * 2**20
"""Of a file, decoded: KEV has 1.3 MB, EPSS 10, ATT&CK 45 (`network.max_data_bytes`)."""

MAX_LINE = 4096
"""Bytes of a line of EPSS, whose rows have some thirty."""

MAX_DEPTH = 100
"""Levels of nesting in JSON; a CVE record has nine, ATT&CK five."""

BAD_ROWS = 1000
"""One bad row in so many is a slip, more are another format."""

MAX_TEXT = 500
"""Characters of a name or a title that are kept."""

_CVE = re.compile(r"CVE-(?:19|20)\d{2}-\d{4,19}")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a file states of itself, and how many of its rows were taken and skipped."""

    version: str | None
    stated_at: str | None
    rows: int
    skipped: int = 0


class EpssRow(NamedTuple):
    """A row of EPSS."""

    cve: str
    score: float
    percentile: float


class EpssRows:
    """The rows of EPSS as they are read. They have to be read to the end before any is believed."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.skipped = 0

    def __iter__(self) -> Iterator[EpssRow]:
        taken = 0
        for line in self._lines:
            if row := _epss_row(line):
                taken += 1
                yield row
            elif line.strip():
                self.skipped += 1
        if not taken:
            raise BadDataFile("epss", DataFault.EMPTY, "has no row that can be read")
        _enough("epss", taken + self.skipped, self.skipped)


def kev(data: bytes) -> tuple[Stated, tuple[KevEntry, ...]]:
    """CISA's catalogue of known exploited vulnerabilities."""
    document = _object("kev", data)
    rows = document.get("vulnerabilities")
    if not isinstance(rows, list):
        raise BadDataFile("kev", DataFault.NOT_THE_FORMAT, "has no list `vulnerabilities`")
    if not rows:
        raise BadDataFile("kev", DataFault.EMPTY, "lists no vulnerability")
    count = document.get("count")
    if count is not None and count != len(rows):
        raise BadDataFile("kev", DataFault.MISCOUNTED, f"states {count!r:.40} vulnerabilities and lists {len(rows)}")
    entries = [entry for row in rows if (entry := _kev_entry(row))]
    _enough("kev", len(rows), len(rows) - len(entries))
    stated = Stated(
        _text(document.get("catalogVersion")),
        _text(document.get("dateReleased")),
        len(entries),
        len(rows) - len(entries),
    )
    return stated, tuple(entries)


def _kev_entry(row: object) -> KevEntry | None:
    if not isinstance(row, dict):
        return None
    cve, added = _text(row.get("cveID")), _day(row.get("dateAdded"))
    if cve is None or not _CVE.fullmatch(cve) or added is None:
        return None
    return KevEntry(
        cve,
        _text(row.get("vendorProject")) or "",
        _text(row.get("product")) or "",
        _text(row.get("vulnerabilityName")) or "",
        added,
        _day(row.get("dueDate")),
        str(row.get("knownRansomwareCampaignUse")).strip().lower() == "known",
    )


def epss(data: bytes) -> tuple[Stated, EpssRows]:
    """The scores of EPSS: the statement of its first line (`rows` is 0 in it), and the rows, still to be read."""
    lines = _csv_lines(data)
    head = next(lines, "")
    match = re.match(r"#model_version:(?P<model>[^,]{1,60}),score_date:(?P<date>[^,]{1,40})$", head.strip())
    if not match:
        raise BadDataFile("epss", DataFault.NOT_THE_FORMAT, "its first line does not name model and date")
    if next(lines, "").strip() != "cve,epss,percentile":
        raise BadDataFile("epss", DataFault.NOT_THE_FORMAT, "its second line is not `cve,epss,percentile`")
    return Stated(match["model"], match["date"], 0), EpssRows(lines)


def _epss_row(line: str) -> EpssRow | None:
    cells = line.strip().split(",")
    if len(cells) != 3 or not _CVE.fullmatch(cells[0]):
        return None
    try:
        score, percentile = float(cells[1]), float(cells[2])
    except ValueError:
        return None
    return EpssRow(cells[0], score, percentile) if 0 <= score <= 1 and 0 <= percentile <= 1 else None


def _csv_lines(data: bytes) -> Iterator[str]:
    """The lines of a gzip file, unpacked piece by piece. It is unpacked once before, so that a bomb costs no rows."""
    if data[:2] != b"\x1f\x8b":
        raise BadDataFile("epss", DataFault.NOT_THE_FORMAT, "is no gzip file")
    for _ in _unpacked(data):
        pass
    rest = b""
    for piece in _unpacked(data):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
            raise BadDataFile("epss", DataFault.NOT_THE_FORMAT, f"has a line of more than {MAX_LINE} bytes")
        for line in lines:
            yield line.decode("ascii", "replace")
    yield rest.decode("ascii", "replace")


def _unpacked(data: bytes) -> Iterator[bytes]:
    unpacked, total, source = zlib.decompressobj(wbits=31), 0, io.BytesIO(data)
    try:
        while piece := source.read(65536):
            while piece and not unpacked.eof:
                out = unpacked.decompress(piece, 1 << 20)
                piece = unpacked.unconsumed_tail
                total += len(out)
                if total > MAX_BYTES:
                    raise BadDataFile("epss", DataFault.TOO_LARGE, f"unpacks to more than {MAX_BYTES} bytes")
                yield out
    except zlib.error as error:
        raise BadDataFile("epss", DataFault.CUT_OFF, f"cannot be unpacked: {error}") from None
    if not unpacked.eof:
        raise BadDataFile("epss", DataFault.CUT_OFF, "is cut off")


_ATTACK_KINDS = {
    "attack-pattern": "technique",
    "x-mitre-tactic": "tactic",
    "intrusion-set": "actor",
    "malware": "software",
    "tool": "software",
    "campaign": "campaign",
}


def attack(data: bytes) -> tuple[Stated, tuple[AttackObject, ...]]:
    """A STIX bundle of ATT&CK: numbers, names, aliases, and who replaced what was revoked."""
    document = _object("attack", data)
    rows = document.get("objects")
    if document.get("type") != "bundle" or not isinstance(rows, list):
        raise BadDataFile("attack", DataFault.NOT_THE_FORMAT, "is no STIX bundle")
    numbers = {_text(row.get("id")): number for row in rows if isinstance(row, dict) and (number := _number(row))}
    heirs = {
        _text(row.get("source_ref")): numbers.get(_text(row.get("target_ref")))
        for row in rows
        if isinstance(row, dict) and row.get("relationship_type") == "revoked-by"
    }
    objects = [found for row in rows if (found := _attack_object(row, heirs))]
    if not objects:
        raise BadDataFile("attack", DataFault.EMPTY, "holds no technique, group or software")
    version = next(
        (
            _text(row.get("x_mitre_version"))
            for row in rows
            if isinstance(row, dict) and row.get("type") == "x-mitre-collection"
        ),
        None,
    )
    changed = max((str(row.get("modified") or "") for row in rows if isinstance(row, dict)), default="")
    return Stated(version, changed[:40] or None, len(objects)), tuple(objects)


def _number(row: Mapping[str, Any]) -> str | None:
    references = row.get("external_references")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and str(reference.get("source_name", "")).startswith("mitre"):
            number = _text(reference.get("external_id"))
            if number and re.fullmatch(r"(?:T\d{4}(?:\.\d{3})?|TA\d{4}|[GSC]\d{4})", number):
                return number
    return None


def _attack_object(row: object, heirs: Mapping[str | None, str | None]) -> AttackObject | None:
    if not isinstance(row, dict) or (kind := _ATTACK_KINDS.get(str(row.get("type")))) is None:
        return None
    number, name, stix_id = _number(row), _text(row.get("name")), _text(row.get("id"))
    if number is None or name is None or stix_id is None or not re.fullmatch(r"[a-z-]+--[0-9a-f-]{36}", stix_id):
        return None
    aliases = row.get("x_mitre_aliases") or row.get("aliases") or []
    names = (
        tuple(alias for one in aliases if (alias := _text(one)) and alias != name) if isinstance(aliases, list) else ()
    )
    revoked = bool(row.get("revoked")) or bool(row.get("x_mitre_deprecated"))
    created, modified = _text(row.get("created")) or "", _text(row.get("modified")) or ""
    heir = heirs.get(stix_id)
    return AttackObject(number, kind, name, stix_id, names, revoked, heir, str(row["type"]), created, modified)


def warning_list(name: str, data: bytes) -> tuple[Stated, WarningList]:
    """One of MISP's warning lists; `name` is that of its folder."""
    label = f"warninglists/{name}"
    document = _object(label, data)
    kind, rows = _text(document.get("type")), document.get("list")
    if kind not in {"string", "hostname", "cidr", "substring", "regex"} or not isinstance(rows, list):
        raise BadDataFile(label, DataFault.NOT_THE_FORMAT, "is no warning list")
    entries = tuple(entry for row in rows if (entry := _text(row)))
    if not entries:
        raise BadDataFile(label, DataFault.EMPTY, "has no entry")
    version = document.get("version")
    return Stated(
        str(version)[:40] if version is not None else None, None, len(entries), len(rows) - len(entries)
    ), WarningList(name, kind, entries)


def galaxy(name: str, data: bytes) -> tuple[Stated, tuple[Name, ...]]:
    """A MISP galaxy cluster: names and synonyms of actors or of ransomware; `name` is that of its file."""
    label = f"galaxies/{name}"
    document = _object(label, data)
    rows = document.get("values")
    if not isinstance(rows, list):
        raise BadDataFile(label, DataFault.NOT_THE_FORMAT, "is no galaxy cluster")
    kind = "actor" if name == "threat-actor" else "software"
    names = tuple(found for row in rows if (found := _galaxy_name(kind, row)))
    if not names:
        raise BadDataFile(label, DataFault.EMPTY, "names nothing")
    version = document.get("version")
    return Stated(str(version)[:40] if version is not None else None, None, len(names), len(rows) - len(names)), names


_GALAXY_TAIL = re.compile(r" (?:ransomware|malware|\(fake\)|\([^)]*\))$", re.IGNORECASE)


def _galaxy_name(kind: str, row: object) -> Name | None:
    if not isinstance(row, dict) or (value := _text(row.get("value"))) is None:
        return None
    while (shorter := _GALAXY_TAIL.sub("", value)) != value:
        value = shorter
    meta = row.get("meta")
    synonyms = meta.get("synonyms") if isinstance(meta, dict) else None
    aliases, number = [], None
    for one in synonyms if isinstance(synonyms, list) else ():
        alias = _text(one)
        if alias and re.fullmatch(r"[GS]\d{4}", alias):
            number = alias
        elif alias:
            aliases.append(_GALAXY_TAIL.sub("", alias))
    return Name(kind, value, number, aliases=tuple(aliases)) if len(value) > 1 else None


def cve_record(cve: str, data: bytes) -> CveRecord:
    """A CVE record in format 5.x. Refused when it is of another number than the one asked for."""
    document = _object(cve, data)
    metadata = document.get("cveMetadata")
    if document.get("dataType") != "CVE_RECORD" or not isinstance(metadata, dict):
        raise BadDataFile(cve, DataFault.NOT_THE_FORMAT, "is no CVE record")
    if metadata.get("cveId") != cve:
        raise BadDataFile(cve, DataFault.OTHER_RECORD, f"is the record of {metadata.get('cveId')!r:.60}")
    state = str(metadata.get("state")).lower()
    if state not in {"published", "rejected"}:
        raise BadDataFile(cve, DataFault.NOT_THE_FORMAT, "states neither published nor rejected")
    containers = document.get("containers")
    cna = _mapping(containers, "cna")
    adps = [adp for adp in _list(containers, "adp") if isinstance(adp, dict)]
    ssvc, kev_added = _cisa(adps)
    return CveRecord(
        cve,
        state,
        _text(cna.get("title")),
        _text(metadata.get("datePublished")),
        _best_cvss(cna, "cna") or next((found for adp in adps if (found := _best_cvss(adp, "adp"))), None),
        ssvc,
        kev_added,
        tuple(
            affected
            for container in (cna, *adps)
            for row in _list(container, "affected")
            if (affected := _affected(row))
        ),
        tuple(dict.fromkeys(cwe for container in (cna, *adps) for cwe in _cwes(container))),
    )


def _cisa(adps: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """What CISA's container says of exploitation, and since when KEV has it."""
    ssvc = kev_added = None
    for adp in adps:
        for metric in _list(adp, "metrics"):
            other = _mapping(metric, "other")
            content = _mapping(other, "content")
            if other.get("type") == "ssvc":
                for option in _list(content, "options"):
                    if isinstance(option, dict) and isinstance(option.get("Exploitation"), str):
                        ssvc = option["Exploitation"].strip().lower()[:20]
            elif other.get("type") == "kev":
                kev_added = _day(content.get("dateAdded")) or kev_added
    return ssvc, kev_added


_VERSIONS = (("cvssV4_0", "4.0"), ("cvssV3_1", "3.1"), ("cvssV3_0", "3.0"), ("cvssV2_0", "2.0"))


def _best_cvss(container: Mapping[str, Any], by: str) -> Cvss | None:
    for key, version in _VERSIONS:
        for metric in _list(container, "metrics"):
            found = _mapping(metric, key)
            score = found.get("baseScore")
            if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 10:
                severity = _text(found.get("baseSeverity")) or _severity(float(score))
                return Cvss(float(score), version, severity.upper(), _text(found.get("vectorString")), by)
    return None


def _severity(score: float) -> str:
    """NVD's ratings of a score of version 2, which has no words for them itself."""
    return "LOW" if score < 4 else "MEDIUM" if score < 7 else "HIGH"


def _affected(row: object) -> Affected | None:
    if not isinstance(row, dict):
        return None
    vendor, product = _named(row.get("vendor")), _named(row.get("product"))
    purl, package = _text(row.get("packageURL")), _named(row.get("packageName"))
    cpes = tuple(cpe for one in _list(row, "cpes") if (cpe := _text(one)))
    if not (vendor or product or purl or package or cpes):
        return None
    return Affected(vendor, product, purl, package, _text(row.get("collectionURL")), cpes[:100])


def _named(value: object) -> str | None:
    text = _text(value)
    return None if text is None or text.lower() in {"n/a", "unknown", "-", "na", "none"} else text


def _cwes(container: Mapping[str, Any]) -> Iterator[str]:
    for problem in _list(container, "problemTypes"):
        for description in _list(problem, "descriptions"):
            cwe = _text(description.get("cweId")) if isinstance(description, dict) else None
            if cwe and re.fullmatch(r"CWE-\d{1,5}", cwe):
                yield cwe


def _object(name: str, data: bytes) -> dict[str, Any]:
    """JSON as an object, or why it is none."""
    if len(data) > MAX_BYTES:
        raise BadDataFile(name, DataFault.TOO_LARGE, f"has more than {MAX_BYTES} bytes")
    try:
        document = json.loads(data)
    except RecursionError:
        raise BadDataFile(name, DataFault.TOO_DEEP, f"is nested more than {MAX_DEPTH} deep") from None
    except (ValueError, UnicodeDecodeError):
        if data.lstrip()[:1] == b"<":
            raise BadDataFile(name, DataFault.NOT_THE_FORMAT, "is a web page, not JSON") from None
        fault = DataFault.CUT_OFF if data.lstrip()[:1] in {b"{", b"["} else DataFault.NOT_THE_FORMAT
        raise BadDataFile(name, fault, "is not JSON, or is cut off") from None
    if not isinstance(document, dict):
        raise BadDataFile(name, DataFault.NOT_THE_FORMAT, "is no JSON object")
    if _deeper_than(document, MAX_DEPTH):
        raise BadDataFile(name, DataFault.TOO_DEEP, f"is nested more than {MAX_DEPTH} deep")
    return document


def _deeper_than(document: object, levels: int) -> bool:
    row: list[object] = [document]
    for _ in range(levels):
        row = [
            inner
            for value in row
            for inner in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not row:
            return False
    return True


def _enough(name: str, rows: int, skipped: int) -> None:
    if skipped * BAD_ROWS > rows:
        raise BadDataFile(name, DataFault.TOO_MANY_BAD_ROWS, f"{skipped} of {rows} rows cannot be read")


def _list(value: object, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _mapping(value: object, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def _text(value: object) -> str | None:
    """A string as one line of text without control characters, or None."""
    if not isinstance(value, str):
        return None
    return _UNSEEN.sub(" ", value).strip()[:MAX_TEXT] or None


def _day(value: object) -> str | None:
    """`2026-08-20`, of a date or a time, or None."""
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
