"""Articles as STIX 2.1 bundles, written by hand: plain JSON, the same for the same input.

Only indicators become indicators. Every reference of a bundle leads to an object in it; what is MITRE's keeps MITRE's
ids, so that nobody gets a second PowerShell. Ids of our own are UUIDv5 of what the object stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

from aggregator.models.intel import AttackObject, ExportedArticle, Fact, Publisher

NAMESPACE = UUID("6a3f5f0e-3a52-4b8b-9d8e-8f0c6f1f7d21")
"""Of our own ids."""

Object = dict[str, Any]

_TLP = {
    "clear": ("613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
    "green": ("34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
    "amber": ("f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
    "red": ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
}
"""The marking definitions of STIX 2.1 (7.2.1.4), which calls `clear` by its name in TLP 1.0, white."""

_PATTERNS = {
    "domain": "[domain-name:value = '{}']",
    "url": "[url:value = '{}']",
    "email": "[email-addr:value = '{}']",
    "ipv4": "[ipv4-addr:value = '{}']",
    "ipv6": "[ipv6-addr:value = '{}']",
    "md5": "[file:hashes.MD5 = '{}']",
    "sha1": "[file:hashes.'SHA-1' = '{}']",
    "sha256": "[file:hashes.'SHA-256' = '{}']",
    "sha512": "[file:hashes.'SHA-512' = '{}']",
    "btc": "[x-cryptocurrency-wallet:value = '{}']",
    "eth": "[x-cryptocurrency-wallet:value = '{}']",
    "xmr": "[x-cryptocurrency-wallet:value = '{}']",
}
_MITRE = {"attack-pattern", "intrusion-set", "malware", "tool", "campaign", "x-mitre-tactic"}


def bundle(articles: Iterable[ExportedArticle], publisher: Publisher, attack: Mapping[str, AttackObject]) -> Object:
    """One bundle of articles; `attack` has ATT&CK's objects by number."""
    identity, marking = _identity(publisher), _marking(publisher.tlp)
    objects: dict[str, Object] = {marking["id"]: marking, identity["id"]: identity}
    common = {"created_by_ref": identity["id"], "object_marking_refs": [marking["id"]]}
    for article in articles:
        made = list(_of_article(article, common, attack))
        if not made:
            continue
        for one in made:
            objects.setdefault(one["id"], one)
        report = _report(article, common, [one["id"] for one in made])
        objects[report["id"]] = report
    ids = "|".join(sorted(objects))
    return {"type": "bundle", "id": f"bundle--{uuid5(NAMESPACE, ids)}", "objects": list(objects.values())}


def moment(time: str) -> str:
    """A time as STIX writes it: UTC, with milliseconds."""
    return time if "." in time else time.replace("Z", ".000Z")


def _identity(publisher: Publisher) -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid5(NAMESPACE, f'identity|{publisher.url}|{publisher.name}')}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": publisher.name,
        "identity_class": "organization",
    }


def _marking(tlp: str) -> Object:
    number, name = _TLP[tlp]
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{number}",
        "created": "2017-01-20T00:00:00.000Z",
        "name": f"TLP:{name.upper()}",
        "definition_type": "tlp",
        "definition": {"tlp": name},
    }


def _of_article(article: ExportedArticle, common: Object, attack: Mapping[str, AttackObject]) -> Iterable[Object]:
    for fact in article.facts:
        if fact.indicator and (fact.kind in _PATTERNS or fact.kind == "cidr"):
            yield _indicator(article, fact, common)
        elif fact.kind == "cve":
            yield _vulnerability(fact, common)
        elif fact.attack_id and (known := attack.get(fact.attack_id)) and known.type in _MITRE - {"x-mitre-tactic"}:
            yield _of_mitre(known)


def _indicator(article: ExportedArticle, fact: Fact, common: Object) -> Object:
    value = fact.value.replace("\\", "\\\\").replace("'", "\\'")
    if fact.kind == "cidr":
        pattern = f"[{'ipv6' if ':' in value else 'ipv4'}-addr:value ISSUBSET '{value}']"
    else:
        pattern = _PATTERNS[fact.kind].format(value)
    published = moment(article.published)
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid5(NAMESPACE, f'indicator|{article.id}|{fact.kind}|{fact.value}')}",
        **common,
        "created": published,
        "modified": published,
        "name": fact.value,
        "description": fact.why,
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": published,
        "confidence": fact.confidence or 50,
        "external_references": [_origin(article)],
    }


def _vulnerability(fact: Fact, common: Object) -> Object:
    return {
        "type": "vulnerability",
        "spec_version": "2.1",
        "id": f"vulnerability--{uuid5(NAMESPACE, f'vulnerability|{fact.value}')}",
        **common,
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": fact.value,
        "external_references": [{"source_name": "cve", "external_id": fact.value}],
    }


def _of_mitre(known: AttackObject) -> Object:
    part = known.number.replace(".", "/")
    path = {"T": "techniques", "G": "groups", "S": "software", "C": "campaigns"}[known.number[0]]
    made: Object = {
        "type": known.type,
        "spec_version": "2.1",
        "id": known.stix_id,
        "created": known.created,
        "modified": known.modified,
        "name": known.name,
        "external_references": [
            {
                "source_name": "mitre-attack",
                "external_id": known.number,
                "url": f"https://attack.mitre.org/{path}/{part}",
            }
        ],
    }
    if known.type == "malware":
        made["is_family"] = True
    if known.revoked:
        made["revoked"] = True
    return made


def _report(article: ExportedArticle, common: Object, refs: list[str]) -> Object:
    published = moment(article.published)
    return {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{uuid5(NAMESPACE, f'report|{article.id}')}",
        **common,
        "created": published,
        "modified": published,
        "name": article.title or article.url or article.id,
        "report_types": ["threat-report"],
        "published": published,
        "external_references": [_origin(article)],
        "object_refs": list(dict.fromkeys(refs)),
    }


def _origin(article: ExportedArticle) -> Object:
    origin = {"source_name": article.outlet or "article", "url": article.url}
    return (
        origin
        if article.url
        else {"source_name": article.outlet or "article", "description": article.title or article.id}
    )
