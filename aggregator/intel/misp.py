"""Articles as a MISP feed: an event an article, the manifest, and the hashes that MISP looks values up by.

Only indicators go out as attributes that act (`to_ids`); flaws go with them and never act. UUIDs are stable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

from aggregator.intel.hosts import registrable
from aggregator.intel.stix import NAMESPACE
from aggregator.models.intel import AttackObject, ExportedArticle, Fact, Publisher

Object = dict[str, Any]

_CATEGORIES = {
    "md5": "Payload delivery",
    "sha1": "Payload delivery",
    "sha256": "Payload delivery",
    "sha512": "Payload delivery",
    "email-src": "Payload delivery",
    "btc": "Financial fraud",
    "xmr": "Financial fraud",
    "other": "Other",
    "vulnerability": "External analysis",
    "link": "External analysis",
}
_GALAXIES = {
    "attack-pattern": "mitre-attack-pattern",
    "intrusion-set": "mitre-intrusion-set",
    "malware": "mitre-malware",
    "tool": "mitre-tool",
}


def event(article: ExportedArticle, publisher: Publisher, attack: Mapping[str, AttackObject]) -> Object:
    """The event of an article, as a file of a feed holds it; `attack` has ATT&CK's objects by number."""
    stamp = str(int(datetime.fromisoformat(article.published).timestamp()))
    attributes = [_attribute(article, fact, stamp) for fact in article.facts if fact.indicator or fact.kind == "cve"]
    if article.url:
        attributes.append(_made(article, "link", article.url, "the article", stamp, acts=False))
    return {
        "Event": {
            "uuid": str(uuid5(NAMESPACE, f"event|{article.id}")),
            "info": article.title or article.url or article.id,
            "date": article.published[:10],
            "timestamp": stamp,
            "publish_timestamp": stamp,
            "published": True,
            "analysis": "2",
            "threat_level_id": "4",
            "Orgc": {"name": publisher.name, "uuid": str(uuid5(NAMESPACE, f"org|{publisher.url}|{publisher.name}"))},
            "Tag": [{"name": f"tlp:{publisher.tlp}"}, *({"name": name} for name in _tags(article.facts, attack))],
            "Attribute": attributes,
        }
    }


def manifest(events: Iterable[Object]) -> Object:
    """The list of a feed's events, by UUID."""
    kept = ("info", "date", "analysis", "threat_level_id", "timestamp", "Orgc", "Tag")
    return {one["Event"]["uuid"]: {key: one["Event"][key] for key in kept} for one in events}


def hashes(events: Iterable[Object]) -> str:
    """`md5 of a value,UUID of its event`, a line each."""
    lines: dict[str, None] = {}
    for one in events:
        for attribute in one["Event"]["Attribute"]:
            parts = attribute["value"].split("|") if "|" in attribute["type"] else [attribute["value"]]
            for part in parts:
                digest = hashlib.md5(part.encode("utf-8"), usedforsecurity=False).hexdigest()
                lines[f"{digest},{one['Event']['uuid']}\n"] = None
    return "".join(lines)


def _attribute(article: ExportedArticle, fact: Fact, stamp: str) -> Object:
    kind, value = _typed(fact)
    return _made(article, kind, value, fact.why or fact.value, stamp, acts=fact.indicator)


def _typed(fact: Fact) -> tuple[str, str]:
    """(MISP's type, the value as it wants it)."""
    if fact.kind == "domain":
        return ("domain" if registrable(fact.value) == fact.value else "hostname"), fact.value
    if fact.kind in {"ipv4", "ipv6"}:
        return ("ip-dst|port", f"{fact.value}|{fact.port}") if fact.port else ("ip-dst", fact.value)
    kind = {"cidr": "ip-dst", "email": "email-src", "cve": "vulnerability", "eth": "other"}.get(fact.kind, fact.kind)
    return kind, fact.value


def _made(article: ExportedArticle, kind: str, value: str, why: str, stamp: str, *, acts: bool) -> Object:
    return {
        "uuid": str(uuid5(NAMESPACE, f"attribute|{article.id}|{kind}|{value}")),
        "type": kind,
        "category": _CATEGORIES.get(kind, "Network activity"),
        "value": value,
        "to_ids": acts,
        "comment": why,
        "timestamp": stamp,
        "distribution": "5",
        "disable_correlation": False,
    }


def _tags(facts: Iterable[Fact], attack: Mapping[str, AttackObject]) -> Iterator[str]:
    for fact in facts:
        known = attack.get(fact.attack_id or "")
        if known and known.type in _GALAXIES:
            name = known.name.replace('"', "'")
            yield f'misp-galaxy:{_GALAXIES[known.type]}="{name} - {known.number}"'
