"""The small markup that the posts are written in -> HTML, and -> the plain text that is true of it.

Blocks are separated by blank lines: `## heading`, `- item`, `1. item`, `> quote`, `| a | table |` (the first row is
its head), a fence of three backticks around code, `![alt](path "caption")`, and paragraphs. Inside a line: `code`,
**strong**, *emphasis* and [text](target). No nesting, no raw HTML: this is not Markdown, only as much of it as a
newsroom needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

Resolve = Callable[[str], str]
"""A link target as written -> as it stands in the page or in the feed."""

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_FENCE = re.compile(r"^```(\w*)\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_FIGURE = re.compile(r'!\[([^\]]*)\]\((\S+)(?: "([^"]*)")?\)')
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)")
_LIST_MARK = re.compile(r"^(?:- |\d+\. )")


@dataclass(frozen=True, slots=True)
class MarkupBlock:
    """One block: `kind` is an HTML element's name (p, h2, h3, ul, ol, blockquote, table, pre, figure).

    `lines` are its paragraphs, items, or rows (cells separated by `|`); the code is one line. For a figure they are
    target, alternative text and caption; for code `detail` is the language.
    """

    kind: str
    lines: tuple[str, ...]
    detail: str = ""


def parse(text: str) -> tuple[MarkupBlock, ...]:
    """Every block of a post, in order."""
    return tuple(_blocks(text))


def _blocks(text: str) -> Iterator[MarkupBlock]:
    position = 0
    for fence in _FENCE.finditer(text):
        yield from _plain_blocks(text[position : fence.start()])
        yield MarkupBlock("pre", (fence[2],), fence[1])
        position = fence.end()
    yield from _plain_blocks(text[position:])


def _plain_blocks(text: str) -> Iterator[MarkupBlock]:
    for chunk in _BLANK_LINES.split(text.strip()):
        if chunk.strip():
            yield _block(chunk.strip())


def _block(chunk: str) -> MarkupBlock:
    lines = chunk.splitlines()
    if heading := re.match(r"(#{2,3}) ", chunk):
        return MarkupBlock(f"h{len(heading[1])}", (chunk[heading.end() :],))
    if figure := _FIGURE.fullmatch(chunk):
        return MarkupBlock("figure", (figure[2], figure[1], figure[3] or ""))
    if _LIST_MARK.match(chunk):
        kind = "ul" if chunk.startswith("- ") else "ol"
        return MarkupBlock(kind, tuple(_LIST_MARK.sub("", line) for line in lines))
    if chunk.startswith("|"):
        return MarkupBlock("table", tuple(line.strip("| ") for line in lines))
    if chunk.startswith("> "):
        return MarkupBlock("blockquote", (" ".join(line.removeprefix("> ") for line in lines),))
    return MarkupBlock("p", (" ".join(lines),))


def to_html(blocks: tuple[MarkupBlock, ...], resolve: Resolve) -> str:
    """The blocks as HTML, one a line; `resolve` is asked for every link and image."""
    return "\n".join(_element(block, resolve) for block in blocks)


def _element(block: MarkupBlock, resolve: Resolve) -> str:
    inner = [_inline(line, resolve) for line in block.lines]
    match block.kind:
        case "ul" | "ol":
            return f"<{block.kind}>" + "".join(f"<li>{item}</li>" for item in inner) + f"</{block.kind}>"
        case "blockquote":
            return f"<blockquote><p>{inner[0]}</p></blockquote>"
        case "table":
            return _table(inner)
        case "pre":
            language = f' class="language-{block.detail}"' if block.detail else ""
            return f"<pre><code{language}>{escape(block.lines[0])}</code></pre>"
        case "figure":
            return _figure(block, resolve)
        case _:
            return f"<{block.kind}>{inner[0]}</{block.kind}>"


def _table(rows: list[str]) -> str:
    def row(line: str, cell: str) -> str:
        return "<tr>" + "".join(f"<{cell}>{text.strip()}</{cell}>" for text in line.split("|")) + "</tr>"

    body = "".join(row(line, "td") for line in rows[1:])
    return f"<table><thead>{row(rows[0], 'th')}</thead><tbody>{body}</tbody></table>"


def _figure(block: MarkupBlock, resolve: Resolve) -> str:
    target, alternative, caption = block.lines
    image = f'<img src="{escape(resolve(target))}" alt="{escape(alternative)}" width="640" height="360">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>" if caption else f"<p>{image}</p>"


def _inline(line: str, resolve: Resolve) -> str:
    parts, position = [], 0
    for mark in _INLINE.finditer(line):
        parts.append(escape(line[position : mark.start()], quote=False))
        code, strong, emphasis, text, target = (escape(group, quote=False) if group else "" for group in mark.groups())
        if code:
            parts.append(f"<code>{code}</code>")
        elif strong:
            parts.append(f"<strong>{strong}</strong>")
        elif emphasis:
            parts.append(f"<em>{emphasis}</em>")
        else:
            parts.append(f'<a href="{escape(resolve(target))}">{text}</a>')
        position = mark.end()
    return "".join([*parts, escape(line[position:], quote=False)])


def plain(line: str) -> str:
    """A line without its marks: what a reader sees."""
    return _INLINE.sub(lambda mark: next(group for group in mark.groups() if group), line)


def paragraphs(blocks: tuple[MarkupBlock, ...]) -> tuple[str, ...]:
    """What must be in the article's text: headings, paragraphs, quotations and list items, each once, in order."""
    prose = ("p", "h2", "h3", "ul", "ol", "blockquote")
    return tuple(plain(line) for block in blocks if block.kind in prose for line in block.lines)


def code(blocks: tuple[MarkupBlock, ...]) -> tuple[str, ...]:
    """Every code block, as written."""
    return tuple(block.lines[0] for block in blocks if block.kind == "pre")


def cells(blocks: tuple[MarkupBlock, ...]) -> tuple[str, ...]:
    """Every table cell's text, row by row."""
    tables = (block for block in blocks if block.kind == "table")
    return tuple(plain(cell.strip()) for table in tables for line in table.lines for cell in line.split("|"))
