"""Names in a text: groups, software, vendors and products, found in one pass over all of them.

A weak name (a word of the language, a person's or a place's, or under five letters) counts only with a cue beside it
or in its vendor's company. Which names there are comes from data files; this module knows none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from aggregator.models.intel import Name

SHORT = 5
"""Letters under which a name is weak: shorter ones stand in too many other words' places."""

NEAR_CUE = 40
"""Characters in which a cue stands after a weak name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a text, with where it stands."""

    kind: str
    value: str
    start: int
    end: int
    extra: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Spelling:
    name: Name
    spelled: str
    weak: bool
    stripped: bool = False


@lru_cache(1)
def common_words() -> frozenset[str]:
    """Words that names share with the language, first names, places and the parts of product names."""
    return frozenset(resources.files("aggregator.intel").joinpath("common_words.txt").read_text("utf-8").split())


_GROUP_WORD = re.compile(r" (?:group|team|gang)$", re.IGNORECASE)
_GENERIC_LAST = re.compile(
    r" (?:appliances?|devices?|routers?|multiple products|products?|series|software|firmware|cameras?|models?|plugin|servers? products?|controllers?|switches|access points?)$",
    re.IGNORECASE,
)
_SERIES = re.compile(r"^([a-z]{2,8})[ -]?(\d{1,5})$", re.IGNORECASE)
_CUE_AFTER = re.compile(
    r"['’]?s?[\"'”’)]*[ -](?:(?:ransomware|malware|trojan|backdoor|botnet|stealer|infostealer|loader|worm|wiper|rat|rootkit|spyware|implant|banking trojan|banker|raas|gang|group|apt|operators?|operation|affiliates?|actors?|hackers|"
    r"crew|cartel|team|threat actor|cyber ?espionage|intrusion set|variant|payloads?|infections?|samples?|campaigns?|beacons?|encryptor|locker)s?)(?![\w])"
)
_CUE_BEFORE = re.compile(
    r"(?:\b(?:called|known as|dubbed|tracked as|named|aka|a\.k\.a\.|alias|nicknamed|ransomware|malware|trojan|backdoor|botnet|stealer|loader|worm|wiper|gang|group|families|family|strains?|tracks? (?:it|them|this \w+) as)[ :,(]*[\"'“‘]?)$"
)
_GROUP_AFTER = re.compile(
    r"['’]?s?[\"'”’)]* (?:(?:ransomware|cybercrime|cybercriminal|crime|hacking|hacker|threat|apt|espionage)[ -])?(?:group|gang|crew|actors?|apt|operators?|affiliates?|members?|team|hackers|collective|syndicate)(?![\w])"
)
_VERSION_AFTER = re.compile(r"[ ,]*(?:version |v)?\d+(?:\.\d+)+|[ ,]+(?:version|build|v)\.? ?\d", re.IGNORECASE)


@dataclass(frozen=True)
class Catalogue:
    """All names, compiled, and the ATT&CK numbers that exist."""

    numbers: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    """ATT&CK number: (its name, the number that replaced it)."""
    entries: tuple[Name, ...] = ()
    _matcher: list[_Matcher] = field(default_factory=list, repr=False, compare=False)

    def about(self, number: str) -> dict[str, str | None]:
        """Name and heir of an ATT&CK number."""
        name, heir = self.numbers.get(number, (None, None))
        return {"name": name, "replaced_by": heir, "attack_id": number}

    def _built(self) -> _Matcher:
        if not self._matcher:
            self._matcher.append(_compile(self.entries))
        return self._matcher[0]

    def names(self, text: str, lower: str, spans: Sequence[tuple[int, int]]) -> Iterator[Named]:
        """Every name in a text in one spelling that stands outside of `spans` (its values), in order."""
        if not self.entries:
            return
        built = self._built()
        for match in _NUMBER.finditer(text):
            if number := built.numbered.get(match[0]):
                yield _named(number, *match.span())
        hits = list(_hits(built, lower, spans))
        cued = _cued(hits, text, lower)
        sentences = _Sentences(text, lower, hits)
        named = {
            one.name.value for start, end, choices in hits for one in choices if not one.weak and len(choices) == 1
        }
        for start, end, choices in hits:
            if found := _choice(text, lower, (start, end), choices, cued, named, sentences):
                yield _named(found.name, start, end)


@dataclass(frozen=True)
class _Matcher:
    automaton: AhoCorasick
    spellings: list[list[_Spelling]]
    numbered: dict[str, Name]


_NUMBER = re.compile(r"(?<![A-Za-z0-9_.-])[GS]\d{4}(?![A-Za-z0-9_]|[.-]\d)")


def _named(name: Name, start: int, end: int) -> Named:
    return Named(
        name.kind, name.value, start, end, {"name": name.value, "attack_id": name.attack_id, "vendor": name.vendor}
    )


def _compile(entries: Iterable[Name]) -> _Matcher:
    table: dict[str, list[_Spelling]] = defaultdict(list)
    for entry in entries:
        for spelled, weak, stripped in _spellings(entry):
            key = spelled.lower()
            if all(one.name.value != entry.value or one.name.kind != entry.kind for one in table[key]):
                table[key].append(_Spelling(entry, spelled, weak, stripped))
    keys = list(table)
    automaton = AhoCorasick(keys, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.ContiguousNFA)
    return _Matcher(
        automaton, [table[key] for key in keys], {name.attack_id: name for name in entries if name.attack_id}
    )


def _spellings(entry: Name) -> Iterator[tuple[str, bool, bool]]:
    """(spelling, is it weak, was a word stripped) of a name and its aliases."""
    if entry.kind not in {"actor", "software"}:
        yield entry.value, _ordinary(entry.value), False
        return
    for alias in () if entry.loose else (entry.value, *entry.aliases):
        yield from _variants(entry, alias.strip())
    for alias in entry.loose_aliases:
        plain = alias.strip()
        if SHORT - 1 <= len(plain) <= MAX_NAME and plain.lower() not in _NO_NAMES:
            yield plain, entry.attack_id is not None or not _distinct(plain, entry.kind), False


MAX_NAME = 80
"""Characters of a name."""

_NO_NAMES = frozenset(
    [
        "one",
        "first",
        "final",
        "unknown",
        "none",
        "other",
        "new",
        "this",
        "that",
        "they",
        "their",
        "what",
        "when",
        "data",
        "file",
        "files",
        "trojan",
        "malware",
        "ransomware",
        "virus",
        "worm",
        "payment",
        "protected",
        "project",
        "fake",
        "done",
        "android",
        "windows",
        "linux",
        "macos",
        "python",
        "java",
        "google",
        "microsoft",
        "apple",
        "facebook",
        "telegram",
        "discord",
        "russian",
        "chinese",
        "korean",
        "iranian",
        "turkish",
        "brazilian",
        "czech",
        "ukrainian",
        "american",
        "german",
        "french",
        "spanish",
        "russia",
        "china",
        "iran",
        "korea",
        "israel",
        "turkey",
        "india",
        "vietnam",
        "pakistan",
        "donald",
        "trump",
        "hacker",
        "hackers",
        "coronavirus",
        "covid",
        "christmas",
        "social",
        "network",
    ]
)
"""Words of galaxies that nobody means as a name, cue or not."""


def _distinct(name: str, kind: str) -> bool:
    """Whether a galaxy's name stands for itself: in mixed case or with digits, and no words of the language."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    if len(name) < SHORT or all(word.lower() in common_words() or word.lower() in _NO_NAMES for word in words):
        return False
    if re.search(r"[a-z][A-Z]|[A-Za-z][ -]?\d", name):
        return True
    return kind == "actor" and " " in name and name.istitle()


def _variants(entry: Name, plain: str) -> Iterator[tuple[str, bool, bool]]:
    if not 2 <= len(plain) <= MAX_NAME:
        return
    weak = _weak(plain)
    yield plain, weak, False
    if match := _SERIES.match(plain):
        for joint in ("", " ", "-"):
            yield f"{match[1]}{joint}{match[2]}", weak, False
    short = _GROUP_WORD.sub("", plain)
    if entry.kind == "actor" and short != plain and len(short) >= SHORT:
        ordinary = all(word.lower() in common_words() for word in short.split(" "))
        if " " not in short or not ordinary:
            yield short, ordinary or _weak(short), True
    if (apart := _KIND_OF_TOOL.sub(r"\1 \2", plain)) != plain:
        yield apart, False, False
    words = plain.split(" ")
    if len(words) == 2 and all(word.isalpha() for word in words) and not weak:
        yield "".join(words), False, False
        yield "-".join(words), False, False


_KIND_OF_TOOL = re.compile(r"^([A-Z]?[a-z]+)(RAT|Bot|Loader|Locker|Stealer|Miner)$")


def _weak(name: str) -> bool:
    """Whether a name needs a cue: short, or a word of the language; capitals alone make it a name, in that spelling."""
    if " " in name or "-" in name or any(sign.isdigit() for sign in name):
        letters = sum(sign.isalnum() for sign in name)
        return letters < SHORT - 1 or (name.isalpha() and letters < SHORT)
    if len(name) < SHORT:
        return len(name) < SHORT - 1 or name.islower() or name.lower() in common_words()
    if name.isupper() and len(name) >= SHORT + 1:
        return False
    return name.lower() in common_words()


def _ordinary(name: str) -> bool:
    """Whether every word of a vendor's or a product's name is one of the language."""
    words = re.findall(r"[A-Za-z][\w+.-]*", name)
    return not words or len(name) < 4 or all(word.lower() in common_words() or len(word) < 3 for word in words)


Hit = tuple[int, int, list[_Spelling]]


def _hits(built: _Matcher, lower: str, spans: Sequence[tuple[int, int]]) -> Iterator[Hit]:
    """(start, end, what it may be) of each hit at word boundaries, outside of values, the longest first."""
    index = 0
    for pattern, start, end in built.automaton.find_matches_as_indexes(lower):
        if not _bounded(lower, start, end):
            continue
        while index < len(spans) and spans[index][1] <= start:
            index += 1
        if index == len(spans) or spans[index][0] >= end:
            yield start, end, built.spellings[pattern]


_PATH_BEFORE = re.compile(r"[/\\.:][^\s]*/$|(?:^|\s)/$")


def _bounded(lower: str, start: int, end: int) -> bool:
    """Whether a hit is a word of its own, and no part of a path, a file name or a handle."""
    before, after = lower[start - 1 : start], lower[end : end + 1]
    if before and (before.isalnum() or before in "_@#\\."):
        return False
    if before == "/" and _PATH_BEFORE.search(lower, max(0, start - 60), start):
        return False
    if after and (after.isalnum() or after in "_@\\"):
        return False
    return not (after == "." and lower[end + 1 : end + 2].isalnum())


_BETWEEN = re.compile(r"[\"'“”‘’]*(?:,|/| &| and| or|, and|, or)[\s]*(?:the )?[\"'“”‘’]*")


def _cued(hits: Sequence[Hit], text: str, lower: str) -> set[str]:
    """The weak spellings that have a cue somewhere in the text, or stand in a row with a name that counts."""
    cued: set[str] = set()
    rows = [False] * len(hits)
    for index, (start, end, choices) in enumerate(hits):
        threats = [one for one in choices if one.name.kind in {"actor", "software"}]
        cue = _cue(lower, start, end)
        for one in threats:
            if not one.weak:
                rows[index] = rows[index] or _in_its_case(one, text[start:end])
            elif cue and one.spelled == text[start:end] and not one.spelled.islower():
                cued.add(one.spelled)
                rows[index] = True
    for order in (range(1, len(hits)), range(len(hits) - 2, -1, -1)):
        step = -1 if order.step == 1 else 1
        for index in order:
            left, right = sorted((index, index + step))
            if rows[index + step] and not rows[index] and _BETWEEN.fullmatch(lower, hits[left][1], hits[right][0]):
                for one in hits[index][2]:
                    seen = text[hits[index][0] : hits[index][1]]
                    if one.name.kind in {"actor", "software"} and one.spelled == seen and not seen.islower():
                        cued.add(seen)
                        rows[index] = True
    return cued


def _in_its_case(one: _Spelling, seen: str) -> bool:
    """Whether a spelling that is a word of the language in other letters stands in its own."""
    if _GROUP_WORD.search(one.spelled) and _weak(_GROUP_WORD.sub("", one.spelled)):
        return seen == one.spelled
    if not one.spelled.isalpha():
        return True
    if one.spelled.lower() in common_words():
        return seen == one.spelled
    if one.spelled.isupper() and seen.islower():
        return False
    return len(one.spelled) >= SHORT or seen == one.spelled or seen.istitle()


def _cue(lower: str, start: int, end: int) -> bool:
    return bool(
        _CUE_AFTER.match(lower, end, end + NEAR_CUE) or _CUE_BEFORE.search(lower, max(0, start - NEAR_CUE), start)
    )


class _Sentences:
    """Which vendors and products stand in the sentence around a place, and whether a CVE number does."""

    def __init__(self, text: str, lower: str, hits: Sequence[Hit]) -> None:
        self._text, self._lower, self._hits = text, lower, hits
        self._bounds = [match.end() for match in re.finditer(r"[.!?][\"'”’)]*\s|\n", text)]

    def around(self, position: int) -> tuple[int, int]:
        from bisect import bisect_right

        index = bisect_right(self._bounds, position)
        return self._bounds[index - 1] if index else 0, self._bounds[index] if index < len(self._bounds) else len(
            self._text
        )

    def companions(self, start: int, end: int) -> Iterator[_Spelling]:
        first, last = self.around(start)
        for other, stop, choices in self._hits:
            if first <= other < last and (other, stop) != (start, end):
                for one in choices:
                    if not one.weak or self._text[other : other + 1].isupper():
                        yield one

    def has_cve(self, position: int) -> bool:
        first, last = self.around(position)
        return "cve-" in self._lower[first:last]


def _choice(
    text: str,
    lower: str,
    span: tuple[int, int],
    choices: list[_Spelling],
    cued: set[str],
    named: set[str],
    sentences: _Sentences,
) -> _Spelling | None:
    """What a hit is, or None; `named` are the names that other spellings in the text stand for, beyond doubt."""
    start, end = span
    seen = text[start:end]
    threats = [
        one for one in choices if one.name.kind in {"actor", "software"} and _counts(one, seen, lower, span, cued)
    ]
    if threats:
        return _of_threats(threats, lower, end, named)
    goods = [one for one in choices if one.name.kind in {"vendor", "product"}]
    return next((one for one in goods if _bought(one, seen, text, start, end, sentences)), None)


def _counts(one: _Spelling, seen: str, lower: str, span: tuple[int, int], cued: set[str]) -> bool:
    if one.weak:
        return seen == one.spelled and seen in cued
    if not _in_its_case(one, seen):
        return _cue(lower, *span)
    return one.name.attack_id is not None or not one.spelled.islower() or seen[:1].isupper() or _cue(lower, *span)


def _of_threats(threats: list[_Spelling], lower: str, end: int, named: set[str]) -> _Spelling:
    """Of a group and a tool of one name the tool, unless a word for a group stands by or the text names the group."""
    pool = [one for one in threats if one.name.attack_id] or threats
    groups = [one for one in pool if one.name.kind == "actor"]
    tools = [one for one in pool if one.name.kind == "software"]
    if groups and tools:
        by_group = _GROUP_AFTER.match(lower, end, end + NEAR_CUE) or any(
            one.name.value in named and one.spelled != one.name.value for one in groups
        )
        pool = groups if by_group else tools
    return next((one for one in pool if one.spelled == one.name.value), pool[0])


def _bought(one: _Spelling, seen: str, text: str, start: int, end: int, sentences: _Sentences) -> bool:
    if not seen[:1].isupper() and one.spelled[:1].isupper():
        return False
    if not one.weak:
        return True
    if seen != one.spelled:
        return False
    if _VERSION_AFTER.match(text, end) or sentences.has_cve(start):
        return True
    vendor = one.name.vendor or one.name.value
    return any(
        other.name.kind in {"vendor", "product"} and (other.name.vendor or other.name.value) == vendor
        for other in sentences.companions(start, end)
    )


def product_names(product: str) -> Iterator[str]:
    """The names in a catalogue's product field: split at "and", commas and brackets, generic last words off.

    >>> list(product_names("Endpoint Manager Mobile (EPMM) and MobileIron Core"))
    ['Endpoint Manager Mobile', 'EPMM', 'MobileIron Core']
    """
    for part in re.split(r",| and | / |[()]", product):
        name = part.strip(" \t.;:-")
        while (shorter := _GENERIC_LAST.sub("", name)) != name:
            name = shorter
        whole = name == product.strip()
        if len(name) < 3 or name.lower().startswith("multiple ") or name.lower() in _NOT_NAMES:
            continue
        if whole or not _ordinary(name) or " " in part.strip():
            yield name


_NOT_NAMES = frozenset(
    [
        "formerly",
        "or",
        "the",
        "all",
        "n/a",
        "na",
        "unknown",
        "various",
        "other",
        "others",
        "products",
        "device",
        "devices",
        "core",
        "server",
        "framework",
        "software",
        "service",
        "services",
        "system",
        "kernel",
    ]
)
