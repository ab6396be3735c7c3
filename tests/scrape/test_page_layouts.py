"""What articles are made of, each in the four frames in which pages put them: a theme, boxes without names, a static
site, a table of 1999. Whatever stands before it, nothing of the article is lost, and nothing around it gets in.
"""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from aggregator.scrape import read_article

URL = "https://pier.example/2026/03/worm/"
TITLE = "The printer worm"
TEXT = (
    "A worm that spreads through unpatched printers has reached the offices of nine harbours, a response team said.",
    "It prints one page on each machine, and then waits for eleven days before it opens a connection to a server.",
    "The makers of the printers have known of the flaw since last summer, but their update is installed by hand.",
    "Owners should install the update, change the passwords of their devices, and look for port 9100 in their logs.",
)
CHINESE = (
    "一种通过未打补丁的打印机传播的蠕虫已经到达九个港口的办公室，国家应急小组周一表示。",
    "它在每台机器上打印一页纸，然后等待十一天，再连接到另一个国家的服务器。",
    "打印机厂商从去年夏天起就知道这个漏洞，但更新必须在每台设备上手动安装。",
)
CODE = "rule printer_worm {\n    strings:\n        $a = { 1B 25 2D }\n    condition:\n        $a at 0\n}"
HEAD, TAIL = ("".join(f"<p>{each}</p>" for each in part) for part in (TEXT[:2], TEXT[2:]))
FRAMES = {
    "theme": """<!doctype html><html lang="en"><head><title>{title} – Pier Notes</title></head><body class="single"><header
    class="site-header"><a href="/">Pier Notes</a><nav><ul><li><a href="/news/">News</a></li></ul></nav></header><main>
    <article class="post hentry"><header class="entry-header"><h1 class="entry-title">{title}</h1><div class="entry-meta">
    March 12, 2026 by <a href="/author/mina/">Mina Holt</a></div></header><div class="entry-content">{body}</div></article>
    {after}</main><aside class="widget-area"><h2>Recent Posts</h2><ul><li><a href="/a/">Cranes</a></li></ul></aside><footer
    class="site-footer">© 2026 Pier Notes</footer></body></html>""",
    "boxes": """<html><head><title>{title}</title></head><body><div class="w"><div class="t"><a href="/">pier</a></div><div
    class="c"><div class="h">{title}</div><div class="d">2026-03-12</div><div class="b">{body}</div></div>{after}<div
    class="f"><a href="/imprint">imprint</a></div></div></body></html>""",
    "static": """<!doctype html><html lang="en"><head><title>{title} | pier</title></head><body><header class="header"><a
    href="/" class="logo">pier</a></header><main><article class="post-single"><header><h1 class="post-title">{title}</h1><div
    class="post-meta">March 12, 2026&nbsp;·&nbsp;3 min&nbsp;·&nbsp;Mina Holt</div></header><div class="post-content">{body}
    </div></article>{after}</main><footer><span>Powered by Hugo</span></footer></body></html>""",
    "table": """<html><head><title>{title}</title></head><body><table width=700><tr><td><font size=+2><b>{title}</b></font>
    <p><small>Mina Holt, March 12, 2026</small><hr>{body}<hr><a href=index.html>back</a>{after}</td></tr></table></body></html>""",
}


def shown(frame: str, body: str, after: str = "") -> tuple[str, str]:
    """The text on one line, and the HTML."""
    found = read_article(
        FRAMES[frame].format(title=TITLE, body=body, after=after).encode(), URL, "text/html; charset=utf-8"
    )
    return " ".join(found.text.split()), found.html


IN_BETWEEN = {
    "an editor's lines": ("<div class='lines'>" + "".join(f"<pre class='cm-line'>{line}</pre>" for line in CODE.split("\n")) + "</div>", CODE),
    "a gist": ("<div class='gist'><table class='highlight'>" + "".join(
        f"<tr><td class='blob-num' data-line-number='{n}'></td><td class='blob-code'>{line}</td></tr>"
        for n, line in enumerate(CODE.split("\n"), 1)) + "</table></div>", CODE),
    "numbered rows": ("<table class='lntable'><tr><td><pre>" + "".join(f"<span class='lnt'>{n}\n</span>" for n in range(1, 7))
        + f"</pre></td><td><pre><code>{CODE}\n</code></pre></td></tr></table>", CODE),
    "divs for lines": ("<pre class='code'>" + "".join(f"<div class='ec-line'>{line}</div>" for line in CODE.split("\n")) + "</pre>",
        CODE),
    "links of all kinds": ("<ul>" + "".join(f"<li><a href='https://s{n}.example/'>tool number {n}</a></li>" for n in range(74))
        + "</ul>", "tool number 73"),
    "questions": ("<div class='item'><h3><button>How is it found?</button></h3><div class='collapse'><p>By its soup.</p></div></div>",
        "How is it found?"),
    "a one-column table": ("<h3>Affected</h3><table><tr><td>Inkjet 2.0</td></tr><tr><td>Laser 9</td></tr></table>", "Laser 9"),
    "terms in boxes": ("<dl><div><dt>dropper</dt><dd>writes it</dd></div></dl>", "dropper"),
    "bare text": ("It prints soup.<br><br>Nobody ordered it.<br><br>", "Nobody ordered it."),
    "an update": ("<p><strong>Update:</strong> The maker has answered.</p>", "The maker has answered."),
    "a short sentence": ("<p>Von da an war Ruhe.</p>", "Von da an war Ruhe."),
    "a correction": ("<p>Correction: nine harbours, not ten.</p>", "nine harbours, not ten."),
    "an address": ("<p>Write to <a data-cfemail='422130270221243123360221'>[email protected]</a>.</p>", "Write to"),
    "an element of the site's own": ("<p>A <x-source rationale='good'><a href='https://v.example/'>large, older study</a></x-source> found soup.</p>", "A large, older study found soup"),
    "sections for subscribers": ("<div class='subscriber-only' style='display:none'><p>Soup is all it prints.</p></div>",
        "Soup is all it prints."),
    "sections that a click opens": ("<style>.css-9x{display:none}</style>" + "".join(f"<h3>Part {n}</h3><div class='css-9x'><p>Part {n} of the"
        " worm is a recipe, which it has from a book that was printed in the year of the flood, and of which two copies are left. "
        "Nobody has cooked it since then, as far as the cooks of the nine harbours know, and they have asked around.</p></div>"
        for n in range(3)), "Part 2 of the worm is a recipe"),
    "a file": ("<p><a class='button' href='/files/iocs.csv'>Get the indicators</a></p>", "Get the indicators"),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "part"), [*product(FRAMES, IN_BETWEEN)])
def test_a_part_of_an_article_is_in_it(frame: str, part: str) -> None:
    """In the middle, and at the end."""
    markup, wanted = IN_BETWEEN[part]
    for body in (HEAD + markup + TAIL, HEAD + TAIL + markup):
        text, _ = shown(frame, body)
        assert not [each for each in (*TEXT, " ".join(wanted.split())) if each not in text]


FURNITURE = {
    "a letter": "<div class='newsletter-box'><h3>Our letter</h3><p>Join 12,000 readers each Friday.</p><form><input type=email></form></div>",
    "other posts": "<div class='related-posts'><h3>Also here</h3><ul><li><a href='/a/'>The crane, each Friday</a></li></ul></div>",
    "a life": "<div class='author-box'><h4>Mina Holt</h4><p>Mina writes each Friday. Follow her on Mastodon.</p></div>",
    "a licence": "<p class='license'>This work is licensed under CC BY-NC-SA 4.0, each Friday.</p>",
    "a place for an advertisement": "<div class='slot'>Article continues below advertisement</div><p class='n'>Anzeige</p>",
    "a question about cookies": "<div class='e'><p>Ich bin damit einverstanden, dass mir Inhalte jeden Friday angezeigt werden.</p></div>",
    "a hidden trap": "<p style='display:none'>Stolen from Pier Notes, each Friday.</p>",
    "tags": "<p class='tags'>Tags: <a href='/tag/friday'>each Friday</a></p>",
    "comments": "<div id='comments'><ol class='comment-list'><li class='comment'><p>Mine prints bread, each Friday.</p></li></ol></div>",
}


@pytest.mark.parametrize(("frame", "part"), [*product(FRAMES, FURNITURE)])
def test_what_is_set_into_an_article_is_not(frame: str, part: str) -> None:
    """Above it, at its end, and behind it."""
    box = FURNITURE[part]
    for body, after in ((HEAD + TAIL + box, ""), (HEAD + TAIL, box), (HEAD + box + TAIL, "")):
        text, _ = shown(frame, body, after)
        assert not text.endswith("back")
        assert not [each for each in ("Friday", "continues below", "Anzeige") if each in text]
        assert not [each for each in TEXT if each not in text]


@pytest.mark.parametrize("frame", FRAMES)
def test_counts_of_words_are_no_text(frame: str) -> None:
    """What a theme counts above an article in Chinese, and below one in English."""
    text, _ = shown(
        frame, "<p class='count'>本文字数：1.2k 阅读时长 ≈ 4 分钟</p>" + "".join(f"<p>{each}</p>" for each in CHINESE)
    )
    assert "字数" not in text
    assert all(each in text for each in CHINESE)
    text, _ = shown(frame, HEAD + TAIL + "<p><em>If you liked this, subscribe to our newsletter.</em></p>")
    assert "newsletter" not in text or frame == "table"


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("attribute", ["data-src", "data-ezsrc", "data-litespeed-src", "data-whoever-makes-one"])
def test_a_lazy_picture_under_any_name(frame: str, attribute: str) -> None:
    """Loaders invent attributes; what is a picture's address is known by its end."""
    _, html = shown(frame, f"{HEAD}<p><img src='data:image/gif;base64,R0lGOD' {attribute}='/i/worm.png'></p>{TAIL}")
    assert 'src="https://pier.example/i/worm.png"' in html


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("<td>a</td><td><svg><path d='M0 0'/></svg></td><td>c</td>", "<td>a</td><td></td><td>c</td>"),
        ("<td>a</td><td><span style='display:none'>x</span></td><td>c</td>", "<td>a</td><td></td><td>c</td>"),
        ("<td></td><td></td><td>c</td>", "<td></td><td></td><td>c</td>"),
        ("<td colspan='2'>ab</td><td></td>", '<td colspan="2">ab</td><td></td>'),
    ],
)
def test_cells_without_text_keep_their_places(frame: str, row: str, wanted: str) -> None:
    """Icons, what rows are sorted by, and nothing at all."""
    rows = f"<tr><th></th><th>4.0</th><th>4.1</th></tr><tr>{row}</tr><tr><td>x</td><td>y</td><td>z</td></tr>"
    _, html = shown(frame, f"{HEAD}<table>{rows}</table>{TAIL}")
    assert wanted in html
    assert re.search(r"<th></th>\s*<th>4.0</th>", html)


OTHERS = "".join(
    f"<article class='post'><{{0}}><a href='/2026/03/o{n}/'>Another text {n}</a></{{0}}><p>Number {n} is about a crane that fell,"
    " slowly, into the sea, while everybody watched it from the pier.</p></article>"
    for n in range(2)
)


@pytest.mark.parametrize(("frame", "level"), [*product(FRAMES, ("h1", "h2"))])
def test_articles_that_scrolling_would_load_are_others(frame: str, level: str) -> None:
    """Also where the article itself is no `article`, and has no heading: title and text are its own."""
    page = FRAMES[frame].format(title=TITLE, body=HEAD + TAIL, after=OTHERS.format(level))
    found = read_article(page.encode(), URL, "text/html; charset=utf-8")
    assert found.title == TITLE
    assert "crane" not in found.text
    assert all(each in " ".join(found.text.split()) for each in TEXT)


def test_a_page_whose_data_stands_in_an_attribute() -> None:
    """As Inertia has it."""
    data = json.dumps({"props": {"post": {"title": TITLE, "content": HEAD + TAIL}}}).replace('"', "&quot;")
    page = f"<html><head><title>{TITLE}</title></head><body><div id='app' data-page=\"{data}\"></div></body></html>"
    assert all(each in read_article(page.encode(), URL, "text/html").text for each in TEXT)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Червь, который распространяется через принтеры, добрался до офисов девяти портов, сообщил центр.", "ru"),
        ("Хробак, що поширюється через принтери, дістався офісів дев'яти портів, і ніхто його не спинив.", "uk"),
        ("Црв који се шири преко штампача стигао је до канцеларија девет лука, јављају њихови људи.", "sr"),
    ],
)
def test_a_script_rules_a_stated_language_out(text: str, language: str) -> None:
    """A few letters decide between those that share the script."""
    page = f"<html lang='en'><head><title>x</title></head><body><article><h1>x</h1><p>{text}</p><p>{text}</p></article></body></html>"
    assert read_article(page.encode(), URL, "text/html; charset=utf-8").language == language
