"""Pages, feeds and exports of what articles name, written beside the site: those whose articles have changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.models import Built
from aggregator.models.intel import JUDGED, AttackObject, ExportedArticle, Fact, Publisher
from aggregator.pipeline.data_files import database
from aggregator.store.intel import NamedIn
from aggregator.store.intel_data import IntelData
from aggregator.text.urls import public_url

if TYPE_CHECKING:
    from aggregator.config.settings import Config
    from aggregator.emit.intel_pages import NamedPost, SubjectPage
    from aggregator.intel.listing import ListedIndicator
    from aggregator.models.emit import PostFact
    from aggregator.store import Store

PAGES_AT_ONCE = 500
"""Pages of subjects written in one go; a first build of a large archive comes in several."""


@dataclass
class IntelPages:
    """The pages, feeds and exports of what posts name, brought up to date."""

    store: Store
    config: Config
    data: Path
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def write(self, *, full: bool = False) -> Built:
        """Write what has changed (`full`: every page). Raises EmitError when the folder refuses."""
        out, site, intel = self.data / "public", self.config.site, self.store.intel
        if full:
            intel.every_page()
        built, moved = Built(), full
        while (changed := intel.changed_pages(PAGES_AT_ONCE)) and not self.stopping():
            from aggregator.emit import intel_pages

            moved = True
            built = _both(built, intel_pages.write_subjects(site, [self._page(*one) for one in changed], out))
            intel.written_pages(changed)
        if not moved and (out / "exploited.atom").is_file():
            return built
        from aggregator.emit import intel_pages
        from aggregator.emit.intel_pages import NamedPost

        flaws = intel.exploited()
        named = {str(flaw["cve"]): self._posts("cve", str(flaw["cve"])) for flaw in flaws}
        built = _both(built, intel_pages.write_exploited(site, flaws, named, out))
        for one in self.config.watch:
            hits = [
                (
                    NamedPost(
                        str(hit["title"]),
                        str(hit["path"]),
                        str(hit["url"]),
                        str(hit["outlet"]),
                        _time(hit["published"]),
                    ),
                    str(hit["why"]),
                )
                for hit in intel.hits(one.name)
            ]
            intel_pages.write_watch(site, one.name, hits, out)
        self._export(out)
        return built

    def _page(self, kind: str, value: str) -> SubjectPage:
        from aggregator.emit.intel_pages import SubjectPage

        flaw = self.store.intel.flaw(value) if kind == "cve" else None
        return SubjectPage(kind, value, self._posts(kind, value), self.store.intel.neighbours(kind, value), flaw)

    def _posts(self, kind: str, value: str) -> tuple[NamedPost, ...]:
        from aggregator.emit.intel_pages import NamedPost

        return tuple(
            NamedPost(one.title, one.path or "", one.url, one.outlet, one.published)
            for one in self.store.intel.named_in(kind, value)
        )

    def _export(self, out: Path) -> None:
        """Indicators for machines, where they are asked for; what is no longer asked for goes."""
        from aggregator.emit import intel_pages
        from aggregator.intel.listing import indicators

        wanted = self.config.intel.exports
        if wanted is None:
            if (out / "intel").is_dir():
                intel_pages.write_files({}, out, "intel")
            return
        newest = self.store.intel.newest()
        if newest is None:
            intel_pages.write_files({}, out, "intel")
            return
        since = newest - timedelta(days=wanted.days)
        articles = [_exported(one, facts, wanted.kinds) for one, facts in self.store.intel.exported(since)]
        rows = indicators(articles, wanted.articles)
        kept = {(row.kind, row.value) for row in rows}
        articles = [
            replace(one, facts=tuple(fact for fact in one.facts if not fact.indicator or fact.key in kept))
            for one in articles
        ]
        articles = [one for one in articles if any(fact.indicator for fact in one.facts)]
        intel_pages.write_files(self._documents(articles, rows, newest), out, "intel")

    def _documents(
        self, articles: list[ExportedArticle], rows: tuple[ListedIndicator, ...], newest: datetime
    ) -> dict[str, bytes]:
        from aggregator.intel import misp, stix
        from aggregator.intel.listing import blocklist, table

        wanted, site = self.config.intel.exports, self.config.site
        assert wanted is not None
        publisher = Publisher(site.title, str(site.base_url), wanted.tlp)
        attack = self._attack()
        files: dict[str, bytes] = {}
        if "stix" in wanted.formats:
            files["stix.json"] = _json(stix.bundle(articles, publisher, attack))
            for one in articles:
                files[f"stix/{one.id}.json"] = _json(stix.bundle([one], publisher, attack))
        if "misp" in wanted.formats:
            events = [misp.event(one, publisher, attack) for one in articles]
            files["misp/manifest.json"] = _json(misp.manifest(events))
            files["misp/hashes.csv"] = misp.hashes(events).encode()
            files.update({f"misp/{event['Event']['uuid']}.json": _json(event) for event in events})
        if "csv" in wanted.formats:
            files["indicators.csv"] = table(rows).encode()
        if "blocklists" in wanted.formats:
            for kind in wanted.kinds:
                files[f"blocklists/{kind}.txt"] = blocklist(rows, kind, site.title, f"{newest:%Y-%m-%d}").encode()
        return files

    def _attack(self) -> dict[str, AttackObject]:
        if not database(self.data).exists():
            return {}
        with IntelData.open(database(self.data), read_only=True) as data:
            return {one.number: one for one in data.attack()}


def _exported(one: NamedIn, facts: tuple[PostFact, ...], kinds: tuple[str, ...]) -> ExportedArticle:
    published = f"{one.published:%Y-%m-%dT%H:%M:%SZ}"
    kept = tuple(
        Fact(
            fact.kind,
            fact.value,
            fact.shown,
            (),
            indicator=fact.indicator,
            why=fact.why,
            name=fact.name,
            attack_id=fact.attack_id,
            port=fact.port,
            confidence=fact.confidence,
        )
        for fact in facts
        if fact.kind in kinds or (fact.kind not in JUDGED and not (fact.flaw and fact.flaw.state == "rejected"))
    )
    return ExportedArticle(str(one.article_id), one.title, public_url(one.url), published, kept, one.outlet)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _time(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _both(one: Built, other: Built) -> Built:
    return replace(
        one,
        written=one.written + other.written,
        unchanged=one.unchanged + other.unchanged,
        removed=one.removed + other.removed,
        files=(*one.files, *other.files),
    )
