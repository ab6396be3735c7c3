"""Whether a page asks not to be archived: its robots meta elements, and the X-Robots-Tag header that came with it.

Both say it for everybody, or for one agent by the name that robots.txt calls it by; what they say to others is not for
us (Google's rules for robots meta and X-Robots-Tag; RFC 9309 has nothing of the kind). This is noted, not acted on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

DIRECTIVE = "noarchive"
EVERYBODY = "robots"

_NAMED = re.compile(r"\s*([\w*.-]+)\s*:(.*)", re.DOTALL)
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that are written with a colon: what stands before it is no agent's name."""


def forbidden_by_page(meta: Mapping[str, Sequence[str]], agent: str) -> bool:
    """`meta` maps lower-case names of meta elements to their contents; `agent` is our product token in lower case."""
    return any(_says_so(content) for name in (EVERYBODY, agent) if name for content in meta.get(name, ()))


def forbidden_by_header(value: str, agent: str) -> bool:
    """`value` is that of X-Robots-Tag, a line for each time it was sent; a name holds until the next in its line."""
    for line in value.lower().splitlines():
        ours = True
        for part in line.split(","):
            said = part
            named = _NAMED.fullmatch(part)
            if named and named[1] not in _VALUED:
                ours, said = named[1] in (agent, "*", EVERYBODY), named[2]
            if ours and _says_so(said):
                return True
    return False


def _says_so(directives: str) -> bool:
    return DIRECTIVE in re.split(r"[\s,;]+", directives.lower())
