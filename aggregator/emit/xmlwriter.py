"""A strict, small XML writer: elements as text, everything escaped, nothing parsed.

Text has to be valid XML 1.0 already (see text.valid); what comes out then is well-formed by construction. It is no
slower than building and serialising an lxml tree (docs/outputs.md), and, unlike a subtree, an entry that is text can
stand in many documents.
"""

from __future__ import annotations

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def styled(root: str) -> str:
    """The declaration, and how a browser shows the document (feed.css); `root` leads from it to the top of the output.

    Readers pass over it. A stylesheet alone, no XSLT, which browsers are giving up.
    """
    return f'{DECLARATION}<?xml-stylesheet type="text/css" href="{root}feed.css"?>\n'


def escape(text: str) -> str:
    """Text for between tags. `>` too, so that `]]>` never appears (XML 1.0, section 2.4)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attributes(pairs: dict[str, str | None]) -> str:
    """` name="value"` for each that is not None, white space kept as character references."""
    return "".join(f' {name}="{_quoted(value)}"' for name, value in pairs.items() if value is not None)


def element(name: str, text: str, **attrs: str | None) -> str:
    """`<name ...>text</name>` and a line feed. An underscore in an attribute's name stands for a colon."""
    return f"<{name}{_named(attrs)}>{escape(text)}</{name}>\n"


def empty(name: str, **attrs: str | None) -> str:
    """`<name .../>` and a line feed."""
    return f"<{name}{_named(attrs)}/>\n"


def _named(attrs: dict[str, str | None]) -> str:
    return attributes({name.replace("_", ":"): value for name, value in attrs.items()}) if attrs else ""


def _quoted(value: str) -> str:
    value = escape(value).replace('"', "&quot;")
    return value.replace("\t", "&#9;").replace("\n", "&#10;") if "\n" in value or "\t" in value else value
