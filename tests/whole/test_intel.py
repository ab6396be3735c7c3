"""What articles name, through the whole program: read, joined with data files, shown, found, exported, watched."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.outlets import Outlet, outlet, rss

from aggregator.config import load
from aggregator.intel.query import facts_of_query
from aggregator.pipeline.data_files import data_troubles, database, load_folder
from aggregator.pipeline.pipeline import Pipeline, opened
from aggregator.store import Store
from aggregator.store.intel_data import IntelData
from aggregator.web import WebServer, application

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

STORY = """<p>Attackers exploit CVE-2026-1000 in Fleetgate Gatekeeper, a flaw that the vendor closed last week; CVE-2026-1001 is
said to be next. The group Gilded Heron sends Brasskettle with it, says the report, which names no victim at all.</p>
<p>Data was exfiltrated to drop-tin[.]icu, and the loader came from hxxps://cdn-tin[.]top/<b>i</b>.sh, as every sample did.</p>
<h2>Indicators of Compromise</h2><ul><li>45.9.148.7</li><li>54373e2227f6e19d219f5bf7128f68ad073ae2a3b5f0faf5302edc3bf10f3068</li></ul>"""

KEV = {
    "catalogVersion": "1",
    "count": 1,
    "vulnerabilities": [
        {
            "cveID": "CVE-2026-1000",
            "vendorProject": "Fleetgate",
            "product": "Gatekeeper",
            "vulnerabilityName": "Fleetgate <b>Gatekeeper</b> flaw",
            "dateAdded": "2026-03-08",
            "dueDate": "2026-03-29",
            "knownRansomwareCampaignUse": "Known",
        }
    ],
}
ATTACK = {
    "type": "bundle",
    "objects": [
        {
            "type": kind,
            "id": f"{kind}--a7881f21-e978-4fe4-af56-92c9416a26{number}",
            "name": name,
            "created": "2020-01-01T00:00:00.000Z",
            "modified": "2020-01-01T00:00:00.000Z",
            "external_references": [{"source_name": "mitre-attack", "external_id": attack_id}],
        }
        for kind, number, name, attack_id in (
            ("intrusion-set", "16", "Gilded Heron", "G9001"),
            ("malware", "17", "Brasskettle", "S9001"),
        )
    ],
}


@dataclass
class Intel:
    """The program on one article, before and after KEV had its flaw."""

    data: Path
    pipeline: Pipeline
    server: Outlet

    def file(self, path: str) -> str:
        return (self.data / "public" / path).read_text("utf-8")

    def query(self, sql: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.data / 'aggregator.db'}?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchall()

    def load(self, name: str, content: object) -> None:
        folder = self.data.parent / "files"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), "utf-8")
        with IntelData.open(database(self.data)) as stored:
            assert not [one.error for one in load_folder(stored, folder, (), NOW) if one.error]


@pytest.fixture(scope="module")
def intel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intel]:
    folder = tmp_path_factory.mktemp("intel")
    with outlet() as server:
        url = f"{server.origin}/2026/03/heron"
        server.pages["/feed"] = rss(
            "Wire", (url, "Heron &lt;strikes&gt;", "Tue, 10 Mar 2026 10:00:00 GMT", "Attackers.")
        )
        page = f"<!DOCTYPE html><html lang=en><head><title>Heron strikes</title></head><body><article><h1>Heron strikes</h1>{STORY}</article></body></html>"
        server.pages["/2026/03/heron"] = ("text/html", page.encode())
        (folder / "feeds.yaml").write_text(
            f"""
site: {{title: Mirror, base_url: "http://mirror.example/"}}
network: {{allow: [127.0.0.1], per_host_interval_s: 0}}
feeds: [{{url: "{server.origin}/feed", name: Wire}}]
outputs: [{{name: exploited, cves: [exploited]}}, {{name: heron, actors: [Gilded Heron]}}, {{name: calm, indicators: false}}]
intel: {{exports: {{days: 30}}}}
watch: [{{name: perimeter, products: [{{vendor: Fleetgate, product: Gatekeeper}}]}}, {{name: other, words: [Quietharbor]}}]
""",
            "utf-8",
        )
        with opened(load(folder / "feeds.yaml"), folder / "data", lambda: NOW) as pipeline:
            found = Intel(folder / "data", pipeline, server)
            found.load("enterprise-attack.json", ATTACK)
            pipeline.round()
            yield found


def test_the_facts_of_an_article_are_stored(intel: Intel) -> None:
    rows = {
        (kind, value): indicator for kind, value, indicator in intel.query("SELECT kind, value, indicator FROM facts")
    }
    assert rows["cve", "CVE-2026-1000"] == 0
    assert rows["actor", "Gilded Heron"] == 0
    assert rows["software", "Brasskettle"] == 0
    assert {value for (_, value), indicator in rows.items() if indicator} == {
        "drop-tin.icu",
        "https://cdn-tin.top/i.sh",
        "45.9.148.7",
        "54373e2227f6e19d219f5bf7128f68ad073ae2a3b5f0faf5302edc3bf10f3068",
    }


def test_the_post_shows_what_it_names_and_no_live_indicator(intel: Intel) -> None:
    (path,) = intel.query("SELECT path FROM posts")[0]
    page = intel.file(path)
    assert "hxxps://cdn-tin[.]top/i.sh" in page
    assert 'href="../../../cve/CVE-2026-1000.html"' in page
    assert "https://cdn-tin.top" not in page.replace("hxxps://", "")
    feed = intel.file("feed.atom")
    assert "Names " in feed
    assert "4 indicators" in feed
    assert '<category term="Gilded Heron" scheme=' in feed
    assert "drop-tin.icu" not in intel.file("feed.json").replace("drop-tin[.]icu", "")
    assert json.loads(intel.file("feed.json"))["items"][0]["_aggregator"]["facts"]["indicators"] == 4


def test_subjects_have_pages_and_feeds(intel: Intel) -> None:
    for stem in ("cve/CVE-2026-1000", "actors/gilded-heron", "software/brasskettle"):
        assert "Heron strikes" in intel.file(f"{stem}.html")
        assert "Heron strikes" in intel.file(f"{stem}.atom")


@pytest.mark.parametrize(
    "query",
    [
        "drop-tin.icu",
        "drop-tin[.]icu",
        "hxxps://cdn-tin[.]top/i.sh",
        "CVE 2026 1000",
        "54373E2227F6E19D219F5BF7128F68AD073AE2A3B5F0FAF5302EDC3BF10F3068",
    ],
)
def test_values_are_found_however_they_are_spelled(intel: Intel, query: str) -> None:
    with Store.read(intel.data / "aggregator.db") as store:
        assert len(store.search(query, named=facts_of_query(query))) == 1


def test_kev_lights_up_an_article_that_was_there_before(intel: Intel) -> None:
    """Page, feed, view and outputs follow; the entry's `updated` stays."""
    before = intel.query("SELECT revised, stamp FROM posts")
    assert "<entry" not in intel.file("exploited.atom")
    intel.load("known_exploited_vulnerabilities.json", KEV)
    assert intel.pipeline._facts().join() > 0
    intel.pipeline.round()
    assert intel.query("SELECT revised, stamp FROM posts") == before
    assert intel.query("SELECT cve, exploited_by, kev_due FROM exploited_now") == [
        ("CVE-2026-1000", "kev", "2026-03-29")
    ]
    assert "exploited since 8 March 2026, ransomware" in intel.file("feed.atom")
    exploited = intel.file("exploited.atom")
    assert exploited.count("<entry") == 1
    assert "CVE-2026-1000" in exploited
    assert "Heron strikes" in exploited
    assert "<b>Gatekeeper" not in intel.file("exploited.html")
    assert "Heron strikes" in intel.file("cve/CVE-2026-1000.html")
    identity = exploited.partition("<entry")[2].partition("<id>")[2].partition("</id>")[0]
    intel.pipeline.round()
    assert identity in intel.file("exploited.atom")


def test_outputs_take_in_what_names_a_group_or_has_indicators(intel: Intel) -> None:
    assert "Heron strikes" in intel.file("outputs/heron.atom")
    assert "Heron strikes" not in intel.file("outputs/calm.atom")


def test_exports_hold_the_indicators_and_nothing_else(intel: Intel) -> None:
    assert intel.file("intel/blocklists/domain.txt").splitlines()[1:] == ["drop-tin.icu"]
    bundle = json.loads(intel.file("intel/stix.json"))
    assert {one["type"] for one in bundle["objects"]} >= {
        "identity",
        "report",
        "indicator",
        "vulnerability",
        "malware",
        "intrusion-set",
    }
    manifest = json.loads(intel.file("intel/misp/manifest.json"))
    (uuid,) = manifest
    assert json.loads(intel.file(f"intel/misp/{uuid}.json"))["Event"]["uuid"] == uuid
    assert intel.file("intel/indicators.csv").count("\n") == 5


def test_a_watchlist_has_its_hits_alone(intel: Intel) -> None:
    assert intel.query("SELECT watch, certain FROM watch_hits") == [("perimeter", 0)]
    assert "Heron strikes" in intel.file("watch/perimeter.html")
    assert "Heron strikes" not in intel.file("watch/other.atom")


def test_the_api_answers_for_facts(intel: Intel) -> None:
    app = application(intel.pipeline.config.site, intel.data / "aggregator.db", intel.data / "public", lambda: NOW)
    with WebServer(app, "127.0.0.1", 0) as server:

        def get(path: str) -> Any:
            connection = http.client.HTTPConnection(*server.address, timeout=10)
            connection.request("GET", path)
            answer = json.loads(connection.getresponse().read())
            connection.close()
            return answer

        (number,) = intel.query("SELECT id FROM articles")[0]
        facts = get(f"/api/articles/{number}")["facts"]
        assert {fact["value"] for fact in facts} >= {"CVE-2026-1000", "Gilded Heron"}
        assert [one["cve"] for one in get("/api/vulnerabilities")["items"]] == ["CVE-2026-1000", "CVE-2026-1001"]
        assert get("/api/vulnerabilities/cve-2026-1000")["named_by"][0]["outlet"] == "Wire"
        first = get("/api/indicators?limit=1")
        assert first["items"][0]["value"] == "drop-tin.icu"
        assert len(get(f"/api/indicators?cursor={quote(first['next_cursor'])}")["items"]) == 3
        assert get("/api/watch")["items"][0]["watch"] == "perimeter"
        assert len(get("/api/articles?actor=gilded%20heron&indicators=1")["items"]) == 1
        assert get("/api/articles?software=Emotet")["items"] == []


def test_only_what_is_judged_is_read_again_when_a_list_changes(intel: Intel) -> None:
    """Names and watchlists concern every text; warning lists and the operator's words only values that are judged."""
    store = intel.pipeline.store.intel
    intel.query("SELECT 1")
    with intel.pipeline.store._session.write() as sql:
        sql.execute("DELETE FROM facts_waiting")
    store.queue_judged()
    judged = intel.query("SELECT DISTINCT article_id FROM facts WHERE kind IN ('domain', 'url', 'ipv4', 'sha256')")
    assert intel.query("SELECT article_id FROM facts_waiting") == judged
    listed = {"name": "ours", "type": "hostname", "version": 1, "list": ["drop-tin.icu"]}
    intel.load("warninglists/ours/list.json", listed)
    assert intel.pipeline._facts().find() == len(judged)
    assert intel.query("SELECT indicator FROM facts WHERE value = 'drop-tin.icu'") == [(0,)]
    (intel.data.parent / "files" / "warninglists" / "ours" / "list.json").unlink()
    intel.load("warninglists/ours/list.json", {**listed, "version": 2, "list": ["other.example"]})
    assert intel.pipeline._facts().find() == len(judged)
    assert intel.query("SELECT indicator FROM facts WHERE value = 'drop-tin.icu'") == [(1,)]


def test_status_shows_data_files_and_watchlists(intel: Intel) -> None:
    app = application(intel.pipeline.config.site, intel.data / "aggregator.db", intel.data / "public", lambda: NOW)
    with WebServer(app, "127.0.0.1", 0) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=10)
        connection.request("GET", "/status")
        page = connection.getresponse().read().decode()
        connection.close()
    files = page.partition('id="files"')[2]
    assert '<th scope="row">attack</th><td>2020-01-01</td><td class="number">2</td>' in files
    assert 'watch/perimeter.html">perimeter</a> <span class="meta">1 hit in 30 days' in files


def test_a_refused_data_file_is_reported_and_what_was_known_stays(intel: Intel, tmp_path: Path) -> None:
    """`data status` and `status` name it; the flaw is still exploited."""
    intel.load("known_exploited_vulnerabilities.json", KEV)
    (tmp_path / "known_exploited_vulnerabilities.json").write_text("<!doctype html>", "utf-8")
    with IntelData.open(database(intel.data)) as stored:
        (refused,) = load_folder(stored, tmp_path, (), NOW)
        assert refused.error
        assert "CVE-2026-1000" in stored.kev()
    assert [line for line in data_troubles(intel.data, NOW) if line.startswith("data file kev")]
