"""The press's texts: the small markup, the files, and that they are fit to print."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.demo import markup
from aggregator.demo.outlets import OUTLETS
from aggregator.demo.posts import _copied, _duration, _read, _split, all_posts
from aggregator.demo.themes import THEMES

TEXT = """First *line* with `a < b`
and [more](/there).

## A heading

- one
- **two**

| A | B |
| 1 | `x` |

```sh
echo one

echo <two>
```

> Said.

![A bar](/img/bar.svg "The bar")"""


def test_markup_as_html() -> None:
    """Every kind of block becomes its element, escaped."""
    html = markup.to_html(markup.parse(TEXT), lambda target: "http://h" + target)
    assert html.splitlines() == [
        '<p>First <em>line</em> with <code>a &lt; b</code> and <a href="http://h/there">more</a>.</p>',
        "<h2>A heading</h2>",
        "<ul><li>one</li><li><strong>two</strong></li></ul>",
        "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td><code>x</code></td></tr></tbody></table>",
        '<pre><code class="language-sh">echo one',
        "",
        "echo &lt;two&gt;</code></pre>",
        "<blockquote><p>Said.</p></blockquote>",
        '<figure><img src="http://h/img/bar.svg" alt="A bar" width="640" height="360"><figcaption>The bar</figcaption></figure>',
    ]


def test_markup_as_truth() -> None:
    """The plain text leaves the marks out; code and cells are told apart."""
    blocks = markup.parse(TEXT)
    assert markup.paragraphs(blocks) == ("First line with a < b and more.", "A heading", "one", "two", "Said.")
    assert markup.code(blocks) == ("echo one\n\necho <two>",)
    assert markup.cells(blocks) == ("A", "B", "1", "x")


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=80))
def test_any_line_can_be_printed(line: str) -> None:
    """HTML and plain text agree for whatever a newsroom types, and nothing typed becomes an element of its own."""
    (block, *_) = markup.parse("x" + line)
    tree = lxml_html.fragment_fromstring(markup.to_html((block,), lambda target: target))
    assert {element.tag for element in tree.iter()} <= {"p", "code", "strong", "em", "a"}
    assert "".join(tree.itertext()).split() == unescape(markup.plain(block.lines[0])).split() or "&" in line


@pytest.mark.parametrize("post", all_posts(), ids=lambda post: post.key)
def test_posts_are_fit_to_print(post) -> None:
    """Each is of an outlet that exists, out in one of the rounds, 100 to 450 words long, with a teaser."""
    words = sum(len(part.split()) for part in markup.paragraphs(post.blocks) + markup.cells(post.blocks))
    assert post.outlet in {outlet.key for outlet in OUTLETS}
    assert 1 <= post.round <= 4
    assert 90 <= words <= 450
    assert 5 <= len(post.teaser.split()) <= 70
    assert post.author


def test_posts_differ_in_what_they_contain() -> None:
    """There are headings, lists, tables, code, quotations and figures."""
    kinds = {block.kind for post in all_posts() for block in post.blocks}
    assert kinds == {"p", "h2", "ul", "ol", "blockquote", "table", "pre", "figure"}


def test_outlets_are_different_houses() -> None:
    """Keys and names are unique, every theme is in use, and all five feed formats are there."""
    assert len({outlet.key for outlet in OUTLETS}) == len({outlet.name for outlet in OUTLETS}) == len(OUTLETS)
    assert {outlet.theme for outlet in OUTLETS} == set(THEMES)
    assert {outlet.feed for outlet in OUTLETS} == {"rss", "atom", "blogger", "json", "rdf"}


def test_copying_takes_blocks_and_swaps_words() -> None:
    """[copy 2-3] takes those blocks; a swap that finds nothing, or a [copy] inside a line, is a slip."""
    original = "one\n\ntwo\n\nthree"
    assert _copied("before\n\n[copy 2-3]\n\nafter", original, [("two", "2")]) == "before\n\n2\n\nthree\n\nafter"
    with pytest.raises(ValueError, match="no 'four'"):
        _copied("[copy]", original, [("four", "4")])
    with pytest.raises(ValueError, match="line of its own"):
        _copied("so [copy]", original, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Title: x\nRound: 1\n---\nwords", "needs Title, Round, Ago"),
        ("Title: x\nColour: red\n---\nwords", "unknown header line 'Colour: red'"),
        ("Title: x\nRound: 1\nAgo: soon\n---\nwords", "'soon' is not a time"),
        ("Title: x\nRound: 1\nAgo: 1h\nCopy-Of: a/b\n---\n[copy]", "a/b"),
    ],
)
def test_a_slip_in_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The error says which file, and what is wrong with it."""
    (tmp_path / "post.txt").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        _read("paper/post", {"paper/post": tmp_path / "post.txt"})
    assert "content/paper/post.txt" in str(caught.value)


def test_durations() -> None:
    """Days, hours and minutes add up."""
    assert _duration("3d 4h 5m") == timedelta(days=3, hours=4, minutes=5)
    assert _split("Title: x\nRound: 1\nAgo: 1h\n---\nbody")[2] == "body"
