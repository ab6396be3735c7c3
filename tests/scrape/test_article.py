"""A page becomes an article: text, metadata, kind; the worked examples come out fully right."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest

from aggregator.models import Attribution, PageKind
from aggregator.scrape import Hint, clean_html, marks, read_article, to_text
from aggregator.text.encoding import decode

LEDE = "Researchers have found a flaw in a library that half of the internet uses, and which nobody has paid for in twelve years."
PARAGRAPHS = [
    LEDE,
    "The flaw lies in how the library reads the length of a field, which it takes from the packet without asking whether there are as many bytes left.",
    "An attacker who can send a packet can read what lies behind it in memory, keys and passwords included, and nothing is written to any log.",
    "The maintainer, who works on it at weekends, has published a new version, and asks everybody to install it before the details come out on Friday.",
    "Distributions have been told in advance, and most of them have packages ready; those who build it themselves have to do it again by hand.",
]


def page(body: str, head: str = "", title: str = "A flaw in a library") -> bytes:
    return f"<!doctype html><html lang='en'><head><title>{title} | The Daily Packet</title>{head}</head><body>{body}</body></html>".encode()


def post(inner: str = "", after: str = "") -> bytes:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in PARAGRAPHS)
    menu = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/news'>News</a></li><li><a href='/about'>About us</a></li></ul></nav>"
    return page(
        f"<header>{menu}</header><main><article><h1>A flaw in a library</h1><p class='byline'>By Ada Example, March 3, 2026</p>"
        f"<div class='entry-content'>{text}{inner}</div></article></main>{after}<footer><p>© 2026 The Daily Packet. All rights reserved.</p></footer>"
    )


def test_an_article_is_its_text() -> None:
    """Paragraphs come out in order; the menu, the byline and the footer do not."""
    found = read_article(post(), "https://daily.example/flaw")
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert (found.title, found.author, found.kind, found.language) == (
        "A flaw in a library",
        "Ada Example",
        PageKind.ARTICLE,
        "en",
    )
    assert found.published == datetime(2026, 3, 3, tzinfo=UTC)
    assert found.word_count == len(found.text.split())
    assert found.extractor == "blocks"


def test_html_and_text_say_the_same() -> None:
    """The text is that of the HTML, and cleaning the HTML changes nothing."""
    found = read_article(
        post("<h2>What to do</h2><ul><li>Install the new version on every machine.</li><li>Change the keys.</li></ul>"),
        "https://daily.example/flaw",
    )
    assert to_text(found.html) == found.text
    assert clean_html(found.html, None) == found.html
    assert "- Install the new version on every machine.\n- Change the keys." in found.text


def test_indicators_and_commands_survive_to_the_letter() -> None:
    """Tables of hashes and listings of rules are kept whole, with their white space."""
    rule = "rule flaw {\n    strings:\n        $a = { 6A 40 68 00 30 00 00 }\n    condition:\n        $a\n}"
    table = "<table><tr><th>SHA-256</th><th>Name</th></tr><tr><td>9f86d081884c7d65</td><td>dropper.exe</td></tr><tr><td>60303ae22b998861</td><td>a.dll</td></tr></table>"
    inner = f"<h2>Indicators</h2>{table}<p>The following rule finds the dropper in memory and on disk, as we have tested.</p><pre><code>{escape(rule)}</code></pre><p>Run it on every machine that has had the library installed, and tell us what you find.</p>"
    found = read_article(post(inner), "https://daily.example/flaw")
    assert rule in found.text
    assert "SHA-256 | Name\n9f86d081884c7d65 | dropper.exe" in found.text
    assert "<th>SHA-256</th>" in found.html


LISTING = "<pre><code>rule a {\n    condition:  true\n}</code></pre>"
NUMBERED = "<div class='highlight'><table><tr><td class='gutter'><pre>1\n2</pre></td><td class='code'><pre>$ grep -rn wolf /tmp\n$ exit</pre></td></tr></table></div>"
HOSTS = "<table><tr><td>evil[.]example</td><td>C2</td></tr><tr><td>192.0.2[.]1</td><td>drop</td></tr></table>"
HASHES = "<ul><li>evil[.]example</li><li>9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08</li></ul>"


@pytest.mark.parametrize(
    "behind", ["", "<p>Install the new version on every machine that has it, and change the keys.</p>"]
)
@pytest.mark.parametrize(
    "inner",
    [
        "<pre>$ ls -la</pre>", "<pre>$ ls -la</pre><pre>total 0\ndrwx  x</pre>" + LISTING, "<h3>Rules</h3>" + LISTING + LISTING.replace("rule a", "rule b"),
        LISTING + "<p>And the other rule:</p><pre>rule b { condition: false }</pre>", NUMBERED, HOSTS, HOSTS + LISTING,
        "<figure><img src='/a.png' alt='x'><figcaption>A packet</figcaption></figure>" + LISTING, "<h3>Indicators</h3>" + HASHES, HASHES + LISTING,
        "<table><tr><th>Hash</th></tr><tr><td>9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08</td></tr></table>",
        "<p>9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08<br>evil[.]example</p>",
    ],
)  # fmt: skip
def test_rules_and_indicators_stand_anywhere_in_an_article(inner: str, behind: str) -> None:
    """At its end, in a row, below a picture, with numbered lines: each is kept, and whole."""
    text = read_article(post(inner + behind), "https://daily.example/flaw").text
    wanted = (
        "$ ls -la", "drwx  x", "    condition:  true\n}", "rule b {", "rule b { condition: false }", "And the other rule:", "Rules", "Indicators",
        "$ grep -rn wolf /tmp\n$ exit", "evil[.]example | C2\n192.0.2[.]1 | drop", "evil[.]example", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )  # fmt: skip
    shown = to_text(clean_html(inner, None))
    assert [one for one in wanted if one in shown and one not in text] == []
    assert "All rights reserved" not in text


def test_a_list_of_links_at_the_end_is_no_list_of_indicators() -> None:
    """What is links belongs to the site, whatever it calls them; so does a table of other posts."""
    links = "".join(f"<li><a href='/{n}'>The host evil{n}[.]example was seen again</a></li>" for n in range(4))
    cells = "".join(
        f"<tr><td><a href='/{n}'>Another post</a></td><td><a href='/{n}'>{n} March</a></td></tr>" for n in range(4)
    )
    text = read_article(post(f"<ul>{links}</ul><table>{cells}</table>"), "https://daily.example/flaw").text
    assert "was seen again" not in text
    assert "Another post" not in text


@pytest.mark.parametrize("items", [5000, 50_000])
def test_a19_a_long_list_of_indicators_ends(items: int) -> None:
    """Each list is looked at once."""
    start = time.process_time()
    read_article(post("<ul>" + "<li>evil[.]example" * items + "</ul>"), "https://daily.example/flaw")
    assert time.process_time() - start < 6


def test_figures_keep_their_captions() -> None:
    """A picture within the article stays, with an absolute address and its caption."""
    inner = "<figure><img src='/pic.png' alt='The packet'><figcaption>The packet that reads too far, as seen on the wire.</figcaption></figure><p>That is how it looks in a capture that we took on Monday, with the keys blacked out for now.</p>"
    found = read_article(post(inner), "https://daily.example/flaw")
    assert '<img src="https://daily.example/pic.png" alt="The packet">' in found.html


MIRRORED = """<div class='main'><div class='post hentry'><h3 class='post-title entry-title'>Tech giant joins ban on a camera</h3><div class='post-body entry-content'>
<div><b>{lede}</b></div>{paragraphs}<br/><br/>Source: <a href='https://threatpost.com/x/1/'>Threatpost</a></div>
<div class='post-footer'><span class='post-author'>Posted by <a rel='author' href='https://blog.example/p'>Blogger</a></span></div></div>
<div class='comments' id='comments'><h4>No comments:</h4><p class='comment-footer'><a href='https://blog.example/c'>Post a Comment</a></p></div>
<div class='next-post'><h3><a href='https://blog.example/2020/06/chips.html'>New chips to come with protection</a></h3><p>The maker's new chips will come with control-flow enforcement, aimed at battling common hijacking attacks. I...</p></div></div>"""


def test_a_page_that_republishes_another_comes_out_clean() -> None:
    """The article alone: no comment form, nothing of the next post; the source is named, not shown as text."""
    paragraphs = "".join(f"<div><br/></div><div>{escape(paragraph)}</div>" for paragraph in PARAGRAPHS[1:])
    found = read_article(
        page(MIRRORED.format(lede=LEDE, paragraphs=paragraphs), title="Tech giant joins ban on a camera"),
        "https://blog.example/2020/06/ban.html",
    )
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert found.source == Attribution("Threatpost", "https://threatpost.com/x/1/")
    assert found.next is not None
    assert found.next.url == "https://blog.example/2020/06/chips.html"
    assert found.next.title == "New chips to come with protection"
    assert "control-flow" in (found.next.teaser or "")


def test_the_mirrored_post_as_a_person_copied_it(corpora: Path) -> None:
    """The text of the Blogger page that re-publishes a Threatpost post, in Blogger's markup."""
    lines = [
        " ".join(line.split())
        for line in (corpora / "worked-example" / "mirrored-post.txt").read_text("utf-8").splitlines()
        if line.strip()
    ]
    title, end = lines[0], lines.index("Source: Threatpost")
    body = "".join(f"<p>{escape(line)}</p>" for line in lines[1:end])
    html = (
        f"<div class='post'><h3 class='post-title'>{title}</h3><div class='post-body'>{body}<p>Source: Threatpost</p></div></div><div id='comments' class='comments'>"
        f"<h4>{lines[end + 1]}</h4><p><a href='/comment'>{lines[end + 2]}</a></p></div><div class='post'><h3 class='post-title'><a href='/2020/06/intel.html'>{lines[end + 3]}</a></h3>"
        f"<div class='post-body'><p>{lines[end + 4]}</p></div></div>"
    )
    found = read_article(page(html, title=title), "https://mirror.example/2020/06/microsoft.html")
    assert found.text == "\n\n".join(lines[1:end])
    assert found.title == title
    assert found.source == Attribution("Threatpost")
    assert found.next is not None
    assert found.next.title == lines[end + 3]


def test_the_threatpost_page(corpora: Path) -> None:
    """Title, author, moment and neighbours are right, and the text is the article's alone."""
    url = "https://threatpost.com/android-ransomware-spreads-via-sex-simulation-game-links-on-reddit-sms/146774/"
    found = read_article((corpora / "worked-example" / "threatpost-android.html").read_bytes(), url)
    assert found.title == "Android Ransomware Spreads Via ‘Sex Simulation Game’ Links on Reddit, SMS"
    assert (found.author, found.published) == ("Lindsey O'Donnell", datetime(2019, 7, 30, 17, 16, 29, tzinfo=UTC))
    assert found.next is not None
    assert found.previous is not None
    assert found.next.url == "https://threatpost.com/apple-imessage-remote-attackersread-iphone-messages/146789/"
    assert found.previous.url == "https://threatpost.com/nation-state-actors-go-all-in-on-mobile-malware/146771/"
    assert (found.next.title, found.previous.title) == (
        "Apple iMessage Flaw Allows Remote Attackers to Read iPhone Messages",
        "Nation-State Actors Go All-In on Mobile Malware",
    )
    assert found.text.startswith(
        "A new strain of ransomware is being distributed to Android users via online forums and SMS messages.\n\nResearchers are"
    )
    assert "using novel techniques to exfiltrate data." in found.text[-900:]
    for furniture in (
        "Share this",
        "Write a comment",
        "Leave a Comment",
        "Subscribe to our newsletter",
        "Suggested articles",
        "Popular Articles",
        "Newsmaker",
    ):
        assert furniture.casefold() not in found.text.casefold()


def test_the_google_security_page(corpora: Path) -> None:
    """Blogger's pager gives neighbours without titles; the section headings stay in the text."""
    url = "https://security.googleblog.com/2020/05/enhanced-safe-browsing-protection-now.html"
    found = read_article((corpora / "worked-example" / "blogger-googlesecurity.html").read_bytes(), url)
    assert found.title == "Enhanced Safe Browsing Protection now available in Chrome"
    assert found.published is not None
    assert found.published.date().isoformat() == "2020-05-19"
    assert found.next is not None
    assert found.previous is not None
    assert found.next.url == "https://security.googleblog.com/2020/05/expanding-our-work-with-open-source.html"
    assert found.previous.url == "https://security.googleblog.com/2020/05/introducing-portability-of-google.html"
    assert (found.next.title, found.previous.title) == (None, None)
    assert "\n\nBuilding upon Safe Browsing\n\n" in found.text
    assert found.text.startswith("Over the past few years we’ve seen threats on the web")
    assert found.text.rstrip().endswith("to cover all users.")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<h1>Just a moment...</h1><p>Checking your browser before accessing daily.example. Enable JavaScript and cookies to continue</p>", PageKind.CAPTCHA),
        ("<h1>Are you a robot?</h1><p>Please complete the captcha below so that we know that you are a human.</p>", PageKind.CAPTCHA),
        ("<div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>", PageKind.SCRIPT_ONLY),
        ("<h1>Your privacy</h1><p>We and our partners store and/or access information on a device, such as cookies, and process personal data.</p><p>With your consent we may use precise data.</p><button>Accept all</button><p>Accept all or manage.</p>", PageKind.CONSENT),
        (f"<article><h1>A flaw in a library</h1><p>{LEDE}</p><div class=wall><h2>Subscribe to continue reading</h2><p>Already a subscriber? Log in to read the full article.</p></div></article>", PageKind.PAYWALL),
        ("<div></div>", PageKind.EMPTY),
    ],
)  # fmt: skip
def test_walls_are_recognised(body: str, kind: PageKind) -> None:
    """A page that hides its article is marked, so that it is not stored as one."""
    assert read_article(page(body), "https://daily.example/flaw").kind is kind


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n%\xe2\xe3", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04xx", b'{"a": 1}', b"GIF89a"]
)
def test_files_are_not_pages(data: bytes) -> None:
    """What the bytes say counts, whatever the label."""
    assert read_article(data, "https://daily.example/x", "application/octet-stream").kind is PageKind.NOT_HTML


def test_nothing_is_an_empty_page() -> None:
    """An empty body is no error."""
    assert read_article(b"", "https://daily.example/x", "text/html").kind is PageKind.EMPTY


def test_the_feeds_text_stands_in_for_a_page_that_scripts_fill() -> None:
    """What the feed holds is evidence; where the page has nothing it is the article."""
    html = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    found = read_article(page("<div id=root></div>"), "https://daily.example/x", hint=Hint(title="A flaw", html=html))
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert found.extractor == "feed"


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("Grüße".encode(), "", "Grüße"),
        ("Grüße".encode("cp1252"), "text/html; charset=iso-8859-1", "Grüße"),
        (b"<meta charset='windows-1251'>" + "Привет".encode("cp1251"), "text/html", "Привет"),
        ("Привет".encode("koi8-r"), "text/html; charset=koi8-r", "Привет"),
        ("こんにちは".encode("shift_jis"), "text/html; charset=x-sjis", "こんにちは"),
        ("Grüße".encode(), "text/html; charset=iso-8859-1", "Grüße"),
        ("﻿Grüße".encode("utf-16"), "text/html", "Grüße"),
        (b"Gr\xc3\xbc\xc3\x9fe \xc3\xa4\xc3\xb6 \xff end", "text/html", "Grüße äö ÿ end"),
        (
            "Schöne Grüße für alle Hörer aus München und Köln".encode("cp1252"),
            "text/html; charset=rot13",
            "Grüße für alle",
        ),
    ],
)
def test_f28_charsets(data: bytes, label: str, text: str) -> None:
    """A wrong, missing or absurd label gives readable text."""
    assert text in decode(data, label, page=True).replace("\ufeff", "")


@pytest.mark.parametrize(
    "html",
    ["<div>" * 100_000 + "x", "<b><p>x" * 50_000, "<a href=/x>y</a> " * 60_000, "<p>word word word</p>" * 60_000, "<table><tr><td>x" * 30_000,
     "<script type='application/ld+json'>" + "[" * 200_000 + "</script>", "<div class='" + "comment " * 100_000 + "'>x",
     "<div class=newsletter>" + "<input type=email>x " * 30_000, "<table><tr><td>" + "<p style='display:none'>x</p>" * 20_000,
     "<pre class=line>x</pre>" * 50_000, "<a href=/author/x>Ada Example</a> " * 30_000, "<x-a>x </x-a>" * 60_000],
)  # fmt: skip
def test_a19_floods_end(html: str) -> None:
    """A page made to take long takes no longer than its worker may."""
    start = time.process_time()
    read_article(html.encode(), "https://evil.example/")
    assert time.process_time() - start < 6


def test_a_themes_demonstration_text_is_no_article(corpora: Path) -> None:
    """Whichever engine is asked: a real page that was published with the blocks of its template."""
    page = gzip.decompress((corpora / "extraction" / "html" / "0285.html.gz").read_bytes())
    found = read_article(page, "https://example.org/2025-top-company-performance-rankings.html")
    assert not any(line.startswith("Lorem ipsum") for line in found.text.splitlines())
    assert "2025 Top P&C Insurance Company Performance Rankings" in (found.title or "")


WORDPRESS = (
    '<figure class="wp-block-image"><img src="/a.png"><figcaption class="wp-element-caption">{}</figcaption></figure>'
)


@pytest.mark.parametrize(
    ("caption", "kept"),
    [
        ("The gate as it was found in the morning. Source: Lamp Lab", True),
        ("Infection chain", True),
        ("Image: Getty Images", False),
    ],
)
def test_short_captions_stay_with_their_pictures(caption: str, kept: bool) -> None:
    """However short: under its picture, not in the running text. A bare credit does not."""
    paragraphs = [f"<p>{'The lamp of the gate was out when we came, ' * 5} it was number {n}.</p>" for n in range(6)]
    paragraphs.insert(3, WORDPRESS.format(caption))
    page = f"<html><head><title>Lamps</title></head><body><article>{''.join(paragraphs)}</article></body></html>"
    found = read_article(page.encode(), "https://e.example/lamps/")
    assert (f"<figcaption>{caption}</figcaption></figure>" in found.html) == kept
    assert caption not in found.text


@pytest.mark.parametrize("tag", ["article", "main", "section", "lamp-post"])
def test_a_page_without_head_and_body_tags(tag: str) -> None:
    """HTML5 needs neither: what is no part of a head begins the body."""
    text = "The lamp of the gate was out when we came, and nobody had seen who did it. " * 8
    page = f'<!doctype html><title>Lamps</title><link rel=canonical href="/lamps/"><{tag}><h1>Lamps</h1><p>{text}</p></{tag}>'
    found = read_article(page.encode(), "https://e.example/lamps/?x=1")
    assert (found.kind, found.title, found.text) == (PageKind.ARTICLE, "Lamps", text.strip())
    assert found.canonical_url == "https://e.example/lamps/"


def test_known_boilerplate_is_not_the_article() -> None:
    """Blocks whose marks are known are left out; where nothing else is there, they are all that can be had."""
    notice = "".join(
        f"<p>Our letter number {n} comes every Friday and costs nothing at all, says the house.</p>" for n in range(9)
    )
    own = "<p>" + "The lamp of the gate was out when we came, and nobody had seen who did it. " * 5 + "</p>"
    page = f"<html><head><title>Lamps</title></head><body><article>{notice}</article><div>{own}</div></body></html>"
    known = Hint(boilerplate=frozenset(marks(to_text(notice))))
    assert "every Friday" in read_article(page.encode(), "https://e.example/lamps/").text
    found = read_article(page.encode(), "https://e.example/lamps/", "", known)
    assert found.text == to_text(own)
    assert "every Friday" in read_article(page.replace(own, "").encode(), "https://e.example/lamps/", "", known).text
