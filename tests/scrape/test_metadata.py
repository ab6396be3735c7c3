"""Titles, authors and dates as the page tells them, whatever its machinery says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.scrape import read_article
from aggregator.text.dates import dates_in, read_date
from aggregator.text.encoding import decode

TEXT = "".join(
    f"<p>{sentence}</p>"
    for sentence in (
        "Researchers have found a flaw in a library that half of the internet uses, and which nobody has paid for.",
        "The flaw lies in how the library reads the length of a field, which it takes from the packet without asking.",
        "An attacker who can send a packet can read what lies behind it in memory, and nothing is written to any log.",
    )
)
URL = "https://daily.example/flaw"


def page(before: str, head: str = "", h1: str = "A flaw in a library") -> bytes:
    return f"<html><head><title>A flaw in a library</title>{head}</head><body><article><h1>{h1}</h1>{before}<div>{TEXT}</div></article></body></html>".encode()


def ld(published: str, modified: str = "") -> str:
    change = f',"dateModified":"{modified}"' if modified else ""
    return f'<script type="application/ld+json">{{"@type":"Article","headline":"A flaw in a library","datePublished":"{published}"{change}}}</script>'


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("June 12, 2026", "2026-06-12"), ("12. Juni 2026", "2026-06-12"), ("12 de junio de 2026", "2026-06-12"),
        ("1er juillet 2026", "2026-07-01"), ("12 июня 2026", "2026-06-12"), ("2026年6月12日", "2026-06-12"),
        ("12 czerwca 2026", "2026-06-12"), ("Fri, 19th Dec 2025", "2025-12-19"), ("25/12/2025", "2025-12-25"),
        ("6/12/2026", "2026-06-12"), ("12.06.2026", "2026-06-12"),
    ],
)  # fmt: skip
def test_dates_that_people_write_are_read(text: str, day: str) -> None:
    """In many languages, with ordinals, with numbers."""
    assert [moment.date().isoformat() for moment in dates_in(text)][:1] == [day]


@pytest.mark.parametrize("text", ["", "41/41/2026", "February 30, 2026", "12 people of 2026", "version 1.2.3"])
def test_what_is_no_date_is_none(text: str) -> None:
    """Numbers and days that do not exist."""
    assert read_date(text) is None


def test_an_earlier_day_that_readers_see_goes_before_what_machines_are_told() -> None:
    """A site that moved house states the day of the move; the page still shows when the article came out."""
    found = read_article(page("<p>May 14, 2025</p>", ld("2025-11-20T16:02:46Z", "2025-11-20T16:02:46Z")), URL)
    assert found.published == datetime(2025, 5, 14, tzinfo=UTC)


def test_a_shown_change_is_no_publication() -> None:
    """ "Updated" names the last change, and only that."""
    found = read_article(page("<p>Updated September 28, 2025</p>", ld("2015-04-06T13:52:00-04:00")), URL)
    assert found.published == datetime(2015, 4, 6, 17, 52, tzinfo=UTC)
    assert found.modified == datetime(2025, 9, 28, tzinfo=UTC)


def test_a_local_day_does_not_hide_the_moment() -> None:
    """The shown day may be the day before in UTC: the exact moment is kept."""
    found = read_article(page("<p>Jun 25, 2025</p>", ld("2025-06-25T20:57:54-04:00")), URL)
    assert found.published == datetime(2025, 6, 26, 0, 57, 54, tzinfo=UTC)


NINE_THIRTY = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
THAT_DAY = datetime(2026, 11, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    "before",
    [
        '<time datetime="2026-11-19T09:30:00Z">19 Nov 2026</time>',
        '<p><time datetime="2026-11-19T09:30:00Z">November 19, 2026</time></p>',
        '<p class="byline">By Ada Example, <b><time datetime="2026-11-19T10:30+01:00"><i>19</i> Nov 2026</time></b></p>',
        '<p>Updated November 19, 2026</p><p><time datetime="2026-11-19T09:30:00Z">19 November 2026</time></p>',
        '<p><time datetime="2026-11-19T09:30:00Z">19 Nov 2026</time>, updated <time datetime="2026-11-20T08:00Z">20 Nov 2026</time></p>',
        '<p><time datetime="2026-11-19T09:30:00Z">19 Nov 2026</time></p><aside><time datetime="2026-11-19T07:00Z">19 Nov 2026</time></aside>',
    ],
    ids=["alone", "in words", "in a byline", "behind a change", "with a change", "the same day elsewhere"],
)  # fmt: skip
def test_the_moment_behind_a_shown_day_is_read(before: str) -> None:
    """Readers are shown the day, machines are told the time of that day: it is the time."""
    assert read_article(page(before), URL).published == NINE_THIRTY


def test_the_moment_behind_a_shown_day_serves_a_bare_day_for_machines() -> None:
    """JSON-LD with only a day, and an element with its time; a time that JSON-LD states itself stays."""
    shown = '<p><time datetime="2026-11-19T09:30:00Z">19 Nov 2026</time></p>'
    assert read_article(page(shown, ld("2026-11-19")), URL).published == NINE_THIRTY
    assert read_article(page(shown, ld("2026-11-19T11:00:00Z")), URL).published == NINE_THIRTY.replace(
        hour=11, minute=0
    )


@pytest.mark.parametrize(
    "before",
    [
        '<p><time datetime="2026-11-25T09:30:00Z">19 Nov 2026</time></p>',
        '<p>19 Nov 2026</p><p>Updated <time datetime="2026-11-19T15:00:00Z">19 Nov 2026</time></p>',
        '<p>19 Nov 2026</p><p><time datetime="2026-11-19T15:00:00Z">3 minutes</time> to read</p>',
    ],
    ids=["another day", "of a change", "shows no day"],
)  # fmt: skip
def test_a_moment_that_is_not_the_shown_one_is_left(before: str) -> None:
    """A machine's time of another day, of a change, or of something else says nothing about the shown day's."""
    others = '<footer><time datetime="2026-11-19T21:00Z">19 Nov 2026</time></footer>'
    assert read_article(page(before + others), URL).published == THAT_DAY


def test_two_sources_outvote_a_stale_template() -> None:
    """Where meta element and page object agree on another day than the article object, they are right."""
    graph = (
        '<script type="application/ld+json">{"@type":"WebPage","datePublished":"2025-12-18T21:09:22+00:00"}</script>'
    )
    meta = '<meta property="article:published_time" content="2025-12-18T21:09:22+00:00">'
    found = read_article(page("", ld("2025-03-01") + graph + meta), URL)
    assert found.published == datetime(2025, 12, 18, 21, 9, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        ("<div><div>By</div><div>The Packet Team</div><div>6 mins</div></div>", "The Packet Team"),
        ("<p>03/01/2026 by Ada Example, member of the committee</p>", "Ada Example, member of the committee"),
        ("<p>Posted by Ada at December 16, 2025 11:15 AM</p>", "Ada"),
        ("<div class='post-author-box2'></div><div class='blogpost-author'>Insights from <div class='blogpost-author-name'>Ada Example</div> Marketing Director</div>", "Ada Example"),
        ("<p>By <a rel=author href=/a>Ada Example</a> and <a rel=author href=/b>Bob Example</a></p>", "Ada Example, Bob Example"),
    ],
)  # fmt: skip
def test_names_are_found_around_the_headline(markup: str, author: str) -> None:
    """Alone behind a "by", behind a date, in an element for names, side by side."""
    assert read_article(page(markup), URL).author == author


def test_what_link_previews_are_told_names_the_author() -> None:
    """WordPress writes "Written by" and the name as a label and its value."""
    head = '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ada Example">'
    assert read_article(page("", head), URL).author == "Ada Example"


def test_citations_turn_names_around() -> None:
    """Libraries put the last name first."""
    head = '<meta name="citation_author" content="Lovelace, Ada"><meta name="citation_author" content="Byron, George">'
    assert read_article(page("", head), URL).author == "Ada Lovelace, George Byron"


@pytest.mark.parametrize(
    ("h1", "head", "title"),
    [
        ("Dec 18 2025 A flaw in a library", "", "A flaw in a library"),
        ("Blog: A flaw in a library", "", "A flaw in a library"),
        ("A flaw in a library (example.com) 87", "", "A flaw in a library"),
        ("A flaw in a library &amp;amp; its cure", "<meta property=og:title content='A flaw in a library &amp; its cure'>", "A flaw in a library & its cure"),
    ],
)  # fmt: skip
def test_headlines_lose_what_is_not_of_them(h1: str, head: str, title: str) -> None:
    """Dates and labels before them, domains behind them, entities written twice."""
    assert read_article(page("", head, h1), URL).title == title


def headed(*h1: str, head: str = "", url: str = URL) -> str | None:
    """The title of a page with these headings and this head."""
    headings = "".join(f"<h1>{text}</h1>" for text in h1)
    return read_article(
        f"<html><head>{head}</head><body>{headings}<article>{TEXT}</article></body></html>".encode(), url
    ).title


def test_the_heading_stands_before_what_machines_are_told() -> None:
    """Search engines are often given other words than readers: the shown ones are the title where the two agree."""
    head = "<title>A flaw in a library that half the internet uses - Daily</title>"
    assert headed("A flaw in a library that half the internet uses today", head=head) == (
        "A flaw in a library that half the internet uses today"
    )
    assert headed("A flaw in a library", head="<meta property=og:title content='Kettles by the dozen'>") == (
        "Kettles by the dozen"
    )


def test_a_heading_that_is_the_name_of_the_site_is_no_title() -> None:
    """Some themes put the site's name into an h1: by its meta element, or as its host is called."""
    head = "<meta property=og:site_name content='Kettle News'><title>A flaw in a library</title>"
    assert headed("Kettle News", head=head) == "A flaw in a library"
    assert headed("Daily", head="<title>A flaw in a library | Daily</title>") == "A flaw in a library"
    assert headed("Daily", "A flaw in a library") == "A flaw in a library"


def test_headings_too_short_or_too_long_are_no_titles() -> None:
    """Two characters name nothing; three hundred and more are a text that a theme has put into an h1."""
    head = "<title>A flaw in a library</title>"
    assert headed("A flaw in a library " * 20, head=head) == "A flaw in a library"
    assert headed("##", head=head) == "A flaw in a library"


def test_f28_utf8_inside_utf8_is_decoded_twice() -> None:
    """A page that was read as Latin-1 and written as UTF-8 says what its author wrote; one that quotes such is kept."""
    text = "the attacker’s – “simple” – trick"
    assert decode(f"<p>{text}</p>".encode().decode("latin-1").encode()) == f"<p>{text}</p>"
    quoted = "<p>It then reads Ã© where it says é</p>"
    assert decode(quoted.encode(), page=True) == quoted


@pytest.mark.parametrize(
    ("before", "author"),
    [
        ('<div class="author-name">Ines Falk <span class="level">Lv2</span></div>', "Ines Falk"),
        ('<div class="author-name">Ines Falk Lv.12</div>', "Ines Falk"),
        ('<p class="byline">By <a href="/team/i">Ines Falk</a>, <a href="/team/a">Ada Moor</a></p>', "Ines Falk, Ada Moor"),
        ("<p>Reviewed by Ben Lund. Written by Ines Falk.</p>", "Ines Falk"),
        ("<p>By Ines Falk. Fact-checked by Ben Lund</p>", "Ines Falk"),
        ("<p>作者：林涛 | 2026-03-12</p>", "林涛"),
        ("<p>posted on 2026-03-12 14:00 EST by Ines Falk</p>", "Ines Falk"),
        ('<p><span>By</span><span>Ines Falk</span></p>', "Ines Falk"),
        ('<meta name="author" content="Ines Falk, Staff Writer">', "Ines Falk"),
        ('<meta name="author" content="Ines Falk und Ada Moor">', "Ines Falk, Ada Moor"),
        (('<meta name="author" content="The Daily"><meta property="og:site_name" content="The Daily">'
         '<p class="byline"><a rel="author" href="/a/">Ines Falk</a></p>'), "Ines Falk"),
    ],
)  # fmt: skip
def test_who_wrote_it_and_nobody_else(before: str, author: str) -> None:
    """No level, no role, no reviewer, no site."""
    assert read_article(page(before), URL).author == author


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ('<a href="/">The Daily</a><article><h1>A flaw</h1>', "A flaw"),
        ('<a href="/">The Daily</a><article><h2 class="entry-title">A flaw in it</h2>', "A flaw in it"),
        ('<h1><a href="https://daily.example/">The Daily</a></h1><article><h2 class="post-title">A flaw in it</h2>', "A flaw in it"),
        ('<article><h1><span class="kicker">Espionage</span><span>A flaw in it</span></h1>', "A flaw in it"),
        ('<article><h1>A flaw in it <a class="headerlink" href="#x">¶</a></h1>', "A flaw in it"),
        ('<article><h1>A flaw in it #</h1>', "A flaw in it"),
        ('<article><h1>Learning C#</h1>', "Learning C#"),
    ],
)  # fmt: skip
def test_titles_without_site_section_or_sign(html: str, title: str) -> None:
    """Where `title` names the site alone, or a heading has more in it than the headline."""
    body = f"<html><head><title>The Daily</title></head><body>{html}<div>{TEXT}</div></article></body></html>"
    assert read_article(body.encode(), URL).title == title


@pytest.mark.parametrize(
    ("before", "day"),
    [
        ("<p>Updated: August 1, 2026 · Published: March 12, 2026</p>", "2026-03-12"),
        ("<p>Published March 12, 2026 | Last updated August 1, 2026</p>", "2026-03-12"),
        ("<p>On 5 January 2019 the group was seen for the first time.</p>", None),
        ("<p>It began on 12 June 2025, quietly.</p>", None),
        ("<p>Published on 12 March 2026 by Ada Moor.</p>", "2026-03-12"),
    ],
)
def test_of_several_days_the_one_of_publication(before: str, day: str | None) -> None:
    """By its label; a day that a sentence tells of is none."""
    published = read_article(page(before), "https://daily.example/flaw-in-a-library/").published
    assert (published and published.date().isoformat()) == day


SPOKEN = {
    "en": TEXT,
    "fr": "<p>Des chercheurs ont trouvé une faille dans une bibliothèque que la moitié de l'internet utilise et que personne"
    " ne paie. La faille est dans la façon dont elle lit la longueur d'un champ, que les paquets donnent sans être vérifiés.</p>" * 2,
    "nl": "<p>Onderzoekers hebben een lek gevonden in een bibliotheek die het halve internet gebruikt en waar niemand voor heeft"
    " betaald. Het lek zit in de manier waarop zij de lengte van een veld leest, die zij uit het pakket neemt.</p>" * 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "lang", "spoken", "line", "around", "url"),
    [
        ("2026-04-03", "fr", "fr", "Publié le 03/04/2026", "", URL),
        ("2026-04-03", "en", "fr", "Publié le 03/04/2026", "", URL),
        ("2026-04-03", "en-GB", "en", "Published 03/04/2026", "", URL),
        ("2026-03-04", "en-US", "en", "Published 03/04/2026", "", URL),
        ("2026-03-04", "en", "en", "Published 03/04/2026", "", URL),
        ("2026-04-03", "en", "en", "Published 03/04/2026", "", "https://daily.co.uk/flaw"),
        ("2026-04-03", "en", "en", "Published 03/04/2026", "", "https://daily.example/2026/04/03/flaw"),
        ("2026-04-03", "en", "en", "Friday 03/04/2026", "", URL),
        ("2026-04-03", "en", "en", "Published 03/04/2026", "<aside><p>25/03/2026 An older flaw</p></aside>", URL),
        ("2026-03-04", "en", "en", "Published 03/04/2026", "<aside><p>03/25/2026 An older flaw</p></aside>", URL),
        ("2026-04-03", "en", "en", "03/04/2026", "<meta property='article:modified_time' content='2026-04-03T10:00Z'>", URL),
        ("2026-04-03", "nl", "nl", "Gepubliceerd op 03-04-2026", "", URL),
        ("2026-04-03", "nl", "nl", "<time datetime='03.04.2026'>vrijdag</time>", "", URL),
        ("2026-04-03", "fr", "fr", "", "<meta name='date' content='03/04/2026'>", URL),
    ],
)  # fmt: skip
def test_day_and_month_in_the_order_of_the_page(
    day: str, lang: str, spoken: str, line: str, around: str, url: str
) -> None:
    """What decides: another date of the page, a day of the week, what machines are told, the language, the country."""
    markup = f"<html lang={lang}><head><title>A flaw</title></head><body>{around}<article><h1>A flaw</h1><p>{line}</p>"
    found = read_article(f"{markup}{SPOKEN[spoken]}</article></body></html>".encode(), url, "text/html; charset=utf-8")
    assert found.published is not None
    assert found.published.date().isoformat() == day


@pytest.mark.parametrize(
    ("head", "h1", "title"),
    [
        # A heading that is marked as the title goes before other words that machines are told.
        ("<meta property='og:title' content='Top nine of everything'>", "<h1 class='entry-title'>A flaw that nobody has paid for</h1>", "A flaw that nobody has paid for"),
        # A kicker that both sources for machines have is a part of the title.
        (f"{ld('2026-06-12').replace('A flaw in a library', 'Kenya: A flaw in a library')}<meta property='og:title' content='Kenya: A flaw in a library'>",
         "<span>Kenya</span><h1>A flaw in a library</h1>", "Kenya: A flaw in a library"),
        # A kicker within the heading that goes on behind a colon.
        ("<meta property='og:title' content='Again: A flaw'>", "<h1><span class='kicker'>Again</span>: A flaw</h1>", "Again: A flaw"),
        # The name of a section before the title.
        ("<meta property='og:title' content='A flaw in a library'>", "<h1 class='title'>News A flaw in a library</h1>", "A flaw in a library"),
        # JSON-LD cuts headlines.
        (ld("2026-06-12").replace("A flaw in a library", "A flaw that was found in a library by people who were looking for something else, and")
         + "<meta property='og:title' content='A flaw that was found in a library by people who were looking for something else, and who told nobody'>",
         "", "A flaw that was found in a library by people who were looking for something else, and who told nobody"),
    ],
)  # fmt: skip
def test_the_title_among_a_page_s_names(head: str, h1: str, title: str) -> None:
    """What readers see goes first; what machines are told completes it."""
    found = read_article(page("", head).replace(b"<h1>A flaw in a library</h1>", h1.encode()), URL)
    assert found.title == title


@pytest.mark.parametrize(
    ("head", "before", "after", "author"),
    [
        ("", "<p>Dec. 19, 2025 &middot; Ada Example on behalf of <a href='/g'>the group</a></p>", "", "Ada Example"),
        ("", "<div><span>2025-12-19</span> · <a title='x'>Ada Example</a></div>", "", "Ada Example"),
        ("", "<p><i>Ada Example, December 19, 2025</i></p>", "", "Ada Example"),
        ("", "<p>Ada van Example</p><p>12 December 2025</p>", "", "Ada van Example"),
        ("", "<p>Threat Intelligence</p><p>12 December 2025</p>", "", None),
        ("", "<p><a href='/category/harbour-life/'>Harbour Life</a> | December 12, 2025</p>", "", None),
        ("", "", "<p>Posted by Ada Example at December 16, 2025 11:15 AM</p>", "Ada Example"),
        ("", "", "<div class='comments'><p>Posted by Eve Reader at December 16, 2025 11:15 AM</p></div>", None),
        ("", "", "<h3>Author</h3><p>Ada Example</p>", "Ada Example"),
        ("<meta name='author' content='Team Flaw'>", "", "<p>Written by Ada Example</p>", "Ada Example"),
        ("<meta name='author' content='Team Flaw'>", "", "", "Team Flaw"),
        ("<meta name='author' content='Bob Upload'>", "<p>By: Ada Example</p>", "", "Ada Example"),
        ("<meta name='author' content='Ada Example'>", "<p>By Ada Example and Bob Example</p>", "", "Ada Example, Bob Example"),
        ("<meta name='author' content='Ada Example'>", "<p>By Chief Business Editor</p>", "", "Ada Example"),
    ],
)  # fmt: skip
def test_who_wrote_it(head: str, before: str, after: str, author: str | None) -> None:
    """Beside the date, in a signature, in a line "By ..." that machines are not told; no section, no reader."""
    found = read_article(page(before, head).replace(b"</div></article>", f"{after}</div></article>".encode()), URL)
    assert found.author == author


@pytest.mark.parametrize(
    "note",
    [
        "<p>Published <time pubdate datetime='2025-05-14'>May 14</time></p>",
        "<p>This was originally published on May 14, 2025.</p>",
    ],
)
def test_a_note_below_the_text_has_the_day_of_publication(note: str) -> None:
    """Where machines are only told when it was changed."""
    changed = ld("2025-11-20T16:02:46Z", "2025-11-20T16:02:46Z")
    found = read_article(page("", changed).replace(b"</article>", f"{note}</article>".encode()), URL)
    assert found.published == datetime(2025, 5, 14, tzinfo=UTC)
