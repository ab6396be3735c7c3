"""Every kind of page in one real browser: what people see, wide and narrow, light and dark, on paper, by touch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.chromium import Page, browser
from support.desk_room import serving
from support.emit_shelf import KREBS, LAB, THREATPOST, Shelf, chained

from aggregator.config.settings import Output, ServedSite
from aggregator.emit import build
from aggregator.models import Attribution, Ended, OutputEntry, Revision, RevisionKind, Source, StoryMember, Withdrawal

pytestmark = pytest.mark.browser

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" * 2
LONG = "The Slow Review of Everything That Is Old and Unwisely Connected to the Internet"
WORDS = ("Kind", "Indicator", "First seen", "Last seen", "Who", "Where", "Confidence", "Notes")
ROW = ("domain", HASH, "2026-03-01", "2026-03-09", "CERT", "Oslo", "certain", "Sinkholed")
ARTICLE = f"""
<p>The loader calls <code>{HASH}</code>, as <a href="https://example.org/{HASH}">others</a> have found.</p>
<h2>What it does</h2>
<pre><code>{HASH}{HASH}
second line</code></pre>
<table><tbody><tr>{"".join(f"<th>{word}</th>" for word in WORDS)}</tr><tr>{"".join(f"<td>{word}</td>" for word in ROW)}</tr></tbody></table>
<ul><li>{HASH}<ul><li>nested</li></ul></li></ul>
<p>It reads <code>HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\{HASH}</code> and calls hxxps://{HASH}.example[.]net/gate.php.</p>
<h2>A heading that is long: {HASH}</h2>
<figure><img src="https://lab.example/a.png" alt="A plan of the harbour" width="2400" height="900"><figcaption>{HASH}</figcaption></figure>
<blockquote><p><a href="https://example.org/{HASH}">https://example.org/{HASH}</a></p></blockquote>
"""
ARABIC = "<p>أعلنت الشركة عن ثغرة في بواباتها.</p><table><tr><th>النوع</th><th>القيمة</th></tr><tr><td>نطاق</td><td>evil.example</td></tr></table>"
DESK = ("search?q=worm&copies=1&source=alpha", "search?q=absent", "search?since=foo", "search?q=%22a%20(", "status",
        "api", "none")  # fmt: skip
DARK = """(({ backgroundColor, color }) => { const bright = (one) => one.match(/[\\d.]+/g).slice(0, 3).reduce(
    (sum, part) => sum + Number(part), 0); return bright(backgroundColor) < bright(color); })(getComputedStyle(document.body))"""


class Hand:
    """Two outputs: one with these entries, and one without any."""

    def __init__(self, *entries: OutputEntry) -> None:
        self.entries = entries

    def shown(self, one: Output, _: int) -> tuple[OutputEntry, ...]:
        return self.entries if one.name == "own" else ()

    def members(self, one: Output, limit: int) -> tuple[int, ...]:
        return tuple(entry.post.sequence for entry in self.shown(one, limit))

    def ended(self, _name: str, _limit: int) -> tuple[Ended, ...]:
        return ()


def shelf() -> Shelf:
    """A hard article that was edited and tells a story with two others, one in Arabic, one withdrawn, a long name."""
    slow = Source(name=LONG, slug="slow", feed_url="https://slow.example/rss", tags=("research",))
    filled = Shelf((KREBS, LAB, THREATPOST, slow))
    posts = list(chained(12))
    posts[3] = replace(posts[3], source=slow)
    teller = [StoryMember(p.source.name, p.source.slug, p.url, p.path, p.title, p.published, "") for p in posts[2:5]]
    for place in (2, 3, 4):
        posts[place] = replace(posts[place], story="a1b2", story_members=tuple(teller))
    then = posts[4].published + timedelta(hours=1)
    edits = (Revision(then, RevisionKind.EDITED, "1 word changed", "A", "It is old.", "A", "It is new."),)
    posts[4] = replace(posts[4], html=ARTICLE, title=f"A loader {HASH}", revisions=edits,
                       media="strip", attribution=Attribution(HASH))  # fmt: skip
    posts[5] = replace(posts[5], html=ARABIC, title="ثغرة خطيرة في بوابات", language="ar")
    posts[6] = replace(posts[6], withdrawn=Withdrawal(posts[6].published, "It named a victim.", ()))
    posts[11] = replace(posts[11], title=HASH, summary=HASH)
    filled.put(*posts)
    return filled


@pytest.fixture(scope="module")
def site(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Shelf]]:
    """The address of a server with the pages of the shelf and the desk over the newsroom's database."""
    data, held = tmp_path_factory.mktemp("looks"), shelf()
    (data / "aggregator.db").symlink_to(filled / "aggregator.db")
    outputs = [Output.model_validate({"name": name, "words": ["gang"]}) for name in ("own", "empty")]
    site = ServedSite(base_url="https://news.example/", page_size=10)
    entries = [OutputEntry(held.posts[n], held.posts[n].stamp) for n in (5, 3)]
    build(held, site, data / "public", outputs=outputs, chosen=Hand(*entries))
    with serving(data, site) as asking:
        yield asking.server.url, held


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


def mirrored(held: Shelf) -> list[str]:
    """Every kind of page of the mirror."""
    posts = [held.posts[n].path for n in (5, 6, 7, 12)]
    lists = ["", "sources.html", "sources/slow.html", "tags/news.html", "archive/index.html", "archive/2026-03.html"]
    return [
        *lists,
        *posts,
        posts[0].replace(".html", "-history.html"),
        "stories/a1b2.html",
        "outputs/own.html",
        "outputs/empty.html",
    ]


def test_every_page_fits_and_keeps_the_readers_colours(site: tuple[str, Shelf], page: Page) -> None:
    """At 320 pixels nothing scrolls sideways, dark is dark, one h1, levels are not left out, the console is silent."""
    base, held = site
    for path in (*mirrored(held), *DESK):
        page.look(320, scheme="dark")
        complaints = [one for one in page.open(base + path) if "Failed to load resource" not in one]
        colours = [page.run(DARK)]
        found = page.run("""({ width: document.documentElement.scrollWidth,
            levels: [...document.querySelectorAll("h1, h2, h3, h4")].map((one) => Number(one.tagName[1])),
            unnamed: [...document.querySelectorAll("input, select")].filter((field) => !field.labels.length).length })""")
        steps = [after - before for before, after in zip(found["levels"], found["levels"][1:], strict=False)]
        page.look(320)
        assert (complaints, found["width"], found["unnamed"]) == ([], 320, 0), path
        assert [*colours, page.run(DARK)] == [True, False], path
        assert (found["levels"].count(1), found["levels"][0], max(steps, default=0) <= 1) == (1, 1, True), path


def test_a_long_name_is_not_cut_off(site: tuple[str, Shelf], page: Page) -> None:
    """What stands under a title goes on in a second line that begins where the first does, inside what is shown."""
    page.look(360)
    page.open(site[0] + "archive/2026-03.html")
    found = page.run("""[...document.querySelectorAll("ul.meta")].map((list) => {
        const range = document.createRange();
        range.selectNodeContents(list.firstElementChild.firstElementChild ?? list.firstElementChild);
        const lines = [...range.getClientRects()].map((line) => line.left - list.getBoundingClientRect().left);
        return [lines.length, Math.max(...lines) - Math.min(...lines), Math.min(...lines) / parseFloat(getComputedStyle(list).fontSize)];
    })""")
    assert max(lines for lines, _, _ in found) > 1
    assert all(spread < 1 and begins > 0.9 for _, spread, begins in found)


def test_an_empty_list_stands_where_posts_would(site: tuple[str, Shelf], page: Page) -> None:
    """On a wide screen its words are under the heading, not in the margin."""
    page.look(1280)
    page.open(site[0] + "outputs/empty.html")
    left = "Math.round(document.querySelector('{}').getBoundingClientRect().left)"
    assert page.run(left.format("p.nothing")) == page.run(left.format("h1"))


def test_tables_break_no_word_that_fits(site: tuple[str, Shelf], page: Page) -> None:
    """A hash is broken, a word is not; in a right-to-left article the room between columns is on their other side."""
    base, held = site
    cell = """(() => { const cell = [...document.querySelectorAll("td")].at(-1), style = getComputedStyle(cell), range = document.createRange();
        range.selectNodeContents(cell); return [range.getClientRects().length, parseFloat(style.paddingLeft), parseFloat(style.paddingRight)]; })()"""
    for width in (360, 1280):
        page.look(width)
        page.open(base + held.posts[5].path)
        lines, left, right = page.run(cell)
        assert (lines, left, right > 10) == (1, 0, True)
        assert page.run("document.querySelector('table td:nth-child(2)').clientWidth") < 400
    page.open(base + held.posts[6].path)
    lines, left, right = page.run(cell)
    assert (lines, left > 10, right) == (1, True, 0)


def test_code_scrolls_in_its_own_box_and_the_page_is_drawn(site: tuple[str, Shelf], page: Page) -> None:
    """Long lines of code are not broken and not cut off; a picture of the page shows something."""
    base, held = site
    page.look(1280)
    page.open(base + held.posts[5].path)
    assert page.run(
        "[getComputedStyle(document.querySelector('pre')).overflowX, document.querySelector('pre').scrollWidth > 1280]"
    ) == [
        "auto",
        True,
    ]
    assert len(page.call("Page.captureScreenshot", format="png")["data"]) > 20_000


def test_an_article_prints_whole(site: tuple[str, Shelf], page: Page) -> None:
    """On paper no table and no line of code ends at the margin, and what leads elsewhere is left out."""
    base, held = site
    page.look(720, media="print")
    page.open(base + held.posts[5].path)
    assert (
        page.run("""[...document.querySelectorAll("pre, table, td, .text p")].filter((one) =>
        one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > 721).map((one) => one.tagName)""")
        == []
    )
    assert (
        page.run("""[...document.querySelectorAll("nav, footer.site, .skip")].filter((one) => one.offsetParent)
        .map((one) => one.outerHTML.slice(0, 40))""")
        == []
    )


def test_what_was_edited_is_said_and_not_only_drawn(site: tuple[str, Shelf], page: Page) -> None:
    """A screen reader gets what was removed and what is new; the two stand apart."""
    base, held = site
    page.look(1280)
    page.open(base + held.posts[5].path.replace(".html", "-history.html"))
    assert page.run(
        """["del", "ins"].map((one) => getComputedStyle(document.querySelector(one), "::before").content)"""
    ) == [
        '" [removed: "',
        '" [new: "',
    ]
    assert (
        page.run("""document.querySelector("ins").getBoundingClientRect().left
        - document.querySelector("del").getBoundingClientRect().right""")
        > 2
    )


def test_fingers_have_room(site: tuple[str, Shelf], page: Page) -> None:
    """What is pressed and stands in no sentence is at least 24 pixels high (WCAG 2.2, 2.5.8); the site's own links 40."""
    base, _ = site
    page.look(360, touch=True)
    small = """[...document.querySelectorAll("a, button, input, select, summary")].filter((one) => one.offsetParent
        && getComputedStyle(one).display !== "inline" && !one.matches(".skip") && one.offsetHeight < 24).map((one) => one.outerHTML)"""
    for path in ("", "sources.html", "status", "search?q=worm&source=alpha"):
        page.open(base + path)
        assert page.run(small) == [], path
        assert (
            page.run("Math.min(...[...document.querySelectorAll('header.site li a')].map((one) => one.offsetHeight))")
            >= 40
        )


def test_the_keyboard_gets_everywhere_and_is_seen(site: tuple[str, Shelf], page: Page) -> None:
    """The first stop leads past the navigation; every stop is outlined; what scrolls sideways is one of them."""
    base, held = site
    page.look(1280)
    page.open(base + held.posts[5].path)
    stops = []
    for _ in range(14):
        page.press("Tab", windowsVirtualKeyCode=9)
        stops.append(page.run("[document.activeElement.tagName + document.activeElement.className, "
                              "getComputedStyle(document.activeElement).outlineStyle, "
                              "document.activeElement.getBoundingClientRect().left >= 0]"))  # fmt: skip
    assert stops[0][0] == "Askip"
    assert all(style != "none" and inside for _, style, inside in stops)
    assert {"PRE", "TABLE"} <= {name for name, _, _ in stops}


def pressed(page: Page, key: str) -> str:
    """Where a key leads."""
    page.press(key)
    page.loaded()
    return str(page.run("location.pathname.slice(1)"))


def test_keys_lead_to_the_next_and_the_previous_post(site: tuple[str, Shelf], page: Page) -> None:
    """n and p follow rel next and prev on a post's page; without a list j goes to the older one, as in every list."""
    base, held = site
    page.look(1280)
    page.open(base)
    page.run("sessionStorage.clear()")
    for key, leads in (("n", 8), ("p", 2), ("j", 2), ("k", 8)):
        page.open(base + held.posts[5].path)
        assert pressed(page, key) == held.posts[leads].path
    page.open(base)
    page.press("j")
    assert page.run("document.activeElement.textContent") == HASH


def test_j_and_k_go_through_the_list_one_came_from(site: tuple[str, Shelf], page: Page) -> None:
    """Down and up the front page, from post to post; u leads back; n leaves it for the outlet's own chain."""
    base, _ = site
    page.look(1280)
    page.open(base)
    listed = page.run("[...document.querySelectorAll('a.post')].map((one) => one.pathname.slice(1))")
    page.run("void document.querySelectorAll('a.post')[1].click()")
    page.loaded()
    assert page.run("location.pathname.slice(1)") == listed[1]
    assert pressed(page, "j") == listed[2]
    assert pressed(page, "j") == listed[3]
    assert pressed(page, "k") == listed[2]
    assert pressed(page, "u") == ""
    page.press("j")
    page.press("j")
    assert page.run("[...document.querySelectorAll('a.post')].indexOf(document.activeElement)") == 1
    page.press("k")
    assert page.run("[...document.querySelectorAll('a.post')].indexOf(document.activeElement)") == 0


def test_the_other_keys(site: tuple[str, Shelf], page: Page) -> None:
    """`?` shows and hides what there is, on both kinds of pages; `/` leads to the search, and there to its field."""
    base, _ = site
    page.look(1280)
    for path in ("", "status"):
        assert page.open(base + path) == []
        page.press("?")
        assert page.run("document.querySelector('#keys').open"), path
        page.press("?")
        assert not page.run("document.querySelector('#keys').open"), path
    page.open(base)
    assert pressed(page, "/") == "search"
    page.press("/")
    assert page.run("document.activeElement.id") == "q"


def test_what_is_new_since_the_last_visit_is_marked(site: tuple[str, Shelf], page: Page) -> None:
    """Nothing on the first visit, nor while it lasts; on the next one what was not there, unless it is old."""
    base, _ = site
    marks = "[document.querySelectorAll('.new').length, document.querySelector('.since').hidden]"
    page.look(1280)
    page.open(base)
    page.run("localStorage.clear()")
    page.open(base)
    assert page.run(marks) == [0, True]
    page.open(base)
    assert page.run(marks) == [0, True]
    forget = """(() => { const seen = JSON.parse(localStorage.getItem("seen")), newest = document.querySelector(".card time");
        seen.last = Date.parse(newest.dateTime) + 3600e3; seen.seen = seen.seen.slice(2);
        localStorage.setItem("seen", JSON.stringify(seen)); })()"""
    page.run(forget)
    for _ in range(2):  # on both pages of that visit
        page.open(base)
        assert page.run(marks) == [2, False]
        assert page.run("document.querySelector('.since').textContent") == "2 new since your last visit."
    page.run(forget.replace("+ 3600e3", "+ 40 * 86400e3"))
    page.open(base)
    assert page.run(marks) == [0, True]


def test_arrows_move_about_in_an_enlarged_page(site: tuple[str, Shelf], page: Page) -> None:
    """They lead to the next post only where there is nothing to move about in."""
    base, held = site
    page.look(360)
    page.open(base + held.posts[5].path)
    press = """(() => { document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        return new Promise((done) => setTimeout(() => done(location.pathname), 200)); })()"""
    page.call("Emulation.setPageScaleFactor", pageScaleFactor=2)
    assert page.run("visualViewport.scale") == 2
    assert page.run(press) == f"/{held.posts[5].path}"
    page.call("Emulation.setPageScaleFactor", pageScaleFactor=1)


def test_axe_finds_nothing(site: tuple[str, Shelf], page: Page) -> None:
    """No kind of page breaks a rule of axe-core, narrow and light, wide and dark; AGGREGATOR_AXE names axe.min.js."""
    axe = Path(os.environ.get("AGGREGATOR_AXE") or "no axe")
    if not axe.is_file():
        pytest.skip("AGGREGATOR_AXE does not name axe.min.js (npm pack axe-core@4.14.1, then package/axe.min.js)")
    source = axe.read_text("utf-8") + "\n0"
    report = """axe.run(document, { resultTypes: ["violations"] }).then((found) =>
        [found.passes.length, found.violations.map(({ id, nodes }) => id + ": " + nodes[0].html)])"""
    base, held = site
    broken = {}
    for path in (*mirrored(held), *DESK):
        page.look(360)
        page.open(base + path)
        page.run(source)
        passes, narrow = page.run(report)
        page.look(1280, scheme="dark")
        _, wide = page.run(report)
        assert passes > 10
        broken.update({path: narrow + wide} if narrow + wide else {})
    assert broken == {}
