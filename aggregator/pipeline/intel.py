"""What articles name, kept up to date: texts read in workers, flaws joined with the data files, data files fetched.

Composes `intel`, `store` and `fetch`. A text that kills its worker costs its own facts. Data files are fetched one at
a time through the budget of their hosts, and each is taken whole or not at all.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from aggregator.models import Built, Request, Validators
from aggregator.models.errors import BadDataFile, FetchError, StageError
from aggregator.models.intel import (
    JUDGED,
    AttackObject,
    ExportedArticle,
    Fact,
    Publisher,
    Subject,
    Vulnerability,
)
from aggregator.pipeline.notify import deliver
from aggregator.store.intel import NamedIn, WaitingText
from aggregator.store.intel import WatchHit as StoredHit
from aggregator.store.intel_data import IntelData
from aggregator.text.urls import public_url

if TYPE_CHECKING:
    from aggregator.config.settings import Config, Watch
    from aggregator.emit.intel_pages import NamedPost, SubjectPage
    from aggregator.fetch import Fetcher
    from aggregator.intel.facts import Knowledge
    from aggregator.intel.listing import ListedIndicator
    from aggregator.intel.watch import Hit, Package, Product, Watchlist
    from aggregator.models.emit import PostFact
    from aggregator.pipeline.workers import Workers
    from aggregator.store import Store

log = structlog.get_logger()

READ_TIMEOUT_S = 20.0
"""For the facts of one chunk of articles; the first in a worker reads the names, too."""

CHUNK = 10
"""Articles read in one task."""

BATCH = 200
"""Articles taken up at a time."""

A_NIGHT = 2000
"""Articles read again in a night after the recogniser has changed."""

WARNING_LISTS = (
    "automated-malware-analysis",
    "captive-portals",
    "cisco_top1000",
    "common-contact-emails",
    "common-ioc-false-positive",
    "crl-hostname",
    "disposable-email",
    "empty-hashes",
    "google",
    "ipv6-linklocal",
    "lots-project",
    "microsoft",
    "microsoft-office365",
    "moz-top500",
    "multicast",
    "parking-domain",
    "rfc1918",
    "rfc3849",
    "rfc5735",
    "rfc6598",
    "rfc6761",
    "security-provider-blogpost",
    "sinkholes",
    "url-shortener",
    "whats-my-ip",
    "wikimedia",
    "zscaler",
)
GALAXIES = ("threat-actor", "ransomware")

INTERVALS = {
    "kev": timedelta(hours=6),
    "epss": timedelta(days=1),
    "attack": timedelta(days=7),
    "warninglists": timedelta(days=7),
    "galaxies": timedelta(days=7),
}
RETRY = timedelta(hours=1)
"""After a data file could not be fetched."""

RECORDS_AN_HOUR = 50
RECORD_AGAIN = ((timedelta(days=7), timedelta(days=1)), (timedelta(days=90), timedelta(days=7)))
"""CVE records are fetched daily for a week after their number was first named, then weekly for 90 days."""

_HREF = re.compile(r"<a [^>]*?href=\"(https?://[^\"]{1,2000})\"")


@dataclass(frozen=True, slots=True)
class Given:
    """What a worker needs besides the texts: where the data files are, the operator's words, the watchlists."""

    database: str
    version: tuple[int, int]
    year: int
    good: tuple[str, ...]
    bad: tuple[str, ...]
    lists: tuple[Watchlist, ...]


def read_facts(
    given: Given, texts: tuple[WaitingText, ...]
) -> tuple[tuple[int, tuple[Fact, ...], tuple[Hit, ...]], ...]:
    """In a worker: the facts of some articles, and the watchlists that they concern."""
    from aggregator.intel.facts import facts_of
    from aggregator.intel.watch import hits

    knowledge = _knowledge(given.database, given.version, given.good, given.bad)
    found = []
    for text in texts:
        links = tuple(dict.fromkeys(_HREF.findall(text.html)))
        subject = Subject(text.text, text.title, text.url, links, text.own)
        facts = facts_of(subject, given.year, knowledge)
        hit: tuple[Hit, ...] = ()
        if given.lists:
            hit = hits(subject, facts, _joined(given.database, given.version, facts), given.lists)
        found.append((text.id, facts, hit))
    return tuple(found)


@lru_cache(2)
def _knowledge(database: str, _: tuple[int, int], good: tuple[str, ...], bad: tuple[str, ...]) -> Knowledge:
    from aggregator.intel.facts import Knowledge

    path = Path(database)
    if not path.exists():
        return Knowledge(good=good, bad=bad)
    with IntelData.open(path, read_only=True) as data:
        return knowledge_of(data, good, bad)


def knowledge_of(data: IntelData, good: tuple[str, ...] = (), bad: tuple[str, ...] = ()) -> Knowledge:
    """Names and lists of the data files, with the operator's words."""
    from aggregator.intel.facts import Knowledge
    from aggregator.intel.joins import catalogue
    from aggregator.intel.known import known

    names = catalogue(data.attack(), data.galaxies(), data.kev().values(), data.records().values())
    return Knowledge(names, known(data.lists()), good, bad)


def _joined(database: str, _: tuple[int, int], facts: Iterable[Fact]) -> dict[str, Vulnerability]:
    numbers = [fact.value for fact in facts if fact.kind == "cve"]
    path = Path(database)
    if not numbers or not path.exists():
        return join(None, numbers)
    with IntelData.open(path, read_only=True) as data:
        return join(data, numbers)


def join(data: IntelData | None, numbers: Iterable[str]) -> dict[str, Vulnerability]:
    """What the data files know of these CVE numbers."""
    from aggregator.intel.joins import vulnerability

    wanted = tuple(numbers)
    if data is None or not wanted:
        return {number: vulnerability(number, None, None, None) for number in wanted}
    kev, epss, records = data.kev(wanted), data.epss(wanted), data.records(wanted)
    return {number: vulnerability(number, kev.get(number), epss.get(number), records.get(number)) for number in wanted}


def watchlists(watched: Iterable[Watch], folder: Path | None = None) -> tuple[Watchlist, ...]:
    """The watchlists of feeds.yaml; `folder` is what the names of component files are relative to."""
    return tuple(_watchlist(one, folder) for one in watched)


def _watchlist(one: Watch, folder: Path | None) -> Watchlist:
    from aggregator.intel.watch import Product, Watchlist, package_of_purl, plain, product_of_cpe

    products = [found for cpe in one.cpes if (found := product_of_cpe(cpe))]
    products += [Product(plain(each.vendor), plain(each.product)) for each in one.products]
    packages = [package for purl in one.purls if (package := package_of_purl(purl))]
    for name in one.files:
        more_products, more_packages = _components((folder or Path()) / name)
        products += more_products
        packages += more_packages
    return Watchlist(
        one.name,
        tuple(dict.fromkeys(products)),
        tuple(dict.fromkeys(packages)),
        one.words,
        frozenset(number.upper() for number in one.cves),
        one.exploited == "any",
    )


def _components(path: Path) -> tuple[list[Product], list[Package]]:
    """Products and packages of a CycloneDX or SPDX file; nothing of one that cannot be read."""
    from aggregator.intel.watch import package_of_purl, product_of_cpe

    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        log.warning("component file not read", file=str(path))
        return [], []
    cpes: list[str] = []
    purls: list[str] = []
    for component in document.get("components", ()) if isinstance(document, dict) else ():
        if isinstance(component, dict):
            purls += [component["purl"]] if isinstance(component.get("purl"), str) else []
            cpes += [component["cpe"]] if isinstance(component.get("cpe"), str) else []
    for package in document.get("packages", ()) if isinstance(document, dict) else ():
        for reference in package.get("externalRefs", ()) if isinstance(package, dict) else ():
            locator = reference.get("referenceLocator") if isinstance(reference, dict) else None
            if isinstance(locator, str):
                (purls if locator.startswith("pkg:") else cpes).append(locator)
    products = [found for cpe in cpes if (found := product_of_cpe(cpe))]
    return products, [package for purl in purls if (package := package_of_purl(purl))]


@dataclass
class FactFinder:
    """Facts of one data folder: found where they are missing, joined where the data files have changed."""

    store: Store
    workers: Workers
    config: Config
    data: Path
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def find(self) -> int:
        """Read every article that waits for it; how many were read. Raises StoreError alone."""
        from aggregator.intel.facts import RECOGNISER

        given, done, flaws = self._given(), 0, False
        if self.store.intel.judged_with(self._lists_in_force(given)):
            self.store.intel.queue_all()
        while (batch := self.store.intel.waiting(BATCH)) and not self.stopping():
            chunks = [batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK)]
            for texts, read in self.workers.each(
                ((chunk, (given, chunk)) for chunk in chunks), read_facts, READ_TIMEOUT_S
            ):
                results = self._one_by_one(given, texts) if isinstance(read, Exception) else read
                with self.store.transaction():
                    for number, facts, hit in results:
                        stored = [StoredHit(number, one.name, one.why, one.certain, one.exploited) for one in hit]
                        self.store.intel.save(number, facts, stored, RECOGNISER, self.clock())
                        flaws = flaws or any(fact.kind == "cve" for fact in facts)
                done += len(results)
        if flaws:
            self.join()
        return done

    def _one_by_one(
        self, given: Given, texts: tuple[WaitingText, ...]
    ) -> list[tuple[int, tuple[Fact, ...], tuple[Hit, ...]]]:
        """The same for articles of which one has killed its worker: that one has no facts."""
        found: list[tuple[int, tuple[Fact, ...], tuple[Hit, ...]]] = []
        jobs = ((text, (given, (text,))) for text in texts)
        for text, read in self.workers.each(jobs, read_facts, READ_TIMEOUT_S):
            if isinstance(read, Exception):
                log.warning("facts not read", article=text.id, error=str(read))
                found.append((text.id, (), ()))
            else:
                found.extend(read)
        return found

    def _given(self) -> Given:
        path = database(self.data)
        state = path.stat() if path.exists() else None
        version = (state.st_mtime_ns, state.st_size) if state else (0, 0)
        intel = self.config.intel
        lists = watchlists(self.config.watch, self.data)
        return Given(str(path), version, self.clock().year + 1, intel.good, intel.bad, lists)

    def _lists_in_force(self, given: Given) -> int:
        """A number for the names, lists and words that facts are found with: when it changes, all are found again."""
        versions: list[tuple[object, ...]] = []
        if database(self.data).exists():
            with IntelData.open(database(self.data), read_only=True) as data:
                kinds = ("attack", "galaxies", "warninglists")
                files = [one for one in data.files() if one.name.partition("/")[0] in kinds]
                versions = [(one.name, one.version, one.stated_at, one.rows) for one in files]
        return zlib.crc32(repr((versions, given.good, given.bad, given.lists)).encode())

    def join(self) -> int:
        """Bring what is known of the flaws that articles name up to date; how many changed."""
        numbers = self.store.intel.cves()
        if not numbers:
            return 0
        path = database(self.data)
        if not path.exists():
            return self.store.intel.save_vulnerabilities(join(None, numbers), self.clock())
        with IntelData.open(path, read_only=True) as data:
            return self.store.intel.save_vulnerabilities(join(data, numbers), self.clock())


def database(data: Path) -> Path:
    """The database of the data files in a data folder."""
    return data / "intel.db"


def originals(data: Path) -> Path:
    """Where the data files are kept as they came, laid out as `data update --from` reads them."""
    return data / "intel"


def opened(data: Path, now: datetime) -> IntelData:
    """The data files; where the database is missing, it is built from the files as they came."""
    from aggregator.pipeline.data_files import load_folder

    fresh = not database(data).exists()
    stored = IntelData.open(database(data))
    if fresh and originals(data).is_dir():
        load_folder(stored, originals(data), (), now)
    return stored


OVERDUE = 3
"""Intervals after which a data file that is fetched counts as too old."""


def data_troubles(data: Path, now: datetime) -> Iterator[str]:
    """Data files that were refused, or that are older than three times their interval, a line each."""
    if not database(data).exists():
        return
    with IntelData.open(database(data), read_only=True) as stored:
        files = stored.files()
    for one in files:
        every = INTERVALS.get(one.name.partition("/")[0])
        old = one.next_at and one.fetched_at and every and now - one.fetched_at > OVERDUE * every
        if one.error or old:
            since = f"of {one.fetched_at:%Y-%m-%d %H:%M} UTC" if one.fetched_at else "not here"
            yield f"data file {one.name} is {since}{f'; {one.error}' if one.error else ''}"


@dataclass
class DataFiles:
    """The data files of one data folder, fetched when they are due."""

    store: Store | None
    fetcher: Fetcher
    config: Config
    data: Path
    clock: Callable[[], datetime]

    def update(self, names: tuple[str, ...] = (), *, force: bool = False) -> list[tuple[str, str | None]]:
        """Fetch what is due (`force`: due or not): (name, error or None) of each that was asked for."""
        done: list[tuple[str, str | None]] = []
        with opened(self.data, self.clock()) as stored:
            known_files = {one.name: one for one in stored.files()}
            for label, url in self._urls(names):
                one = known_files.get(label)
                if force or one is None or one.next_at is None or one.next_at <= self.clock():
                    done.append((label, self._fetch(stored, label, url)))
            if (not names or "cves" in names) and self.config.intel.files.cves:
                done.extend(self._records(stored))
        return done

    def _urls(self, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        files = self.config.intel.files
        for name in ("kev", "epss", "attack"):
            if (url := getattr(files, name)) and (not names or name in names):
                yield name, str(url)
        for name, parts, tail in (("warninglists", WARNING_LISTS, "/list.json"), ("galaxies", GALAXIES, ".json")):
            if (url := getattr(files, name)) and (not names or name in names):
                for part in parts:
                    yield f"{name}/{part}", f"{str(url).rstrip('/')}/{part}{tail}"

    def _fetch(self, stored: IntelData, label: str, url: str) -> str | None:
        """One file: None when it was taken or has not changed, else why not."""
        from aggregator.pipeline.data_files import load_file

        former = next((one for one in stored.files() if one.name == label), None)
        validators = Validators(former.etag, former.last_modified) if former and not former.error else Validators()
        now = self.clock()
        next_at = now + INTERVALS[label.partition("/")[0]]
        try:
            answer = self.fetcher.get(Request(url, validators=validators, max_bytes=self.config.network.max_data_bytes))
        except FetchError as error:
            stored.refused(label, f"{label}: {error.message}", now, now + RETRY)
            return f"{label}: {error.message}"
        if answer.status == 304:
            stored.unchanged(label, now, next_at)
            return None
        if answer.partial:
            stored.refused(label, f"{label}: the answer was cut off", now, now + RETRY)
            return f"{label}: the answer was cut off"
        path = _place(originals(self.data), label)
        incoming = path.with_name(f".{path.name}.new")
        incoming.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_bytes(answer.body)
        loaded = load_file(stored, label, incoming, now, fetched=(answer.validators, next_at))
        if loaded.error:
            incoming.unlink()
            return loaded.error
        incoming.replace(path)
        return None

    def _records(self, stored: IntelData) -> Iterator[tuple[str, str | None]]:
        """The CVE records that are due, at most so many an hour."""
        numbers = self.store.intel.cves() if self.store else ()
        stored.want_records(numbers, self.clock())
        for cve, first_asked in stored.due_records(self.clock(), RECORDS_AN_HOUR):
            yield cve, self._record(stored, cve, first_asked)
        stored.count_records(self.clock())

    def _record(self, stored: IntelData, cve: str, first_asked: datetime) -> str | None:
        now = self.clock()
        age = now - first_asked
        again = next((now + every for until, every in RECORD_AGAIN if age < until), None)
        try:
            url = f"{str(self.config.intel.files.cves).rstrip('/')}/{cve}"
            answer = self.fetcher.get(Request(url, max_bytes=2 * 2**20, accept="application/json"))
        except FetchError as error:
            stored.record_failed(cve, error.message, again or now + timedelta(days=7), now)
            return f"{cve}: {error.message}"
        from aggregator.intel.files import cve_record

        try:
            stored.save_record(cve_record(cve, answer.body), now, again)
        except BadDataFile as error:
            stored.record_failed(cve, str(error), again or now + timedelta(days=7), now)
            return str(error)
        path = originals(self.data) / "cves" / f"{cve}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer.body)
        return None


def _place(folder: Path, label: str) -> Path:
    from aggregator.pipeline.data_files import PATHS

    if label in PATHS:
        return folder / PATHS[label]
    kind, _, part = label.partition("/")
    return folder / kind / part / "list.json" if kind == "warninglists" else folder / kind / f"{part}.json"


TOLD_WITHIN = timedelta(days=2)
"""Hits of articles that are older are no news when a watchlist is added."""

SEND_TIMEOUT_S = 30.0
"""For one message about a hit."""


@dataclass
class WatchTeller:
    """Messages about hits of watchlists: one for each story and watchlist, another when a flaw of it is exploited."""

    store: Store
    workers: Workers
    config: Config
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]

    def send(self) -> int:
        """Send what is to be told; how many messages went out. A failed one is tried again in the next round."""
        sent = 0
        for one in self.config.watch:
            if not one.to:
                continue
            stories: set[tuple[object, object]] = set()
            for hit in self.store.intel.untold(one.name, self.clock() - TOLD_WITHIN):
                story = (hit["story"], hit["exploited"])
                if story in stories or hit["told_by_story"]:
                    self.store.intel.told(one.name, hit["article_id"], self.clock())
                elif self.stopping() or not self._tell(one, hit):
                    break
                else:
                    sent += 1
                    stories.add(story)
                    self.store.intel.told(one.name, hit["article_id"], self.clock())
        return sent

    def _tell(self, one: Watch, hit: dict[str, Any]) -> bool:
        title = f"[{one.name}] {'exploited: ' if hit['exploited'] else ''}{' '.join(str(hit['title']).split())}"
        page = f"{str(self.config.site.base_url).rstrip('/')}/{hit['path']}"
        body = (
            f"{hit['why']} ({'certain' if hit['certain'] else 'by name'})\n{hit['outlet']}, {hit['published']}\n{page}"
        )
        try:
            for address in one.to:
                self.workers.call(deliver, address, title, body, timeout_s=SEND_TIMEOUT_S)
        except StageError as error:
            log.warning("hit not told", watch=one.name, error=error.message)
            return False
        return True


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
        from aggregator.emit import intel_pages
        from aggregator.emit.intel_pages import NamedPost

        out, site, intel = self.data / "public", self.config.site, self.store.intel
        if full:
            intel.every_page()
        built, moved = Built(), full
        while (changed := intel.changed_pages(PAGES_AT_ONCE)) and not self.stopping():
            moved = True
            built = _both(built, intel_pages.write_subjects(site, [self._page(*one) for one in changed], out))
            intel.written_pages(changed)
        if not moved and (out / "exploited.atom").is_file():
            return built
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
