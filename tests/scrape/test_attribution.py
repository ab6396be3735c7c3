"""Whom a page names as its source, and what is no such thing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from aggregator.models import Attribution
from aggregator.scrape.attribution import attribution, is_attribution

URL = "https://night-notes.example/2024/06/council-face-scanners.html"
PROSE = (
    "The council of Harrowgate has voted to switch off the face scanners at its three stations, which were put up two "
    "years ago to look for missing people and have been used for everything else since, a report says."
)
MORE = "On Wednesday the maker of the scanners announced that it would stop selling them to the police for a year."


def tree(body: str, head: str = "") -> HtmlElement:
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    return document_fromstring(page.encode(), parser=HTMLParser(encoding="utf-8"))


def article(ending: str) -> HtmlElement:
    return tree(f"<article><h1>Title</h1><p>{PROSE}</p><p>{MORE}</p>{ending}</article><p>Share this</p>")


LINES = """
Source: Threatpost|Threatpost
SOURCE : Threatpost|Threatpost
(Source: Threatpost)|Threatpost
Via: Threatpost|Threatpost
via Threatpost|Threatpost
Original source: The Harrowgate Gazette|The Harrowgate Gazette
News source: Reuters|Reuters
Quelle: Heise Security|Heise Security
Fuente: El Faro|El Faro
Fonte: Il Corriere di Porto|Il Corriere di Porto
Bron: De Havenkrant|De Havenkrant
Źródło: Kurier Portowy|Kurier Portowy
Zdroj: Lupa|Lupa
Källa: Hamnbladet|Hamnbladet
Kaynak: Liman Haber|Liman Haber
Источник: Хабр|Хабр
出典:港町新聞|港町新聞
来源：港口日报|港口日报
Source: https://www.threatpost.com/council-face-scanners/150001/|threatpost.com
This article originally appeared on Threatpost.|Threatpost
This story was first published by the Harrowgate Gazette.|Harrowgate Gazette
This post was originally published on Threatpost (2 June).|Threatpost
A version of this article appeared in The Harrowgate Gazette.|The Harrowgate Gazette
Originally published at Threatpost.|Threatpost
First published on Threatpost.|Threatpost
Republished with permission from The Conversation.|The Conversation
Reprinted with the kind permission of Threatpost.|Threatpost
This article is republished from The Conversation under a Creative Commons license.|The Conversation
Dieser Artikel erschien zuerst bei Heise Security.|Heise Security
Dieser Beitrag wurde ursprünglich veröffentlicht auf Hafenblatt.|Hafenblatt
Cet article a été initialement publié sur Le Port.|Le Port
Este artículo se publicó originalmente en El Faro.|El Faro
Este artigo foi originalmente publicado em O Porto.|O Porto
Questo articolo è stato originariamente pubblicato su Il Porto.|Il Porto
This article was originally published on Threatpost on June 2, 2024.|Threatpost
This piece first ran in The Gazette and is used here.|The Gazette
Dit artikel verscheen eerder op Havenkrant.|Havenkrant
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_lines_that_name_a_source(line: str) -> None:
    """The last line of the article, in the page and in the text alone, in many wordings."""
    said, name = line.split("|")
    text = f"Title\n\n{PROSE}\n\n{MORE}\n\n{said}"
    from_text = attribution(None, text, URL)
    assert from_text
    assert from_text.name == name
    from_page = attribution(article(f"<p>{said}</p>"), text, URL)
    assert from_page
    assert from_page.name == name
    left_out = attribution(article(f"<p>{said}</p>"), f"Title\n\n{PROSE}\n\n{MORE}", URL)
    assert left_out
    assert left_out.name == name


@pytest.mark.parametrize(
    "ending",
    [
        "<p>Source: <a href='https://threatpost.com/x/1/'>Threatpost</a></p>",
        "<p>Source:&nbsp;<a href='https://threatpost.com/x/1/'><b>Threatpost</b></a>.</p>",
        "<div><b>Source</b>: <a href='https://threatpost.com/x/1/'>Threatpost</a></div>",
        "<div>Ending.<br><br>Source: <a href='https://threatpost.com/x/1/'>Threatpost</a><br></div>",
        "<p><em>This article originally appeared on <a href='https://threatpost.com/x/1/'>Threatpost</a>.</em></p>",
        "<p>Via <a href='https://threatpost.com/x/1/'>Threatpost</a></p>",
        "<p>Source: <a href='https://threatpost.com/x/1/'>Threatpost</a> (in English)</p>",
        "<p class='story-credit'>Source: <a href='https://threatpost.com/x/1/'>Threatpost</a></p>",
    ],
)
def test_the_link_of_the_line_is_the_sources(ending: str) -> None:
    """Name and link come from the same line, whatever stands around them in it."""
    assert attribution(article(ending), "", URL) == Attribution("Threatpost", "https://threatpost.com/x/1/")


@pytest.mark.parametrize(
    "ending",
    [
        "<figure><img src='/x.png'><figcaption>Source: Harbour Pictures</figcaption></figure>",
        "<div class='wp-caption'><p class='wp-caption-text'>Source: Harbour Pictures</p></div>",
        "<p>Source: Getty Images</p>",
        "<p>Source: Shutterstock</p>",
        "<p>Source: own calculations</p>",
        "<p>Source: Statista, 2023</p>",
        "<p>Source: Ahmad et al., Journal of Harbours, 2019</p>",
        "<table><tr><td>Scanners</td><td>3</td></tr><tr><td>Source: City Hall</td></tr></table>",
        "<h2>References</h2><ol><li>Source: The Gazette</li><li>Source: The Herald</li></ol>",
        "<p>Source: The Gazette</p><p>Source: The Herald</p>",
        "<p>Sources: The Gazette, The Herald, The Post</p>",
        "<blockquote><p>Never again.</p><p>Source: The mayor</p></blockquote>",
        "<div class='comments'><p>Source: somebody's uncle</p></div>",
        "<pre>Source: /etc/apt/sources.list</pre>",
        "<p>Source: <a href='https://night-notes.example/about/'>our own desk</a></p>",
        "<p>Source: Night-Notes</p>",
        "<p>The source: nobody knows it.</p>",
        "<p>Data source: a list of every scanner that the city has bought in the last eleven years</p>",
        "<p>This article was first published on 2 June 2024.</p>",
    ],
)
def test_what_is_no_attribution(ending: str) -> None:
    """Captions, agencies of pictures, studies, tables, references, quotations, comments, code and the site itself."""
    assert attribution(article(ending), "", URL) is None


def test_a_note_inside_the_article_is_no_attribution() -> None:
    """Between paragraphs "Source: ..." is a note on what stands above it."""
    body = (
        f"<article><p>{MORE}</p><p>Source: City Hall</p><p>{PROSE}</p><p>{PROSE}</p><p>{MORE}</p><p>End.</p></article>"
    )
    text = f"{MORE}\n\n{MORE}\n\n{MORE}\n\nSource: City Hall\n\n{PROSE}\n\n{PROSE}\n\n{MORE}\n\n{PROSE}\n\nEnd."
    assert attribution(tree(body), "", URL) is None
    assert attribution(None, text, URL) is None
    assert attribution(tree(body), text, URL) is None


def test_a_sidebar_far_from_the_article_is_no_attribution() -> None:
    """A line that the extraction left out counts right behind the article only."""
    filler = "<div>" + "<p>Something else of the site that is no prose.</p>" * 30 + "</div>"
    page = tree(f"<article><p>{PROSE}</p><p>{MORE}</p></article>{filler}<p>Source: Threatpost</p>")
    assert attribution(page, f"{PROSE}\n\n{MORE}", URL) is None


def test_a_canonical_link_to_another_domain_is_one() -> None:
    """The page itself says that its article lives elsewhere; the same site under another name does not."""
    there = tree(f"<p>{PROSE}</p>", "<link rel='canonical' href='https://threatpost.com/x/1/'>")
    assert attribution(there, "", URL) == Attribution("threatpost.com", "https://threatpost.com/x/1/")
    for href in (
        URL,
        "https://www.night-notes.example/x/",
        "https://night-notes.org/x/",
        "https://threatpost.com/",
        "/x/",
    ):
        assert attribution(tree(f"<p>{PROSE}</p>", f"<link rel='canonical' href='{href}'>"), "", URL) is None


def test_a_named_source_goes_before_the_canonical_link() -> None:
    """The line has the name that a reader knows."""
    page = tree(f"<p>{PROSE}</p><p>Source: Threatpost</p>", "<link rel='canonical' href='https://threatpost.com/x/1/'>")
    assert attribution(page, "", URL) == Attribution("Threatpost", None)


def test_lines_that_are_nothing_but_an_attribution() -> None:
    """What extraction may leave out of the text, as against prose that names a source on its way."""
    assert is_attribution("Source:  Threatpost", URL)
    assert is_attribution("This article originally appeared on Threatpost.", URL)
    assert not is_attribution("Source: Getty Images", URL)
    assert not is_attribution(PROSE, URL)
    assert not is_attribution(f"This article originally appeared on Threatpost. {PROSE}", URL)


def test_nothing_in_nothing_out() -> None:
    """No page and no text, or a page without words, has no source."""
    assert attribution(None, "", URL) is None
    assert attribution(tree(""), "", "") is None


@pytest.mark.parametrize(
    "body",
    ["<p>Source: X</p>" * 20_000, "<div>" * 150 + "originally published " * 20_000, "Source: a<br>" * 20_000],
    ids=["lines", "cues", "breaks"],
)
def test_hostile_pages_cost_little(body: str) -> None:
    """Tens of thousands of lines that look like one are read within two seconds of CPU."""
    page = tree(body)
    started = time.process_time()
    attribution(page, "", URL)
    attribution(page, "Source: X\n" * 5000, URL)
    assert time.process_time() - started < 2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["Source: ", "Via ", "This article originally appeared on ", ""]))
def test_any_text_is_taken(text: str, label: str) -> None:
    """Nothing is raised, and a name is a line's piece without line breaks."""
    found = attribution(None, f"{text}\n{label}{text}", URL)
    assert found is None or (found.name and "\n" not in found.name)
