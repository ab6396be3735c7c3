"""What furniture of a page is known by: names, places and phrases, alone or together.

Only what is listed here may take anything out of the middle of an article (see classify).
"""

from __future__ import annotations

import re
from itertools import islice

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.words import hints

_LEVELS = 5
"""Levels from a form up to the box that it is in."""

FURNITURE = frozenset(
    [f"{near}_{hint}" for near in ("near", "far") for hint in (
        "reader", "share", "related", "sidebar", "footer", "nav", "letter", "promo", "ad", "cookie", "modal",
        "author", "meta", "tags", "popular", "rating", "legal", "login", "cta", "print", "prevnext", "hidden",
        "comment", "card", "toc")]
    + [f"in_{tag}" for tag in ("aside", "nav", "footer", "form")]
    + [f"says_{phrase}" for phrase in (
        "subscribe", "share", "more", "comments", "advert", "cookie", "cta", "about", "tags", "next", "loading",
        "copyright", "minutes")]
    + ["is_by", "is_date", "is_credit"]
    + [f"under_{name}" for name in ("more", "about", "comments", "subscribe", "share", "toc", "cta", "tags", "link")]
    + ["invisible", "twice", "card"]
)  # fmt: skip
"""Evidence that something may be furniture: names, places and phrases."""

STRONG = frozenset(
    [f"{near}_{hint}" for near in ("near", "far") for hint in (
        "reader", "share", "related", "sidebar", "nav", "letter", "promo", "ad", "cookie", "modal", "popular", "login",
        "prevnext", "comment", "toc", "tags")]
    + [f"in_{tag}" for tag in ("aside", "nav", "footer", "form")]
    + [f"under_{name}" for name in ("more", "about", "comments", "subscribe", "share", "toc", "tags")]
)  # fmt: skip
"""Evidence enough to leave out a structure that the model doubts."""

CLOSING = frozenset(
    {"says_copyright", "says_advert", "says_subscribe", "says_about", "says_comments", "says_cta", "says_more",
     "says_tags", "says_share", "says_next", "says_cookie", "under_about", "under_more", "under_comments",
     "under_subscribe"}
)  # fmt: skip
"""What the last lines of a page say that are no article."""


def _named(*hints: str) -> frozenset[str]:
    return frozenset(f"{near}_{hint}" for near in ("near", "far") for hint in hints)


OTHERS = _named("related", "popular", "prevnext")
KNOWN = (
    (_named("letter", "login"), frozenset({"says_subscribe"})),
    (_named("related", "popular"), frozenset({"says_more", "card"})),
    (_named("ad", "promo"), frozenset({"says_advert"})),
    (_named("share"), frozenset({"says_share", "all_linked"})),
    (_named("tags"), frozenset({"is_tags"})),
    (_named("author"), frozenset({"says_about"})),
    (_named("legal"), frozenset({"says_copyright"})),
    (_named("cookie", "modal"), frozenset({"says_cookie"})),
)
"""Names and contents that together are known from furniture, whatever the model thinks of them."""

NEVER = frozenset({"near_reader", "far_reader", "in_nav"})
"""Readers' comments and navigation: of 670 and 370 labelled blocks of some length, 1 % and none are in an article."""

FOOTER = 0.9
"""Chance up to which what stands in a `footer` is left out; a quotation's names its source, and stays with it."""

KNOWN_WORDS = 60
"""Words up to which a block is furniture by its name and what it says."""

LEGAL = _named("legal")
COPYRIGHT = frozenset({"says_copyright"})
CONTENTS_NAME = _named("toc")
CONTENTS = re.compile(
    r"(?i)\W*(?:(?:table of )?contents?|toc|on this page|in this (?:article|post)"
    r"|inhalt(?:sverzeichnis)?|sommaire|índice|inhoud|目录|目次)\W*$"
)
CONTENTS_TITLE = 6
"""Words of the title of a table of contents."""

LIFE_WORDS = 90
"""Words of a paragraph about the author."""

COLOPHON_WORDS = 40
"""Words of a line about the page itself."""

_COLOPHON = re.compile(
    r"(?i)\W*(?:(?:this (?:page|site|website) (?:is|was|looks) )?(?:best (?:viewed|seen|experienced)|optimi[sz]ed) (?:with|in|at|on|for|using)\b"
    r"|(?:diese seite (?:ist |wurde )?)?optimiert für\b|(?:site|page) optimisée? pour\b|optimizad[oa] para\b|ottimizzat[oa] per\b"
    r"|you are (?:the )?(?:(?:visitor|guest|reader) (?:number |no\.? ?|nr\.? ?|# ?)?\d|[\d.,]+(?:st|nd|rd|th)? (?:visitor|guest|reader))|(?:there have been )?[\d.,]+ (?:visitors?|visits|hits|page ?views|views)"
    r" (?:since|to (?:this|date)|so far)\b|(?:visitors?|visits|hits|page ?views|counter)(?: since [^:]{1,40})?:? [\d.,]+\W*$"
    r"|sie sind (?:der )?(?:besucher (?:nummer |nr\.? ?)?)?\d|besucher\W*$|[\d.,]+ (?:besucher|zugriffe) seit\b|(?:besucher|zugriffe)(?: seit [^:]{1,40})?: [\d.,]+\W*$"
    r"|vous êtes le [\d.,]+|[\d.,]+ visiteurs depuis\b|[\d.,]+ visitantes desde\b|[\d.,]+ visitatori dal\b|eres el visitante\b"
    r"|(?:proudly |this (?:site|blog|page) is )?(?:powered|hosted|published|built|made|generated) (?:by|with|on|using) [^\s,;]+(?: [^\s,;]+){0,4}\W*$"
    r"|(?:reading time|time to read|read time|word count|words|lesezeit|temps de lecture|tiempo de lectura|tempo di lettura|leestijd)\s*[:：≈~]?\s*[\d.,]+k?"
    r"(?:\s*(?:min(?:ute[ns]?|utos?|uti)?\.?|words?|wörter|mots))?\W*$"
    r"|(?:(?:本文)?(?:总)?字数(?:统计)?|阅读(?:时长|时间|量|次数)|読了時間|文字数|글자수)\s*[:：≈~约]*\s*[\d.,]+k?\s*(?:字|分钟|分|次|words?|mins?)?\W*"
    r"(?:$|(?=(?:阅读|字数|本文|読了|文字数)))(?:(?:阅读(?:时长|时间|量|次数)|(?:本文)?字数)\s*[:：≈~约]*\s*[\d.,]+k?\s*(?:字|分钟|分|次|words?|mins?)?\W*)*$"
    r"|theme:? \S+(?: \S+){0,2} by \S+|(?:本站|本页|本文)?(?:总)?(?:访问量|访客数|浏览量)\s*[:：]?\s*\d)"
)
"""What a sentence about the page itself begins with: the browser it was made for, its counter, its software."""

_NOTICE = re.compile(
    r"(?i)\W*(?:(?:(?:the )?(?:article|story|text) continues (?:below|after)(?: (?:the )?(?:advertisement|ad|video|this ad))?|advertisement|anzeige|werbung"
    r"|continue reading below|scroll (?:down )?to continue|lesen sie (?:hier )?weiter|weiter nach der (?:anzeige|werbung)|(?:der )?artikel geht (?:unten|nach der \w+) weiter"
    r"|la suite après (?:la|cette) publicité|publicité|publicidad|continua a leggere|pubblicità|reklama|реклама|广告|広告|\$+article_?ad\$+)\W*$"
    r"|an dieser stelle (?:finde(?:n sie|st du)|steht|ist) .{0,80}(?:extern|inhalt|youtube|twitter|instagram)"
    r"|ich bin damit einverstanden, dass mir .{0,60}(?:angezeigt|übermittelt)|(?:empfohlener (?:redaktioneller|externer) inhalt|externe(?:n|r|) inhalte? (?:anzeigen|laden|aktivieren))\W*$"
    r"|(?:du kannst|sie können) (?:ihn|sie|es) (?:dir |sich )?mit einem klick (?:anzeigen|laden)"
    r"|(?:this|the) (?:content|video|post|tweet|embed) (?:is|was|comes|isn['’]t|cannot be|can['’]t be) .{0,60}(?:cookies|consent|third part|shown without|hosted)"
    r"|(?:to (?:see|view|show) this (?:content|video|post)|for this content).{0,40}(?:cookies|consent|enable|accept)"
    r"|ce contenu (?:est bloqué|n['’]est pas).{0,80}cookies|para ver este contenido.{0,60}cookies|per vedere questo contenuto.{0,60}cookie)"
)
"""What stands in the place of an advertisement or of somebody else's post that readers have not agreed to load."""

_SENTENCES = re.compile(r"(?<=[.!?。])\s+(?=[^\W_a-z])|\s*[|·•]\s*")

_LIFE = re.compile(
    r"(?i)\b(?:follow|find|reach|contact) (?:him|her|them|me|us) (?:on|at|via)\b"
    r"|^(?:about the author\b|(?-i:[A-Z][\w’'-]+(?: [A-Z][\w.’'-]*){1,3})"
    r" (?:is|was|works|writes|covers|has been) (?:an?|the|as|our|at|about|for)\b)"
)
"""What a paragraph about the author says."""

SIGNUP_WORDS = 90
"""Words of a box that asks for an address."""

_ASKS = re.compile(
    r"(?i)\b(?:subscribe (?:to|now)|sign up (?:for|to)|join) (?:(?:our|the|my|this|free|weekly|daily|\S+) ){0,3}(?:newsletter|mailing list|letter|updates)\b"
    r"|\bnewsletter (?:abonnieren|abonniert)|\babonn(?:ieren|iere|iert) (?:\S+ ){0,3}newsletter|\binscrivez-vous à (?:\S+ ){0,2}(?:newsletter|lettre)"
    r"|\babonnez-vous\b|\bsuscríbe(?:te|ase)\b|\biscriviti alla\b|\bassine (?:a|nossa)\b|подпишитесь на|订阅(?:我们|本站)"
)
"""How a line asks its readers to subscribe."""

SOURCES = re.compile(
    r"(?i)\b(?:references?|sources?|further reading|footnotes?|notes|bibliography|citations?|credits?|acknowledg\w+"
    r"|timeline|disclosure"
    r"|indicators?|iocs?|cves?|appendix|detections?|yara|sigma|rules?|mitigations?|patch(?:es)?|downloads?|resources|links"
    r"|quellen|literatur|références|fuentes|referencias|fontes|referências|riferimenti|fonti|bronnen|источники|ссылки)\b"
    r"|参考|引用|来源|資料|出典|脚注"
)
"""What the heading of a list of links says that belongs to an article."""


def is_colophon(block: Block) -> bool:
    """Whether a line is about the page it stands on, in each of its sentences ("Best viewed with ...", a counter), or
    holds the place of an advertisement or an embedded post.
    """
    if block.words > COLOPHON_WORDS:
        return False
    if _NOTICE.match(block.text):
        return True
    if not _COLOPHON.match(block.text):
        return False
    return all(_COLOPHON.match(sentence) for sentence in _SENTENCES.split(block.text) if sentence)


def asks_to_subscribe(block: Block) -> bool:
    """Whether a line behind an article asks its readers for an address."""
    return block.words <= COLOPHON_WORDS and _ASKS.search(block.text) is not None


def signups(root: HtmlElement) -> list[HtmlElement]:
    """The boxes that ask for an address: named for a letter, with a form in them, and little text."""
    chains = []
    for form in root.iter("form", "input"):
        if form.tag == "input" and (form.get("type") or "").lower() != "email":
            continue
        chains.append([node for node in (form, *islice(form.iterancestors(), _LEVELS)) if "letter" in hints(node)])
    sizes = {node: len("".join(node.itertext()).split()) for node in {node for chain in chains for node in chain}}
    found = [fitting[-1] for chain in chains if (fitting := [node for node in chain if sizes[node] <= SIGNUP_WORDS])]
    return list(dict.fromkeys(found))


def is_life(block: Block) -> bool:
    """Whether a last paragraph tells of its author: set apart by a rule, or written in italics."""
    if block.words > LIFE_WORDS or not _LIFE.search(block.text):
        return False
    node = block.element
    before = node.getprevious()
    inner = next(iter(node), None)
    slanted = (
        inner is not None and inner.tag in ("em", "i") and len("".join(inner.itertext()).split()) >= block.words - 2
    )
    return slanted or (before is not None and before.tag == "hr")
