"""What the last build left behind: enough to build the next one in part, and to know which files are ours.

    .built.json     the change number, the version, the archive's blocks, sources, tags, days and fixed files

It is our own note: lost, it costs one full build, nothing else. (The days' posts stand in notes of their own: `days`.)
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from aggregator.emit.folder import Folder

STATE = ".built.json"


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
    """The last build. `head` 0 means that there was none. `withdrawn`: sequence -> Withdrawal.named_by."""

    version: str = ""
    base_url: str = ""
    head: int = 0
    sequence: int = 0
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
        raw = json.loads((folder.root / STATE).read_bytes())
        return State(
            version=str(raw["version"]),
            base_url=str(raw["base_url"]),
            head=int(raw["head"]),
            sequence=int(raw["sequence"]),
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


def save(folder: Folder, state: State) -> None:
    """Stage the state's file; it is to be the last one flushed."""
    raw = asdict(state)
    raw["blocks"] = [[block.first, block.last] for block in state.blocks]
    raw["sources"] = {slug: [known.signature, known.tags] for slug, known in state.sources.items()}
    raw["outputs"] = {name: [known.signature, known.members] for name, known in state.outputs.items()}
    folder.keep(STATE, (json.dumps(raw, ensure_ascii=False, sort_keys=True) + "\n").encode())
