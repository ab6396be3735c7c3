"""`aggregator facts`: what a text names, judged, with the reasons; of one text, a stored article, or many in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.app import Here, Json, app, clock, complain, dumps, here, iso, line, print_table, show

if TYPE_CHECKING:
    from aggregator.models.intel import ExportedArticle, Fact, Subject, Vulnerability

    Found = tuple[Subject, Any, tuple[Fact, ...]]

FORMATS = ("json", "stix", "misp", "csv", "text")


@app.command()
def facts(  # noqa: PLR0913, PLR0917 - options
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|-|ARTICLE]", help="A file of plain text, `-`, or a stored article.")
    ] = None,
    url: Annotated[str, typer.Option(help="The text's address: its own site is no indicator.")] = "",
    title: Annotated[str, typer.Option(help="The text's title.")] = "",
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help='A line an article: {"id", "title", "url", "text", "published", "links"}.'
        ),
    ] = None,
    format_: Annotated[str, typer.Option("--as", metavar="FORMAT", help="json, stix, misp, csv or text.")] = "",
    good: Annotated[list[str] | None, typer.Option(help="A host, network or hash that is no indicator.")] = None,
    as_json: Json = False,
) -> None:
    """List what a text names: vulnerabilities, groups, software, products, indicators with reasons."""
    place = here(context)
    chosen = format_ or ("json" if as_json or batch else "text")
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(FORMATS)}", param_hint="--as")
    reader = _FactsReader(place, tuple(good or ()))
    if batch:
        reader.batch(batch, chosen)
        return
    subject = _subject(place, source or "-", url, title)
    found = reader.facts(subject)
    if chosen == "text":
        _print_text(found, reader.known(found))
    else:
        reader.write(((subject, "1", found),), chosen, indent=2)


class _FactsReader:
    """Facts of many texts with one reading of the data files."""

    def __init__(self, place: Here, good: tuple[str, ...]) -> None:
        from aggregator.intel.facts import Knowledge
        from aggregator.pipeline.facts import knowledge_of
        from aggregator.pipeline.watch import watchlists
        from aggregator.store.intel_data import IntelData

        path = place.data / "intel.db"
        self._data = IntelData.open(path, read_only=True) if path.exists() else None
        self._year = clock().year + 1
        config = place.config if place.config_path.exists() else None
        own = config.intel.good if config else ()
        bad = config.intel.bad if config else ()
        self._lists = watchlists(config.watch, place.config_path.parent) if config else ()
        self.knowledge = (
            knowledge_of(self._data, (*own, *good), bad) if self._data else Knowledge(good=(*own, *good), bad=bad)
        )

    def facts(self, subject: Subject) -> tuple[Fact, ...]:
        from aggregator.intel.facts import facts_of

        return facts_of(subject, self._year, self.knowledge)

    def known(self, found: Iterable[Fact]) -> dict[str, Vulnerability]:
        from aggregator.pipeline.facts import join

        return join(self._data, [fact.value for fact in found if fact.kind == "cve"])

    def watched(self, subject: Subject, facts: tuple[Fact, ...]) -> list[dict[str, object]]:
        from aggregator.intel.watch import hits

        found = hits(subject, facts, self.known(facts), self._lists) if self._lists else ()
        return [{"name": hit.name, "why": hit.why, "certain": hit.certain, "exploited": hit.exploited} for hit in found]

    def batch(self, path: Path, chosen: str) -> None:
        """A line out for each line in, in order; a bad line costs only itself, and the exit code is 1."""
        from aggregator.cli.inspect import read_lines

        failed = 0

        def subjects() -> Iterator[Found]:
            nonlocal failed
            for one in read_lines(path, ("title", "url", "text", "published")):
                if one.problem:
                    failed += 1
                    complain(one.problem)
                    if chosen == "json":
                        sys.stdout.write(dumps({"id": one.values.get("id"), "error": one.problem}) + "\n")
                    continue
                subject = _from_line(one.values)
                yield subject, one.values.get("id"), self.facts(subject)

        self.write(subjects(), chosen)
        if failed:
            raise typer.Exit(1)

    def write(self, found: Iterable[Found], chosen: str, indent: int | None = None) -> None:
        """Print facts: as JSON, STIX and MISP a line each, as CSV one table of all indicators."""
        if chosen == "csv":
            from aggregator.intel.listing import indicators, table

            sys.stdout.write(table(indicators([_exported(*one) for one in found])))
            return
        for subject, number, facts in found:
            if chosen == "json":
                known = self.known(facts)
                listed = [fact_json(fact, known.get(fact.value)) for fact in facts]
                record = listed if indent else {"id": number, "facts": listed, "watch": self.watched(subject, facts)}
                sys.stdout.write(dumps(record, indent) + "\n")
            elif chosen == "text":
                show(f"{number}: {line(subject.title)}")
                _print_text(facts, self.known(facts))
            else:
                sys.stdout.write(dumps(self._for_machines((subject, number, facts), chosen), indent) + "\n")

    def _for_machines(self, found: Found, chosen: str) -> dict[str, Any]:
        from aggregator.intel import misp, stix
        from aggregator.models.intel import Publisher

        attack = {one.number: one for one in self._data.attack()} if self._data else {}
        publisher = Publisher("aggregator", "")
        article = _exported(*found)
        if chosen == "stix":
            return stix.bundle([article], publisher, attack)
        return misp.event(article, publisher, attack)


def _exported(subject: Subject, number: Any, facts: tuple[Fact, ...]) -> ExportedArticle:
    from aggregator.models.intel import ExportedArticle

    published = _time(subject.published) or iso(clock())
    return ExportedArticle(str(number), subject.title, subject.url, published or "", facts)


def _time(value: str | None) -> str | None:
    """A time in UTC as text, of one with any zone or none, or None."""
    try:
        time = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return iso(time if time.tzinfo else time.replace(tzinfo=UTC))


def _from_line(values: dict[str, Any]) -> Subject:
    from aggregator.models.intel import Subject

    links = values.get("links")
    return Subject(
        values.get("text") or "",
        values.get("title") or "",
        values.get("url") or "",
        tuple(one for one in links if isinstance(one, str)) if isinstance(links, list) else (),
        published=values.get("published"),
    )


def _subject(place: Here, source: str, url: str, title: str) -> Subject:
    from aggregator.models.errors import ConfigError
    from aggregator.models.intel import Subject

    if source == "-":
        return Subject(sys.stdin.buffer.read().decode("utf-8", "replace"), title, url)
    path = Path(source)
    if path.is_file():
        return Subject(path.read_bytes().decode("utf-8-sig", "replace"), title, url)
    if not place.database.exists():
        raise ConfigError((f"{source}: no such file, and no stored articles",))
    return _stored(place, source)


def _stored(place: Here, reference: str) -> Subject:
    from aggregator.cli.stories import subject_of
    from aggregator.models.intel import Subject
    from aggregator.store import Store

    with Store.read(place.database) as store:
        text = store.intel.text_of(subject_of(store, reference).id)
    return Subject(text.text, text.title, text.url, own=text.own)


def fact_json(fact: Fact, known: Vulnerability | None = None) -> dict[str, Any]:
    """A fact as JSON has it everywhere: in `facts`, in the API, in the database."""
    record: dict[str, Any] = {
        "kind": fact.kind,
        "value": fact.value,
        "shown": fact.shown,
        "indicator": fact.indicator,
        "why": fact.why,
        "count": fact.count,
        "places": [{"in": one.field, "start": one.start, "end": one.end, "seen": one.seen} for one in fact.places],
    }
    if fact.kind in {"actor", "software", "technique", "tactic", "campaign"}:
        record.update(name=fact.name, attack_id=fact.attack_id)
        if fact.replaced_by:
            record["replaced_by"] = fact.replaced_by
    if fact.port is not None:
        record["port"] = fact.port
    if fact.scheme_assumed:
        record["scheme_assumed"] = True
    if fact.kind == "cve":
        record.update(vulnerability_json(known))
    return record


def vulnerability_json(known: Vulnerability | None) -> dict[str, Any]:
    """What the data files know of a CVE number, each part null where they know nothing."""
    kev, epss, cvss = (known.kev, known.epss, known.cvss) if known else (None, None, None)
    return {
        "state": known.state if known else None,
        "title": known.title if known else None,
        "exploited": bool(known and known.exploited),
        "exploited_by": known.exploited_by if known else None,
        "kev": {"added": kev.added, "due": kev.due, "ransomware": kev.ransomware} if kev else None,
        "epss": {"score": epss.score, "percentile": epss.percentile, "date": epss.date, "model": epss.model}
        if epss
        else None,
        "cvss": {
            "score": cvss.score,
            "version": cvss.version,
            "severity": cvss.severity,
            "vector": cvss.vector,
            "by": cvss.by,
        }
        if cvss
        else None,
    }


def _print_text(found: Iterable[Fact], known: dict[str, Vulnerability]) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        for fact in found:
            what = "indicator" if fact.indicator else "mention" if fact.why else ""
            one = known.get(fact.value)
            why = "exploited now" if one and one.exploited else fact.why
            value = fact.shown if fact.why else fact.value
            yield fact.kind, value, what, fact.count, why

    print_table("", ("kind", "value", "", "times", "why"), rows())
