"""Data files: what is read of each, and how each kind of bad file is refused."""

import gzip
import json
import time

import pytest

from aggregator.intel import files
from aggregator.intel.joins import catalogue, vulnerability
from aggregator.models.errors import BadDataFile, DataFault
from aggregator.models.intel import Epss, KevEntry


def kev(rows: int = 2, **changes: object) -> bytes:
    entry = {
        "cveID": "CVE-2026-1000",
        "vendorProject": "Fleetgate",
        "product": "Fleetgate Gatekeeper (FG) and Portal",
        "vulnerabilityName": "Fleetgate flaw",
        "dateAdded": "2026-02-01",
        "dueDate": "2026-02-21",
        "knownRansomwareCampaignUse": "Known",
    }
    entries = [{**entry, "cveID": f"CVE-2026-{1000 + number}"} for number in range(rows)]
    return json.dumps(
        {
            "catalogVersion": "1",
            "dateReleased": "2026-02-01T00:00:00Z",
            "count": rows,
            "vulnerabilities": entries,
            **changes,
        }
    ).encode()


def epss(rows: list[str], head: str = "#model_version:v2026.06.15,score_date:2026-08-20T12:03:07+0000") -> bytes:
    return gzip.compress("\n".join([head, "cve,epss,percentile", *rows, ""]).encode(), mtime=0)


def record(**changes: object) -> bytes:
    base = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2026-1000", "state": "PUBLISHED", "datePublished": "2026-01-02T03:04:05Z"},
        "containers": {
            "cna": {"title": "A flaw", "affected": [{"vendor": "Fleetgate", "product": "n/a"}], "metrics": []},
            "adp": [],
        },
    }
    return json.dumps({**base, **changes}).encode()


def score(version: str, value: float) -> dict:
    return {f"cvssV{version}": {"baseScore": value, "vectorString": f"CVSS:{version}/x", "baseSeverity": "HIGH"}}


def test_kev_is_read() -> None:
    stated, (first, _) = files.kev(kev())
    assert (stated.version, stated.rows, stated.skipped) == ("1", 2, 0)
    assert (first.cve, first.added, first.due, first.ransomware) == ("CVE-2026-1000", "2026-02-01", "2026-02-21", True)


def test_epss_is_read_and_a_bad_row_in_a_thousand_is_skipped_and_counted() -> None:
    rows = [f"CVE-2026-{number},0.00042,0.5" for number in range(1000, 3000)]
    stated, taken = files.epss(epss([*rows, "CVE-2026-9999,1.5,0.5"]))
    assert (stated.version, stated.stated_at) == ("v2026.06.15", "2026-08-20T12:03:07+0000")
    assert (len(list(taken)), taken.skipped) == (2000, 1)


@pytest.mark.parametrize(
    "bad",
    ["CVE-2026-1,0.1,0.5", "CVE-2026-1000,nan,0.5", "CVE-2026-1000,0.1", "CVE-2026-1000,0.1,-1", "CVE-2026-1000,x,0.5"],
)
def test_epss_with_more_bad_rows_is_refused(bad: str) -> None:
    _, rows = files.epss(epss(["CVE-2026-1000,0.1,0.5"] * 100 + [bad]))
    with pytest.raises(BadDataFile) as caught:
        list(rows)
    assert caught.value.fault is DataFault.TOO_MANY_BAD_ROWS


PAGE = b"<!doctype html><title>Sign in</title>"
DEEP = b'{"type": "bundle", "objects": ' + b"[" * 200 + b"]" * 200 + b"}"


@pytest.mark.parametrize(
    ("read", "data", "fault"),
    [
        (files.kev, PAGE, DataFault.NOT_THE_FORMAT),
        (files.kev, kev()[:-20], DataFault.CUT_OFF),
        (files.kev, kev(count=7), DataFault.MISCOUNTED),
        (files.kev, kev(0), DataFault.EMPTY),
        (files.kev, b"[]", DataFault.NOT_THE_FORMAT),
        (files.attack, DEEP, DataFault.TOO_DEEP),
        (files.attack, b'{"type": "bundle", "objects": ' + b"[" * 100_000, DataFault.TOO_DEEP),
        (files.attack, b'{"type": "identity"}', DataFault.NOT_THE_FORMAT),
        (files.attack, b'{"type": "bundle", "objects": []}', DataFault.EMPTY),
        (lambda data: files.warning_list("x", data), b'{"type": "string", "list": []}', DataFault.EMPTY),
        (lambda data: files.galaxy("x", data), PAGE, DataFault.NOT_THE_FORMAT),
        (lambda data: files.cve_record("CVE-2026-1001", data), record(), DataFault.OTHER_RECORD),
        (lambda data: list(files.epss(data)[1]), PAGE, DataFault.NOT_THE_FORMAT),
        (lambda data: list(files.epss(data)[1]), epss(["CVE-2026-1000,0.1,0.5"] * 9000)[:-30], DataFault.CUT_OFF),
        (lambda data: list(files.epss(data)[1]), epss([]), DataFault.EMPTY),
        (lambda data: list(files.epss(data)[1]), epss(["x" * 2_000_000]), DataFault.NOT_THE_FORMAT),
    ],
)
def test_a_bad_file_is_refused(read: object, data: bytes, fault: DataFault) -> None:
    with pytest.raises(BadDataFile) as caught:
        read(data)
    assert caught.value.fault is fault


def test_a_bomb_ends_at_its_limit() -> None:
    """A gzip file of a megabyte that unpacks to more than a gigabyte costs neither time nor memory."""
    row = b"CVE-2026-1000,0.1,0.5\n" * 50_000
    bomb = gzip.compress(b"#model_version:v1,score_date:2026-08-20T12:03:07Z\ncve,epss,percentile\n" + row * 150, 9)
    began = time.process_time()
    with pytest.raises(BadDataFile) as caught:
        for _ in files.epss(bomb)[1]:
            pass
    assert caught.value.fault is DataFault.TOO_LARGE
    assert time.process_time() - began < 5


def test_of_several_scores_the_cna_and_the_newest_version_count() -> None:
    both = {"cna": {"metrics": [score("3_1", 5.0), score("4_0", 6.0)]}, "adp": [{"metrics": [score("3_1", 9.8)]}]}
    found = files.cve_record("CVE-2026-1000", record(containers=both)).cvss
    assert found is not None
    assert (found.score, found.version, found.by) == (6.0, "4.0", "cna")
    alone = {"cna": {}, "adp": [{"metrics": [score("3_1", 9.8)]}]}
    found = files.cve_record("CVE-2026-1000", record(containers=alone)).cvss
    assert found is not None
    assert (found.score, found.by) == (9.8, "adp")


def ssvc(word: str) -> dict:
    return {"other": {"type": "ssvc", "content": {"options": [{"Exploitation": word}]}}}


@pytest.mark.parametrize(("word", "exploited"), [("active", True), ("Active", True), ("poc", False), ("none", False)])
def test_exploited_now_is_kev_or_cisas_word(word: str, exploited: bool) -> None:
    one = files.cve_record("CVE-2026-1000", record(containers={"cna": {}, "adp": [{"metrics": [ssvc(word)]}]}))
    forecast = Epss(0.99, 0.999, None, None)
    assert vulnerability(one.cve, None, forecast, one).exploited is exploited
    assert vulnerability(one.cve, None, forecast, None).exploited is False
    by_kev = vulnerability(one.cve, files.kev(kev())[1][0], None, None)
    assert (by_kev.exploited, by_kev.exploited_by, by_kev.title) == (True, "kev", "Fleetgate flaw")


def test_a_rejected_number_joins_nothing() -> None:
    one = files.cve_record("CVE-2026-1000", record(cveMetadata={"cveId": "CVE-2026-1000", "state": "REJECTED"}))
    known = vulnerability(
        one.cve, KevEntry(one.cve, "", "", "", "2026-01-01", None, ransomware=True), Epss(0.9, 0.9, None, None), one
    )
    assert (known.state, known.exploited, known.kev, known.epss, known.cvss) == ("rejected", False, None, None, None)


def test_names_of_products_are_split_and_shortened() -> None:
    names = catalogue((), (), files.kev(kev(1))[1], ())
    assert {(one.kind, one.value) for one in names.entries} == {
        ("vendor", "Fleetgate"),
        ("product", "Gatekeeper"),
        ("product", "Portal"),
    } or {one.value for one in names.entries if one.kind == "vendor"} == {"Fleetgate"}


def test_hostile_strings_become_one_line_of_text() -> None:
    stated, (entry,) = files.kev(kev(1, catalogVersion="a\nb\x1b[31m" + "x" * 900))
    assert stated.version is not None
    assert stated.version.startswith("a b [31mx")
    assert len(stated.version) <= 500
    assert entry.vendor == "Fleetgate"
