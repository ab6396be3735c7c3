"""Mutants of real feeds against everything that reads hostile bytes: `python -m bench.fuzz --mutants N --seed S`.

Feeds go the whole way (parse, then cleaning, canonical URLs and the rest on what came out), beside mutants of pages, of
OPML, URLs, dates and robots.txt. Reported: an exception that is not an AggregatorError, a promise that does not hold
(idempotence, absolute links, legal characters, unique guids), a mutant that takes longer than SLOW_S. Mutants run in
worker processes, so that one that hangs or crashes is found and named too. Same seed, same mutants.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lxml import html
from protego import Protego

from aggregator import dedupe, poll, scrape
from aggregator.intel.facts import Knowledge, facts_of
from aggregator.models import ParsedFeed
from aggregator.models.errors import AggregatorError
from aggregator.models.intel import JUDGED, Subject
from aggregator.pipeline.workers import Workers
from aggregator.text.dates import parse_date
from aggregator.text.urls import http_url, redact
from bench.mutants import DATES, OPML, ROBOTS, URL, URLS, feed_seed, files, fragments, mutant, reports

SLOW_S = 2.0
"""CPU seconds that one mutant may take (ACCEPTANCE A19)."""

BATCH = 50
BATCH_TIMEOUT_S = 120.0
SINGLE_TIMEOUT_S = 20.0

# --- targets ---------------------------------------------------------------------------------------------------


class BrokenPromiseError(Exception):
    """Something that must always hold did not."""


def _must(holds: object, promise: str) -> None:
    if not holds:
        raise BrokenPromiseError(promise)


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _legal(*texts: str | None) -> None:
    for text in texts:
        found = _ILLEGAL.search(text or "")
        _must(not found, f"an illegal character came out: {found and found[0]!r}")


def _web(*urls: str | None) -> None:
    for url in urls:
        _must(url is None or urlsplit(url).scheme in ("http", "https"), f"not a web address came out: {url!r:.100}")


def feed_target(body: bytes) -> None:
    feed = poll.parse(body, URL)
    _promises(feed)
    for entry in feed.entries[:5]:
        clean = scrape.clean_entry(entry, entry.url or URL)
        _legal(clean.title, clean.html, clean.summary, clean.author, *clean.tags)
        _must(scrape.clean_html(clean.html, entry.url or URL) == clean.html, "clean is not idempotent")
        dedupe.fingerprint(clean.title, scrape.to_text(clean.html))
        if entry.url:
            _url_promises(entry.url)
    dedupe.decide(feed.entries, {})


def _promises(feed: ParsedFeed) -> None:
    guids = [entry.guid for entry in feed.entries]
    _must(all(guids) and len(set(guids)) == len(guids), "guids are empty or not unique")
    _web(feed.home_page_url, feed.self_url, feed.next_url, feed.icon, *feed.hubs)
    _legal(feed.title, feed.description, feed.author, feed.id)
    for entry in feed.entries:
        _web(entry.url, *(enclosure.url for enclosure in entry.enclosures))
        _legal(entry.guid, entry.title, entry.author, entry.html, entry.summary, *entry.tags)
        for moment in (entry.published, entry.updated):
            _must(moment is None or moment.utcoffset() is not None, "a date without a zone")


def opml_target(body: bytes) -> None:
    for found in poll.read_opml(body).feeds:
        _web(found.url)
        _legal(found.name, *found.tags)


def url_target(body: bytes) -> None:
    text = body.decode("utf-8", "surrogateescape")
    for base in (None, "https://base.example/x/y?z"):
        url = http_url(text, base)
        if url is not None:
            _must(url.isascii() and not re.search(r"[\x00-\x20]", url), f"a URL with control characters: {url!r:.100}")
            _url_promises(url)
    redact(text)


def _url_promises(url: str) -> None:
    _web(url)
    _must(http_url(url) == url, f"http_url is not idempotent: {url!r:.200}")
    canonical = dedupe.canonical_url(url)
    _must(dedupe.canonical_url(canonical) == canonical, f"canonical_url is not idempotent: {url!r:.200}")
    _must(dedupe.normal_guid(dedupe.normal_guid(url)) == dedupe.normal_guid(url), f"normal_guid: {url!r:.200}")


def date_target(body: bytes) -> None:
    moment = parse_date(body.decode("utf-8", "replace"))
    _must(moment is None or moment.utcoffset() is not None, "a date without a zone")


def clean_target(body: bytes) -> None:
    markup = body.decode("utf-8", "replace")
    clean = scrape.clean_html(markup, URL)
    _must(scrape.clean_html(clean, URL) == clean, "clean is not idempotent")
    _must(not re.search(r"<(?:script|style|iframe|object|embed|form|base|meta|link)\b", clean), "an active element")
    _must(not any(name.lower().startswith("on") for name in _attributes(clean)), "an event handler")
    _legal(clean, scrape.to_text(clean))


def _attributes(markup: str) -> Iterator[str]:
    """The names of all attributes; what looks like one inside a value is none."""
    root = html.fragment_fromstring(markup, create_parent=True)
    return (str(name) for element in root.iter() if isinstance(element.tag, str) for name in element.attrib)


def page_target(body: bytes) -> None:
    article = scrape.read_article(body, URL)
    _legal(article.title, article.text, article.html)
    poll.discover(body, URL)


def facts_target(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    title, _, rest = text.partition("\n")
    subject = Subject(rest, title, URL, ("https://linked.example/",))
    for fact in facts_of(subject, 2027, Knowledge()):
        _must(fact.why or fact.kind not in JUDGED, f"no reason for a {fact.kind}")
        for place in fact.places:
            field = subject.title if place.field == "title" else subject.text
            _must(field[place.start : place.end] == place.seen, f"a {fact.kind} stands elsewhere")


def robots_target(body: bytes) -> None:
    rules = Protego.parse(body.decode("utf-8", "replace"))
    for url in ("https://x.example/private/a.php", "https://x.example/%00?a=*"):
        rules.can_fetch(url, "bot")
    rules.crawl_delay("bot")
    rules.request_rate("bot")


@dataclass(frozen=True, slots=True)
class Target:
    """What is fuzzed, how often in a hundred, from which seeds."""

    name: str
    share: int
    run: Callable[[bytes], None]
    seed: Callable[[random.Random], bytes]


TARGETS = (
    Target("feed", 60, feed_target, feed_seed),
    Target("clean", 10, clean_target, lambda dice: dice.choice(fragments() or (b"<p>Hello</p>",))),
    Target("page", 3, page_target, lambda dice: b"<html><body><article>" + dice.choice(fragments() or (b"<p>",))),
    Target("opml", 7, opml_target, lambda _: OPML),
    Target("url", 8, url_target, lambda dice: dice.choice(URLS)),
    Target("date", 7, date_target, lambda dice: dice.choice(DATES)),
    Target("robots", 5, robots_target, lambda _: ROBOTS),
    Target("facts", 5, facts_target, lambda dice: dice.choice(reports())),
)


# --- running ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One mutant that did what none may do. `index` and the seed make it again."""

    index: int
    target: str
    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """What one batch came to: mutants a target, the slowest of each, and the findings."""

    counts: dict[str, int]
    slowest: dict[str, tuple[float, int]]
    findings: tuple[Finding, ...]


def made(seed: int, index: int, only: str = "") -> tuple[Target, bytes]:
    """Mutant number `index` of a run; `only`: of a run of that target."""
    dice = random.Random(f"{seed}:{index}")
    targets = [target for target in TARGETS if only in ("", target.name)]
    target = dice.choices(targets, [target.share for target in targets])[0]
    others = lambda: target.seed(dice)  # noqa: E731 - two lines would say no more
    return target, mutant(target.seed(dice), dice, others)


def run(seed: int, indexes: Iterable[int], only: str = "") -> Ran:
    """Run mutants one after another. Called in a worker."""
    fragments()  # not on the first mutant's account
    counts: Counter[str] = Counter()
    slowest: dict[str, tuple[float, int]] = {}
    findings = []
    for index in indexes:
        target, body = made(seed, index, only)
        began = time.process_time()
        what = _outcome(target, body)
        seconds = time.process_time() - began
        counts[target.name] += 1
        slowest[target.name] = max(slowest.get(target.name, (0.0, 0)), (seconds, index))
        if seconds > SLOW_S and not what:
            what = "slow"
        if what:
            findings.append(Finding(index, target.name, what, seconds))
    return Ran(dict(counts), slowest, tuple(findings))


def _outcome(target: Target, body: bytes) -> str:
    try:
        target.run(body)
    except AggregatorError:
        return ""
    except Exception as error:  # noqa: BLE001 - finding these is what this is for
        frames = traceback.extract_tb(error.__traceback__)
        where = [frame for frame in frames if "aggregator" in frame.filename] or frames
        return f"{type(error).__name__}: {str(error)[:200]} at {Path(where[-1].filename).name}:{where[-1].lineno}"
    return ""


def batches(seed: int, mutants: int, only: str) -> Iterator[tuple[range, tuple[int, range, str]]]:
    for start in range(0, mutants, BATCH):
        indexes = range(start, min(start + BATCH, mutants))
        yield indexes, (seed, indexes, only)


def fuzz(seed: int, mutants: int, processes: int, only: str = "") -> Iterator[Ran]:
    """Every batch's result; a batch whose worker died is run again mutant by mutant."""
    with Workers(processes) as workers:
        for indexes, ran in workers.each(batches(seed, mutants, only), run, BATCH_TIMEOUT_S):
            if isinstance(ran, Ran):
                yield ran
                continue
            singles = ((index, (seed, range(index, index + 1), only)) for index in indexes)
            for index, single in workers.each(singles, run, SINGLE_TIMEOUT_S):
                if isinstance(single, Ran):
                    yield single
                else:
                    name = made(seed, index, only)[0].name
                    yield Ran({name: 1}, {}, (Finding(index, name, str(single)[:300], SINGLE_TIMEOUT_S),))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--mutants", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--only", default="", choices=["", *(one.name for one in TARGETS)], help="one target alone")
    options.add_argument("--write", type=Path, help="folder to write the mutants of findings to")
    chosen = options.parse_args()
    counts: Counter[str] = Counter()
    slowest: dict[str, tuple[float, int]] = {}
    findings: list[Finding] = []
    began = time.monotonic()
    for ran in fuzz(chosen.seed, chosen.mutants, chosen.processes, chosen.only):
        counts.update(ran.counts)
        findings += ran.findings
        for name, worst in ran.slowest.items():
            slowest[name] = max(slowest.get(name, (0.0, 0)), worst)
        if sys.stderr.isatty():
            print(f"\r{counts.total():,} mutants, {len(findings)} findings", end="", file=sys.stderr)
    _report(chosen.seed, counts, slowest, findings, time.monotonic() - began)
    if chosen.write:
        chosen.write.mkdir(parents=True, exist_ok=True)
        for finding in findings:
            (chosen.write / f"{finding.target}-{finding.index}").write_bytes(
                made(chosen.seed, finding.index, chosen.only)[1]
            )
    return 1 if findings else 0


def _report(
    seed: int, counts: Counter[str], slowest: dict[str, tuple[float, int]], findings: list[Finding], seconds: float
) -> None:
    rate = counts.total() / max(seconds, 0.001)
    print(f"{counts.total():,} mutants, seed {seed}, {seconds:.0f} s ({rate:.0f} a second), {len(files())} seeds")
    for target in TARGETS:
        worst, index = slowest.get(target.name, (0.0, 0))
        print(f"  {target.name:7} {counts[target.name]:7,} mutants, the slowest {worst:.2f} s CPU (mutant {index})")
    kinds = Counter((finding.target, re.sub(r"\d{3,}|'.*'", "…", finding.what)) for finding in findings)
    print(f"{len(findings)} findings of {len(kinds)} kinds")
    for (name, what), count in kinds.most_common(40):
        example = next(f.index for f in findings if f.target == name and re.sub(r"\d{3,}|'.*'", "…", f.what) == what)
        print(f"  {count:5} {name}: {what} (such as mutant {example})")


if __name__ == "__main__":
    sys.exit(main())
