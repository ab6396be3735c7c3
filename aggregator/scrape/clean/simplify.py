"""What publishing tools make of plain HTML, made plain again: in a tree, before anyone reads it.

Highlighters' boxes become `pre`, formulas their text, web components and scripts that show a video or a listing an
`iframe` with its address, `role="list"` a list, hidden e-mail addresses readable; the sign that links a heading to
itself goes, and so does the way back from a footnote. Nothing is decided about what belongs to an article, and nothing
is made safe (see cleaning).
"""

from __future__ import annotations

import re

from lxml.etree import SubElement
from lxml.html import Element, HtmlElement, fragments_fromstring

from aggregator.scrape.blocks import INLINE
from aggregator.scrape.clean.formulas import write_formulas
from aggregator.scrape.clean.preformatted import write_listings
from aggregator.scrape.dom import HEADINGS, is_element, replace_by_text, squeeze, text_of, visible

_SIGN = re.compile(
    r"(?i)[\W_]*|(?:permalink|permanent link|(?:direct )?link to (?:this )?(?:heading|section|.{0,80})"
    r"|anchor|copy link|link)[\W_]*"
)
"""What the link from a heading to itself shows: a sign, or words for one."""

_SIGN_CLASS = re.compile(r"(?i)anchor|hash|permalink|header-?link|heading-?link|headline-?link|header-?mark")
_BACK = re.compile(r"[\s\ufe0e\ufe0f]*[↩↵⏎↑⤴⬆↥^⮐⤶][\s\ufe0e\ufe0f\d]*")
_HIDDEN_ADDRESS = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-fA-F]{6,400})$")
_IMAGE = re.compile(r"(?is)\s*(?:<a\b[^>]*>\s*)?<(?:img|picture)\b")
_MAX_ESCAPED = 20_000

_POSTS = frozenset(
    {"twitter-tweet", "twitter-video", "instagram-media", "tiktok-embed", "bluesky-embed", "mastodon-embed",
     "reddit-card", "reddit-embed-bq", "threads-post", "text-post-media", "telegram-post", "imgur-embed-pub"}
)  # fmt: skip
"""Classes of quotations that are a post of another site; its script would show it as that site does."""

_CONTAINERS = ("div", "section", "article", "main", "td", "body", "center", "blockquote")
_PROSE = HEADINGS | {"p", "pre", "blockquote", "ul", "ol", "dl", "table", "figure"}
"""What paragraphs stand beside."""

_SCRIPTS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(?:https?:)?//(gist\.github\.com/(?:[\w-]+/)?[0-9a-f]+)\.js(?:\?[^#]*)?"), "https://{0}", "Listing"),
    (
        re.compile(r"(?:https?:)?//(gitlab\.com/(?:[\w./-]+/)?-?/?snippets/\d+)\.js(?:\?[^#]*)?"),
        "https://{0}",
        "Listing",
    ),
    (re.compile(r"(?:https?:)?//(asciinema\.org/a/[\w-]+)\.js(?:\?[^#]*)?"), "https://{0}", "Terminal session"),
    (re.compile(r"(?:https?:)?//(pastebin\.com)/embed_js/(\w+)(?:\?[^#]*)?"), "https://{0}/{1}", "Listing"),
    (re.compile(r"(?:https?:)?//(jsfiddle\.net/[\w./-]+?)/embed/.*"), "https://{0}/", "Listing"),
    (re.compile(r"(?:https?:)?//(snippets\.[\w.-]+/[\w/-]+)\.js(?:\?[^#]*)?"), "https://{0}", "Listing"),
)
"""Scripts that write something into the page, and the page that shows it."""

_DATA_SCRIPTS: tuple[tuple[str, str, str, str], ...] = (
    ("speakerdeck.com/", "data-id", "https://speakerdeck.com/player/{0}", "Slides"),
    ("telegram.org/js/", "data-telegram-post", "https://t.me/{0}", "Post"),
    ("slideshare.net/", "data-id", "https://www.slideshare.net/slideshow/embed_code/{0}", "Slides"),
)
"""Scripts whose own attribute names what they show."""

_COMPONENTS: tuple[tuple[tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (("lite-youtube", "youtube-video", "amp-youtube", "youtube-embed"), ("videoid", "data-videoid", "video-id"),
     "https://www.youtube.com/watch?v={0}", "Video"),
    (("lite-vimeo", "vimeo-video", "amp-vimeo"), ("videoid", "data-videoid", "video-id"),
     "https://vimeo.com/{0}", "Video"),
    (("amp-twitter",), ("data-tweetid",), "https://twitter.com/i/status/{0}", "Post"),
    (("amp-gist",), ("data-gistid",), "https://gist.github.com/{0}", "Listing"),
    (("amp-instagram",), ("data-shortcode",), "https://www.instagram.com/p/{0}/", "Post"),
)  # fmt: skip
"""Web components: their names, the attributes with what they show, the page that shows it."""

_VALUE = re.compile(r"[\w./-]{2,100}")


def simplify(tree: HtmlElement) -> None:
    """Make `tree` plainer, in place."""
    _write_addresses(tree)
    _name_embeds(tree)
    write_formulas(tree)
    write_listings(tree)
    _open_buttons(tree)
    _show_noscript(tree)
    _tidy_headings(tree)
    _tidy_rest(tree)
    _wrap_bare_text(tree)


def _write_addresses(tree: HtmlElement) -> None:
    """Write out the e-mail addresses that Cloudflare has hidden: the first byte is the key for the others."""
    for node in list(tree.iter("a", "span")):
        hidden = node.get("data-cfemail")
        link = _HIDDEN_ADDRESS.search(node.get("href") or "") if node.tag == "a" else None
        address = _revealed(hidden) if hidden else _revealed(link[1]) if link else None
        if address is None:
            continue
        if node.tag == "a":
            node.set("href", f"mailto:{address}")
        if hidden:
            for child in list(node):
                node.remove(child)
            node.text = address


def _revealed(code: str) -> str | None:
    try:
        data = bytes.fromhex(code)
        text = bytes(byte ^ data[0] for byte in data[1:]).decode("utf-8")
    except (ValueError, IndexError):
        return None
    return text if text.isprintable() and "@" in text else None


def _name_embeds(tree: HtmlElement) -> None:
    for script in list(tree.iter("script")):
        if (shown := _written_by(script)) and script.getparent() is not None:
            _become_frame(script, *shown)
    for names, attributes, address, kind in _COMPONENTS:
        for node in list(tree.iter(*names)):
            value = next((value for name in attributes if (value := node.get(name))), "")
            if _VALUE.fullmatch(value):
                _become_frame(node, address.format(value), kind)
    _name_posts(tree)


def _name_posts(tree: HtmlElement) -> None:
    for node in list(tree.iter("blockquote")):
        if _POSTS & set((node.get("class") or "").split()) and node.getparent() is not None:
            _become_figure(node)
    for node in list(tree.iter("div", "figure")):
        own = (node.get("class") or "").split()
        if "tweet" in own and node.tag == "div":
            _become_quote(node, "tweet-text")
        elif "kg-bookmark-card" in own:
            _become_quote(node, "kg-bookmark-description", "kg-bookmark-title")


def _written_by(script: HtmlElement) -> tuple[str, str] | None:
    source = script.get("src") or ""
    if not source:
        return None
    for pattern, address, kind in _SCRIPTS:
        if match := pattern.fullmatch(source):
            return address.format(*match.groups()), kind
    for piece, name, address, kind in _DATA_SCRIPTS:
        if piece in source and _VALUE.fullmatch(value := script.get(name) or ""):
            return address.format(value), kind
    return None


def _become_frame(node: HtmlElement, address: str, kind: str) -> None:
    tail = node.tail
    node.clear()
    node.tag, node.tail = "iframe", tail
    node.set("src", address)
    node.set("data-kind", kind)


def _become_figure(quote: HtmlElement) -> None:
    """Put a figure around a quoted post: it is shown where it stands, and is no part of the running text."""
    if quote.getparent().tag != "figure":
        figure = Element("figure")
        quote.addprevious(figure)
        figure.tail, quote.tail = quote.tail, None
        figure.append(quote)


def _become_quote(node: HtmlElement, text_class: str, title_class: str = "") -> None:
    """Make a card that shows a post of another site a quotation with a link to it."""
    link = next((link for link in node.iter("a") if (link.get("href") or "").startswith("http")), None)
    if link is None:
        return
    parts = {
        name: text_of(inner)
        for inner in node.iter()
        if is_element(inner)
        for name in (inner.get("class") or "").split()
    }
    text, href, tail = parts.get(text_class, ""), link.get("href"), node.tail
    label = parts.get(title_class) or parts.get("tweet-author-name") or href
    node.clear()
    node.tag, node.tail = "blockquote", tail
    if text and not title_class:
        SubElement(node, "p").text = text
        _become_figure(node)
    line = SubElement(node, "p")
    anchor = SubElement(line, "a", href=href)
    anchor.text = label
    if text and title_class:
        anchor.tail = f": {text}"


def _open_buttons(tree: HtmlElement) -> None:
    """Let a button be text where it is a heading or stands in a sentence, and a picture where it shows one."""
    for button in list(tree.iter("button")):
        parent = button.getparent()
        if parent is None:
            continue
        if button.find(".//img") is not None and len(text_of(button)) < _SHORT:
            for node in button.iter():
                if is_element(node):
                    node.text = None
                if node is not button:
                    node.tail = None
            button.tag = "span"
            button.attrib.clear()
        elif parent.tag in HEADINGS or parent.tag in ("summary", "dt") or _in_sentence(button, parent):
            button.tag = "span"


_SHORT = 60


def _in_sentence(button: HtmlElement, parent: HtmlElement) -> bool:
    if parent.tag not in ("p", "li", "dd", "td", "span", "em", "strong"):
        return False
    before = parent.text if button.getprevious() is None else button.getprevious().tail
    return bool(squeeze(before)) and bool(squeeze(button.tail))


def _show_noscript(tree: HtmlElement) -> None:
    """Take what is shown without scripts for what it is: a listing; a picture whose markup is written as text."""
    for node in list(tree.iter("noscript")):
        parent = node.getparent()
        if parent is None or parent.tag == "head":
            continue
        if node.find(".//pre") is not None or node.find(".//table") is not None:
            node.tag = "div"
        elif len(node) == 0 and node.text and len(node.text) < _MAX_ESCAPED and _IMAGE.match(node.text):
            inner = [part for part in fragments_fromstring(node.text) if is_element(part)]
            node.text = None
            for image in [image for part in inner for image in part.iter("img")][:3]:
                image.tail = None
                node.append(image)


def _tidy_headings(tree: HtmlElement) -> None:
    for heading in tree.iter(*HEADINGS, "dt", "summary"):
        for node in list(heading.iter("a", "span")):
            if node.getparent() is None or node.find(".//img") is not None:
                continue
            named = _SIGN_CLASS.search(f"{node.get('class') or ''} {node.get('aria-label') or ''}") is not None
            leads = node.tag == "a" and ((node.get("href") or "").startswith("#") or named)
            if (leads or (named and node.tag == "span")) and _SIGN.fullmatch(visible(text_of(node))):
                replace_by_text(node, "")


def _tidy_rest(tree: HtmlElement) -> None:
    for node in list(tree.iter("a")):
        if (
            (node.get("href") or "").rpartition("#")[2]
            and _BACK.fullmatch(text_of(node))
            and node.getparent() is not None
        ):
            replace_by_text(node, "")
    for node in tree.iter("div", "span", "section"):
        role = node.get("role")
        if role == "list" and any(is_element(child) and child.get("role") == "listitem" for child in node):
            node.tag = "ul"
        elif role == "listitem" and node.getparent() is not None and node.getparent().tag == "ul":
            node.tag = "li"
    for node in list(tree.iter()):
        if is_element(node) and "-" in node.tag and _is_of_sentence(node):
            node.tag = "span"
    for node in list(tree.iter("input")):
        if (node.get("type") or "").lower() == "checkbox" and next(node.iterancestors("td", "th"), None) is not None:
            replace_by_text(node, "☑" if node.get("checked") is not None else "☐")


def _is_of_sentence(node: HtmlElement) -> bool:
    """Whether an element of a site's own making is a piece of running text: words stand beside it, and no box in it."""
    parent, before = node.getparent(), node.getprevious()
    if parent is None or any(is_element(inner) and inner.tag not in INLINE for inner in node.iterdescendants()):
        return False
    said = parent.text if before is None else before.tail
    return bool(squeeze(said) or squeeze(node.tail)) and bool(text_of(node))


def _wrap_bare_text(tree: HtmlElement) -> None:
    """Give text that stands bare beside paragraphs, headings and the like, or in paragraphs made of two line breaks
    each, a `p` of its own.
    """
    for node in list(tree.iter(*_CONTAINERS)):
        blocks = breaks = 0
        for child in node:
            blocks += child.tag in _PROSE
            breaks += child.tag == "br"
        if blocks or breaks > 1:
            _wrap(node, split=breaks > 1)


def _wrap(node: HtmlElement, *, split: bool) -> None:
    """Put each run of inline content of `node` that has text in a `p`; with `split`, two breaks begin another."""
    runs: list[tuple[str | None, list[HtmlElement]]] = [(node.text, [])]
    for child in node:
        if child.tag in INLINE and not (split and _ends_paragraph(child)):
            runs[-1][1].append(child)
        else:
            runs.append((child.tail, []))
    if not any(_has_text(text, inside) for text, inside in runs):
        return
    followers = [
        None,
        *(child for child in node if not (child.tag in INLINE and not (split and _ends_paragraph(child)))),
    ]
    for before, (text, inside) in zip(followers, runs, strict=True):
        if not _has_text(text, inside):
            continue
        paragraph = Element("p")
        paragraph.text = text
        if before is None:
            node.text = None
            node.insert(0, paragraph)
        else:
            before.tail = None
            before.addnext(paragraph)
        for child in inside:
            paragraph.append(child)


def _has_text(text: str | None, inside: list[HtmlElement]) -> bool:
    return bool(text and text.strip()) or any((child.tail or "").strip() or text_of(child) for child in inside)


def _ends_paragraph(node: HtmlElement) -> bool:
    """Whether `node` is the first or second of two line breaks with nothing between them."""
    if node.tag != "br":
        return False
    following, before = node.getnext(), node.getprevious()
    if following is not None and following.tag == "br" and not (node.tail or "").strip():
        return True
    return before is not None and before.tag == "br" and not (before.tail or "").strip()
