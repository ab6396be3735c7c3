"""The facts of an article: recognised in title and text, judged, one for each kind and value.

The only door of this package for a whole article. What the names are (ATT&CK, KEV and the like), what is known to be
harmless and what the operator says is handed in; nothing is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aggregator.intel.identifiers import identifiers
from aggregator.intel.judge import Bench, Judgement, bench, by_place, by_value, run_around
from aggregator.intel.known import KnownValues, own
from aggregator.intel.layout import NO_LINES, layout
from aggregator.intel.lookalikes import is_value
from aggregator.intel.names import Catalogue
from aggregator.intel.spelling import Spelled, spelled
from aggregator.intel.values import RecognisedValue, values
from aggregator.models.intel import KINDS, Fact, Place, Subject

RECOGNISER = 1
"""The version of the recogniser: articles whose facts an older one found are read again."""

MAX_FACTS = 5000
"""Of one article. A longer list is a hostile page or a dump; the rest of it is left out."""

MAX_PLACES = 200
"""Of one fact; `count` goes on."""


@dataclass(frozen=True)
class Knowledge:
    """What recognising and judging draw on besides the text."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    known: KnownValues = field(default_factory=own)
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()


@dataclass(slots=True)
class _Growing:
    """A fact whose places are still being collected."""

    places: list[Place]
    count: int
    first: RecognisedValue | None
    verdict: Judgement | None
    extra: dict[str, str | None]


def facts_of(subject: Subject, year: int, knowledge: Knowledge) -> tuple[Fact, ...]:
    """Every fact of an article, by kind, then in the order of their first places.

    `year` is the last that a CVE number may have.
    """
    judge = bench(knowledge.known, subject.url, subject.own, subject.links, knowledge.good, knowledge.bad)
    growing: dict[tuple[str, str], _Growing] = {}
    for name, text in (("title", subject.title), ("text", subject.text)):
        if text:
            _read(name, spelled(text), year, knowledge, judge, growing)
    facts = [_fact(kind, value, one) for (kind, value), one in growing.items()]
    facts.sort(key=lambda fact: KINDS.index(fact.kind))
    return tuple(facts[:MAX_FACTS])


def _read(
    name: str, text: Spelled, year: int, knowledge: Knowledge, judge: Bench, growing: dict[tuple[str, str], _Growing]
) -> None:
    candidates = sorted(values(text.text), key=lambda found: found.start)
    spans = [(found.start, found.end) for found in candidates]
    page = layout(text.text, text.lower, spans) if candidates else NO_LINES
    decided: dict[str, Judgement | None] = {}
    for index, found in enumerate(candidates):
        run = run_around(found, page, spans, index)
        if not is_value(found, page, run):
            continue
        if found.value not in decided:
            decided[found.value] = by_value(found, judge)
        verdict = decided[found.value] or by_place(found, page, run)
        _add(growing, name, text, found, verdict)
    catalogue = knowledge.catalogue
    for identifier in identifiers(text.text, text.lower, year, catalogue.numbers or None):
        if identifier.kind in {"actor", "software"}:
            continue
        place = _place(name, text, identifier.start, identifier.end)
        extra = catalogue.about(identifier.value) if identifier.kind in {"technique", "tactic", "campaign"} else {}
        _grow(growing, (identifier.kind, identifier.value), place, extra)
    for named in catalogue.names(text.text, text.lower, spans):
        _grow(growing, (named.kind, named.value), _place(name, text, named.start, named.end), dict(named.extra))


def _place(name: str, text: Spelled, start: int, end: int) -> Place:
    first, last = text.place(start, end)
    return Place(name, first, last, text.original[first:last])


def _grow(
    growing: dict[tuple[str, str], _Growing], key: tuple[str, str], place: Place, extra: dict[str, str | None]
) -> None:
    one = growing.get(key)
    if one is None:
        growing[key] = _Growing([place], 1, None, None, extra)
        return
    one.count += 1
    if len(one.places) < MAX_PLACES:
        one.places.append(place)


def _add(
    growing: dict[tuple[str, str], _Growing], name: str, text: Spelled, found: RecognisedValue, verdict: Judgement
) -> None:
    key = (found.kind, found.value)
    _grow(growing, key, _place(name, text, found.start, found.end), {})
    one = growing[key]
    one.first = one.first or found
    if found.port and not one.first.port:
        one.first = replace(one.first, port=found.port)
    one.verdict = _stronger(one.verdict, verdict)


def _stronger(one: Judgement | None, other: Judgement) -> Judgement:
    """Of two places of a value: a place that calls it harmless outweighs, then the one that makes it an indicator."""
    if one is None or one.final:
        return one or other
    for verdict in (one, other):
        if not verdict.indicator and verdict.why.startswith("called "):
            return verdict
    if one.indicator != other.indicator:
        return one if one.indicator else other
    return other if (other.confidence or 0) > (one.confidence or 0) else one


def _fact(kind: str, value: str, one: _Growing) -> Fact:
    verdict, first = one.verdict, one.first
    return Fact(
        kind,
        value,
        one.places[0].seen,
        tuple(one.places),
        indicator=verdict.indicator if verdict else False,
        why=verdict.why if verdict else "",
        count=one.count,
        name=one.extra.get("name"),
        attack_id=one.extra.get("attack_id"),
        replaced_by=one.extra.get("replaced_by"),
        port=first.port if first and kind != "url" else None,
        scheme_assumed=bool(first and first.scheme_assumed),
        confidence=verdict.confidence if verdict else None,
    )
