"""Features and evidence as text: for the database, and for the person who asks why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from aggregator.dedupe.stories.terms import STEM, bare
from aggregator.dedupe.stories.values import Evidence, Features
from aggregator.text.words import is_unspaced, raw_tokens

_SHOWN = {"id": "", "name": "", "num": "the number "}


def written(features: Features) -> str:
    """The terms as JSON: an object of term and weight, strongest first. Id and date are columns of their own."""
    return json.dumps(dict(features.terms), ensure_ascii=False, separators=(",", ":"))


def reread(item: str, published: datetime | None, terms: str) -> Features:
    """What `written` wrote. ValueError: it is not that."""
    values = json.loads(terms)
    if not isinstance(values, dict):
        raise ValueError("the terms of an article are a JSON object")  # noqa: TRY004 - as for what is no JSON at all
    return Features(item, published, tuple((str(term), float(weight)) for term, weight in values.items()))


SPELLINGS = 3
"""Forms of one word that are shown: `patched, patches, patch`."""


def spelled(terms: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Each term in whole words, as these texts write it, the usual form first: `patched, patches` for `word:patche`.

    What they do not write (pairs of characters, an identifier's normal form) stays as it is.
    """
    forms: dict[str, Counter[str]] = {}
    for text in texts:
        for token in raw_tokens(text):
            if not is_unspaced(token):
                word = bare(token)
                forms.setdefault(f"word:{word[:STEM]}", Counter())[word] += 1
                forms.setdefault(f"name:{word}", Counter())[token] += 1
    return {
        term: ", ".join(form for form, _ in forms[term].most_common(SPELLINGS if term.startswith("word:") else 1))
        if term in forms
        else term.partition(":")[2] or term
        for term in terms
    }


def told(evidence: Iterable[Evidence]) -> str:
    """Evidence in words: `CVE-2026-1234, "helmgate", "portal…"; against it: 5 days apart`.

    A name that stands there as a name and as a word is said once.
    """
    shared: dict[str, str] = {}
    against = []
    for one in evidence:
        if one.weight < 0:
            against.append(one.term)
            continue
        kind, _, value = one.term.partition(":")
        known = shared.get(value[:STEM])
        if known is None or kind == "name":
            shared[value[:STEM] if kind in ("name", "word") else one.term] = _shown(kind, value)
    said = ", ".join(shared.values())
    return f"{said}; against it: {', '.join(against)}" if against else said


def _shown(kind: str, value: str) -> str:
    if kind == "word":
        return f"“{value}…”" if len(value) == STEM else f"“{value}”"
    return f"{_SHOWN[kind]}{value}" if kind in _SHOWN else kind
