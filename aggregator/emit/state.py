"""What the last build left behind: enough to build the next one in part, and to know which files are ours.

    public.notes/state.json     the change number, the version, the archive's blocks, sources, tags, days, fixed files

It is our own note: lost, it costs one full build, nothing else. (The days' posts stand in notes of their own: `days`.)
What is published already, and must be gone on above, is known without it too: `published`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from aggregator.emit.folder import Folder

STATE = "state.json"
FEED = "feed.json"


@dataclass(frozen=True, slots=True)
class Published:
    """What anybody can have seen: the place in the order, and the time, above which new posts go on."""

    sequence: int
    stamp: datetime


@dataclass(frozen=True, slots=True)
class ArchiveBlock:
    """A closed archive document: which sequence numbers it covers."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source as the last build showed it: a hash of what pages show of it, and its tags."""

    signature: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownOutput:
    """An output as the last build showed it: a hash of its settings, and the sequences of its posts."""

    signature: str
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The last build. `head` 0 means that there was none. `withdrawn`: sequence -> Withdrawal.named_by.

    `stamp` is that of the newest post. `feed` is a hash of feed.json: where that is another now, or gone, the notes are
    not those of this folder.
    """

    version: str = ""
    base_url: str = ""
    head: int = 0
    sequence: int = 0
    stamp: str = ""
    feed: str = ""
    blocks: tuple[ArchiveBlock, ...] = ()
    sources: dict[str, KnownSource] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    days: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, KnownOutput] = field(default_factory=dict)
    withdrawn: dict[int, tuple[int, ...]] = field(default_factory=dict)


def load(folder: Folder) -> State:
    """The last build's state; a fresh one when there is none, or none that can be read."""
    try:
        raw = json.loads((folder.notes / STATE).read_bytes())
        return State(
            version=str(raw["version"]),
            base_url=str(raw["base_url"]),
            head=int(raw["head"]),
            sequence=int(raw["sequence"]),
            stamp=str(raw.get("stamp", "")),
            feed=str(raw.get("feed", "")),
            blocks=tuple(ArchiveBlock(int(first), int(last)) for first, last in raw["blocks"]),
            sources={slug: KnownSource(sign, tuple(tags)) for slug, (sign, tags) in raw["sources"].items()},
            tags=dict(raw["tags"]),
            files=tuple(raw["files"]),
            days={day: int(count) for day, count in raw["days"].items()},
            outputs={name: KnownOutput(sign, tuple(members)) for name, (sign, members) in raw["outputs"].items()},
            withdrawn={int(one): tuple(named_by) for one, named_by in raw["withdrawn"].items()},
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return State()


def feed_hash(folder: Folder) -> str:
    """A hash of the combined feed in the folder; "" when there is none."""
    try:
        return hashlib.blake2b((folder.root / FEED).read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


def published(root: Path) -> Published | None:
    """The last sequence and stamp that the folder `root` has shown anybody; None when it shows no post."""
    folder = Folder(root)
    state, found = load(folder), _shown(root)
    if found is None:
        return None
    sequence, stamp = found
    if state.stamp:
        stamp = max(stamp, datetime.fromisoformat(state.stamp))
    return Published(max(sequence, state.sequence), stamp)


def _shown(root: Path) -> tuple[int, datetime] | None:
    """At least so high a sequence, and the latest time, by the documents alone: for when the notes are lost."""
    try:
        items = json.loads((root / FEED).read_bytes())["items"]
        times = [datetime.fromisoformat(item["date_modified"]) for item in items]
        closed = sorted((root / "archive").glob("feed-[0-9]*.json"))
        last = json.loads(closed[-1].read_bytes())["_aggregator"]["last"] if closed else 0
        return (int(last) + len(items), max(times)) if times else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(folder: Folder, state: State) -> None:
    """Stage the state's file; it is to be the last one flushed."""
    raw = asdict(state)
    raw["blocks"] = [[block.first, block.last] for block in state.blocks]
    raw["sources"] = {slug: [known.signature, known.tags] for slug, known in state.sources.items()}
    raw["outputs"] = {name: [known.signature, known.members] for name, known in state.outputs.items()}
    folder.keep(STATE, (json.dumps(raw, ensure_ascii=False, sort_keys=True) + "\n").encode())
