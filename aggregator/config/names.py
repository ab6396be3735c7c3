"""The names that outputs in feeds.yaml ask for: each has to be that of a feed or of a tag."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from aggregator.config.together import default_name
from aggregator.settings import Config


def output_mistakes(config: Config) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with the outputs: (where, what), for names that stand twice and for what no feed has."""
    known = {
        "sources": {name.casefold(): name for feed in config.feeds for name in [feed.name or default_name(feed.url)]},
        "tags": {tag.casefold(): tag for feed in config.feeds for tag in feed.tags},
    }
    seen: dict[str, int] = {}
    for index, output in enumerate(config.outputs):
        first = seen.setdefault(output.name, index)
        if first != index:
            yield ("outputs", index, "name"), f"found `{output.name}`, which outputs[{first}] has already"
        for key, names in known.items():
            for place, wanted in enumerate(getattr(output, key)):
                if wanted.casefold() not in names:
                    yield ("outputs", index, key, place), _unknown(key, wanted, names)


def _unknown(key: str, wanted: str, names: dict[str, str]) -> str:
    near = difflib.get_close_matches(wanted.casefold(), names, 1, 0.5)
    what = f"found `{wanted}`, which {'is no feed' if key == 'sources' else 'no feed has as a tag'}"
    return f"{what}; did you mean `{names[near[0]]}`?" if near else what
