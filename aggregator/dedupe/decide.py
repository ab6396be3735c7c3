"""What a poll's entries mean for what is stored: new, revised, or as before; pure, with the reason in words.

Identity lies within a feed: what other feeds hold is never looked at. An entry is first known by its guid; a guid that
comes with another title, text and link has been used again, and is another entry. What has a new guid is known by its
link, and what has no link by its words, where the entry that had them is gone from the document. Dates alone decide
nothing, since many feeds move them at every poll; they tell apart what shares a link and a title. The text decides
what is revised, without what changes by itself in it (see `plain`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from aggregator.dedupe.canonical import canonical_url, exact_url, former_guid, normal_guid
from aggregator.dedupe.changes import lasting
from aggregator.models import Decision, Entry, Known, Verdict
from aggregator.text.words import words

_CONTENT_VERSION = b"1"
"""Part of every content hash. Whoever raises it makes every stored entry look revised once."""

RUN = 3
"""Words that stand together. Unrelated texts share single words, hardly ever three in a row."""

AKIN = 0.5
"""The part of the shorter text's runs that two versions of one text share at least; of a title's words likewise."""

SAME_MOMENT = timedelta(seconds=1)
"""Some formats keep fractions of a second, some do not."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An entry of a document, with what it is known by.

    `key`: its guid; `former`: the same as older databases have it; `own`: the guid with a mark of the entry's link and
    title; `text_mark`: with one of its words, too.
    """

    entry: Entry
    key: str
    former: str
    own: str
    digest: str
    url: str | None

    @property
    def text(self) -> str:
        return self.entry.html or self.entry.summary

    @property
    def text_mark(self) -> str:
        return f"{self.own}{self.digest[:12]}"

    @property
    def guids(self) -> tuple[str, ...]:
        return self.own, self.text_mark, self.key, self.former


@dataclass(frozen=True, slots=True)
class Strangers:
    """Links (canonical), content hashes and guids of entries that may be stored under another guid.

    Of one of `guids` that was used again, further entries are stored, with marks behind it: `guid#mark`.
    """

    urls: tuple[str, ...]
    hashes: tuple[str, ...]
    guids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The entries of one poll of one feed, read once for all that is asked of them."""

    items: tuple[_Item, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Document:
        """The document with these entries, in its order."""
        listed = tuple(entries)
        digests = [content_hash(entry) for entry in listed]
        urls = _link_keys(listed, digests)
        return cls(tuple(map(_item, listed, digests, urls)))

    @property
    def guids(self) -> tuple[str, ...]:
        """Every guid under which one of the entries may be stored: what to ask the store for first."""
        return tuple(dict.fromkeys(guid for item in self.items for guid in item.guids))

    @property
    def hashes(self) -> tuple[str, ...]:
        """The content hashes of the entries: the texts of stored entries that have one of these are not needed."""
        return tuple(dict.fromkeys(item.digest for item in self.items))

    def strangers(self, known: Mapping[str, Known]) -> Strangers:
        """What entries that are not `known` as they are may be known by: to ask the store for next."""
        asked = [item for item in self.items if not any(one.content_hash == item.digest for one in _held(item, known))]
        urls = dict.fromkeys(item.url for item in asked if item.url)
        return Strangers(
            tuple(urls), tuple(dict.fromkeys(item.digest for item in asked)), tuple({item.key: None for item in asked})
        )

    def decide(self, known: Mapping[str, Known]) -> tuple[Decision, ...]:
        """One decision for each entry, in order; `known` is this feed's, by guid as stored."""
        return _Matching(self.items, known).decisions()


def content_hash(entry: Entry) -> str:
    """32 hex digits over the title and the lasting words of the fullest text that the feed gave."""
    digest = blake2b(_CONTENT_VERSION, digest_size=16)
    body = lasting(entry.html) or lasting(entry.summary)
    for part in (lasting(entry.title), body):
        digest.update(b"\0" + (" ".join(words(part)) or part).encode("utf-8", "replace"))
    return digest.hexdigest()


def decide(entries: Iterable[Entry], known: Mapping[str, Known]) -> tuple[Decision, ...]:
    """One decision for each entry, in order. `known` is this feed's, by guid as stored."""
    return Document.of(entries).decide(known)


# --- which stored entry is which ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Matching:
    """Pairs the items of a document with stored entries; each stored entry goes to one item at most."""

    items: tuple[_Item, ...]
    known: Mapping[str, Known]
    pairs: dict[int, tuple[Known, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)

    def decisions(self) -> tuple[Decision, ...]:
        first: dict[tuple[str, str], int] = {}
        for number, item in enumerate(self.items):
            if first.setdefault((item.key, item.own), number) != number:
                self.repeated.add(number)
        self._by_guid()
        steady = bool(self.pairs)
        self._by_link(steady=steady)
        self._by_words(steady=steady)
        owners = {item.key: item.own for item in self.items}  # the last, which is the oldest
        taken = set(self.used)
        return tuple(self._decision(number, item, owners, taken) for number, item in enumerate(self.items))

    def _by_guid(self) -> None:
        """By the guid: those whose text is as stored first, then the oldest (feeds have the newest on top)."""
        named: dict[str, list[Known]] = {}
        for one in self.known.values():
            named.setdefault(normal_guid(one.given_guid or one.guid), []).append(one)
        backwards = sorted(range(len(self.items)), reverse=True)
        wanted: tuple[Callable[[_Item, Known], bool], ...] = (
            lambda item, one: one.content_hash == item.digest and one.url == item.url,
            lambda item, one: one.content_hash == item.digest,
            lambda item, one: one.guid == item.own and not self._shares(item, one),
            lambda item, one: not _is_another(item, one) and not self._shares(item, one),
        )
        for fits in wanted:
            for number in backwards:
                item = self.items[number]
                held = dict.fromkeys([*_held(item, self.known), *named.get(item.key, ())])
                self._pair(number, (one for one in held if _has_guid(item, one) and fits(item, one)), "")

    def _shares(self, item: _Item, one: Known) -> bool:
        """Whether the feed gives this link to several entries, and this one is another of them."""
        if item.url is None or sum(other.url == item.url for other in self.known.values()) < 2:
            return False
        return not _alike(item.text, one.text) and not _same_moment(item.entry, one)

    def _by_link(self, *, steady: bool) -> None:
        """By the link, where one item and one stored entry that is gone have it; else by link and words.

        Where several have it, the same words at another time are another notice.
        """
        listed = Counter(item.url for item in self.items)
        having = Counter(one.url for one in self.known.values())
        gone: dict[str, list[Known]] = {}
        for one in self.known.values():
            if one.url is not None and one.guid not in self.used:
                gone.setdefault(one.url, []).append(one)
        for number, item in enumerate(self.items):
            candidates = gone.get(item.url or "", [])
            held = [one for one in candidates if one.content_hash == item.digest]
            if steady and max(listed[item.url], having[item.url]) > 1:
                held = [one for one in held if _same_moment(item.entry, one)]
            if not held and listed[item.url] == 1 and len(candidates) == 1:
                held = [one for one in candidates if _is_version(item, one)]
            self._pair(number, held, "its link")

    def _by_words(self, *, steady: bool) -> None:
        """By title and text, where nothing but a parameter tells the links apart, or there is no link.

        `steady`: the feed's guids are those of before; then a new one beside them, with another date, is a new entry.
        """
        gone: dict[str, list[Known]] = {}
        for one in self.known.values():
            if one.guid not in self.used:
                gone.setdefault(one.content_hash, []).append(one)
        moved = not steady and len(self.items) > 1
        for number, item in enumerate(self.items):
            if not (item.entry.title or item.text):
                continue
            held = (one for one in gone.get(item.digest, ()) if self._same_words(item, one, steady=steady, moved=moved))
            self._pair(number, held, "its words")

    @staticmethod
    def _same_words(item: _Item, one: Known, *, steady: bool, moved: bool) -> bool:
        """Whether an item that says word for word what a stored entry said is that entry."""
        same_date = _same_moment(item.entry, one) or item.entry.published is None
        if item.url is None and one.url is None:
            return not steady or same_date or item.entry.guid.startswith(HASHED)
        if item.url is None or one.url is None:
            return same_date
        if _without_query(item.url) != _without_query(one.url):
            return False
        return _has_more(item.url, one.url) or same_date or moved

    def _pair(self, number: int, held: Iterable[Known], by: str) -> None:
        """Give the item the first of these that no other item has."""
        if number in self.pairs or number in self.repeated:
            return
        for one in held:
            if one.guid not in self.used:
                self.used.add(one.guid)
                self.pairs[number] = one, by
                return

    def _decision(self, number: int, item: _Item, owners: Mapping[str, str], taken: set[str]) -> Decision:
        pair = self.pairs.get(number)
        if pair is not None:
            one, by = pair
            url = one.url if by == "its words" and one.url else item.url
            known_by = f"known by {by}, with a new guid: " if by else ""
            if one.content_hash == item.digest:
                verdict, reason = Verdict.UNCHANGED, f"{known_by}the title and the text are those stored"
            else:
                verdict, reason = Verdict.REVISED, f"{known_by}the title or the text has changed"
            return Decision(item.entry, one.guid, verdict, reason, item.digest, url)
        if number in self.repeated:
            reason = "it stands in this document twice; the first one counts"
            return Decision(item.entry, item.key, Verdict.UNCHANGED, reason, item.digest, item.url)
        free = (guid for guid in item.guids[:2] if guid not in self.known and guid not in taken)
        owned = item.key not in self.known and item.key not in taken and owners[item.key] == item.own
        guid = item.key if owned else next(free, item.text_mark)
        taken.add(guid)
        reason = "its guid was never seen in this feed"
        if item.key in self.known:
            reason = "its guid was used again, for another title, text and link"
        return Decision(item.entry, guid, Verdict.NEW, reason, item.digest, item.url)


HASHED = "urn:sha256:"
"""How the guid of an entry begins that has neither guid nor link (see `poll`)."""


def _held(item: _Item, known: Mapping[str, Known]) -> list[Known]:
    """What is stored under one of the guids of an item."""
    guids = dict.fromkeys((item.own, item.key, item.former))
    return [known[guid] for guid in guids if guid in known]


def _has_guid(item: _Item, one: Known) -> bool:
    """Whether the stored entry's guid is the item's: older databases have several under one key."""
    return one.guid == item.own or normal_guid(one.given_guid or one.guid) == item.key


def _is_another(item: _Item, one: Known) -> bool:
    """Whether a known guid has been used again: an edit changes a title or a text, and not title, text and link.

    A link to the front page names no post: it counts as none.
    """
    links = tuple(None if _is_front_page(url) else url for url in (item.url, one.url))
    if one.content_hash == item.digest or (links[0] is not None and links[0] == links[1]):
        return False
    moved = item.entry.published is None or one.published is None or not _same_moment(item.entry, one)
    retitled = words(item.entry.title) != words(one.title)
    if not one.text or not item.text:
        both = None not in links
        dated = item.entry.published is not None and one.published is not None
        return both and dated and moved and not _titles_akin(item.entry.title, one.title)
    if _alike(item.text, one.text):
        return False
    if None in links:
        return retitled and moved and not _titles_akin(item.entry.title, one.title)
    return retitled or moved


def _is_version(item: _Item, one: Known) -> bool:
    """Whether an item with the link of a stored entry, and a new guid, is another version of it."""
    if item.entry.published is not None and _same_moment(item.entry, one):
        return True
    if item.text and one.text:
        return _alike(item.text, one.text)
    return _titles_akin(item.entry.title, one.title)


def _titles_akin(a: str, b: str) -> bool:
    first, second = set(words(a)), set(words(b))
    return len(first & second) >= AKIN * max(1, min(len(first), len(second))) if first and second else first == second


def _alike(a: str, b: str) -> bool:
    """Whether two texts (HTML) are versions of one."""
    first, second = _runs(a), _runs(b)
    return len(first & second) >= AKIN * max(1, min(len(first), len(second))) if first and second else first == second


def _runs(markup: str) -> set[tuple[str, ...]]:
    tokens = words(lasting(markup))
    return {tuple(tokens[at : at + RUN]) for at in range(max(1, len(tokens) - RUN + 1))} if tokens else set()


def _same_moment(entry: Entry, one: Known) -> bool:
    if entry.published is None or one.published is None:
        return entry.published is one.published
    return abs(entry.published - one.published) < SAME_MOMENT


# --- links ----------------------------------------------------------------------------------------------------------


def _link_keys(entries: tuple[Entry, ...], digests: list[str]) -> list[str | None]:
    """The key of each entry's link.

    A parameter that tracks elsewhere tells posts apart in a feed in whose document two differ in it alone.
    """
    keys = [canonical_url(entry.url) if entry.url else None for entry in entries]
    exact: dict[str, dict[str, str]] = {}
    for entry, key, digest in zip(entries, keys, digests, strict=True):
        if key is not None:
            exact.setdefault(key, {})[exact_url(entry.url or "")] = digest
    apart = {key for key, found in exact.items() if len(found) > 1 and len(set(found.values())) > 1}
    return [exact_url(entry.url or "") if key in apart else key for entry, key in zip(entries, keys, strict=True)]


def _is_front_page(url: str | None) -> bool:
    parts = urlsplit(url or "")
    return parts.path in ("", "/") and not parts.query and not parts.fragment


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _has_more(a: str, b: str) -> bool:
    """Whether one of two links has all parameters of the other: the same post, seen with and without the rest."""
    first, second = (set(parse_qsl(urlsplit(url).query, keep_blank_values=True)) for url in (a, b))
    return first >= second or second >= first


def _item(entry: Entry, digest: str, url: str | None) -> _Item:
    key = normal_guid(entry.guid)
    return _Item(entry, key, former_guid(entry.guid), _own_guid(entry, key), digest, url)


def _own_guid(entry: Entry, bare: str) -> str:
    """The guid with a mark of the entry's own: its URL's key and its title, so that no two different items share it."""
    mark = (canonical_url(entry.url) if entry.url else "") + "\n" + " ".join(words(entry.title))
    return f"{bare}#{blake2b(mark.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
