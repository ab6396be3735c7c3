"""Neighbours by single kinds of evidence: words in many languages, names, URLs; hostile pages; what always holds."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from aggregator.scrape.neighbours.choose import Neighbours, find, find_with_blocks
from aggregator.scrape.neighbours.labels import Force, Way, arrow_of, hint_of, label_of, split_label, without_arrows
from aggregator.scrape.neighbours.urls import can_be_neighbour, date_in, folded, is_list, same_article

URL = "https://lamplight.example/2024/03/gateway-update/"


def tree(body: str, head: str = "") -> HtmlElement:
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    return document_fromstring(page.encode(), parser=HTMLParser(encoding="utf-8"))


def urls(found: Neighbours) -> tuple[str | None, str | None]:
    return (found.next and urlsplit(found.next.url).path, found.previous and urlsplit(found.previous.url).path)


# Newer and older as the software of the web writes them: Blogger, WordPress and plain blogs, a line a language.
PAGERS = """
en|Newer Post|Older Post
en|Next Article|Previous Article
de|Neuerer Post|Älterer Post
de|Nächster Beitrag|Vorheriger Beitrag
de|Nächsten Artikel lesen|Vorherigen Artikel lesen
fr|Article plus récent|Article plus ancien
fr|Article suivant|Article précédent
es|Entrada más reciente|Entrada antigua
es|Siguiente entrada|Entrada anterior
pt|Postagem mais recente|Postagem mais antiga
pt|Próximo artigo|Artigo anterior
it|Post più recente|Post più vecchio
it|Articolo successivo|Articolo precedente
nl|Nieuwere post|Oudere post
nl|Volgend bericht|Vorig bericht
pl|Nowszy post|Starszy post
pl|Następny wpis|Poprzedni wpis
ru|Следующая запись|Предыдущая запись
ru|Следующая новость|Предыдущая новость
cs|Novější příspěvek|Starší příspěvek
cs|Další článek|Předchozí článek
sk|Ďalší článok|Predchádzajúci článok
sv|Nyare inlägg|Äldre inlägg
sv|Nästa inlägg|Föregående inlägg
da|Nyere indlæg|Ældre indlæg
no|Neste innlegg|Forrige innlegg
fi|Uudempi teksti|Vanhempi viesti
tr|Sonraki Kayıt|Önceki Kayıt
tr|Sonraki yazı|Önceki yazı
hu|Következő bejegyzés|Előző bejegyzés
ro|Articolul următor|Articolul anterior
uk|Наступний запис|Попередній запис
bg|Следваща публикация|Предишна публикация
hr|Sljedeći članak|Prethodni članak
el|Νεότερη ανάρτηση|Παλαιότερη ανάρτηση
ca|Entrada següent|Entrada anterior
id|Postingan lebih baru|Postingan lama
vi|Bài tiếp theo|Bài trước
ja|次の記事|前の記事
ja|新しい投稿|過去の投稿
zh|下一篇|上一篇
zh|较新的博文|较早的博文
ko|다음 글|이전 글
ar|المقالة التالية|المقالة السابقة
fa|نوشته بعدی|نوشته قبلی
he|הפוסט הבא|הפוסט הקודם
"""


@pytest.mark.parametrize("line", PAGERS.strip().splitlines())
def test_plain_words_are_enough(line: str) -> None:
    """In each language two links that say "next post" and "previous post" are neighbours, without any other hint."""
    _, newer, older = line.split("|")
    body = f"<p>Text.</p><div><a href='/b/'>{older}</a> <a href='/c/'>{newer}</a></div>"
    assert urls(find(tree(body), URL)) == ("/c/", "/b/")


@pytest.mark.parametrize("line", PAGERS.strip().splitlines())
def test_words_before_a_title_are_no_part_of_it(line: str) -> None:
    """The title is what is left of the link's text without the words for the direction."""
    _, newer, older = line.split("|")
    body = f"<div><a href='/b/'>« {older}: Botnet gone</a> <a href='/c/'><b>{newer}</b><i>Printer worm</i> »</a></div>"
    found = find(tree(body), URL)
    assert found.next
    assert found.previous
    assert (found.next.title, found.previous.title) == ("Printer worm", "Botnet gone")


@pytest.mark.parametrize(
    "text",
    ["Older posts", "Ältere Beiträge", "Older Comments", "Übersicht", "Next slide"],
)
def test_lists_and_overviews_are_refused_by_name(text: str) -> None:
    """A link that calls itself a list, a part or the overview is no neighbour, even with rel and a fine URL."""
    label = label_of(text)
    assert label
    assert label.way is None
    assert (
        find(tree(f"<nav class='post-navigation'><a rel='next' class='next' href='/c/'>{text}</a></nav>"), URL).next
        is None
    )


@pytest.mark.parametrize(
    "text", ["Next page", "Next Page »", "Nächste Seite", "Page suivante", "Следующая страница", "下一页"]
)
def test_a_next_page_is_the_next_post_where_its_address_is_one(text: str) -> None:
    """Some themes call the posts around pages; a page of the article or of a list is told by its address."""
    for href, found in (("/c/", "/c/"), ("2/", None), ("/page/2/", None), ("?page=2", None), ("/", None)):
        body = f"<p>Text.</p><nav class='post-navigation'><a href='{href}'>{text}</a></nav>"
        assert urls(find(tree(body), URL)) == (found, None), href


@pytest.mark.parametrize(
    "text", ["Next generation firewalls", "Older adults and scams", "Back to school", "Continue reading", "Newsroom"]
)
def test_titles_that_begin_like_a_label_are_titles(text: str) -> None:
    """A headline is not taken for a label because of its first word."""
    assert label_of(text) is None
    assert find(tree(f"<p><a href='/c/'>{text}</a></p>"), URL) == Neighbours()


@pytest.mark.parametrize(
    "sentence",
    [
        "<p>As we said in our <a href='/b/'>previous post</a>, it is open.</p>",
        "<p><a href='/c/'>Next article</a> is about worms.</p>",
        "<p>Compare this, <a href='/b/'>older post</a>.</p>",
    ],
)
def test_a_link_inside_a_sentence_is_none(sentence: str) -> None:
    """Running text speaks of other posts without being a pager."""
    assert find(tree(sentence), URL) == Neighbours()


def test_a_word_for_age_overrules_rel() -> None:
    """A link that reads "Older post" is the older one, whatever its rel; "next" and "previous" do not overrule it."""
    older = tree("<a rel='next' href='/b/'>Older post</a>")
    assert urls(find(older, URL)) == (None, "/b/")
    swapped = tree("<a rel='next' href='/c/'>Previous post</a>")
    assert urls(find(swapped, URL)) == ("/c/", None)


@pytest.mark.parametrize(
    ("names", "way"),
    [
        ("nav-previous", Way.PREVIOUS),
        ("post-nav__link--next", Way.NEXT),
        ("NextPost", Way.NEXT),
        ("blog-pager-newer-link", Way.NEXT),
        ("blog-pager-older-link", Way.PREVIOUS),
        ("prev-next-navigation", None),
        ("read-next", None),
        ("__next", None),
        ("nextcloud", None),
        ("preview", None),
    ],
)
def test_names_of_themes(names: str, way: Way | None) -> None:
    """Class names count by whole words; a block that is named for both ways, or for reading on, says none."""
    assert hint_of(names, "").way is way


def test_a_name_alone_is_not_enough() -> None:
    """A "next" class on a lone link, as sliders and shops have it, makes no neighbour; in a pager it does."""
    assert find(tree("<div><a class='next' href='/c/'>A worm for printers</a></div>"), URL) == Neighbours()
    assert urls(find(tree("<ul class='pager'><li class='next'><a href='/c/'>A worm</a></li></ul>"), URL)) == (
        "/c/",
        None,
    )


@pytest.mark.parametrize(
    "other",
    ["/2024/03/gateway-update/2/", "/2024/03/gateway-update/?page=2", "/2024/03/gateway-update/#more", "/2024/03/gateway-update/page/2/",
     "/2024/03/gateway-update/seite-2", "/2024/03/", "/", "/news/page/3/", "/category/news/", "/tag/worms", "/author/eve/", "/feed/",
     "/gallery.jpg", "/search?q=worm", "/?cat=5", "https://other.example/post/", "/2024/03/gateway-update/comment-page-2/", "mailto:eve@lamplight.example",
     "javascript:next()"],
)  # fmt: skip
def test_urls_that_can_be_no_neighbour(other: str) -> None:
    """Pages of the article, lists, feeds, files and other sites are no neighbours, even with rel="next"."""
    assert (
        find(tree(f"<a rel='next' href='{other}'>Next post</a>", f"<link rel='next' href='{other}'>"), URL)
        == Neighbours()
    )


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("https://a.example/?p=2905", "https://a.example/?p=2906"),
        ("https://a.example/news.php?ArtNr=335614", "https://a.example/news.php?ArtNr=335608"),
        ("https://a.example/news/12", "https://a.example/news/13"),
        ("https://a.example/fog-2/", "https://a.example/fog/"),
        ("https://a.example/2024/05/weekly-12.html", "https://a.example/2024/05/weekly-13.html"),
        ("https://www.a.example/x/", "http://a.example/y/"),
        ("https://a.example/one-1234.html", "https://a.example/two-1235.html"),
    ],
)
def test_urls_that_look_like_pages_and_are_posts(own: str, other: str) -> None:
    """Post numbers and equal slugs with a number are not taken for pages of one article."""
    assert not same_article(own, other)
    assert can_be_neighbour(own, other, frozenset({"a.example"}))


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("https://a.example/gateway.html", "https://a.example/gateway-2.html"),
        ("https://a.example/gateway.html", "https://a.example/gateway-id-23002.html"),
        ("https://a.example/news/gateway,nId,52", "https://a.example/news/gateway,nId,52,nPack,2"),
        ("https://a.example/gateway-hole/2", "https://a.example/gateway-hole/3"),
        ("https://a.example/forum/122-update-34.html?s=1", "https://a.example/forum/122-update-34.html?s=2&page=3"),
        ("https://a.example/gateway", "https://a.example/gateway?p=2"),
        ("https://a.example/gateway", "http://www.a.example/gateway/"),
    ],
)
def test_urls_of_one_article(own: str, other: str) -> None:
    """The ways in which sites number the pages of one article."""
    assert same_article(own, other)


def test_dates_in_urls() -> None:
    """Dates in paths are read; numbers that are none are not."""
    assert date_in("https://a.example/2024/03/07/worm/") == (2024, 3, 7)
    assert date_in("https://a.example/blog/2024-03-07-worm") == (2024, 3, 7)
    assert date_in("https://a.example/20240307/worm") == (2024, 3, 7)
    assert date_in("https://a.example/2024/03/worm.html") == (2024, 3)
    assert date_in("https://a.example/146774/") is None
    assert date_in("https://a.example/2024/worm") is None


def test_left_and_right_are_older_and_newer_unless_dates_say_otherwise() -> None:
    """An old WordPress theme's two columns; with dates in the URLs, these count."""
    body = "<div class='navigation'><div class='alignleft'><a href='{}'>One</a></div><div class='alignright'><a href='{}'>Two</a></div></div>"
    assert urls(find(tree(body.format("/b/", "/c/")), URL)) == ("/c/", "/b/")
    dated = find(tree(body.format("/2024/04/c/", "/2024/02/b/")), URL)
    assert urls(dated) == ("/2024/04/c/", "/2024/02/b/")


def test_head_links_that_lost_their_rel_are_previous_and_next() -> None:
    """A cleaned copy of a WordPress page keeps title and URL of its two links; alternates and styles are no neighbours."""
    head = (
        "<link rel='stylesheet' title='x' href='/style/'><link title='Feed' type='application/rss+xml' href='/other/'>"
        "<link title='Botnet gone' href='/b/'><link title='Printer worm' href='/c/'>"
    )
    assert urls(find(tree("<p>Text.</p>", head), URL)) == ("/c/", "/b/")


def test_a_list_by_date_tells_the_posts_around_this_one() -> None:
    """A list of links with falling dates in their URLs that has the page in it; one in no order tells nothing."""
    falling = ["/2024/04/d/", "/2024/04/c/", "/2024/03/gateway-update/", "/2024/02/b/", "/2024/01/a/"]
    items = "".join(f"<li><a href='{path}'>{path}</a></li>" for path in falling)
    assert urls(find(tree(f"<ul>{items}</ul>"), URL)) == ("/2024/04/c/", "/2024/02/b/")
    mixed = "".join(
        f"<li><a href='{path}'>{path}</a></li>" for path in [falling[3], falling[0], falling[2], falling[1]]
    )
    assert find(tree(f"<ul>{mixed}</ul>"), URL) == Neighbours()


def test_relative_links_follow_the_base() -> None:
    """Links are resolved against `base href`, and the page's canonical host counts as its own."""
    page = tree(
        "<nav class='post-nav'><a rel='next' href='c/'>C</a></nav>", "<base href='https://lamplight.example/blog/'>"
    )
    assert find(page, URL).next.url == "https://lamplight.example/blog/c/"  # type: ignore[union-attr]
    moved = tree(
        "<a rel='next' href='https://new.example/c/'>C</a>", "<link rel='canonical' href='https://new.example/x/'>"
    )
    assert find(moved, URL).next.url == "https://new.example/c/"  # type: ignore[union-attr]
    assert find(tree("<a rel='next' href='https://new.example/c/'>C</a>"), URL) == Neighbours()


def test_a_page_without_a_usable_url_still_tells_its_neighbours() -> None:
    """With no URL of its own, absolute links count; nothing is raised."""
    page = tree("<a rel='next' href='https://a.example/c/'>C</a><a rel='prev' href='/b/'>B</a>")
    assert find(page, "").next.url == "https://a.example/c/"  # type: ignore[union-attr]
    assert find(page, "").previous is None


def test_arrows_and_labels() -> None:
    """Arrows at the edges tell a way and go; labels before a colon go; what is inside a title stays."""
    assert arrow_of("« Old") is Way.PREVIOUS
    assert arrow_of("New →") is Way.NEXT
    assert arrow_of("A → B") is None
    assert without_arrows("← An older → newer post »") == "An older → newer post"
    label, rest = split_label("Next up in the series: nothing")
    assert (label, rest) == (None, "Next up in the series: nothing")
    label, rest = split_label("Newer research: Worms")
    assert label
    assert (label.way, label.force, rest) == (Way.NEXT, Force.BARE, "Worms")


@pytest.mark.parametrize(
    "body",
    [
        "<div class='nav-next'>" + "<a class='next' href='/p/'>Next</a>" * 20_000 + "</div>",
        "<nav class='post-navigation'>"
        + "".join(f"<a rel='next' href='/p{n}/'>Next post</a>" for n in range(20_000))
        + "</nav>",
        "<div class='next'>" * 150 + "<a href='/p/'>Next</a>" * 5_000 + "</div>" * 150,
        "<span>Next post</span>" * 20_000 + "<a href='/p/'>x</a>",
        "<div id='comments'>" * 150
        + "<p>No comments:</p>" * 5_000
        + "</div>" * 150
        + "<h3><a href='/p/'>Title of it</a></h3>" * 2_000,
        "<ul class='recent-posts'>"
        + "".join(f"<li><a href='/p{n}/'>x</a></li><li><a href='{URL}'>x</a></li>" for n in range(5_000))
        + "</ul>",
    ],
    ids=["one-block", "many-next", "deep", "labels", "comments", "list"],
)
def test_hostile_pages_cost_little(body: str) -> None:
    """Tens of thousands of links, labels and blocks are read within two seconds of CPU."""
    page = tree(body)
    started = time.process_time()
    find(page, URL)
    find_with_blocks(page, URL)
    assert time.process_time() - started < 2


TAGS = st.sampled_from(["div", "nav", "li", "ul", "a", "span", "p", "h3", "link", "article", "aside", "time", "img"])
NAMES = st.sampled_from(["", "next", "nav-previous", "post-navigation", "read-next", "comments", "recent-posts", "blog-pager-newer-link", "alignleft"])  # fmt: skip
HREFS = st.one_of(
    st.sampled_from(["/b/", "/c/", URL, "#", "", "//x", "http://[", "?page=2", "/2024/04/d/", "\x00"]),
    st.text(max_size=12),
)
TEXTS = st.one_of(
    st.sampled_from(["Next post", "«", "Older:", "No comments:", "A title", "Opening lines..."]), st.text(max_size=12)
)
ELEMENTS = st.tuples(
    TAGS, NAMES, HREFS, TEXTS, st.sampled_from(["", "next", "prev", "canonical", "next prev"]), st.booleans()
)


def built(parts: list[tuple[str, str, str, str, str, bool]]) -> HtmlElement:
    root = document_fromstring("<html><body></body></html>")
    at = root.find("body")
    for tag, name, href, text, rel, inside in parts:
        element = root.makeelement(tag)
        for key, value in (("class", name), ("href", href), ("rel", rel)):
            element.set(key, "".join(char for char in value if char.isprintable()))
        element.text = "".join(char for char in text if char.isprintable())
        at.append(element)
        at = element if inside else at
    return root


@settings(max_examples=150, deadline=None)
@given(st.lists(ELEMENTS, max_size=25))
def test_whatever_the_page_what_comes_out_is_sound(parts: list[tuple[str, str, str, str, str, bool]]) -> None:
    """Nothing is raised; neighbours are absolute, two different posts, neither the page itself nor a list."""
    page = built(parts)
    found = find(page, URL)
    _, blocks = find_with_blocks(page, URL)
    sides = [side for side in (found.next, found.previous) if side]
    assert all(side.url.startswith(("http://", "https://")) and not is_list(side.url) for side in sides)
    assert len({folded(URL), *(folded(side.url) for side in sides)}) == 1 + len(sides)
    assert all(block.tag not in {"html", "body"} for block in blocks)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_label_functions_take_any_text(text: str) -> None:
    """No text raises; what is left of a text holds nothing that was not in it."""
    label, rest = split_label(text)
    assert label is None or label.way in {None, *Way}
    assert rest in " ".join(text.split())
    assert arrow_of(text) in {None, *Way}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_one_article_is_the_same_from_both_sides_when_equal(one: str, other: str) -> None:
    """Any strings are taken; a URL is always a page of itself."""
    own = f"https://a.example/{one}"
    assert same_article(own, own)
    same_article(own, f"https://a.example/{other}")
    assert folded(folded(own)) == folded(own) or not folded(own).startswith("http")


@pytest.mark.parametrize(
    ("body", "found", "titles"),
    [
        ("<p><a href='/b/'>上一篇：一个标题</a></p><p><a href='/c/'>下一篇：另一个标题</a></p>", ("/c/", "/b/"), ("另一个标题", "一个标题")),
        ("<p>上一篇：<a href='/b/'>一个标题</a></p><p>下一篇：<a href='/c/'>另一个</a></p>", ("/c/", "/b/"), ("另一个", "一个标题")),
        ("<nav><a class='prev' href='/b/'>← 上一篇An older post</a><a class='next' href='/c/'>下一篇 →A newer post</a></nav>",
         ("/c/", "/b/"), ("A newer post", "An older post")),
        (("<div><span><a href='/b/'><span>←</span><span>An older post <time>5 March 2026</time></span></a></span>"
         "<span><a href='/c/'><span>A newer post <time>19 March 2026</time></span><span>→</span></a></span></div>"),
         ("/c/", "/b/"), ("A newer post", "An older post")),
        (("<div class='post-nav'><a class='prev' rel='prev' href='/b/'><span class='title'><span class='post-nav-title-item'>"
         "An older post</span><span class='post-nav-item'>Prev posts</span></span></a></div>"), (None, "/b/"), (None, "An older post")),
        (("<nav id='article-nav'><a id='article-nav-newer' href='/c/'><strong class='article-nav-caption'>Neuer</strong>"
         "<div class='article-nav-title'>A newer post</div></a></nav>"), ("/c/", None), ("A newer post", None)),
        ("<ul><li class='previous'><a href='/b/'><span><svg class='icon-arrow-left-long'></svg></span> An older post</a></li></ul>",
         (None, "/b/"), (None, "An older post")),
        ("<div class='previous'><span><i></i> Previous Article</span><span><a href='/b/'>An older post</a></span></div>",
         (None, "/b/"), (None, "An older post")),
    ],
)  # fmt: skip
def test_labels_arrows_and_titles_of_themes(
    body: str, found: tuple[str | None, str | None], titles: tuple[str | None, str | None]
) -> None:
    """Full-width colons, glued labels, drawn arrows, captions; a title is the title alone."""
    named = find(tree(body), URL)
    assert urls(named) == found
    assert (named.next and named.next.title, named.previous and named.previous.title) == titles


@pytest.mark.parametrize("word", ["<strong>prior</strong>", "<em>older</em>", "<b>next</b>", "<span>previous</span>"])
def test_a_word_in_a_sentence_is_no_label(word: str) -> None:
    """However close a link is."""
    body = f"<div><p>The state before it is called the {word}, and a copy is kept.</p><p><a href='/c/'>Open the demo →</a></p></div>"
    assert urls(find(tree(body), URL)) == (None, None)


PAIR = "<a href='/2024/03/02/older-post/'>{0}</a> <a href='/2024/03/09/newer-post/'>{1}</a>"
FOUND = ("/2024/03/09/newer-post/", "/2024/03/02/older-post/")


@pytest.mark.parametrize(
    "body",
    [
        "<div class='nav_arrows breadcrumb_text'>" + PAIR.format("Vorheriges", "Nächstes") + "</div>",
        ("<section class='pagination'><div class='pager left'><a href='/2024/03/02/older-post/'>Best of</a></div>"
        "<div class='pager right'><a href='/2024/03/09/newer-post/'>Fog</a></div></section>"),
        ("<div class='nav-links'><div class='nav-previous'><a href='/2024/03/02/older-post/'>Nächster Beitrag: Fog</a></div>"
        "<div class='nav-next'><a href='/2024/03/09/newer-post/'>Vorheriger Beitrag: Boats</a></div></div>"),
        "<div><p>← <a href='/2024/03/02/older-post/'>On boats</a></p><p><a href='/2024/03/09/newer-post/'>On fog</a> →</p></div>",
        "<div class='navbar'>" + PAIR.format("zurück", "weiter") + "</div>",
    ],
)  # fmt: skip
def test_pairs_whose_ways_something_better_tells(body: str) -> None:
    """A pager in another bar; the left and the right of it; WordPress' own names; "back" and "on"."""
    found = find(
        tree(f"<article><p>A text.</p></article>{body}"), "https://lamplight.example/2024/03/05/gateway-update/"
    )
    assert urls(found) == FOUND


def test_numbers_in_addresses_tell_the_older_post() -> None:
    """Where the words are "back" and "on" alone, which some sites mean as one reads and some as time goes."""
    body = (
        "<div class='buttons post-nav'><a href='/fog-90247.html'>back</a> <a href='/boats-90228.html'>weiter</a></div>"
    )
    assert urls(find(tree(body), "https://lamplight.example/tower-90156.html")) == (
        "/fog-90247.html",
        "/boats-90228.html",
    )


@pytest.mark.parametrize(
    "body",
    [
        "<nav class='c-navigation-bar'><ul><li class='item--next'><a href='/next'>Next</a></li><li><a href='/world'>World</a></li></ul></nav>",
        "<ul class='header-articles-nav'><li><a href='/topics/fog-and-rain/'>Fog</a></li><li><a href='/topics/a-full-list/'>Full list »</a></li></ul>",
        "<header class='page-header'><div class='article-nav'><a href='/gifts/give-one-now'>Give a gift</a><a href='/join/the-club-now'>Subscribe</a></div></header>",
        "<div class='next-post'><a href='/2024/03/01/fog/?utm_medium=nextpost&utm_source=more'>Fog, fog, fog</a></div>",
        ("<ul class='Recirc_articles'><li class='Recirc_article'><a href='/2024/03/gateway-update/'>Own</a></li><li class='Recirc_article'>"
        "<a href='/2024/02/fog/'>Fog</a></li><li class='Recirc_article'><a href='/2024/01/boats/'>Boats</a></li></ul>"),
    ],
)  # fmt: skip
def test_bars_of_a_site_and_promotions_are_no_neighbours(body: str) -> None:
    """A section called "Next", arrows and sides in the head of a site, counted links, chosen articles."""
    assert urls(find(tree(f"{body}<article><p>A text.</p></article>"), URL)) == (None, None)
