"""What a page is, when it is no article: a wall, a riddle, an empty shell, a file; and what shows that it is.

A label with its evidence, and nothing else: whose text is kept is decided in `choice`.

Whether a page asks not to be archived: its robots meta elements, and the X-Robots-Tag header that came with it.

Both say it for everybody, or for one agent by the name that robots.txt calls it by; what they say to others is not for
us (Google's rules for robots meta and X-Robots-Tag; RFC 9309 has nothing of the kind). This is noted, not acted on.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.models import PageKind
from aggregator.scrape.dom import squeeze, text_of
from aggregator.scrape.page_source import PageSource
from aggregator.scrape.structured import Claims
from aggregator.text.words import count_words

SHORT = 250
"""Words; a page with more of an article than this is one, whatever else it shows: at most, part of it is for sale."""

TEASER = 120
"""Words; what a page that asks for a subscription shows is a teaser up to here, or when it says that it is one."""

TOLD = 20
"""Words from which a page under the title that its feed announces tells of a riddle, and asks none."""

OWN = 40
"""Words from which a text is an article's, and the wish for scripts that stands beside it is a theme's."""

CONSENT_PHRASES = 3
"""Phrases of a consent page; an article with a cookie banner below it has fewer of them in its text."""

FEWEST = 10
"""Words that are an article without its title in the page."""

PART = 0.6
"""Share of the words that a page counts below which what it shows is a teaser; counting differs by a tenth or two."""

TITLE_WORDS = 3
"""Words that a title needs for it to be strange that a short page has none of them."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uffff]")
"""Scripts that put no spaces between words."""

_MAGIC = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"ID3", b"OggS",
    b"\x00\x00\x00 ftyp",
          b"Rar!", b"7z\xbc\xaf", b"\x7fELF", b"MZ\x90", b"\xd0\xcf\x11\xe0", b"BZh", b"wOF2", b"wOFF")  # fmt: skip
_MARKUP = re.compile(rb"(?i)<(?:!doctype html|html|head|body|meta|title|div|p|article)\b")
_PLAIN_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CAPTCHA = re.compile(
    r"(?i)captcha|are you (?:a )?(?:human|robot)|verify (?:that )?you are (?:a )?human"
    r"|checking (?:if the site connection is secure|your browser)"
    r"|just a moment\.\.\.|attention required|ddos protection by|enable javascript and cookies to continue"
    r"|unusual traffic|access denied"
    r"|request unsuccessful\. incapsula|pardon our interruption|bot verification|security check"
    r"|you have been blocked|access to this page has been denied|cloudflare ray id|confirm (?:that )?you are (?:a )?human"
    r"|kein roboter|pas un robot|no (?:eres|es|soy) un robot|non (?:sei|sono) un robot|não (?:é|sou) um robô|geen robot"
    r"|inte en robot|nie jeste(?:ś|m) robotem|не робот|ロボットではない|不是机器人|不是機器人|로봇이 아닙니다"
)
_CONSENT = re.compile(
    r"(?i)(?:we|our partners|wir|nous)\b.{0,80}(?:cookies|store and/or access information|personal data"
    r"|informations? personnelles)"
    r"|before you continue|your privacy|consent|zustimm|datenschutz|consentement|accepter (?:et|tous)"
    r"|alle akzeptieren|accept all|t[ue] privacidad|consentimiento|aceptar todo|rechazar todo"
    r"|(?:tua|vostra) privacy|consenso|accett[ao] tutt[io]|sua privacidade|aceitar tudo|alles accepteren|toestemming"
)
_PAYWALL = re.compile(
    r"(?i)subscribe (?:now )?to (?:continue|read|unlock|keep)|(?:already|become) a (?:subscriber|member)"
    r"|for (?:subscribers|members) only"
    r"|subscribers? only|log ?in to (?:continue|read)|sign in to (?:continue|read)|(?:this"
    r"|the rest of this) (?:article|content|story|post) is (?:for|reserved|available)"
    r"|unlock (?:this|the full)|continue reading with|to read the full|jetzt weiterlesen|nur für abonnenten"
    r"|abonnez-vous|réservée?s? aux abonnés|cet article à lire|suscríbete|para suscriptores|riservat[oa] agli abbonati"
    r"|abbonati per|para assinantes|voor abonnees|för prenumeranter|dla subskrybentów|для подписчиков|会員限定|有料会員"
    r"|(?:create|register|sign up)\b.{0,40} to (?:continue|keep) reading|limit of free articles|free articles? (?:left|remaining)"
)
_SCRIPT_ONLY = re.compile(
    r"(?i)(?:enable|activate|turn on|requires?|need|aktivieren|activer|activez).{0,40}javascript"
    r"|(?:necesita|requiere|habilit[ae]|attiva|abilita|richiede|ative|requer|inschakelen|aktivera|włącz|включите).{0,40}"
    r"javascript|javascript.{0,40}(?:disabled|required|enable|deaktiviert|désactivé|desactivado|disattivato|を有効|启用)"
)


def is_html(page: bytes, content_type: str) -> bool:
    """Whether the bytes can be a web page. The bytes count; the label only where they leave it open."""
    head = page[:1024].lstrip()
    if head.startswith(_MAGIC):
        return False
    if _MARKUP.search(page[:4096]) or _MARKUP.search(page[:8192].replace(b"\x00", b"")):
        return True  # the second look: UTF-16
    kind = media_type(content_type)
    if head.startswith((b"{", b"[")) and "html" not in kind:
        return False
    if head.startswith((b"<?xml", b"<rss", b"<feed", b"<svg")) and "html" not in kind:
        return False
    return kind in ("", "text/html", "application/xhtml+xml", "application/xml", "text/xml") and b"\x00" not in head


def is_plain_text(page: bytes, content_type: str) -> bool:
    """Whether the bytes are text without markup, sent as such: `text/plain`, or Markdown."""
    return (
        media_type(content_type) in _PLAIN_TYPES
        and not page[:1024].lstrip().startswith(_MAGIC)
        and not _MARKUP.match(page[:1024].lstrip())
        and (b"\x00" not in page[:1024] or page.startswith(_UTF16_MARKS))
    )


def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, in lower case, without its parameters."""
    return content_type.split(";", maxsplit=1)[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Label:
    """What a page turned out to be, and the evidence for it in words; none for an article."""

    kind: PageKind = PageKind.ARTICLE
    reason: str = ""


def label_of(page: PageSource, text: str, title: str, announced: str = "", *, named: bool = False) -> Label:
    """What the page is, given the `text` that was found in it. A label: what is kept of the text is not decided here.

    `announced` is the title that its feed gives it, `named` whether the page has that title too: a riddle has its own.
    A site that sells articles shows some of them whole: that it says so (`isAccessibleForFree`) is no wall where the
    text stands in the page.
    """
    words, said = count_words(text), page.said
    locked = _locked(said)
    if locked and _is_part(said, words):
        return Label(
            PageKind.PAYWALL, f"{locked}, and {words} of the {_stated_words(said)} words that it counts are shown"
        )
    if words > SHORT:
        return Label()
    body = page.tree.find("body")
    everything = text_of(page.tree if body is None else body)[:20_000]
    shown = f"{title}\n{everything}"
    told = named and words >= TOLD
    wall = _wall(text, everything, title, told=told)
    if wall.kind is not PageKind.ARTICLE:
        return wall
    if words < TEASER and locked and not text.rstrip("”’\"' ").endswith((".", "!", "?", "。")):
        return Label(PageKind.PAYWALL, f"{locked}, and {words} words are shown")
    if words < TEASER and (match := _PAYWALL.search(shown)):
        return Label(PageKind.PAYWALL, "; ".join(filter(None, (locked, _quoted(match)))))
    if words < TEASER and not named and _is_strange(announced, shown):
        return Label(PageKind.EMPTY, "the page has no word of the title that its feed announces")
    if words >= FEWEST or (named and words):
        return Label()
    return Label(PageKind.EMPTY, f"{words} words of text were found" if words else "no text was found")


def _wall(text: str, everything: str, title: str, *, told: bool) -> Label:
    """What stands in the place of a site: a riddle, a shell that scripts fill, a request for consent.

    `told`: the page has the title that its feed announces, and some text.
    """
    words, shown = count_words(text), f"{title}\n{everything}"
    # A short article tells of riddles; a riddle's title asks one.
    riddle = words < (SHORT if _CAPTCHA.search(title) else TEASER) and not told
    if riddle and len(everything) < 3000 and (match := _CAPTCHA.search(shown)):
        return Label(PageKind.CAPTCHA, _quoted(match))
    shell = words < TEASER and len(everything) < 1500 and not told
    match = _SCRIPT_ONLY.search(shown) if shell else None
    if match and (words < OWN or match[0] in text):
        return Label(PageKind.SCRIPT_ONLY, _quoted(match))
    asked = _CONSENT.findall(shown)
    if len(everything.split()) < 2.5 * SHORT and len(asked) >= CONSENT_PHRASES and _CONSENT.search(text):
        return Label(PageKind.CONSENT, f"the page asks for consent: {_listed(asked)}")
    return Label()


def _quoted(match: re.Match[str]) -> str:
    return f"the page shows “{squeeze(match[0])[:80]}”"


def _listed(found: list[str]) -> str:
    return ", ".join(f"“{squeeze(each)[:40]}”" for each in dict.fromkeys(found[:CONSENT_PHRASES]))


def _stated_words(said: Claims) -> int:
    """The number of words that the page gives its article (schema.org wordCount); 0 when it gives none."""
    stated = str(said.article.get("wordCount") or "").strip()
    return int(stated) if stated.isdigit() and len(stated) < 7 else 0


def _is_part(said: Claims, words: int) -> bool:
    """Whether the text that is shown is clearly less than the page says that the article has."""
    return words < PART * _stated_words(said)


def _is_strange(announced: str, shown: str) -> bool:
    """Whether a page shows no word of the title that its feed announces: "not found", "we have moved", "for sale"."""
    words = [word for word in _WORD.findall(announced.casefold()) if not _UNSPACED.search(word)]
    return len(words) >= TITLE_WORDS and not any(word in shown.casefold() for word in words)


def _locked(said: Claims) -> str:
    """How the page says that one has to pay for its text (schema.org, Facebook's meta elements); empty if it does not."""
    if str(said.article.get("isAccessibleForFree")).lower() == "false":
        return "isAccessibleForFree is false"
    tier = (said.first("article:content_tier") or "").lower()
    return f"article:content_tier is {tier}" if tier in ("locked", "metered") else ""


DIRECTIVE = "noarchive"
EVERYBODY = "robots"

_NAMED = re.compile(r"\s*([\w*.-]+)\s*:(.*)", re.DOTALL)
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that are written with a colon: what stands before it is no agent's name."""


def forbidden_by_page(meta: Mapping[str, Sequence[str]], agent: str) -> bool:
    """`meta` maps lower-case names of meta elements to their contents; `agent` is our product token in lower case."""
    return any(_says_so(content) for name in (EVERYBODY, agent) if name for content in meta.get(name, ()))


def forbidden_by_header(value: str, agent: str) -> bool:
    """`value` is that of X-Robots-Tag, a line for each time it was sent; a name holds until the next in its line."""
    for line in value.lower().splitlines():
        ours = True
        for part in line.split(","):
            said = part
            named = _NAMED.fullmatch(part)
            if named and named[1] not in _VALUED:
                ours, said = named[1] in (agent, "*", EVERYBODY), named[2]
            if ours and _says_so(said):
                return True
    return False


def _says_so(directives: str) -> bool:
    return DIRECTIVE in re.split(r"[\s,;]+", directives.lower())
