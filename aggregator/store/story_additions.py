"""What each post of a story adds: the identifiers, names and numbers that it is the first to tell.

Read from the terms that stories are made of, in order of publication, and shown as the article writes them. It judges
nothing: a name that is first told is not yet a fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aggregator.store import republishing
from aggregator.store.connection import Sql
from aggregator.store.republishing import STANDING

SHOWN = 5
"""Names of each post that are shown, the most telling ones."""

WORTH = {"id": 3.0, "name": 1.5, "num": 0.5}
"""How telling a kind is. Plain words are not shown: they tell how somebody writes, more than what happened."""

LONGEST = 24
"""Characters of a word; hashes and the like are for the article itself."""

STEM = 6
"""Letters of a plain word that terms keep: a name may have been told in lower case."""

_MEMBERS = f"""
    SELECT articles.id, posts.path, articles.title, articles.text, own.terms, feeds.name AS source
    FROM story_articles AS own
    JOIN articles ON articles.id = own.article_id AND articles.duplicate_of IS NULL
    JOIN feeds ON feeds.id = articles.feed_id
    JOIN posts ON posts.article_id = articles.id AND posts.sequence IS NOT NULL AND {STANDING}
    WHERE own.story_id = ?
    ORDER BY posts.published, posts.sequence
"""  # noqa: S608 - our own words
_TOKEN = re.compile(r"\w(?:[\w.'’-]*\w)?")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}")
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, slots=True)
class Told:
    """A post of a story: its `key`, what it says, its terms with their weights, and names that are its outlet's own."""

    key: str
    text: str
    terms: Mapping[str, float]
    own: frozenset[str] = frozenset()


def added(sql: Sql, story: str) -> dict[str, tuple[str, ...]]:
    """What each post of a story adds, by its path. Nothing for the first, and for one whose text may not be shown."""
    rows = sql.all(_MEMBERS, (story,))
    silent = republishing.silent(sql, {row["id"] for row in rows})
    told = [
        Told(
            row["path"],
            "" if row["id"] in silent else f"{row['title']}\n{row['text']}",
            json.loads(row["terms"]),
            frozenset(word.casefold() for word in _TOKEN.findall(row["source"])),
        )
        for row in rows
    ]
    return dict(first_told(told))


def first_told(told: Iterable[Told]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What each of these, in order, is the first to name; nothing for the very first."""
    known: set[str] = set()
    for number, one in enumerate(told):
        new = {term: weight for term, weight in one.terms.items() if _is_new(term, known, one.own)}
        yield one.key, tuple(_written(one.text, new)) if number else ()
        known.update(one.terms)


def _is_new(term: str, known: set[str], own: frozenset[str]) -> bool:
    kind, _, value = term.partition(":")
    if kind not in WORTH or term in known or value in own:
        return False
    return kind != "name" or f"word:{value[:STEM]}" not in known


def _written(text: str, new: Mapping[str, float]) -> list[str]:
    """The terms as the text has them, names that stand together as one, the most telling first."""
    worth = {term.partition(":")[2].casefold(): weight * WORTH[term.partition(":")[0]] for term, weight in new.items()}
    found: dict[str, tuple[float, str]] = {}
    for phrase, words in _runs(text, worth):
        value = max(worth[word] for word in words)
        if not any(word in found for word in words):
            found.update(dict.fromkeys(words, (value, phrase)))
    ranked = sorted(set(found.values()), key=lambda pair: (-pair[0], pair[1]))
    return [phrase for _, phrase in ranked[:SHOWN]]


def _runs(text: str, worth: Mapping[str, float]) -> Iterator[tuple[str, list[str]]]:
    """Stretches of the text whose every word is wanted: (as written, folded words); a number with what it counts."""
    tokens = list(_TOKEN.finditer(text))
    place = 0
    while place < len(tokens):
        first = tokens[place]
        words = [_folded(first[0])]
        place += 1
        if words[0] not in worth or len(first[0]) > LONGEST:
            continue
        if _ADDRESS.fullmatch(first[0]):
            yield first[0], words
            continue
        if first[0][0].isdigit():
            if place < len(tokens) and _follows(text, first, tokens[place]) and tokens[place][0].islower():
                yield f"{first[0]} {tokens[place][0]}", words
            continue
        last = first
        while place < len(tokens) and _follows(text, last, tokens[place]) and _folded(tokens[place][0]) in worth:
            last = tokens[place]
            words.append(_folded(last[0]))
            place += 1
        yield _POSSESSIVE.sub("", text[first.start() : last.end()]), words


def _follows(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return text[one.end() : other.start()] == " "


def _folded(token: str) -> str:
    return _POSSESSIVE.sub("", token.casefold())
