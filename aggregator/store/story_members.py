"""Who tells a story, as the output shows it: read from the tables of stories, for many posts at once.

A story shows the articles that have been put out, copies left out. It changes no table.

What each post of a story adds: the identifiers, names and numbers that it is the first to tell.

Read from the terms that stories are made of, in order of publication, and shown as the article writes them. It judges
nothing: a name that is first told is not yet a fact.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aggregator.models import Source, StoryMember
from aggregator.store import feeds, times
from aggregator.store.connection import Sql
from aggregator.store.feeds import STANDING
from aggregator.store.identity import OWN_ENTRY
from aggregator.text.plain import body_text
from aggregator.text.storable import TEASER_CHARS, shortened
from aggregator.text.urls import public_url

_STORIES = """
    SELECT articles.id, own.story_id
    FROM json_each(?) AS wanted
    JOIN articles ON articles.id = wanted.value
    JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
"""
_MEMBERS = f"""
    SELECT own.story_id, articles.id, articles.feed_id, articles.url, articles.title, articles.teaser,
        iif(articles.teaser = '', articles.text, '') AS text,
        articles.language, posts.path, posts.published, coalesce(entries.summary, '') AS summary,
        (SELECT json_group_array(DISTINCT feeds.name) FROM articles AS copy
         JOIN posts AS shown ON shown.article_id = copy.id AND shown.sequence IS NOT NULL
         JOIN feeds ON feeds.id = copy.feed_id
         WHERE copy.duplicate_of = articles.id AND copy.feed_id <> articles.feed_id) AS also_in
    FROM json_each(?) AS wanted
    JOIN story_articles AS own ON own.story_id = wanted.value
    JOIN articles ON articles.id = own.article_id AND articles.duplicate_of IS NULL
    JOIN posts ON posts.article_id = articles.id AND posts.sequence IS NOT NULL AND {STANDING}
    LEFT JOIN entries ON entries.id = {OWN_ENTRY}
    ORDER BY own.story_id, posts.published, posts.sequence
"""  # noqa: S608 - our own words
_FORMER = """
    SELECT stories.id, stories.merged_into FROM json_each(?) AS wanted
    JOIN stories ON stories.merged_into = wanted.value ORDER BY stories.id
"""
_BESIDE = """
    WITH concerned (story_id) AS (
        SELECT DISTINCT own.story_id
        FROM json_each(?) AS wanted
        JOIN articles ON articles.id = wanted.value
        JOIN story_articles AS own ON own.article_id = coalesce(articles.duplicate_of, articles.id)
    ), members (id) AS (
        SELECT article_id FROM story_articles WHERE story_id IN (SELECT story_id FROM concerned)
    )
    SELECT id FROM members
    UNION
    SELECT articles.id FROM members JOIN articles ON articles.duplicate_of = members.id
"""


@dataclass(frozen=True, slots=True)
class StoryCoverage:
    """A story as posts show it: its id, who tells it (in order of publication), the stories that it took in.

    One that a single article tells is none for readers: then `id` is None, and `former` holds it.
    """

    id: str | None
    members: tuple[StoryMember, ...] = ()
    former: tuple[str, ...] = ()


def of(
    sql: Sql, ids: Iterable[int], sources: Mapping[int, Source], known: dict[str, StoryCoverage] | None = None
) -> dict[int, StoryCoverage]:
    """The story of each of these articles, where it has one. What is `known` is not read again, and grows."""
    told = {} if known is None else known
    stories = {row["id"]: row["story_id"] for row in sql.all(_STORIES, (json.dumps(list(ids)),))}
    unknown = sorted({story for story in stories.values() if story not in told})
    if unknown:
        told.update(_coverage(sql, unknown, sources))
    return {article_id: told[story] for article_id, story in stories.items()}


def _coverage(sql: Sql, stories: Sequence[str], sources: Mapping[int, Source]) -> dict[str, StoryCoverage]:
    wanted = json.dumps(stories)
    members: defaultdict[str, list[StoryMember]] = defaultdict(list)
    rows = sql.all(_MEMBERS, (wanted,))
    silent = feeds.silent(sql, {row["id"] for row in rows})
    for row in rows:
        members[row["story_id"]].append(_member(row, sources[row["feed_id"]], quiet=row["id"] in silent))
    former: defaultdict[str, list[str]] = defaultdict(list)
    for row in sql.all(_FORMER, (wanted,)):
        former[row["merged_into"]].append(row["id"])
    return {
        story: StoryCoverage(story, tuple(members[story]), tuple(former[story]))
        if len(members[story]) > 1
        else StoryCoverage(None, (), (story, *former[story]))
        for story in stories
    }


def beside(sql: Sql, ids: Iterable[int]) -> set[int]:
    """Every article whose post shows one of these as telling the same story."""
    return {row["id"] for row in sql.all(_BESIDE, (json.dumps(sorted(ids)),))}


def _member(row: sqlite3.Row, source: Source, *, quiet: bool) -> StoryMember:
    teaser = row["teaser"] or shortened(body_text(row["summary"]) or row["text"], TEASER_CHARS)
    return StoryMember(
        name=source.name,
        slug=source.slug,
        url=public_url(row["url"]) if row["url"] else None,
        path=row["path"],
        title=row["title"] or teaser,
        published=times.must_read(row["published"]),
        teaser="" if quiet else teaser,
        language=row["language"],
        also_in=tuple(sorted(json.loads(row["also_in"]))),
    )


SHOWN = 5
"""Names of each post that are shown, the most telling ones."""

WORTH = {"id": 3.0, "name": 1.5, "num": 0.5}
"""How telling a kind is. Plain words are not shown: they tell how somebody writes, more than what happened."""

LONGEST = 24
"""Characters of a word; hashes and the like are for the article itself."""

STEM = 6
"""Letters of a plain word that terms keep: a name may have been told in lower case."""

_STORY_POSTS = f"""
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
class StoryPost:
    """A post of a story: its `key`, what it says, its terms with their weights, and names that are its outlet's own."""

    key: str
    text: str
    terms: Mapping[str, float]
    own: frozenset[str] = frozenset()


def added(sql: Sql, story: str) -> dict[str, tuple[str, ...]]:
    """What each post of a story adds, by its path. Nothing for the first, and for one whose text may not be shown."""
    rows = sql.all(_STORY_POSTS, (story,))
    silent = feeds.silent(sql, {row["id"] for row in rows})
    told = [
        StoryPost(
            row["path"],
            "" if row["id"] in silent else f"{row['title']}\n{row['text']}",
            json.loads(row["terms"]),
            frozenset(word.casefold() for word in _TOKEN.findall(row["source"])),
        )
        for row in rows
    ]
    return dict(first_told(told))


def first_told(told: Iterable[StoryPost]) -> Iterator[tuple[str, tuple[str, ...]]]:
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
    if not new or not text:
        return []
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
    wanted = {token for token in set(_TOKEN.findall(text)) if _folded(token) in worth}
    if not wanted:
        return
    tokens = list(_TOKEN.finditer(text))
    place = 0
    while place < len(tokens):
        first = tokens[place]
        place += 1
        if first[0] not in wanted or len(first[0]) > LONGEST:
            continue
        words = [_folded(first[0])]
        if _ADDRESS.fullmatch(first[0]):
            yield first[0], words
            continue
        if first[0][0].isdigit():
            if place < len(tokens) and _follows(text, first, tokens[place]) and tokens[place][0].islower():
                yield f"{first[0]} {tokens[place][0]}", words
            continue
        last = first
        while place < len(tokens) and _follows(text, last, tokens[place]) and tokens[place][0] in wanted:
            last = tokens[place]
            words.append(_folded(last[0]))
            place += 1
        yield _POSSESSIVE.sub("", text[first.start() : last.end()]), words


def _follows(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return text[one.end() : other.start()] == " "


def _folded(token: str) -> str:
    folded = token.casefold()
    return _POSSESSIVE.sub("", folded) if "'" in folded or "’" in folded else folded
