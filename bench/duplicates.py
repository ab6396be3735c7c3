"""How well copies are told from mere likeness: `python -m bench.duplicates [--texts N]`.

Real texts (the extraction corpus) are perturbed as syndication does it; beside them stand the pairs that mislead:
different articles in the same furniture, in the same boilerplate, follow-ups that quote the first, and notices of one
template. A pair counts as found when the store would have named it as a candidate (shared bands) and `same` agreed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from aggregator.dedupe import fingerprint, same
from aggregator.dedupe.near_duplicates import SHARED_BANDS
from aggregator.models import Candidate, Fingerprint, Likeness

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("AGGREGATOR_CORPORA", ROOT.parent / "shared" / "corpora"))
LABELLED = ROOT / "tests" / "dedupe" / "labelled.jsonl"
WHEN = datetime(2026, 3, 1, tzinfo=UTC)

ABOVE = "The Morning Wire. Security, every day. Home. Topics. Podcasts. About us. Sign in."
BELOW = (
    "This story was supplied by our content partner and has not been edited by our newsroom. Follow us on your "
    "favourite network, or subscribe to the weekly letter for the five stories that matter. Comments are closed "
    "after fourteen days. All rights reserved; reproduction needs written permission by the publisher."
)
ABOVE_OTHERS = "Exclusive to subscribers. Reading time as indicated. Listen to this article."
BELOW_OTHERS = (
    "Read next: our guide to backups, our guide to patching, and the glossary. Were you affected? Our reporters "
    "can be reached in confidence. We correct errors openly; write to the desk. Advertising does not influence "
    "what we report. The editors thank their readers for twenty years of support."
)
FRAMES = ((ABOVE, BELOW), (ABOVE_OTHERS, BELOW_OTHERS))
"""What sites put above and below their articles: the first frame is used for positives, both for negatives."""

TEMPLATE = (
    "The vendor {v} has released security updates to address vulnerabilities in {p}. A remote attacker could exploit "
    "one of these vulnerabilities to take control of an affected system. Users and administrators are encouraged to "
    "review the security bulletin {i} for {p} and to apply the necessary updates. The vulnerability tracked as {c} "
    "affects {p} before version {n}. There are no workarounds that address it. The vendor thanks {r} for reporting "
    "this issue. Please share your thoughts with us in our anonymous product survey; we welcome your feedback."
)


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """`kind` names the perturbation or the trap; `alike` is the truth."""

    kind: str
    one: Text
    other: Text
    alike: bool


# --- perturbations ---------------------------------------------------------------------------------------------

Perturbation = Callable[[random.Random, Text], Text]


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?。！？])\s+", text)


def light_edit(choose: random.Random, text: Text) -> Text:
    """One word in twenty is dropped, doubled by a filler, or changed; every twentieth sentence goes."""
    kept = [sentence for sentence in sentences(text.text) if choose.random() > 0.05]
    words = " ".join(kept).split()
    edited: list[str] = []
    for word in words:
        roll = choose.random()
        if roll < 0.015:
            continue
        edited.append(choose.choice(["also", "now", "however", "reportedly", "very"]) if roll < 0.03 else word)
        if roll > 0.98:
            edited.append("indeed")
    return Text(text.title, " ".join(edited))


def boilerplate(_choose: random.Random, text: Text) -> Text:
    above, below = FRAMES[0]
    return Text(text.title, f"{above}\n\n{text.text}\n\n{below}")


def truncation(_choose: random.Random, text: Text) -> Text:
    return Text(text.title, text.text[: int(0.6 * len(text.text))] + " ...")


def headline(choose: random.Random, text: Text) -> Text:
    words = re.findall(r"\w+", text.text)[:60]
    return Text("What we know: " + " ".join(choose.sample(words, min(7, len(words)))), text.text)


def typos(choose: random.Random, text: Text) -> Text:
    """Two letters change places in one word of forty."""
    words = text.text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and choose.random() < 0.025:
            at = choose.randrange(len(word) - 1)
            words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return Text(text.title, " ".join(words))


PERTURBATIONS: dict[str, tuple[Perturbation, ...]] = {
    "light edit": (light_edit,),
    "boilerplate": (boilerplate,),
    "truncation to 60 %": (truncation,),
    "new headline": (headline,),
    "typos": (typos,),
    "cut, re-headlined, framed": (truncation, headline, boilerplate),
    "edited, typos, framed": (light_edit, typos, boilerplate),
    "cut and edited": (truncation, light_edit),
}


def positives(texts: list[Text], choose: random.Random) -> Iterator[Pair]:
    for text in texts:
        for kind, steps in PERTURBATIONS.items():
            copy = text
            for step in steps:
                copy = step(choose, copy)
            yield Pair(kind, text, copy, alike=True)


# --- traps -----------------------------------------------------------------------------------------------------


def framed(text: Text, frame: int) -> Text:
    above, below = FRAMES[frame]
    return Text(text.title, f"{above}\n\n{text.text}\n\n{below}")


def follow_up(choose: random.Random, first: Text, second: Text, share: float) -> Text:
    """The second text, with so much of the first quoted in its middle (of the result, by length)."""
    quoted, wanted = "", share / (1 - share) * len(second.text)
    pieces = sentences(first.text)
    place = choose.randrange(max(1, len(pieces) // 2))
    while place < len(pieces) and len(quoted) < wanted:
        quoted += pieces[place] + " "
        place += 1
    half = len(second.text) // 2
    return Text(
        second.title, f"{second.text[:half]}\n\nAs we reported: {quoted[: int(wanted)]}\n\n{second.text[half:]}"
    )


def notice(number: int, choose: random.Random) -> Text:
    names = ("Averon", "Bluecask", "Cintra", "Delphia", "Emberlin", "Fathom", "Grannoch", "Hexal", "Ilvar", "Juniperra")
    vendor = names[number % 10]
    product = f"{names[(number * 7 + 3) % 10]} {choose.choice(['Gateway', 'Suite', 'Switch', 'Director'])} {number}"
    filled = TEMPLATE.format(
        v=vendor,
        p=product,
        i=f"SB-2026-{1000 + number}",
        c=f"CVE-2026-{40000 + 37 * number}",
        n=f"{number % 9 + 1}.{number % 7}.{number}",
        r=f"{choose.choice(['Ada', 'Noor', 'Per', 'Lin'])} {names[(number * 3 + 1) % 10]}son",
    )
    return Text(f"{vendor} releases security updates for {product}", filled)


def negatives(texts: list[Text], choose: random.Random) -> Iterator[Pair]:
    others = texts[1:] + texts[:1]
    for one, other in zip(texts, others, strict=True):
        yield Pair("different, same furniture", framed(one, 0), framed(other, 0), alike=False)
        yield Pair("short, same boilerplate", framed(_short(one), 1), framed(_short(other), 1), alike=False)
        yield Pair("follow-up quoting a fifth", one, follow_up(choose, one, other, 0.2), alike=False)
        yield Pair("follow-up quoting two fifths", one, follow_up(choose, one, other, 0.4), alike=False)
        yield Pair("follow-up over the whole first", one, _background(one, other), alike=False)
        if one.title and other.title and one.title != other.title:
            yield Pair("same teaser", _teaser(one), _teaser(other), alike=False)
        yield Pair("same headline", one, Text(one.title, other.text), alike=False)
    for number in range(len(texts)):
        yield Pair("notices of one template", notice(number, choose), notice(number + 1, choose), alike=False)


def _background(first: Text, second: Text) -> Text:
    """As much of the second text as the first is long, and the first below it, as background."""
    size = len(first.text)
    news = second.text * (1 + size // len(second.text))
    return Text(second.title, f"{news[: size + 200]}\n\nWhat happened so far\n\n{first.text}")


def _teaser(text: Text) -> Text:
    """A post whose feed gives the same few words for every post."""
    return Text(
        text.title, "Listen to this week's episode, or read the transcript. Our members get it a day early, thanks!"
    )


def _short(text: Text) -> Text:
    """The first hundred words: where the frame weighs most."""
    return Text(text.title, " ".join(text.text.split()[:100]))


def stories() -> Iterator[Pair]:
    """The labelled security news: two articles of one story are not copies, unless they are marked so."""
    lines = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    leaders = {line["id"]: line["duplicate_of"] or line["id"] for line in lines}
    for place, one in enumerate(lines):
        for other in lines[:place]:
            if one["topic"] == other["topic"]:
                alike = leaders[one["id"]] == leaders[other["id"]]
                yield Pair("news of one topic", *(Text(x["title"], x["text"]) for x in (other, one)), alike=alike)


# --- measuring -------------------------------------------------------------------------------------------------


def texts(limit: int) -> list[Text]:
    """Texts of the extraction corpus with at least eighty words."""
    lines = (CORPORA / "extraction" / "truth.jsonl").read_text("utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    found = (Text(row.get("title") or "", row["text"]) for row in rows if len(row["text"].split()) >= 80)
    return list({text.text: text for text in found}.values())[:limit]


@lru_cache(maxsize=2048)
def _print(text: Text) -> Fingerprint:
    return fingerprint(text.title, text.text)


def likeness(pair: Pair) -> Likeness | None:
    """What the program says of a pair, the finding of candidates included."""
    first, second = _print(pair.one), _print(pair.other)
    if first.exact != second.exact and len(set(first.bands) & set(second.bands)) < SHARED_BANDS:
        return None
    candidate = Candidate(1, pair.one.title, pair.one.text, WHEN, first)
    return same(pair.other.title, pair.other.text, WHEN, second, [candidate])


@dataclass(frozen=True, slots=True)
class Result:
    f1: float
    precision: float
    recall: float
    by_kind: dict[str, tuple[int, int]]
    """For each kind: how many were judged rightly, of how many."""
    failures: tuple[Pair, ...]


def measure(pairs: Iterator[Pair]) -> Result:
    counts: Counter[tuple[bool, bool]] = Counter()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    failures = []
    for pair in pairs:
        found = likeness(pair) is not None
        counts[pair.alike, found] += 1
        total[pair.kind] += 1
        right[pair.kind] += found == pair.alike
        if found != pair.alike:
            failures.append(pair)
    hits = counts[True, True]
    precision = hits / (hits + counts[False, True] or 1)
    recall = hits / (hits + counts[True, False] or 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Result(f1, precision, recall, {kind: (right[kind], total[kind]) for kind in total}, tuple(failures))


def collection(limit: int, seed: int = 5) -> Iterator[Pair]:
    """Every pair, positives and traps."""
    choose = random.Random(seed)
    chosen = texts(limit)
    yield from positives(chosen, choose)
    yield from negatives(chosen, choose)
    yield from stories()


def fingerprinting() -> float:
    """Milliseconds for a text of a thousand words."""
    long = [text for text in texts(1000) if len(text.text.split()) >= 1000][:40]
    cut = [Text(text.title, " ".join(text.text.split()[:1000])) for text in long]
    begin = time.process_time()
    for text in cut * 5:
        fingerprint(text.title, text.text)
    return 1000 * (time.process_time() - begin) / (5 * len(cut))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000, help="how many real texts at most")
    parser.add_argument("--failures", action="store_true", help="show what was judged wrongly")
    options = parser.parse_args()
    result = measure(collection(options.texts))
    for kind, (right, total) in result.by_kind.items():
        print(f"{kind:32} {right:5} of {total:5} right")
    print(f"{'all':32} F1 {result.f1:.4f}  precision {result.precision:.4f}  recall {result.recall:.4f}")
    print(f"{'fingerprint of 1,000 words':32} {fingerprinting():.2f} ms")
    for pair in result.failures if options.failures else ():
        print(f"\n{pair.kind}: {'missed' if pair.alike else 'wrong'}")
        print(f"  {pair.one.text[:300]!r}\n  {pair.other.text[:300]!r}")


if __name__ == "__main__":
    main()
