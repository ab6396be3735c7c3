"""The `img` elements of an article's clean HTML: which addresses they have, and how each is shown under a media policy.

Pure functions over text that `scrape.clean` has made: every attribute stands in double quotes, every `&` and `<` of
a text is escaped, so that tags can be told from words without parsing. Nothing here knows where a file stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape

from aggregator.models import MediaPolicy, Picture
from aggregator.text.urls import host_of

_ATTRIBUTES = r"""((?:"[^"]*"|[^">])*)"""
_TAG = re.compile(rf"<(/?)([a-z][a-z0-9]*)\b{_ATTRIBUTES}>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_IMAGE = re.compile(rf"<img\b{_ATTRIBUTES}>")
_HOLLOW = re.compile(
    rf"<(p|figure|a|em|strong|u|small|mark|blockquote|li|ul|ol)\b{_ATTRIBUTES}>\s*(?:<br>\s*)*</\1>", re.IGNORECASE
)
_NO_WORDS = re.compile(
    r"(?i)[\w()%.-]+\.(?:jpe?g|png|gif|webp|avif|svg|bmp)|(?:image|img|photo|picture|screenshot|logo|figure)?[\s\d_-]*"
)
"""Alternative texts that say nothing: names of files, and the word that stands for a picture alone."""

_NAME = re.compile(r"(?i)\.(?:jpe?g|png|gif|webp|avif|svg|bmp)$")

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}
"""The types that are mirrored, and how their files end, so that any web server names the type right."""

NESTED = 12
"""Levels of elements that are taken away because nothing but an image stood in them."""


def sources(html: str) -> tuple[str, ...]:
    """The addresses of the images in `html`, each once, in their order."""
    found = (_attributes(match[1]).get("src", "") for match in _IMAGE.finditer(html))
    return tuple(dict.fromkeys(url for url in found if url))


def is_image(media_type: str | None, url: str) -> bool:
    """Whether a file is an image by its media type or, where it has none, by its name."""
    kind = (media_type or "").strip().lower()
    return kind.startswith("image/") or (not kind and bool(_NAME.search(url.partition("?")[0].partition("#")[0])))


def path_of(digest: str, media_type: str) -> str:
    """Where the copy with this SHA-256 (hexadecimal) stands: `media/ab/abcd….jpg`, relative to the output's root."""
    return f"media/{digest[:2]}/{digest}.{EXTENSIONS[media_type]}"


def shown(html: str, policy: MediaPolicy, pictures: Iterable[Picture], prefix: str) -> str:
    """`html` with its images as the policy has them; `prefix` leads from where it is shown to the root of the output.

    `mirror`: our copy, with its size; where there is none (yet), a link to the original, so that nothing is asked of
    the origin unbidden. `strip`: the alternative text alone, where it says something that no caption says.
    """
    if policy == "link" or "<img" not in html:
        return html
    known = {picture.url: picture for picture in pictures} if policy == "mirror" else {}
    rewriter = _Rewriter(html, policy, known, prefix)
    result = _TAG.sub(rewriter.tag, html)
    for _ in range(NESTED):
        before, result = result, _HOLLOW.sub("", result)
        if result == before:
            break
    return result


class _Rewriter:
    """Goes over the tags of one article in their order."""

    def __init__(self, html: str, policy: MediaPolicy, known: Mapping[str, Picture], prefix: str) -> None:
        self._html = html
        self._policy = policy
        self._known = known
        self._prefix = prefix
        self._linked = False  # inside a link, in which no other may stand
        self._captioned = False  # inside a figure whose caption says what the image shows

    def tag(self, match: re.Match[str]) -> str:
        closing, name = bool(match[1]), match[2]
        if name == "a":
            self._linked = not closing
        elif name == "figure":
            end = self._html.find("</figure>", match.end())
            self._captioned = not closing and "<figcaption" in self._html[match.end() : max(end, match.end())]
        return self._image(_attributes(match[3])) if name == "img" else match[0]

    def _image(self, attributes: Mapping[str, str]) -> str:
        url = attributes.get("src", "")
        picture = self._known.get(url)
        if picture is not None and picture.tracker:
            return ""
        if picture is not None and picture.path:
            return _copy(attributes, picture, self._prefix)
        words = "" if self._captioned else _words(attributes)
        if self._policy == "mirror" and not self._linked:
            label = words or ("" if self._captioned else host_of(url))
            return f'<a href="{escape(url)}">{escape(f"Image: {label}" if label else "Image", quote=False)}</a>'
        return escape(f"[Image: {words}]", quote=False) if words else ""


def _copy(attributes: Mapping[str, str], picture: Picture, prefix: str) -> str:
    """The `img` of our own copy, with both dimensions, so that a page does not jump when it comes."""
    values = {"src": prefix + (picture.path or ""), "alt": attributes.get("alt", "")}
    if title := attributes.get("title"):
        values["title"] = title
    values |= _size(attributes, picture)
    return "<img" + "".join(f' {name}="{escape(value)}"' for name, value in values.items()) + ">"


def _size(attributes: Mapping[str, str], picture: Picture) -> dict[str, str]:
    """The size that the page gives, completed in the image's proportions; else the image's own."""
    width, height = attributes.get("width"), attributes.get("height")
    if not picture.width or not picture.height:
        return {name: value for name, value in (("width", width), ("height", height)) if value}
    if width and not height:
        height = str(max(1, round(int(width) * picture.height / picture.width)))
    elif height and not width:
        width = str(max(1, round(int(height) * picture.width / picture.height)))
    return {"width": width or str(picture.width), "height": height or str(picture.height)}


def _words(attributes: Mapping[str, str]) -> str:
    words = " ".join((attributes.get("alt") or attributes.get("title") or "").split())
    return "" if _NO_WORDS.fullmatch(words) else words


def _attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(text)}
