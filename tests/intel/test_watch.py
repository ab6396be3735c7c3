"""Watchlists: certain by a CVE record, by name with a word of harm, never by a vendor alone."""

import pytest

from aggregator.intel.watch import Product, Watchlist, hits, package_of_purl, product_of_cpe
from aggregator.models.intel import Affected, Fact, Subject, Vulnerability

LIST = Watchlist(
    "perimeter",
    products=(
        product_of_cpe("cpe:2.3:o:fleetgate:fleetos:*"),
        product_of_cpe("cpe:2.3:a:tinworks:gate_server"),
        Product("tinworks", "word"),
    ),
    packages=(
        package_of_purl("pkg:npm/express"),
        package_of_purl("pkg:npm/%40scope/name"),
        package_of_purl("pkg:pypi/tin-can"),
    ),
    words=("Harbor Desk", "fleet-sync*"),
    cves=frozenset({"CVE-2026-9999"}),
)


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("Fleetgate has news of a flaw.", False),
        ("A flaw in FleetOS is exploited.", True),
        ("FleetOS is out.", False),
        ("FleetOS is out. It has a hole.", True),
        ("FleetOS is out. It is blue. It is big. There is a hole in the road.", False),
        ("Tinworks has patched its Gate Server.", True),
        ("A word of warning about an attack.", False),
        ("Attackers exploit Tinworks Word.", True),
        ("The express train was attacked.", False),
        ("The npm package express was hijacked.", True),
        ("@scope/name was hijacked.", True),
        ("A backdoor in tin-can was found.", True),
        ("Harbor Desk opens today.", True),
        ("fleet-syncer runs.", True),
        ("The fleet was synced.", False),
    ],
)  # fmt: skip
def test_hits_by_name(text: str, hit: bool) -> None:
    assert bool(hits(Subject(text), (), {}, (LIST,))) is hit


def known(*affected: Affected, exploited: bool = False) -> dict[str, Vulnerability]:
    return {"CVE-2026-1": Vulnerability("CVE-2026-1", "published", exploited=exploited, affected=affected)}


CVE = (Fact("cve", "CVE-2026-1", "CVE-2026-1", ()),)


@pytest.mark.parametrize(
    ("affected", "hit"),
    [
        (Affected("Fleetgate, Inc.", "FleetOS"), True),
        (Affected("Fleetgate", "Fleetgate FleetOS"), True),
        (Affected("Fleetgate", "FleetOS 7.2"), True),
        (Affected("Fleetgate", "Other"), False),
        (Affected("Else", "FleetOS"), False),
        (Affected(None, None, cpes=("cpe:2.3:a:tinworks:gate_server:1.0:*:*:*:*:*:*:*",)), True),
        (Affected("x", "express", purl="pkg:npm/express@4"), True),
        (Affected("x", "y", package="express", collection="https://www.npmjs.com"), True),
        (Affected("x", "y", package="express", collection="https://wordpress.org/plugins"), False),
    ],
)
def test_certain_hits(affected: Affected, hit: bool) -> None:
    found = hits(Subject("CVE-2026-1"), CVE, known(affected), (LIST,))
    assert [one.certain for one in found] == ([True] if hit else [])


def test_a_number_may_be_watched_and_exploited_ones_only() -> None:
    number = (Fact("cve", "CVE-2026-9999", "", ()),)
    assert hits(Subject("x"), number, {}, (LIST,))[0].certain
    only = Watchlist("x", products=(Product("fleetgate", "fleetos"),), exploited_only=True)
    affected = Affected("Fleetgate", "FleetOS")
    assert hits(Subject("x"), CVE, known(affected), (only,)) == ()
    assert hits(Subject("x"), CVE, known(affected, exploited=True), (only,))[0].exploited
