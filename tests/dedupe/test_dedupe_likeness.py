"""Copies: what is one, what is none, why; and that fingerprints are the same everywhere."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.dedupe import fingerprint, resemblance, same
from aggregator.models import Candidate, Fingerprint, Likeness

NEWS = [json.loads(line) for line in (Path(__file__).parent / "labelled.jsonl").read_text("utf-8").splitlines()]
WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TITLE = "Mail servers taken over by a subject line"
TEXT = "\n\n".join(line["text"] for line in NEWS if line["topic"] == "postern" and line["source"] != "Sicherheitsblatt")
OTHER = "\n\n".join(
    line["text"] for line in NEWS if line["topic"] == "helmgate" and line["source"] != "Sicherheitsblatt"
)


def candidate(text: str, title: str = TITLE, number: int = 1, published: datetime = WHEN) -> Candidate:
    return Candidate(number, title, text, published, fingerprint(title, text))


def compare(text: str, *candidates: Candidate, title: str = TITLE) -> Likeness | None:
    return same(title, text, WHEN, fingerprint(title, text), candidates)


def test_the_same_text_is_the_same() -> None:
    """Whatever the headline, the case, the punctuation and the spaces."""
    found = compare(TEXT.upper().replace("\n\n", "  \t "), candidate(TEXT), title="Update your mail server")
    assert found == Likeness(1, 1.0, "the text is the same, word for word")


def test_a_lightly_edited_text_is_the_same_but_for_a_little() -> None:
    """The reason says how much has changed, and the similarity agrees with it."""
    words = TEXT.split()
    words[20:20] = ["as", "was", "feared"]
    words[80] = "nonetheless"
    found = compare(" ".join(words), candidate(TEXT))
    assert found
    assert found.reason == "the text is the same but for 1 %"
    assert 0.97 < found.similarity < 1


def test_a_text_cut_short_is_a_copy() -> None:
    """Sixty per cent of a text are told from sixty per cent of another one."""
    found = compare(TEXT[: int(0.6 * len(TEXT))], candidate(TEXT))
    assert found
    assert found.reason.startswith("the shorter text is the other one cut to 6")


def test_a_text_in_a_frame_is_a_copy() -> None:
    """A line above and a notice below hide nothing."""
    framed = f"With permission of The Wire.\n\n{TEXT}\n\nSubscribe to our letter. {OTHER[:300]}"
    assert compare(framed, candidate(TEXT))


def test_a_follow_up_that_quotes_is_another_article() -> None:
    """Two fifths of it being the first one's words do not make it the first one."""
    quoted = TEXT[: int(0.7 * len(OTHER))]
    half = len(OTHER) // 2
    assert compare(f"{OTHER[:half]}\n\n{quoted}\n\n{OTHER[half:]}", candidate(TEXT)) is None


def test_notices_of_one_template_are_different() -> None:
    """The same sentences with another product, number and finder are another notice."""
    template = (
        "The vendor {} has released updates for {}. A remote attacker could exploit the weakness {} to take control of "
        "an affected system. Users are encouraged to read the bulletin for {} and to install version {}. The vendor "
        "thanks {} for the report. There are no workarounds that address this vulnerability at the time of writing."
    )
    one = template.format("Averon", "Averon Gate", "CVE-2026-4000", "Averon Gate", "7.2", "Lin Osei")
    two = template.format("Fathom", "Fathom Desk", "CVE-2026-4801", "Fathom Desk", "3.0", "Per Dahl")
    assert compare(two, candidate(one)) is None
    assert compare(one.replace("encouraged", "advised"), candidate(one))


def test_a_teaser_that_every_post_has_makes_no_copies() -> None:
    """Slight texts count only under titles that agree, numbers included."""
    teaser = "Listen to this week's episode, or read the transcript on our site, where members get it a day early."
    assert compare(teaser, candidate(teaser, "Episode 12: locks"), title="Episode 13: lasers") is None
    assert compare(teaser, candidate(teaser, "Episode 12: locks"), title="Episode 12: locks")
    assert (
        compare(
            "Stormcast for Monday, March 2nd, 2026, audio file 9872",
            candidate("Stormcast for Tuesday, March 3rd, 2026, audio file 9874", "Stormcast"),
            title="Stormcast",
        )
        is None
    )


def test_nothing_is_like_nothing() -> None:
    """Empty texts are copies of none."""
    assert compare("", candidate("", ""), title="") is None
    assert compare(TEXT, candidate("", "")) is None
    assert compare(TEXT) is None


def test_the_most_alike_leads_and_of_equals_the_first() -> None:
    """Among candidates the closest is named; of the same text the one published first."""
    words = TEXT.split()
    edited = " ".join(words[:50] + words[60:])
    found = compare(
        TEXT,
        candidate(edited, number=1, published=WHEN - timedelta(days=3)),
        candidate(TEXT, number=2),
        candidate(TEXT, number=3, published=WHEN - timedelta(days=1)),
    )
    assert found
    assert found.article_id == 3


def test_chinese_copies_are_found() -> None:
    """A script without spaces has shingles too."""
    text = "".join(line["text"] for line in NEWS if line["topic"] == "zhongqiao")
    assert compare(text.replace("警方", "公安", 1), candidate(text), title="x")
    assert (
        compare(text[: len(text) // 2] * 2, candidate("安全公司发布年度报告，指出供应链风险持续上升。" * 8), title="x")
        is None
    )


FIXED = "The quick brown fox jumps over the lazy dog while 医院 systems fail, again and again, in the early morning."


def test_fingerprints_never_change() -> None:
    """They are stored: a change here makes every stored one worthless."""
    found = fingerprint("Title", FIXED)
    assert found.exact == EXACT
    assert found.minhash[:2] == SMALLEST
    assert found.words == 20
    assert found.bands == found.minhash[:16]
    assert all(0 <= value < 2**63 for value in found.minhash)


EXACT = "6578bbc345806c182df7aeac167344a5"
SMALLEST = (209674536202190277, 1199500051722545433)


def test_fingerprints_are_the_same_in_every_process() -> None:
    """Nothing hangs on the process's own hash seed."""
    script = f"from aggregator.dedupe import fingerprint; print(fingerprint('Title', {FIXED!r}))"
    outcomes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert outcomes == {str(fingerprint("Title", FIXED))}


@given(st.integers(0, 10**6), st.integers(0, 300))
def test_the_estimate_is_near_the_truth(seed: int, changed: int) -> None:
    """The resemblance of two fingerprints is the Jaccard similarity of their shingles, within what a sketch can tell."""
    choose = random.Random(seed)
    one = [f"w{choose.randrange(10**6)}" for _ in range(400)]
    two = one[changed:] + [f"v{number}" for number in range(changed)]
    shared = max(0, 398 - changed)
    truth = shared / (2 * 398 - shared)
    estimate = resemblance(fingerprint("", " ".join(one)), fingerprint("", " ".join(two)))
    assert abs(estimate - truth) < 0.3


@given(st.text(), st.text())
def test_any_text_has_a_fingerprint(title: str, text: str) -> None:
    """Nothing raises, and equal texts are equal."""
    found = fingerprint(title, text)
    assert isinstance(found, Fingerprint)
    assert found == fingerprint(title, text)
    assert resemblance(found, found) in (0.0, 1.0)


@pytest.mark.parametrize("line", [line for line in NEWS if line["duplicate_of"]], ids=lambda line: str(line["id"]))
def test_labelled_copies_are_found(line: dict[str, str]) -> None:
    """Each marked copy is found among all articles of its topic, and leads to the marked original."""
    candidates = [
        Candidate(
            number,
            other["title"],
            other["text"],
            datetime.fromisoformat(other["published"]),
            fingerprint(other["title"], other["text"]),
        )
        for number, other in enumerate(NEWS)
        if other["topic"] == line["topic"] and other["published"] < line["published"]
    ]
    found = compare(line["text"], *candidates, title=line["title"])
    assert found
    assert NEWS[found.article_id]["id"] == line["duplicate_of"]
