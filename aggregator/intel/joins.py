"""What the data files together know of a CVE number: is it exploited, how bad, how likely, since when.

Pure: the rows are handed in. EPSS is a forecast and makes nothing exploited; a rejected number joins nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aggregator.intel.names import Catalogue, product_names
from aggregator.models.intel import AttackObject, CveRecord, Epss, KevEntry, Name, Vulnerability


def vulnerability(cve: str, kev: KevEntry | None, epss: Epss | None, record: CveRecord | None) -> Vulnerability:
    """Everything known of `cve`. Exploited now: KEV has it, or CISA's own words in the record (SSVC: active)."""
    if record and record.state == "rejected":
        return Vulnerability(cve, "rejected", record.title, record.published)
    active = record is not None and record.ssvc == "active"
    if kev is None and record and record.kev_added:
        kev = KevEntry(cve, "", "", "", record.kev_added, None, ransomware=False)
    return Vulnerability(
        cve,
        record.state if record else None,
        (record.title if record else None) or (kev.title or None if kev else None),
        record.published if record else None,
        exploited=kev is not None or active,
        exploited_by="kev" if kev else "ssvc" if active else None,
        kev=kev,
        epss=epss,
        cvss=record.cvss if record else None,
        ssvc=record.ssvc if record else None,
        affected=record.affected if record else (),
        cwes=record.cwes if record else (),
    )


def catalogue(
    attack: Iterable[AttackObject], galaxies: Iterable[Name], kev: Iterable[KevEntry], records: Iterable[CveRecord]
) -> Catalogue:
    """The names of all data files: ATT&CK's first, a galaxy's where ATT&CK has none, vendors and products."""
    numbers: dict[str, tuple[str, str | None]] = {}
    entries: dict[tuple[str, str], Name] = {}
    named: dict[str, tuple[str, str]] = {}
    for one in attack:
        numbers[one.number] = (one.name, one.replaced_by)
        if one.kind in {"actor", "software"} and not one.revoked:
            key = (one.kind, one.name.lower())
            entries[key] = Name(one.kind, one.name, one.number, aliases=one.aliases, stix_id=one.stix_id)
            named[one.number] = key
            for spelled in (one.name, *one.aliases):
                named.setdefault(f"{one.kind}:{spelled.lower()}", key)
    for other in galaxies:
        _add_galaxy(other, entries, named)
    for vendor, product in _goods(kev, records):
        if vendor:
            entries.setdefault(("vendor", vendor.lower()), Name("vendor", vendor))
        for name in product_names(_without_vendor(product.strip(), vendor)):
            entries.setdefault(("product", name.lower()), Name("product", name, vendor=vendor))
    return Catalogue(numbers, tuple(entries.values()))


def _add_galaxy(other: Name, entries: dict[tuple[str, str], Name], named: dict[str, tuple[str, str]]) -> None:
    """A galaxy's name as an alias of ATT&CK's where both have it, else as one of its own."""
    same = named.get(other.attack_id or "") or named.get(f"{other.kind}:{other.value.lower()}")
    if same is None:
        loose = Name(other.kind, other.value, other.attack_id, loose_aliases=(other.value, *other.aliases), loose=True)
        entries.setdefault((other.kind, other.value.lower()), loose)
        return
    entry = entries[same]
    extra = tuple(name for name in (other.value, *other.aliases) if f"{other.kind}:{name.lower()}" not in named)
    entries[same] = replace(entry, loose_aliases=(*entry.loose_aliases, *extra))


def _goods(kev: Iterable[KevEntry], records: Iterable[CveRecord]) -> Iterable[tuple[str, str]]:
    for entry in kev:
        yield entry.vendor.strip(), entry.product
    for record in records:
        for one in record.affected:
            if one.vendor or one.product:
                yield one.vendor or "", one.product or ""


def _without_vendor(product: str, vendor: str) -> str:
    """`Fortinet FortiOS` of Fortinet is `FortiOS`; `Apache HTTP Server` of Apache Software is `HTTP Server`."""
    first = vendor.split(" ", maxsplit=1)[0]
    for prefix in (vendor, first):
        if len(prefix) > 2 and product.lower().startswith(prefix.lower() + " "):
            return product[len(prefix) + 1 :].strip()
    return product
