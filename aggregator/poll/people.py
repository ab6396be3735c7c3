"""Who wrote an entry, as text: names, in the order given, each once; an address only where there is no name."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from aggregator.poll.bounds import remove
from aggregator.poll.names import ITUNES, local_name, namespace
from aggregator.text.plain import plain

_AUTHORS = frozenset({"author", "creator", "managingeditor"})


def take_authors(holder: etree._Element) -> str | None:
    """The authors named in a channel, feed or entry; their elements are taken out of it.

    What iTunes' element says counts where there is no other.
    """
    fields = [field for field in holder if local_name(field) in _AUTHORS]
    own = [field for field in fields if namespace(field).lower() != ITUNES]
    names = [plain(name) for field in own or fields for name in _names(field)]
    for field in fields:
        remove(field)
    return ", ".join(dict.fromkeys(filter(None, names))) or None


def _names(field: etree._Element) -> Iterator[str]:
    """Atom has `name` and `email` inside; RSS has `address (name)`; `name <address>` is met as well."""
    inside = {local_name(part): (part.text or "").strip() for part in field}
    if inside:
        yield inside.get("name") or inside.get("email") or ""
        return
    text = (field.text or "").strip()
    before, _, after = text.partition(" ")
    if "@" in before and after.startswith("(") and after.endswith(")"):
        yield after[1:-1].strip() or before
    elif text.endswith(">") and "@" in (address := text.rpartition("<")[2]):
        yield text.rpartition("<")[0].strip(' "') or address[:-1]
    else:
        yield text
