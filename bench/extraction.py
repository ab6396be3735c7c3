"""How well articles are taken from labelled pages of sites that were not learned from, beside trafilatura.

    python -m bench.extraction              learn FOLDS times, each time leaving a fifth of the sites out, and read
                                            these: a table by set and language
                                            (--set NAME ..., --worst [N], --quick: ours alone)
    python -m bench.extraction --shipped    with the program's own model, which knows these pages
    python -m bench.extraction --learn      write the program's model, and the gate's, from all that is labelled

Sets: `extraction` (400 articles of 394 sites), `extraction-news` (292 news pages of 165 sites, many languages),
`themes`
(128 posts as 16 blog themes show them, scored by the corpus' own program). All but --shipped need the extra
`bench`.

Text is scored by word F1 a page: words are runs of letters and digits in lower case, counted as multisets, and the mean
is over pages. `must have` and `must not` are the shares of the truth's sentences that are in the text, with white space
and case folded (exact) and with typographic quotes and dashes folded too: the truth spells them all in ASCII, so the
page's own text cannot reach 1 in the exact measure. A date is right when its day is, the day being that of the page's
own clock where it gives one ("2026-06-25T20:57-04:00" is the 25th, though not in UTC); the truth often has the day of
the last change, so that a second figure also lets our `modified` count.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
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
from functools import partial
from pathlib import Path
from typing import Any

import trafilatura

from aggregator.models import Article
from aggregator.scrape import read_article
from aggregator.scrape.content import classify, trees
from aggregator.text.dates import read_date
from bench.learning import FOLDS, fold_of, learn, lesson, site_of

CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
SAMPLE = 2
"""The gate in the tests looks at every other page of the sites that were left out."""

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)? ?[+-]\d\d:?\d\d")
_URL_DAY = re.compile(r"/(20\d\d)/([01]\d)/([0-3]\d)/")
DAY = timedelta(hours=26)
"""From noon to the last moment of the day in any time zone."""
SAME_MOMENT = timedelta(seconds=1)
_FOLD = re.compile(r"[\W_]+")
_WORD = re.compile(r"\w+")
_NAMES = re.compile(r"\s*(?:,|;|&|\band\b)\s*")


def word_f1(one: str, other: str) -> float:
    """How alike two texts are: F1 over their words as multisets, 0 to 1."""
    left, right = (Counter(_WORD.findall(text.casefold())) for text in (one, other))
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
    site: str
    row: dict[str, Any]
    """The line of the truth's file."""

    @property
    def fold(self) -> int:
        return fold_of(self.site)


@dataclass(frozen=True)
class Score:
    """One page's result: shares of 0 to 1, None where the truth says nothing; CPU milliseconds."""

    id: str
    url: str
    language: str
    f1: float
    must: float | None = None
    must_plain: float | None = None
    must_not: float | None = None
    title: float | None = None
    date: float | None = None
    date_or_change: float | None = None
    author: float | None = None
    ms: float = 0.0


def cases(corpora: Path = CORPORA, name: str = "extraction") -> list[Case]:
    """The labelled pages of a set, in the order of the corpus."""
    folder = corpora / name
    rows = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    return [_case(folder, row) for row in rows]


def _case(folder: Path, row: dict[str, Any]) -> Case:
    themed = "theme" in row
    file = folder / row["file"] if themed else folder / "html" / f"{row['id']}.html.gz"
    sentences = tuple(row.get("must_have", ())), tuple(row.get("must_not_have", ()))
    site = f"theme:{row['theme']}" if themed else site_of(row["url"])
    text = _text_of_blocks(row["blocks"]) if themed else row["text"]
    page = gzip.decompress(file.read_bytes())
    return Case(row["id"], row["url"], page, text, row["title"], row["author"], row["published"], *sentences, site, row)


def _text_of_blocks(blocks: list[dict[str, Any]]) -> str:
    parts = (
        "\n".join(cell for row in block["rows"] for cell in row) if "rows" in block else block["text"]
        for block in blocks
    )
    return "\n\n".join(parts)


def ours(case: Case) -> Article:
    return read_article(case.page, case.url, "text/html")


def by_trafilatura(case: Case, *, precise: bool = False) -> Article:
    found = trafilatura.bare_extraction(
        case.page, url=case.url, include_comments=False, with_metadata=True, favor_precision=precise
    )
    if found is None:
        return Article(url=case.url)
    return Article(
        url=case.url, text=found.text or "", title=found.title, author=found.author, extractor=found.date or ""
    )


def score(case: Case, engine: Callable[[Case], Article]) -> Score:
    """What `engine` makes of a page, and how long it takes."""
    start = time.process_time()
    found = engine(case)
    ms = 1000 * (time.process_time() - start)
    days = _days(case, found.published) or {found.extractor}
    exact, plain = _exact(found.text), _plain(found.text)
    return Score(
        case.id, case.url, (found.language or "?")[:2],
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


def _share(hits: Iterable[bool]) -> float | None:
    values = list(hits)
    return sum(values) / len(values) if values else None


MEASURES = ("f1", "must", "must_plain", "must_not", "title", "date", "date_or_change", "author", "ms")
HEADS = ("word F1", "must have", "(quotes folded)", "must not", "title", "date", "(or change)", "author", "ms/page")


SETS = ("extraction", "extraction-news", "themes")
THEME_WEIGHT = 0.3
"""What a themed page counts in learning: eight posts under 16 themes are not 128 articles."""

MODEL = Path(trees.__file__).with_name("trees.json")
HELD_OUT = Path(__file__).with_name("held_out.json")
"""The gate's model, which has not seen the sites of part 0."""


def models(pages: list[Case]) -> list[str]:
    """For each part of the sites, the model that the others teach."""
    lessons = [(case.fold, _lesson(case)) for case in pages]
    return [learn(each for part, each in lessons if part != left_out) for left_out in range(FOLDS)]


def _lesson(case: Case) -> Any:
    return lesson(case.page, case.url, case.text, THEME_WEIGHT if "theme" in case.row else 1.0)


def read_with(model: trees.Trees) -> None:
    """Let the program judge by `model`."""
    setattr(classify, "trees", lambda: model)  # noqa: B010 - whoever reads a page asks for it by this name


def _table(results: dict[str, list[Score]]) -> None:
    print("| engine | language | pages | " + " | ".join(HEADS) + " | below 0.3 |")
    print("|---|---|---|" + "---|" * (len(HEADS) + 1))
    ours = next(iter(results.values()))
    common = [name for name, number in Counter(each.language for each in ours).most_common() if number >= 5]
    by_id = {each.id: each.language for each in ours}
    for language in ("all", *common):
        for name, scores in results.items():
            part = [each for each in scores if language in ("all", by_id[each.id])]
            cells = [
                f"{mean(part, measure):.1f}" if measure == "ms" else f"{mean(part, measure):.3f}"
                for measure in MEASURES
            ]
            low = sum(each.f1 < 0.3 for each in part)
            print(f"| {name} | {language} | {len(part)} | " + " | ".join(cells) + f" | {low} |")


def _themes(pages: list[Case], reading: Callable[[Case], Article], folder: Path) -> None:
    """The corpus' own score of posts as themes show them."""
    spec = importlib.util.spec_from_file_location("score_themes", folder / "score_themes.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    total: dict[str, list[int]] = {}
    for case in pages:
        counts, _ = scorer.page_score(case.row, _as_told(reading(case)))
        for name, (right, number) in counts.items():
            before = total.setdefault(name, [0, 0])
            total[name] = [before[0] + right, before[1] + number]
    print("| " + " | ".join(scorer.COLS) + " |\n|" + "---|" * len(scorer.COLS))
    print("| " + " | ".join(scorer.show(total.get(name, [0, 0]), name) for name in scorer.COLS) + " |")


def _as_told(found: Article) -> dict[str, object]:
    around = {
        name: {"url": neighbour.url, "title": neighbour.title} if neighbour else None
        for name, neighbour in (("next", found.next), ("previous", found.previous))
    }
    published = found.published.isoformat() if found.published else None
    return {"html": found.html, "title": found.title, "author": found.author, "published": published,
            "language": found.language, **around}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--worst", type=int, nargs="?", const=30, default=0, help="list the N worst pages")
    options.add_argument("--set", nargs="*", default=SETS, choices=SETS, help="which pages")
    options.add_argument("--quick", action="store_true", help="ours alone")
    options.add_argument("--shipped", action="store_true", help="with the program's own model")
    options.add_argument("--learn", action="store_true", help="learn the program's model from all pages")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    pages = {name: cases(name=name) for name in SETS}
    everything = [case for each in pages.values() for case in each]
    if chosen.learn:
        lessons = [(case.fold, _lesson(case)) for case in everything]
        MODEL.write_text(learn(each for _, each in lessons), "utf-8")
        HELD_OUT.write_text(learn(each for part, each in lessons if part), "utf-8")
        return
    read = [trees.trees()] * FOLDS if chosen.shipped else [trees.Trees(text) for text in models(everything)]

    def of_others(case: Case) -> Article:
        read_with(read[case.fold])
        return ours(case)

    engines: dict[str, Callable[[Case], Article]] = {"ours": of_others}
    if not chosen.quick:
        engines["trafilatura"] = by_trafilatura
        engines["trafilatura, precise"] = partial(by_trafilatura, precise=True)
    for name in chosen.set:
        print(f"\n{name}\n")
        if name == "themes":
            _themes(pages[name], of_others, CORPORA / name)
            continue
        # Page by page: whatever else the machine does slows all of them alike.
        results: dict[str, list[Score]] = {engine: [] for engine in engines}
        for case in pages[name]:
            for engine, reading in engines.items():
                results[engine].append(score(case, reading))
        _table(results)
        for each in sorted(results["ours"], key=lambda each: each.f1)[: chosen.worst]:
            print(f"{each.id} {each.f1:.3f} {each.url[:100]}")


if __name__ == "__main__":
    main()
