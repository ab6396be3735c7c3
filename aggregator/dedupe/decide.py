"""What a poll's entries mean for what is stored: new, revised, or as before; pure, with the reason in words.

Identity is the guid within its feed, nothing else: what other feeds hold is never looked at. Dates decide nothing,
since many feeds move them at every poll; the text does, without what changes by itself in it (see `plain`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from aggregator.dedupe.canonical import canonical_url, normal_guid
from aggregator.dedupe.changes import lasting
from aggregator.models import Decision, Entry, Known, Verdict
from aggregator.text.words import words

_CONTENT_VERSION = b"1"
"""Part of every content hash. Whoever raises it makes every stored entry look revised once."""


def content_hash(entry: Entry) -> str:
    """32 hex digits over the title and the lasting words of the fullest text that the feed gave."""
    digest = blake2b(_CONTENT_VERSION, digest_size=16)
    body = lasting(entry.html) or lasting(entry.summary)
    for part in (lasting(entry.title), body):
        digest.update(b"\0" + (" ".join(words(part)) or part).encode("utf-8", "replace"))
    return digest.hexdigest()


def lookup_guids(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Every guid under which `decide` may look up one of these entries: what to ask the store for as `known`."""
    guids: dict[str, None] = {}
    for entry in entries:
        bare = normal_guid(entry.guid)
        guids[bare] = None
        guids[_own_guid(entry, bare)] = None
    return tuple(guids)


def decide(entries: Iterable[Entry], known: Mapping[str, Known]) -> tuple[Decision, ...]:
    """One decision for each entry, in order. `known` is this feed's, by normal guid (see `lookup_guids`).

    Two entries of one document that share a guid but not their text are both kept: one under the guid, the others
    under the guid and a mark made of their URL and title. An entry that stands there twice is decided once.
    """
    ordered = tuple(entries)
    hashes = tuple(content_hash(entry) for entry in ordered)
    owners = _owners(ordered, hashes, known)
    met: dict[str, str] = {}
    decisions: list[Decision] = []
    for entry, digest in zip(ordered, hashes, strict=True):
        bare = normal_guid(entry.guid)
        own = _own_guid(entry, bare)
        guid = own if own in known or owners[bare] != own else bare
        verdict, reason = _judge(digest, known.get(guid), met.get(guid))
        met[guid] = digest
        url = canonical_url(entry.url) if entry.url else None
        decisions.append(Decision(entry, guid, verdict, reason, digest, url))
    return tuple(decisions)


def _judge(digest: str, known: Known | None, met: str | None) -> tuple[Verdict, str]:
    if met is not None:
        return Verdict.UNCHANGED, "it stands in this document twice; the first one counts"
    if known is None:
        return Verdict.NEW, "its guid was never seen in this feed"
    if known.content_hash == digest:
        return Verdict.UNCHANGED, "the title and the text are those stored"
    return Verdict.REVISED, "the title or the text has changed"


def _owners(entries: tuple[Entry, ...], hashes: tuple[str, ...], known: Mapping[str, Known]) -> dict[str, str]:
    """Which of the entries that share a guid has it for itself: the one stored under it, else the last (the oldest)."""
    owners: dict[str, str] = {}
    settled: set[str] = set()
    for entry, digest in zip(entries, hashes, strict=True):
        bare = normal_guid(entry.guid)
        own = _own_guid(entry, bare)
        if bare in settled or own in known:
            owners.setdefault(bare, own)
            continue
        owners[bare] = own
        stored = known.get(bare)
        if stored is not None and stored.content_hash == digest:
            settled.add(bare)
    return owners


def _own_guid(entry: Entry, bare: str) -> str:
    """The guid with a mark of the entry's own: its URL's key and its title, so that no two different items share it."""
    mark = (canonical_url(entry.url) if entry.url else "") + "\n" + " ".join(words(entry.title))
    return f"{bare}#{blake2b(mark.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
