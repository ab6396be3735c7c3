"""What the front page says while articles are being fetched, or the network is down: a few words between two marks.

They change every few seconds and are no part of the archive: a build writes the page without them, and takes no notice
of them.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from aggregator.emit.folder import Folder
from aggregator.models.errors import EmitError

FRONT = "index.html"
BEGIN, END = b"<!-- under way -->", b"<!-- /under way -->"
"""The marks in the template."""

_COMMAND = re.compile("`([^`]+)`")


def write_front_note(out: Path, heading: str, words: str) -> bool:
    """Have this note on the front page, or none (both empty); whether that is a change. Raises EmitError.

    Words in backticks are shown as code. Without a front page nothing is written.
    """
    folder = Folder(out)
    try:
        page = (out / FRONT).read_bytes()
        before, begin, rest = page.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            return False
        changed = folder.put(FRONT, before + BEGIN + _note(heading, words) + END + after)
        folder.flush()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise EmitError(f"the output cannot be written: {error.strerror or error} ({out})") from error
    finally:
        folder.discard()
    return changed


def _note(heading: str, words: str) -> bytes:
    if not (heading or words):
        return b""
    shown = _COMMAND.sub(r"<code>\1</code>", escape(words))
    parts = [f"<h2>{escape(heading)}</h2>\n" * bool(heading), f"<p>{shown}</p>\n" * bool(words)]
    return f'\n<section class="notice under-way inset">\n{"".join(parts)}</section>\n'.encode()
