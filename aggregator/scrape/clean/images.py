"""The address of an image, wherever lazy loading hid it, and what stands in for embedded media.

Pure functions over attributes. An image that exists to count readers is recognised here and never kept.
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from aggregator.text.urls import host_of, http_url

LAZY_SOURCES = (
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-orig-file",
    "data-large-file",
    "data-hi-res-src",
    "data-full-src",
    "data-image",
    "data-img-src",
    "data-url",
    "data-actualsrc",
    "data-cfsrc",
    "data-lazyload",
    "data-echo",
    "data-orig-src",
    "data-original-src",
    "data-flickity-lazyload",
    "data-pagespeed-lazy-src",
    "data-delayed-url",
    "data-runner-src",
    "data-src-large",
    "data-defer-src",
    "file",
    "zoomfile",
    "data-lazy",
    "nitro-lazy-src",
)
LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset", "nitro-lazy-srcset", "srcset")
EMBEDS = frozenset({"iframe", "video", "audio", "embed", "object", "amp-youtube", "amp-iframe", "amp-video"})

WIDEST = 1600
"""Pixels; of several widths the largest up to this one is taken, which fills any column of text."""

PREVIEW_PIXELS = 100
"""Pixels; a picture so narrow beside the address of another is its preview."""

TRACKER_PIXELS = 3
"""An image of at most so many pixels on either side shows nothing: it counts."""

_ENDING = (
    r"(?:[-_.](?:image|img|icon))?(?:[-_.]?(?:\d{1,4}x\d{1,4}|[0-9a-f]{8,40})|\d)?"
    r"(?:\.(?:gif|png|jpe?g|webp|svg|php|aspx?))?(?:[?#][^/]*)?$"
)
"""What may follow a telling name: `pixel.gif` and `blank-1x1.png?x` show nothing, `pixel-9-exploit.png` does."""

_TRACKER = re.compile(
    r"(?i)//[^/]*(?:doubleclick|scorecardresearch|(?<![a-z])pixel\.|feedburner|feedsportal|quantserve|google-analytics|"
    r"facebook\.com/tr\b|bat\.bing|stats?\.wordpress|stats\.wp\.com|(?<![a-z])px\.ads\.linkedin|analytics\.twitter|"
    r"mc\.yandex\.ru/watch|counter\.yadro\.ru|statcounter\.com|medium\.com/_/stat|api\.follow\.it/track|pi\.pardot\.com)"
    r"|//t\.co/i/"
    rf"|/(?:tracking|track|pixel|beacon|1x1|spacer|blank){_ENDING}"
    r"|/(?:__ptq|__utm|piwik|matomo|clear|dot|px)\.(?:gif|png|php)\b|/wf/open\?|/track/open\.php|/tracker/\d|/akam/\d+/pixel_"
    r"|[?&/](?:utm_pixel|impression)s?\b|~[fr]/|/~4/"
)
_PLACEHOLDER = re.compile(
    rf"(?i)(?:^data:|/(?:[\w-]*placeholder|blank|spacer|transparent|loading|loader|lazy|lazyload|1x1|pixel){_ENDING}"
    r"|/(?:loading|loader)[\w-]*\.gif(?:\?[^/]*)?$|^about:)"
)
_PICTURE_FILE = re.compile(
    r"(?i)^\s*(?:https?:|//|/|[\w.-]+/)?[^\s,{}<>\"']{3,500}\.(?:png|jpe?g|gif|webp|avif|svg)(?:[?#]\S*)?\s*$"
)
_SMALLER = re.compile(r"(?i)placeholder|thumb|preview|lqip|blur|low|small|avatar|icon|hover")
_PREVIEW = re.compile(r"(?i)blur|lqip|placeholder|low-?res|tiny|[?&]q(?:uality)?=\d(?:&|$)|\blazy")
_PREVIEW_SIZE = re.compile(r"(?i)[-_/](\d{1,3})x\d{1,3}(?=[._/?-]|$)|[?&,/](?:w|width|resize)[=_-](\d{1,4})(?=\D|$)")

_POST = re.compile(
    r"https?://(?:[\w-]+\.)?(?:(?:twitter|x)\.com/(?:[\w%-]+|i/web)/status/\d|instagram\.com/(?:p|reel|tv)/|tiktok\.com/@[\w.-]+(?:/video/|\?|$)"
    r"|bsky\.app/profile/[^/]+(?:/post/|\?|$)|t\.me/[\w-]+/\d|facebook\.com/[^/]+/(?:posts|videos)/|threads\.(?:net|com)/(?:@|t/)"
    r"|reddit\.com/r/\w+/comments/|imgur\.com/a/|[\w.-]+/@[\w.-]+/\d{6,}$)"
)
"""Where a post of another site stands. (The last is Mastodon's.)"""

_CANDIDATE = re.compile(r"\s*([^\s,][^\s]*?)(?:\s+([\d.]+)([wxh]))?\s*(?:,\s+|,?$|,(?=https?:|//))")
_STYLE_SIZE = re.compile(r"(?i)(?:^|[;\s])(?:max-)?(width|height)\s*:\s*([\d.]+)px")
_HIDDEN_STYLE = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_NUMBER = re.compile(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*")


def image_url(image: HtmlElement, base: str | None) -> str | None:
    """The absolute address of the picture that `image` (img, amp-img) shows, or None if there is none worth showing."""
    if is_tracker(image):
        return None
    candidates = [image.get(name) for name in LAZY_SOURCES]
    candidates += [_largest(image.get(name)) for name in LAZY_SRCSETS[:-1]]
    plain = image.get("src")
    if plain and not _PLACEHOLDER.search(plain):
        # A plain source is what browsers without scripts show; lazy ones replace a placeholder, or a small preview.
        candidates.insert(len(candidates) if _is_preview(image, plain) else 0, plain)
    candidates += [_largest(image.get("srcset")), _picture_source(image), *_named_otherwise(image)]
    for candidate in candidates:
        if candidate and not _PLACEHOLDER.search(candidate) and (url := http_url(candidate.strip(), base)):
            return None if _TRACKER.search(url) else url
    return None


def _named_otherwise(image: HtmlElement) -> list[str]:
    """The addresses of pictures in attributes that no list knows: each lazy loader has its own."""
    return [
        value
        for name, value in image.attrib.items()
        if name.startswith("data-") and _PICTURE_FILE.search(value) and not _SMALLER.search(name)
    ]


def _is_preview(image: HtmlElement, plain: str) -> bool:
    """Whether `plain` is the small blurred picture that stands in until scripts have loaded the real one."""
    if not any(image.get(name) for name in (*LAZY_SOURCES, *LAZY_SRCSETS[:-1])):
        return False
    sized = _PREVIEW_SIZE.search(plain)
    small = sized is not None and 0 < int(next(filter(None, sized.groups()))) <= PREVIEW_PIXELS
    return small or bool(_PREVIEW.search(f"{plain} {image.get('class') or ''}"))


def is_tracker(image: HtmlElement) -> bool:
    """Whether the image is declared too small to be seen, or hidden."""
    style = image.get("style") or ""
    sizes = {
        name.lower(): float(value)
        for name, value in _STYLE_SIZE.findall(style)
        if value.count(".") < 2 and value != "."
    }
    for name in ("width", "height"):
        if match := _NUMBER.fullmatch(image.get(name) or ""):
            sizes[name] = float(match[1])
    return bool(_HIDDEN_STYLE.search(style)) or any(0 <= size <= TRACKER_PIXELS for size in sizes.values())


def pixels(value: str | None) -> str | None:
    """A width or height attribute as a plain number of pixels, or None."""
    match = _NUMBER.fullmatch(value or "")
    return match[1].lstrip("0") or None if match else None


def embed_link(node: HtmlElement, base: str | None) -> tuple[str, str] | None:
    """The address of what `node` embeds and a name for it, for a plain link; None when it has no address, or shows
    nothing (a tag manager's frame).
    """
    if node.tag in ("iframe", "embed", "object") and is_tracker(node):
        return None
    sources = [node.get("src"), node.get("data-src"), node.get("data-lazy-src"), node.get("data")]
    sources += [child.get("src") for child in node.iter("source")]
    sources += [child.get("value") for child in node.iter("param") if (child.get("name") or "") in ("movie", "src")]
    if video := node.get("data-videoid"):
        sources.append(f"https://www.youtube.com/watch?v={video}")
    for source in sources:
        if source and not _PLACEHOLDER.search(source) and (url := http_url(source.strip(), base)):
            return _watchable(url), _kind(node, url)
    return None


def is_post(quote: HtmlElement) -> bool:
    """Whether a quotation is a post of another site, as those sites give it out: its last link leads to the post."""
    links = [link.get("href") or "" for link in quote.iter("a")]
    return bool(links) and _POST.match(links[-1]) is not None


def _watchable(url: str) -> str:
    """A player's address as the page a person would open."""
    if match := re.match(r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{6,})", url):
        return f"https://www.youtube.com/watch?v={match[1]}"
    if match := re.match(r"https?://player\.vimeo\.com/video/(\d+)", url):
        return f"https://vimeo.com/{match[1]}"
    if match := re.match(r"https?://platform\.twitter\.com/embed/[\w.]+\?(?:[^#]*&)?id=(\d+)", url):
        return f"https://twitter.com/i/status/{match[1]}"
    return url


def _kind(node: HtmlElement, url: str) -> str:
    title = " ".join((node.get("title") or "").split())[:120]
    kind = node.get("data-kind") or {"video": "Video", "audio": "Audio"}.get(str(node.tag), "Embedded")
    return f"{kind}: {title or host_of(url)}"


def _largest(srcset: str | None) -> str | None:
    if not srcset or srcset.startswith("data:"):
        return None
    best, best_size = None, -1.0
    for url, number, unit in _CANDIDATE.findall(srcset[:8192]):
        size = _size(number, unit)
        if best_size < size <= WIDEST or best is None:
            best, best_size = url, size
    return best


def _size(number: str, unit: str) -> float:
    try:
        value = float(number)
    except ValueError:
        return 0.0
    return value * 400 if unit == "x" else value


def _picture_source(image: HtmlElement) -> str | None:
    # libxml2 does not know that `source` is empty and hangs the picture's `img` below it.
    picture = next(image.iterancestors("picture"), None)
    if picture is None:
        return None
    for source in picture.iter("source"):
        for name in LAZY_SRCSETS:
            if url := _largest(source.get(name)):
                return url
    return None
