"""The imaginary press's own data files: what KEV, EPSS, ATT&CK and CVE records would have of its invented flaws.

They are laid out as `data update --from` reads them, and dated from now like everything else in the press.
"""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

GATEWAY, BYPASS, MAPS = "CVE-2026-90417", "CVE-2026-90466", "CVE-2026-90388"

_FLAWS = {
    GATEWAY: ("Tansy Networks", "Orrery Gateway", "Command injection in the sign-in page", 9.8, 0.9431),
    BYPASS: ("Tansy Networks", "Orrery Gateway", "Bypass of the fix for CVE-2026-90417", 9.8, 0.1207),
    MAPS: ("Plumbline", "Maps Server", "Memory corruption by a long layer name", 8.1, 0.0389),
}
"""Number -> vendor, product, title, CVSS 3.1 score, EPSS score."""

_MALWARE = ("Cinderlatch", "Gullwing", "Glyphjack", "Mothbin", "Pebblesnatch")

CONFIG = """
intel:
  files: {kev: false, epss: false, attack: false, cves: false, warninglists: false, galaxies: false}
watch:
  - name: our-gateway
    products: [{vendor: Tansy Networks, product: Orrery Gateway}]
"""
"""What feeds.yaml says besides: nothing is fetched from the internet, and one product is watched."""


def write_data_files(folder: Path, now: datetime) -> None:
    """Write the data files into `folder`."""
    (folder / "cves").mkdir(parents=True, exist_ok=True)
    _json(folder / "known_exploited_vulnerabilities.json", _kev(now))
    _json(folder / "enterprise-attack.json", _attack())
    rows = "".join(f"{cve},{epss:.5f},{0.5 + epss / 2:.5f}\n" for cve, (*_, epss) in _FLAWS.items())
    head = f"#model_version:v2026.06.15,score_date:{now:%Y-%m-%dT00:00:00Z}\ncve,epss,percentile\n"
    (folder / "epss_scores-current.csv.gz").write_bytes(gzip.compress((head + rows).encode(), mtime=0))
    for cve in _FLAWS:
        _json(folder / "cves" / f"{cve}.json", _record(cve, now))


def _kev(now: datetime) -> dict[str, object]:
    vendor, product, title, *_ = _FLAWS[GATEWAY]
    added = now - timedelta(days=1)
    entry = {
        "cveID": GATEWAY,
        "vendorProject": vendor,
        "product": product,
        "vulnerabilityName": f"{vendor} {product}: {title}",
        "dateAdded": f"{added:%Y-%m-%d}",
        "dueDate": f"{added + timedelta(days=21):%Y-%m-%d}",
        "knownRansomwareCampaignUse": "Known",
    }
    return {"catalogVersion": f"{added:%Y.%m.%d}", "count": 1, "vulnerabilities": [entry]}


def _attack() -> dict[str, object]:
    objects = [
        {
            "type": "malware",
            "id": f"malware--a7881f21-e978-4fe4-af56-92c9416a2{number:03}",
            "name": name,
            "created": "2020-01-01T00:00:00.000Z",
            "modified": "2020-01-01T00:00:00.000Z",
            "external_references": [{"source_name": "mitre-attack", "external_id": f"S{9000 + number}"}],
        }
        for number, name in enumerate(_MALWARE, 1)
    ]
    return {"type": "bundle", "id": "bundle--a7881f21-e978-4fe4-af56-92c9416a2000", "objects": objects}


def _record(cve: str, now: datetime) -> dict[str, object]:
    vendor, product, title, score, _ = _FLAWS[cve]
    metric = {
        "cvssV3_1": {
            "version": "3.1",
            "baseScore": score,
            "baseSeverity": "CRITICAL" if score >= 9 else "HIGH",
            "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        }
    }
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {
            "cveId": cve,
            "state": "PUBLISHED",
            "datePublished": f"{now - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}",
        },
        "containers": {
            "cna": {
                "title": title,
                "affected": [{"vendor": vendor, "product": product, "versions": []}],
                "metrics": [metric],
            },
            "adp": [],
        },
    }


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), "utf-8")
