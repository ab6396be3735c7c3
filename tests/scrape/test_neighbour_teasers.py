"""Titles and teasers of neighbours, where a page shows them: in the ways in which themes lay out a pager."""

from __future__ import annotations

import pytest
from lxml.html import HTMLParser, document_fromstring

from aggregator.scrape.neighbours.choose import find_with_blocks

NEWER, OLDER = "https://harbour.example/2026/03/19/newer-post/", "https://harbour.example/2026/03/05/older-post/"
TITLES = ("A newer post about fog", "An older post about boats")
TEASERS = (
    "The fog rose at dawn, and nobody in the harbour could see the second tower any more.",
    "Four boats lay at the pier for a week, since their keys had been lost in the storm.",
)
PAGERS = {
    "card h3 p": (
        '<nav class="post-nav"><a class="prev" href="/P"><span>Previous post</span><h3>PT</h3><p>PE</p></a>'
        '<a class="next" href="/N"><span>Next post</span><h3>NT</h3><p>NE</p></a></nav>'
    ),
    "card div": (
        '<div class="pagination-single"><div class="prev-post"><div class="label">Previous</div>'
        '<div class="title"><a href="/P">PT</a></div><div class="excerpt">PE</div></div><div class="next-post">'
        '<div class="label">Next</div><div class="title"><a href="/N">NT</a></div><div class="excerpt">NE</div>'
        '</div></div>'
    ),
    "read next": (
        '<aside class="read-next"><article class="post-card"><a href="/N"><h2>NT</h2>'
        '<section class="post-card-excerpt">NE</section></a><footer><a href="/author/x/">Una</a></footer>'
        '</article><article class="post-card"><a href="/P"><h2>PT</h2>'
        '<section class="post-card-excerpt">PE</section></a></article></aside>'
    ),
    "heading above": (
        '<section><h4>Next post</h4><h3><a href="/N">NT</a></h3><p>NE</p></section><section>'
        '<h4>Previous post</h4><h3><a href="/P">PT</a></h3><p>PE</p></section>'
    ),
    "span": (
        '<div class="nav-links"><div class="nav-previous"><a rel="prev" href="/P">'
        '<span class="meta-nav">Previous</span> <span class="post-title">PT</span>'
        '<span class="nav-excerpt">PE</span></a></div><div class="nav-next"><a rel="next" href="/N">'
        '<span class="meta-nav">Next</span> <span class="post-title">NT</span>'
        '<span class="nav-excerpt">NE</span></a></div></div>'
    ),
    "read more": (
        '<div class="post-navigation"><div class="older"><h5>Older</h5><a href="/P">PT</a>'
        '<p>PE <a href="/P">Read more</a></p></div><div class="newer"><h5>Newer</h5><a href="/N">NT</a>'
        '<p>NE <a href="/N">Read more</a></p></div></div>'
    ),
    "table": (
        '<table><tr><td><b>Previous article</b><br><a href="/P">PT</a><br>PE</td><td><b>Next article</b><br>'
        '<a href="/N">NT</a><br>NE</td></tr></table>'
    ),
    "dl": (
        '<dl class="pager"><dt>Previous post</dt><dd><a href="/P">PT</a> <small>PE</small></dd>'
        '<dt>Next post</dt><dd><a href="/N">NT</a> <small>NE</small></dd></dl>'
    ),
    "german": (
        '<nav aria-label="Beitragsnavigation"><div><span>Vorheriger Beitrag</span><a href="/P">'
        '<strong>PT</strong></a><p>PE</p></div><div><span>Nächster Beitrag</span><a href="/N">'
        '<strong>NT</strong></a><p>NE</p></div></nav>'
    ),
    "date too": (
        '<div class="post-nav"><a class="prev" href="/P"><time datetime="2026-03-05">5 March 2026</time>'
        '<h3>PT</h3><p>PE</p></a><a class="next" href="/N"><time datetime="2026-03-19">19 March 2026</time>'
        '<h3>NT</h3><p>NE</p></a></div>'
    ),
    "blocks": (
        '<div class="wp-block-group"><div class="wp-block-post-navigation-link post-navigation-link-previous">'
        '<span class="post-navigation-link__label">Previous:</span> <a href="/P" rel="prev">PT</a></div>'
        '<div class="wp-block-post-excerpt"><p>PE</p></div></div><div class="wp-block-group">'
        '<div class="post-navigation-link-next wp-block-post-navigation-link">'
        '<span class="post-navigation-link__label">Next:</span> <a href="/N" rel="next">NT</a></div>'
        '<div class="wp-block-post-excerpt"><p>NE</p></div></div>'
    ),
    "li": (
        '<ul class="pager"><li class="previous"><a href="/P"><span>&larr; Previous</span>'
        '<span class="title">PT</span><span class="summary">PE</span></a></li><li class="next"><a href="/N">'
        '<span>Next &rarr;</span><span class="title">NT</span><span class="summary">NE</span></a></li></ul>'
    ),
    "french": (
        '<div class="navigation-articles"><a href="/P" class="article-precedent"><em>Article précédent</em>'
        '<b>PT</b><i>PE</i></a><a href="/N" class="article-suivant"><em>Article suivant</em><b>NT</b><i>NE</i>'
        '</a></div>'
    ),
    "chinese": (
        '<div class="post-nav"><div class="prev"><a href="/P">上一篇：PT</a><p>PE</p></div><div class="next">'
        '<a href="/N">下一篇：NT</a><p>NE</p></div></div>'
    ),
    "figure": (
        '<nav class="adjacent"><figure><a href="/P"><img src="/a.png" alt=""></a><figcaption>'
        '<small>Previous story</small><h4><a href="/P">PT</a></h4><p>PE</p></figcaption></figure><figure>'
        '<a href="/N"><img src="/b.png" alt=""></a><figcaption><small>Next story</small><h4><a href="/N">NT</a>'
        '</h4><p>NE</p></figcaption></figure></nav>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", PAGERS)
def test_title_and_teaser_come_with_a_neighbour(layout: str) -> None:
    """Each for itself, whatever labels, dates and "read more" stand around them; the pager is no part of the text."""
    pager = PAGERS[layout].replace("/P", OLDER).replace("/N", NEWER)
    for short, whole in (("NT", TITLES[0]), ("PT", TITLES[1]), ("NE", TEASERS[0]), ("PE", TEASERS[1])):
        pager = (
            pager.replace(f">{short}<", f">{whole}<")
            .replace(f"{short}<", f"{whole}<")
            .replace(f"{short} <", f"{whole} <")
        )
    text = "<p>The keys were kept in a drawer that nobody had locked since the last keeper left the island.</p>" * 3
    page = f"<html><body><main><article><h1>The tower</h1>{text}</article>{pager}</main></body></html>"
    tree = document_fromstring(page.encode(), parser=HTMLParser(encoding="utf-8"))
    found, blocks = find_with_blocks(tree, "https://harbour.example/2026/03/12/tower/")
    assert [(each and each.url) for each in (found.next, found.previous)] == [NEWER, OLDER]
    assert tuple(each and each.title for each in (found.next, found.previous)) == TITLES
    assert tuple(each and each.teaser for each in (found.next, found.previous)) == TEASERS
    assert not any("drawer" in block.text_content() for block in blocks)
