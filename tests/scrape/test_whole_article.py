"""The middle of an article is not judged, its structures are whole, and only what is known from furniture goes."""

from __future__ import annotations

from itertools import product

import pytest

from aggregator.models import Article
from aggregator.scrape import read_article

URL = "https://harbour.example/2026/03/gateway/"
PARAGRAPHS = (
    "The keys of the lighthouse were kept in a drawer that nobody had locked since the last keeper left the island.",
    "Three boats passed on the first evening, and each of them wrote down the same short signal without knowing why.",
    "What the signal meant became clear when the harbour master compared the notebooks, line by line, in the morning.",
    "Anyone who runs a lighthouse of this kind should change its locks, keep a log, and read it at least once a week.",
)
LISTING = "def signal(n):\n    if n < 3:\n\n        return n  # short\n    return signal(n - 1)"
STRUCTURES = {
    "listing": (f"<pre><code>{LISTING.replace('<', '&lt;')}</code></pre>", (LISTING,)),
    "table": (
        "<table><tr><th>Boat</th><th>Seen</th><th>Port</th></tr><tr><td>Alma</td><td></td><td>east</td></tr></table>",
        ("Boat | Seen | Port\nAlma |  | east",),
    ),
    "indicators": ("<ul><li>tower[.]example</li><li>198.51.100[.]7</li></ul>", ("tower[.]example", "198.51.100[.]7")),
    "list": ("<ul><li>change the locks</li><li>keep a log</li></ul>", ("change the locks", "keep a log")),
    "terms": ("<dl><dt>beam</dt><dd>what is seen</dd></dl>", ("beam", "what is seen")),
    "quotation": (
        "<blockquote><p>Nobody saw it.</p><footer>Una Reed</footer></blockquote>",
        ("Nobody saw", "Una Reed"),
    ),
    "details": (
        "<details><summary>All hosts</summary><p>198.51.100[.]9</p></details>",
        ("All hosts", "198.51.100[.]9"),
    ),
    "sources": (
        "<h2>References</h2><ul><li><a href='https://other.example/1'>A report on towers</a></li><li><a href='https://other.example/2'>Issue 9</a></li></ul>",
        ("References", "A report on towers", "Issue 9"),
    ),
}
LINES = {
    "nothing": ("", ""),
    "advertisement": ("<div class='ad-slot'><span>Advertisement</span></div>", "Advertisement"),
    "share bar": ("<div class='share-buttons'><a href='https://x.example/s'>Share</a></div>", "Share"),
    "letter": ("<div class='newsletter-box'><p>Subscribe to our newsletter for more of this.</p></div>", "newsletter"),
    "file name": ("<div class='filename'>signal.py</div>", ""),
    "related": (
        "<div class='related-posts'><h4>Related</h4><ul><li><a href='/old/'>Fog at dawn</a></li></ul></div>",
        "Fog",
    ),
}


def read(body: str, **parts: str) -> Article:
    head, foot = parts.get("head", ""), parts.get("foot", "")
    page = f"""<!doctype html><html lang="{parts.get("lang", "en")}"><head><title>The tower | Harbour Notes</title></head><body>
    <header><a href="/">Harbour Notes</a><nav><a href="/archive/">Archive</a></nav></header><main><article>
    <h1>The tower</h1><p class="meta">By <a href="/about/">Una Reed</a> on March 12, 2026</p>{head}
    <div class="post-content">{body}</div></article></main>{foot}<footer><p>© 2026 Harbour Notes</p></footer></body></html>"""
    return read_article(page.encode(), URL, "text/html")


def paragraphs(*numbers: int) -> str:
    return "".join(f"<p>{PARAGRAPHS[number]}</p>" for number in numbers)


@pytest.mark.parametrize(("structure", "line"), [*product(STRUCTURES, LINES)])
def test_a_structure_stays_whole_whatever_stands_before_it(structure: str, line: str) -> None:
    """In the middle and at the end, also behind an advertisement, a share bar or links to other posts, which go."""
    markup, wanted = STRUCTURES[structure]
    before, furniture = LINES[line]
    for body in (paragraphs(0, 1) + before + markup + paragraphs(2, 3), paragraphs(0, 1, 2, 3) + before + markup):
        found = read(body)
        missing = [part for part in (*wanted, *PARAGRAPHS) if part not in found.text]
        assert not missing, found.text
        assert not furniture or furniture not in found.text


def test_a_listing_or_a_table_may_begin_the_article() -> None:
    """Facts of an advisory stand above its first paragraph."""
    for name in ("listing", "table"):
        markup, wanted = STRUCTURES[name]
        assert wanted[0] in read(markup + paragraphs(0, 1)).text, name


@pytest.mark.parametrize(
    "lede",
    [
        "By the time the fog rose, the boat was gone.",
        "It began on 3 May 2025, without a sound.",
        "By night, towers sleep.",
    ],
)
def test_a_sentence_is_no_byline(lede: str) -> None:
    """A first sentence that names a day or begins with "By" stays; the byline above it is shown elsewhere."""
    text = read(f"<p>{lede}</p>" + paragraphs(0, 1)).text
    assert text.startswith(lede)
    assert "Una Reed" not in text


def test_what_an_advisory_repeats_stays() -> None:
    """The same sentences stand under each flaw, with what differs between them; a page that holds all twice does not."""
    flaws = "".join(
        f"<h3>CVE-2026-200{n}</h3><p>Score: {n}.1</p><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>" for n in range(3)
    )
    text = read(flaws).text
    assert [text.count(each) for each in (PARAGRAPHS[0], PARAGRAPHS[1])] == [3, 3]
    assert all(f"CVE-2026-200{n}" in text and f"Score: {n}.1" in text for n in range(3))
    twice = read(f"<div class='wide'>{paragraphs(0, 1, 2, 3)}</div><div class='narrow'>{paragraphs(0, 1, 2, 3)}</div>")
    assert [twice.text.count(each) for each in PARAGRAPHS] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "paragraph",
    [
        "潮が引くと、塔の下の岩に古い文字が現れた。",
        "退潮之后，灯塔下面的岩石上出现了一行很旧的字。",
        "หลังน้ำลดมีตัวอักษรเก่าปรากฏบนหินใต้ประภาคาร",
    ],
)
def test_scripts_without_spaces_are_measured_by_their_characters(paragraph: str) -> None:
    """A few paragraphs of Japanese, Chinese or Thai are an article, with its short lists."""
    body = "".join(f"<p>{number}{paragraph}</p>" for number in "123") + f"<ul><li>{paragraph[:8]}</li></ul>"
    found = read(body, lang="ja")
    assert found.text.count(paragraph) == 3
    assert f"- {paragraph[:8]}" in found.text
    assert found.quality > 0.5


def test_text_that_stands_bare_keeps_its_headings_and_pictures() -> None:
    """Text and line breaks without paragraphs, as Blogger has them."""
    body = f"{PARAGRAPHS[0]}<br><br><h3>The signal</h3>{PARAGRAPHS[1]}<br><br><div><img src='/a.png'></div><br>{PARAGRAPHS[2]}"
    found = read(body)
    assert "<h3>The signal</h3>" in found.html
    assert "https://harbour.example/a.png" in found.html
    assert all(each in found.text.split("\n\n") for each in PARAGRAPHS[:3])


MARKUP = {
    "numbered lines": ("<pre><code><span class='line'><span class='ln'>1</span>a b\n</span><span class='line'><span class='ln'>2</span>\tc\n</span></code></pre>", "a b\n\tc"),
    "a line an element": ("<pre><code><span class='line'>a b</span><span class='line'></span><span class='line'>  c</span></code></pre>", "a b\n\n  c"),
    "a table of lines": ("<table class='highlight'><tr><td class='blob-num' data-line-number='1'></td><td class='blob-code'>a b</td></tr><tr><td class='blob-num' data-line-number='2'></td><td class='blob-code'>  c</td></tr></table>", "a b\n  c"),
    "gutter and code": ("<figure class='highlight'><table><tr><td class='gutter'><pre>1\n2</pre></td><td class='code'><pre>a b\n  c</pre></td></tr></table></figure>", "a b\n  c"),
    "copy button": ("<pre><div class='copy-button'>Copy</div><code>a b\n  c</code></pre>", "a b\n  c"),
    "invisible": ("<pre>9f86\u200bd081\u00ad884c\n  x</pre>", "9f86d081884c\n  x"),
    "TeX": ("<p>Here <span class='katex'><math><semantics><mi>k</mi><annotation encoding='application/x-tex'>k_1</annotation></semantics></math><span class='katex-html'>k1</span></span> is the key of all.</p>", "Here k_1 is the key of all."),
    "MathML": ("<p>Here <math><msup><mi>g</mi><mrow><mi>a</mi><mi>b</mi></mrow></msup></math> is the key of all.</p>", "Here g^(ab) is the key of all."),
    "hidden address": ("<p>Write to <a class='__cf_email__' href='/cdn-cgi/l/email-protection' data-cfemail='2a414f4f5a4f586a424b5848455f58044f524b475a464f'>[email&#160;protected]</a> when the light is out.</p>", "Write to keeper@harbour.example when"),
    "button in a sentence": ("<p>It looks for <button>the longest tail</button> of the signal.</p>", "looks for the longest tail of"),
    "button heading": ("<h3><button>Where is it?</button></h3><p>It is on the eastern side of the island, behind the wall.</p>", "Where is it?"),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKUP)
def test_what_tools_make_of_markup_is_read_as_it_is_shown(name: str) -> None:
    """Highlighters' boxes, formulas, hidden addresses, buttons."""
    markup, wanted = MARKUP[name]
    found = read(paragraphs(0, 1) + markup + paragraphs(2))
    assert wanted in found.text, found.text
    assert "Copy" not in found.text


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("<script src='https://gist.github.com/una/0123abcd.js?file=x'></script>", 'href="https://gist.github.com/una/0123abcd"'),
        ("<script src='https://asciinema.org/a/77.js' id='asciicast-77' async></script>", 'href="https://asciinema.org/a/77"'),
        ("<lite-youtube videoid='abcdefghijk'></lite-youtube>", "watch?v=abcdefghijk"),
        ("<figure><button><img src='/x.png'></button></figure>", 'src="https://harbour.example/x.png"'),
        ("<img src='data:image/gif;base64,R0' data-cfsrc='/x.png'>", 'src="https://harbour.example/x.png"'),
        ("<p><img src='/x-20x12.jpg?blur=9' data-src='/x-900.jpg'></p>", 'src="https://harbour.example/x-900.jpg"'),
        ("<noscript>&lt;img src='/x.png'&gt;</noscript>", 'src="https://harbour.example/x.png"'),
        ("<h2>Tower <a class='headerlink' href='#t'>¶</a></h2><p>It is made of stone and of a little wood.</p>", "<h2>Tower</h2>"),
        ("<table><tr><td>x</td><td><svg></svg></td><td>z</td></tr><tr><td></td><td>b</td><td>c</td></tr></table>", "<td>x</td><td></td><td>z</td></tr><tr><td></td><td>b</td>"),
        ("<blockquote class='twitter-tweet'><p>Light!</p>— U <a href='https://x.com/u/status/12'>May 3</a></blockquote>", "<figure><blockquote><p>Light!</p>"),
    ],
)  # fmt: skip
def test_media_cells_and_marks(markup: str, wanted: str) -> None:
    """What is embedded becomes a link or a figure, pictures are found, cells stay in their places."""
    assert wanted in read(paragraphs(0, 1) + markup + paragraphs(2)).html


def test_what_is_known_from_furniture_goes() -> None:
    """A table of contents, a licence, the author's life and readers' comments, wherever they stand."""
    contents = "<div class='toc'><p>Contents</p><ul><li><a href='#a'>The signal</a></li><li><a href='#b'>End</a></li></ul></div>"
    closing = "<hr><p><em>Una Reed is a keeper at Harbour Notes. Follow her on Mastodon.</em></p>"
    licence = "<div class='post-copyright'><p>All posts are under CC BY-SA 4.0 unless noted.</p></div>"
    comments = f"<ol class='comment-list'><li class='comment'><div class='comment-content'><p>{PARAGRAPHS[3]}</p></div></li></ol>"
    body = f"{contents}{paragraphs(0)}<h2 id='a'>The signal</h2>{paragraphs(1)}<h2 id='b'>End</h2>{paragraphs(2)}"
    text = read(body + closing + licence + comments).text
    assert "Contents" not in text
    assert (text.count("The signal"), text.count("End")) == (1, 1)
    assert not any(each in text for each in ("Mastodon", "CC BY", PARAGRAPHS[3]))


@pytest.mark.parametrize(
    "note",
    [
        "Best viewed with any browser. 018244 visitors since 1999.",
        "You are visitor number 4,711 since May 2001.",
        "Diese Seite ist optimiert für 800 x 600. Sie sind der 12. Besucher.",
        "Vous êtes le 10 234 visiteur de cette page.",
        "本站总访问量 12345 次",
        "Proudly powered by Inkwell",
    ],
)
@pytest.mark.parametrize("headline", ["<h1>The tower</h1>", "<font size=5><b>The tower</b></font>"])
def test_a_page_laid_out_as_a_table_is_no_table(headline: str, note: str) -> None:
    """Of a page as they were made in 1999 the column of text is the article, and no word of the frame around it."""
    column = f"{headline}<p><i>Una Reed, March 12, 2026</i></p>{paragraphs(0, 1, 2, 3)}"
    page = f"""<html><head><title>The tower</title></head><body><table width="760" border="0">
    <tr><td colspan="2" bgcolor="#003366"><b>Harbour Notes</b></td></tr>
    <tr><td><a href="/">Home</a><br><a href="/archive.htm">Archive</a><br><a href="/guests.htm">Sign my guestbook</a></td>
    <td>{column}</td></tr><tr><td colspan="2" align="center"><font size="1">{note}</font></td></tr></table></body></html>"""
    text = read_article(page.encode(), URL, "text/html").text
    assert text.split("\n\n")[-4:] == [*PARAGRAPHS]
    assert "guestbook" not in text
    assert "Harbour Notes" not in text


def test_a_sentence_about_visitors_stays() -> None:
    """Only a line that is about its page from end to end is left out."""
    for said in (
        "You are visitor number one, said the keeper, and gave her the key.",
        "Powered by wind, the tower shone.",
    ):
        assert said in read(paragraphs(0) + f"<p>{said}</p>" + paragraphs(1, 2)).text
