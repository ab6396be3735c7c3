"""How well articles are taken from the corpus' 400 pages: ours, trafilatura and readability-lxml side by side.

    python -m bench.extraction [--worst [N]] [--quick]     the table, in one run; --quick: ours alone
    python -m bench.extraction --learn                     the judge's weights from the even half -> weights.json

Text is scored by word F1 a page: words are runs of letters and digits in lower case, counted as multisets, and the mean
is over pages. `must have` and `must not` are the shares of the truth's sentences that are in the text, with white space
and case folded (exact) and with typographic quotes and dashes folded too: the truth spells them all in ASCII, so the
page's own text can not reach 1 in the exact measure. A date is right when its day is, the day being that of the page's
own clock where it gives one ("2026-06-25T20:57-04:00" is the 25th, though not in UTC); the truth often has the day of
the last change, so that a second figure also lets our `modified` count. Even ids are tuned on, odd ids only looked at.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import trafilatura
from lxml.html import document_fromstring
from readability import Document

from aggregator.models import Article
from aggregator.scrape import read_article
from aggregator.text.dates import read_date
from aggregator.text.words import words_of
from bench.learning import learn

CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
SAMPLE = 8
"""The gate in the tests looks at every eighth page."""

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)? ?[+-]\d\d:?\d\d")
_URL_DAY = re.compile(r"/(20\d\d)/([01]\d)/([0-3]\d)/")
DAY = timedelta(hours=26)
"""From noon to the last moment of the day in any time zone."""
SAME_MOMENT = timedelta(seconds=1)
_FOLD = re.compile(r"[\W_]+")
_NAMES = re.compile(r"\s*(?:,|;|&|\band\b)\s*")


def word_f1(one: str, other: str) -> float:
    """How alike two texts are: F1 over their words as multisets, 0 to 1."""
    left, right = Counter(words_of(one)), Counter(words_of(other))
    if not left or not right:
        return float(left == right)
    return 2 * (left & right).total() / (left.total() + right.total())


@dataclass(frozen=True)
class Case:
    """One labelled page."""

    id: str
    url: str
    page: bytes
    text: str
    title: str
    author: str | None
    published: str | None
    must_have: tuple[str, ...]
    must_not_have: tuple[str, ...]

    @property
    def half(self) -> str:
        return "even" if int(self.id) % 2 == 0 else "odd"


@dataclass(frozen=True)
class Score:
    """One page's result: shares of 0 to 1, None where the truth says nothing; CPU milliseconds."""

    id: str
    half: str
    url: str
    f1: float
    must: float
    must_plain: float
    must_not: float
    title: float | None = None
    date: float | None = None
    date_or_change: float | None = None
    author: float | None = None
    ms: float = 0.0


def cases(corpora: Path = CORPORA) -> list[Case]:
    """The labelled pages, in the order of the corpus."""
    folder = corpora / "extraction"
    rows = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    return [_case(folder, row) for row in rows]


def _case(folder: Path, row: dict[str, Any]) -> Case:
    page = gzip.decompress((folder / "html" / f"{row['id']}.html.gz").read_bytes())
    sentences = tuple(row["must_have"]), tuple(row["must_not_have"])
    return Case(row["id"], row["url"], page, row["text"], row["title"], row["author"], row["published"], *sentences)


def ours(case: Case) -> Article:
    return read_article(case.page, case.url, "text/html")


def by_trafilatura(case: Case) -> Article:
    found = trafilatura.bare_extraction(case.page, url=case.url, include_comments=False, with_metadata=True)
    if found is None:
        return Article(url=case.url)
    return Article(
        url=case.url, text=found.text or "", title=found.title, author=found.author, extractor=found.date or ""
    )


def by_readability(case: Case) -> Article:
    document = Document(case.page.decode("utf-8", "replace"))
    text = "\n".join(document_fromstring(document.summary()).itertext())
    return Article(url=case.url, text=text, title=document.short_title())


def score(case: Case, engine: Callable[[Case], Article]) -> Score:
    """What `engine` makes of a page, and how long it takes."""
    start = time.process_time()
    found = engine(case)
    ms = 1000 * (time.process_time() - start)
    days = _days(case, found.published) or {found.extractor}
    exact, plain = _exact(found.text), _plain(found.text)
    return Score(
        case.id, case.half, case.url,
        f1=word_f1(found.text, case.text),
        must=_share(_exact(part) in exact for part in case.must_have),
        must_plain=_share(_plain(part) in plain for part in case.must_have),
        must_not=_share(_exact(part) in exact for part in case.must_not_have),
        title=float(_fold(found.title) == _fold(case.title)) if case.title else None,
        date=float(case.published in days) if case.published else None,
        date_or_change=float(case.published in days | _days(case, found.modified)) if case.published else None,
        author=float(_people(found.author) == _people(case.author)) if case.author else None,
        ms=ms,
    )  # fmt: skip


def mean(scores: Iterable[Score], measure: str) -> float:
    """The mean of a measure over the pages that have it."""
    values = [value for each in scores if (value := getattr(each, measure)) is not None]
    return sum(values) / len(values) if values else 0.0


def _days(case: Case, moment: datetime | None) -> set[str]:
    """The day of `moment` by the page's own clock, as its ISO stamps of that moment or its URL have it; else in UTC."""
    if moment is None:
        return set()
    if inside := _URL_DAY.search(case.url):
        day = "-".join(inside.groups())
        if abs(datetime.fromisoformat(f"{day}T12:00:00+00:00") - moment) < DAY:
            return {day}
    stamps = (match.decode("ascii") for match in _STAMP.findall(case.page))
    stated = {stamp[:10] for stamp in stamps if (read := read_date(stamp)) and abs(read - moment) < SAME_MOMENT}
    return stated or {moment.date().isoformat()}


def _exact(text: str) -> str:
    return " ".join(text.casefold().split())


def _plain(text: str) -> str:
    return " ".join(text.casefold().translate(_PLAIN).split())


def _fold(text: str | None) -> str:
    return _FOLD.sub("", (text or "").casefold())


def _people(names: str | None) -> set[str]:
    return {_fold(name) for name in _NAMES.split((names or "").casefold()) if name}


def _share(hits: Iterable[bool]) -> float:
    values = list(hits)
    return sum(values) / len(values)


MEASURES = ("f1", "must", "must_plain", "must_not", "title", "date", "date_or_change", "author", "ms")
HEADS = ("word F1", "must have", "(quotes folded)", "must not", "title", "date", "(or change)", "author", "ms/page")


def _table(results: dict[str, list[Score]]) -> None:
    print("| engine | pages | " + " | ".join(HEADS) + " | below 0.3 |")
    print("|---|---|" + "---|" * (len(HEADS) + 1))
    for name, scores in results.items():
        for half in ("even", "odd", "all"):
            part = [each for each in scores if half in ("all", each.half)]
            cells = [
                f"{mean(part, measure):.1f}" if measure == "ms" else f"{mean(part, measure):.3f}"
                for measure in MEASURES
            ]
            print(f"| {name} | {half} | " + " | ".join(cells) + f" | {sum(each.f1 < 0.3 for each in part)} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--worst", type=int, nargs="?", const=30, default=0, help="list the N worst pages")
    options.add_argument("--quick", action="store_true", help="ours alone")
    options.add_argument("--learn", action="store_true", help="learn the judge's weights from the even half")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    pages = cases()
    if chosen.learn:
        learn([(case.page, case.url, case.text) for case in pages if case.half == "even"])
    engines = (
        {"ours": ours}
        if chosen.quick or chosen.learn
        else {"ours": ours, "trafilatura": by_trafilatura, "readability-lxml": by_readability}
    )
    # Page by page: whatever else the machine does slows all of them alike.
    results: dict[str, list[Score]] = {name: [] for name in engines}
    for case in pages:
        for name, engine in engines.items():
            results[name].append(score(case, engine))
    _table(results)
    for each in sorted(results["ours"], key=lambda each: each.f1)[: chosen.worst]:
        print(f"{each.id} {each.half:5} {each.f1:.3f} {each.url[:100]}")


if __name__ == "__main__":
    main()
