"""What the recogniser and the judge make of the texts of `corpora/intel`, how precisely, and how fast.

    python -m bench.intel [FOLDER] [--misses]

Prints a line a measure; with --misses each text that was not read as its truth says. The data files in FOLDER/data are
read as `data update --from` does. Networks count as in the corpus' README: URLs without scheme and last slash.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator.intel.facts import Knowledge, facts_of
from aggregator.intel.joins import catalogue
from aggregator.intel.known import known
from aggregator.models.intel import JUDGED, Fact, Subject
from aggregator.pipeline.data_files import load_folder
from aggregator.store.intel_data import IntelData

IDENTIFIERS = ("cve", "ghsa", "cwe", "technique", "tactic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", default=f"{os.environ.get('AGGREGATOR_CORPORA', '../shared/corpora')}/intel"
    )
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    folder = Path(options.folder)
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there; set AGGREGATOR_CORPORA")
    began = time.process_time()
    knowledge = _knowledge(folder / "data")
    print(f"data files read in {time.process_time() - began:.2f} s of processor time")
    began = time.process_time()
    facts_of(Subject("Emotet"), 2027, knowledge)
    print(f"names built in {(time.process_time() - began) * 1000:.0f} ms ({len(knowledge.catalogue.entries)} names)")
    _passages(_lines(folder / "passages.jsonl"), knowledge, show=options.misses)
    _reports(_lines(folder / "reports.jsonl.gz"), knowledge, show=options.misses)
    _names(_lines(folder / "names.jsonl.gz"), knowledge, show=options.misses)


def _knowledge(data: Path) -> Knowledge:
    with tempfile.TemporaryDirectory() as made, IntelData.open(Path(made) / "intel.db") as stored:
        refused = [one.error for one in load_folder(stored, data, (), datetime(2026, 1, 1, tzinfo=UTC)) if one.error]
        if refused:
            raise SystemExit("\n".join(refused))
        names = catalogue(stored.attack(), stored.galaxies(), stored.kev().values(), stored.records().values())
        return Knowledge(names, known(stored.lists()))


def _lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def _facts(row: dict[str, Any], knowledge: Knowledge, times: list[float]) -> tuple[Fact, ...]:
    subject = Subject(row["text"], row.get("title") or "", row["url"], tuple(row.get("links") or ()))
    began = time.process_time()
    found = facts_of(subject, 2027, knowledge)
    times.append((time.process_time() - began) * 1000)
    for fact in found:
        for place in fact.places:
            field = subject.title if place.field == "title" else subject.text
            assert field[place.start : place.end] == place.seen, (row["id"], fact)
        assert fact.why or fact.kind not in JUDGED, (row["id"], fact)
    return found


def _key(kind: str, value: str) -> tuple[str, str]:
    if kind != "url":
        return kind, value.lower()
    rest = value[value.index("://") + 3 :] if value.lower().startswith(("http://", "https://")) else value
    host, slash, path = rest.partition("/")
    return kind, (host.lower() + slash + path).rstrip("/")


def _keys(row: dict[str, Any], name: str) -> set[tuple[str, str]]:
    return {_key(kind, value) for kind, values in (row.get(name) or {}).items() for value in values}


def _hosts(keys: set[tuple[str, str]]) -> set[str]:
    """Hosts of URLs and domains of mail addresses: they need not be facts of their own."""
    urls = {value.split("/")[0].rsplit(":", 1)[0] for kind, value in keys if kind == "url"}
    return urls | {value.split("@")[-1] for kind, value in keys if kind == "email"}


def _exported(row: dict[str, Any], found: tuple[Fact, ...]) -> tuple[set[tuple[str, str]], set[tuple[str, str]], int]:
    """(wrongly exported, missed, rightly exported)."""
    truth, mentions, either = _keys(row, "indicators"), _keys(row, "mentions"), _keys(row, "either")
    hosts = _hosts(truth)
    got = {_key(fact.kind, fact.value) for fact in found if fact.indicator}
    spare = {
        key
        for key in got - truth
        if key in either or (key[0] in {"domain", "ipv4"} and key[1] in hosts and key not in mentions)
    }
    missed = {key for key in truth - got if not (key[0] in {"domain", "ipv4"} and key[1] in hosts)}
    return got - truth - spare, missed, len(got & truth)


def _identifiers(row: dict[str, Any], found: tuple[Fact, ...]) -> tuple[set[str], set[str]]:
    truth = {value for kind in IDENTIFIERS for value in row["ids"].get(kind, [])}
    return {fact.value for fact in found if fact.kind in IDENTIFIERS}, truth


def _passages(rows: list[dict[str, Any]], knowledge: Knowledge, *, show: bool) -> None:
    whole, times, count = 0, [], Counter()
    for row in rows:
        found = _facts(row, knowledge, times)
        faults = list(_faults(row, found, count))
        whole += not faults
        if faults and show:
            print("   ", row["id"], faults)
    print(
        f"passages wholly right: {whole} of {len(rows)}; "
        f"identifiers {_f1(count, 'id')}; exported {_figures(count, 'out')}"
    )


def _faults(row: dict[str, Any], found: tuple[Fact, ...], count: Counter[str]) -> Iterator[object]:
    wrong, missed, right = _exported(row, found)
    got, truth = _identifiers(row, found)
    count.update(
        {
            "out+": right,
            "out!": len(wrong),
            "out-": len(missed),
            "id+": len(got & truth),
            "id!": len(got - truth),
            "id-": len(truth - got),
        }
    )
    if wrong or missed:
        yield "wrong", wrong, "missed", missed
    if got != truth:
        yield "identifiers", got ^ truth
    listed = _keys(row, "indicators") | _keys(row, "mentions") | _keys(row, "either")
    hosts = _hosts(listed)
    stray = [
        fact
        for fact in found
        if fact.kind in JUDGED and _key(fact.kind, fact.value) not in listed and fact.value not in hosts
    ]
    if stray:
        yield "stray", [(fact.kind, fact.value) for fact in stray]
    for kind, names in (row["names"] or {}).items():
        named = {name for fact in found if fact.kind == kind for name in (fact.attack_id or fact.value.lower(),)}
        if named != {name if name[1:].isdigit() else name.lower() for name in names}:
            yield kind, named, names


def _reports(rows: list[dict[str, Any]], knowledge: Knowledge, *, show: bool) -> None:
    times: list[float] = []
    count: Counter[str] = Counter()
    for row in rows:
        found = _facts(row, knowledge, times)
        wrong, missed, right = _exported(row, found)
        got, truth = _identifiers(row, found)
        count.update(
            {
                "out+": right,
                "out!": len(wrong),
                "out-": len(missed),
                "id+": len(got & truth),
                "id!": len(got - truth),
                "id-": len(truth - got),
            }
        )
        if show and (wrong or missed or got != truth):
            print(
                "   ", row["id"], "wrong", sorted(wrong), "missed", sorted(missed), "identifiers", sorted(got ^ truth)
            )
    print(f"reports ({len(rows)}): exported {_figures(count, 'out')}; identifiers {_f1(count, 'id')}; {_spent(times)}")


def _names(rows: list[dict[str, Any]], knowledge: Knowledge, *, show: bool) -> None:
    times: list[float] = []
    count: Counter[str] = Counter()
    for row in rows:
        found = _facts(row, knowledge, times)
        for kind in ("software", "actor"):
            got = {fact.attack_id for fact in found if fact.kind == kind and fact.attack_id}
            truth, either = set(row["names"][kind]), set(row["either"][kind])
            wrong, missed = got - truth - either, truth - got
            count.update({f"{kind}+": len(got & truth), f"{kind}!": len(wrong), f"{kind}-": len(missed)})
            if show and (wrong or missed):
                print("   ", row["id"], kind, "wrong", sorted(wrong), "missed", sorted(missed))
    print(
        f"names ({len(rows)}): software {_figures(count, 'software')}; "
        f"actors {_figures(count, 'actor')}; {_spent(times)}"
    )


def _figures(count: Counter[str], name: str) -> str:
    right, wrong, missed = count[f"{name}+"], count[f"{name}!"], count[f"{name}-"]
    return f"precision {right / max(1, right + wrong):.3f}, recall {right / max(1, right + missed):.3f}"


def _f1(count: Counter[str], name: str) -> str:
    right, wrong, missed = count[f"{name}+"], count[f"{name}!"], count[f"{name}-"]
    return f"F1 {2 * right / max(1, 2 * right + wrong + missed):.3f}"


def _spent(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{sum(times) / len(times):.1f} ms a text at the mean, {ordered[int(len(ordered) * 0.99)]:.1f} at p99"


if __name__ == "__main__":
    main()
