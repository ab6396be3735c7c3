"""What an output of the operator takes in: a filter as a value, and its word on a post with every reason.

Nothing here reads a database or the clock. What is true of a post (`PostTraits`) is gathered by the store, full-text
matches among it; so a filter that is tried and one that is in force are the same code, and `explain` never tells
another story than the feed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TRIED_TEXT = "CREATE VIRTUAL TABLE tried USING fts5(title, text)"
"""The columns that a query may name, as in the search index."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions, all of which must hold; an empty one holds always.

    `tags` and `sources`: one of them. `words`: one of them stands in title or text. `without`: none of them does.
    `query`: an FTS5 expression. `languages`: one of them, `en` for every kind of English. `max_age`: published no
    longer than this before the newest post of the archive.
    """

    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    query: str | None = None
    languages: tuple[str, ...] = ()
    max_age: timedelta | None = None
    cves: tuple[str, ...] = ()
    cvss: float | None = None
    epss: float | None = None
    vendors: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    software: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    indicators: bool | None = None
    watch: tuple[str, ...] = ()

    def expressions(self) -> tuple[str, ...]:
        """The full-text expressions whose matches `PostTraits.matched` has to name."""
        words = (expression(word) for word in (*self.words, *self.without))
        return tuple(dict.fromkeys((*words, *((self.query,) if self.query else ()))))

    def explain(self, facts: PostTraits) -> tuple[Reason, ...]:
        """What each condition says of the post; it is taken in when all of them hold."""
        found = (
            _one_of("tags", self.tags, facts.tags),
            _one_of("sources", self.sources, facts.sources),
            self._words(facts),
            self._without(facts),
            self._query(facts),
            self._language(facts),
            self._age(facts),
            self._cves(facts),
            _at_least("cvss", self.cvss, facts.cvss),
            _at_least("epss", self.epss, facts.epss),
            *(_one_of(name, getattr(self, name), facts.named.get(name, ())) for name in NAMED),
            self._indicators(facts),
        )
        return tuple(reason for reason in found if reason is not None)

    def takes(self, facts: PostTraits, *, age: bool = True) -> bool:
        """Whether every condition holds; `age`: that of age too, which changes as time goes by."""
        return all(reason.holds for reason in self.explain(facts) if age or reason.condition != "max_age")

    def _words(self, facts: PostTraits) -> Reason | None:
        if not self.words:
            return None
        found = [word for word in self.words if expression(word) in facts.matched]
        return Reason("words", bool(found), f"has {_listed(found)}" if found else f"has none of {_listed(self.words)}")

    def _without(self, facts: PostTraits) -> Reason | None:
        if not self.without:
            return None
        found = [word for word in self.without if expression(word) in facts.matched]
        return Reason("without", not found, f"has {_listed(found)}" if found else f"without {_listed(self.without)}")

    def _query(self, facts: PostTraits) -> Reason | None:
        if not self.query:
            return None
        holds = self.query in facts.matched
        return Reason("query", holds, f"{'matches' if holds else 'does not match'} {self.query}")

    def _language(self, facts: PostTraits) -> Reason | None:
        if not self.languages:
            return None
        if facts.language is None:
            return Reason("languages", False, "its language is not known")
        own = facts.language.casefold()
        holds = any(own == one.casefold() or own.startswith(f"{one.casefold()}-") for one in self.languages)
        return Reason("languages", holds, f"is in {facts.language}")

    def _cves(self, facts: PostTraits) -> Reason | None:
        if not self.cves:
            return None
        held = facts.named.get("cves", ())
        found = [one for one in self.cves if one.upper() in held]
        found += ["any"] if "any" in self.cves and held else []
        found += ["exploited"] if "exploited" in self.cves and facts.exploited else []
        return Reason("cves", bool(found), f"names {_listed(found)}" if found else f"names none: {_listed(self.cves)}")

    def _indicators(self, facts: PostTraits) -> Reason | None:
        if self.indicators is None:
            return None
        words = "names indicators" if facts.indicators else "names no indicator"
        return Reason("indicators", facts.indicators is self.indicators, words)

    def _age(self, facts: PostTraits) -> Reason | None:
        if self.max_age is None:
            return None
        age = max(facts.newest - facts.date, timedelta(0))
        return Reason("max_age", age <= self.max_age, f"is {age.days} days older than the newest post")


@dataclass(frozen=True, slots=True)
class CombinedRules:
    """What the combined feed takes in: (name, filter) of each rule that keeps posts, and of each that mutes them."""

    keep: tuple[tuple[str, Filter], ...] = ()
    mute: tuple[tuple[str, Filter], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keep or self.mute)

    def expressions(self) -> tuple[str, ...]:
        """As those of a filter."""
        return tuple(dict.fromkeys(one for _, rule in (*self.keep, *self.mute) for one in rule.expressions()))

    def explain(self, facts: PostTraits) -> tuple[Reason, ...]:
        """What the rules say of the post: one of those that keep has to take it, and none of those that mute."""
        found = []
        if self.keep:
            taking = [name for name, rule in self.keep if rule.takes(facts)]
            found.append(Reason("keep", bool(taking), _listed(taking) or "no rule takes it"))
        for name, rule in self.mute:
            muted = rule.takes(facts)
            why = "; ".join(reason.why for reason in rule.explain(facts)) if muted else "does not concern it"
            found.append(Reason(f"mute {name}", not muted, why))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class PostTraits:
    """What a filter may look at of a post.

    `tags` and `sources` (names) are those of every feed that carries it, copies included. `matched` are the full-text
    expressions that it matches. `named` has what it names (`cves`, `vendors` …) and its watchlists (`watch`); `cvss`
    and `epss` are the highest of its flaws, `exploited` whether one is exploited now. `date` is the post's
    publication, `newest` that of the newest post of the archive.
    """

    date: datetime
    newest: datetime
    tags: Collection[str] = ()
    sources: Collection[str] = ()
    language: str | None = None
    matched: Collection[str] = ()
    named: Mapping[str, Collection[str]] = field(default_factory=dict)
    exploited: bool = False
    cvss: float | None = None
    epss: float | None = None
    indicators: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """What one condition says of a post, in words a person understands."""

    condition: str
    holds: bool
    why: str


def expression(word: str) -> str:
    """A word or a phrase as FTS5 takes it for one, whatever is in it; `exploit*` is the beginning of a word."""
    stem = word.rstrip("*")
    quoted = '"{}"'.format(stem.replace('"', '""'))
    return quoted + "*" if stem != word else quoted


def query_problem(query: str) -> str | None:
    """What is wrong with an FTS5 expression (https://sqlite.org/fts5.html, section 3); None: nothing is."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(TRIED_TEXT)
        connection.execute("SELECT rowid FROM tried WHERE tried MATCH ?", (query,)).fetchall()
    except sqlite3.Error as error:
        return str(error).removeprefix("fts5: ")
    finally:
        connection.close()
    return None


NAMED = ("vendors", "products", "actors", "software", "techniques", "watch")
"""Conditions on what a post names, and on the watchlists that it concerns."""


def _at_least(condition: str, wanted: float | None, held: float | None) -> Reason | None:
    if wanted is None:
        return None
    return Reason(
        condition, held is not None and held >= wanted, f"is {held:g} at most" if held is not None else "has none"
    )


def _one_of(condition: str, wanted: tuple[str, ...], held: Collection[str]) -> Reason | None:
    if not wanted:
        return None
    folded = {one.casefold() for one in held}
    found = [one for one in wanted if one.casefold() in folded]
    return Reason(condition, bool(found), _listed(found) if found else f"not {_listed(wanted)}")


def _listed(words: Collection[str]) -> str:
    return ", ".join(words)
