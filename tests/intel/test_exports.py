"""STIX, MISP, CSV and blocklists, read back with the libraries that others read them with."""

import csv
import io
from dataclasses import replace

import pymisp
import pytest
import stix2

from aggregator.intel import listing, misp, stix
from aggregator.models.intel import AttackObject, ExportedArticle, Fact, Publisher

PUBLISHER = Publisher("Harbor Wire", "https://news.example")
ATTACK = {
    one.number: one
    for one in (
        AttackObject("T1059.001", "technique", "PowerShell", "attack-pattern--970a3432-3237-47ad-bcca-7d8cbb217736", (), False, None, "attack-pattern", "2020-03-09T13:48:55.078Z", "2025-04-15T19:58:43.251Z"),
        AttackObject("S0154", "software", "Cobalt Strike", "malware--a7881f21-e978-4fe4-af56-92c9416a2616", (), False, None, "malware", "2017-12-14T16:46:06.044Z", "2025-04-15T19:58:43.251Z"),
        AttackObject("G0016", "actor", "APT29", "intrusion-set--899ce53f-13a0-479b-a0e4-67d46e241542", (), False, None, "intrusion-set", "2017-05-31T21:31:52.748Z", "2025-04-15T19:58:43.251Z"),
    )
}  # fmt: skip


def fact(kind: str, value: str, *, indicator: bool = True, **more: object) -> Fact:
    return Fact(
        kind,
        value,
        value,
        (),
        indicator=indicator,
        why="defanged" if indicator else "mentioned in passing",
        confidence=80,
        **more,
    )


FACTS = (
    fact("domain", "evil.top"),
    fact("domain", "c2.evil.top"),
    fact("url", "http://evil.top/it's\\x"),
    fact("ipv4", "45.9.148.7", port=443),
    fact("cidr", "45.9.148.0/24"),
    fact("sha256", "54" * 32),
    fact("sha1", "54" * 20),
    fact("md5", "54" * 16),
    fact("email", "a@evil.top"),
    fact("btc", "1LYvfTn7VvJwRmkjvFAMULCobhahUiwCus"),
    fact("domain", "victim.com", indicator=False),
    Fact("cve", "CVE-2026-1000", "CVE-2026-1000", ()),
    Fact("technique", "T1059.001", "T1059.001", (), attack_id="T1059.001"),
    Fact("software", "Cobalt Strike", "Cobalt Strike", (), attack_id="S0154"),
    Fact("actor", "APT29", "APT29", (), attack_id="G0016"),
)


def article(
    number: str = "1", outlet: str = "Harbor Wire", day: str = "02", facts: tuple[Fact, ...] = FACTS
) -> ExportedArticle:
    return ExportedArticle(
        number, "=cmd|' /C calc'!A0", f"https://news.example/{number}", f"2026-02-{day}T10:00:00Z", facts, outlet
    )


def refs(value: object) -> list[str]:
    """Every reference in an object, however deep."""
    if isinstance(value, list):
        return [ref for one in value for ref in refs(one)]
    if not isinstance(value, dict):
        return []
    found = [ref for key, one in value.items() if key.endswith("_refs") for ref in one]
    found += [one for key, one in value.items() if key.endswith("_ref")]
    return found + [ref for one in value.values() for ref in refs(one)]


def test_a_bundle_is_stix_and_whole() -> None:
    """The library reads it; every reference leads into it; ids stay; ATT&CK's objects keep MITRE's ids."""
    bundle = stix.bundle([article()], PUBLISHER, ATTACK)
    stix2.parse(bundle)
    ids = [one["id"] for one in bundle["objects"]]
    assert len(ids) == len(set(ids))
    assert set(refs(bundle)) <= set(ids)
    assert {one.stix_id for one in ATTACK.values()} <= set(ids)
    assert bundle == stix.bundle([article()], PUBLISHER, ATTACK)
    indicators = [one for one in bundle["objects"] if one["type"] == "indicator"]
    assert len(indicators) == 10
    assert {one["pattern_type"] for one in indicators} == {"stix"}
    assert "victim.com" not in str(bundle)


def test_an_indicator_of_two_articles_is_one_of_each() -> None:
    ids = [
        one["id"]
        for one in stix.bundle([article("1"), article("2")], PUBLISHER, {})["objects"]
        if one["type"] == "indicator"
    ]
    assert len(set(ids)) == 20


@pytest.mark.parametrize("tlp", ["clear", "green", "amber", "red"])
def test_the_marking_is_in_the_bundle(tlp: str) -> None:
    bundle = stix.bundle([article()], Publisher("A", "", tlp), {})
    stix2.parse(bundle)
    assert bundle["objects"][0]["type"] == "marking-definition"


def test_a_misp_feed_is_read() -> None:
    event = misp.event(article(), PUBLISHER, ATTACK)
    read = pymisp.MISPEvent()
    read.from_dict(**event["Event"])
    acts = {(one.type, one.value): one.to_ids for one in read.attributes}
    assert acts["domain", "evil.top"]
    assert acts["hostname", "c2.evil.top"]
    assert acts["ip-dst|port", "45.9.148.7|443"]
    assert acts["vulnerability", "CVE-2026-1000"] is False
    assert ("domain", "victim.com") not in acts
    assert isinstance(event["Event"]["timestamp"], str)
    assert 'misp-galaxy:mitre-intrusion-set="APT29 - G0016"' in [tag.name for tag in read.tags]
    (uuid,) = misp.manifest([event])
    assert uuid == event["Event"]["uuid"]
    assert misp.hashes([event]).splitlines()[0].endswith(f",{uuid}")


def test_csv_has_no_formulas_and_every_indicator_once() -> None:
    rows = listing.indicators([article("1"), article("2", "Other", "05")])
    read = list(csv.reader(io.StringIO(listing.table(rows))))
    assert read[0] == list(listing.COLUMNS)
    first = dict(zip(read[0], next(row for row in read if row[0] == "evil.top"), strict=True))
    assert (first["articles"], first["first_seen"], first["last_seen"]) == (
        "2",
        "2026-02-02T10:00:00Z",
        "2026-02-05T10:00:00Z",
    )
    assert first["title"].startswith("'=cmd")
    assert len(rows) == 10


@pytest.mark.parametrize("title", ["=1+1", "\t=1+1", "  -2+3", "\r\n@SUM(1)", "+1"])
def test_no_cell_is_a_formula(title: str) -> None:
    """Whatever stands in front of its sign."""
    rows = listing.indicators([article("1")])
    lines = listing.table([replace(row, title=title) for row in rows])
    assert all(row[5].startswith("'") for row in list(csv.reader(io.StringIO(lines)))[1:])


def test_a_blocklist_asks_for_outlets() -> None:
    both = [article("1"), article("2", "Other", facts=(fact("domain", "evil.top"),))]
    rows = listing.indicators(both, outlets=2)
    assert (
        listing.blocklist(rows, "domain", "Harbor Wire", "2026-02-03")
        == "# domain: Harbor Wire, 2026-02-03\nevil.top\n"
    )
