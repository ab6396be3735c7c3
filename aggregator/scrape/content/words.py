"""The words by which pages name their parts, in class names and in the text itself.

Each is a piece of evidence, never a verdict: how much it counts for or against a block is learned (see judge).
"""

from __future__ import annotations

import re
from functools import lru_cache

from lxml.html import HtmlElement

HINTS: dict[str, str] = {
    "comment": "comment disqus respond replies discussion testimonial",
    "reader": "-comment- -comments- commentlist comment-list comment-body comment-content commentbody "
    "comment-text -thread disqus respond- -reply-",
    "share": "share sharing social follow-us followus addtoany",
    "related": "related recommend recirc read-next more-from more-stories more-posts more-like also-like "
    "suggest further-reading see-also "
    "upnext readmore similar outbrain taboola",
    "sidebar": "sidebar side-bar -side- -rail complementary",
    "widget": "widget module",
    "footer": "footer colophon -foot-",
    "nav": "nav menu crumb pager pagination -tab- -tabs- toolbar",
    "letter": "newsletter subscri signup sign-up opt-in optin mailing mc-embed lead-gen hubspot -form- -forms- webform signupform",
    "promo": "promo sponsor partner offer -deal affiliate disclosure shop product price buy coupon commerce",
    "ad": "-ad- -ads- advert banner dfp adsense",
    "cookie": "cookie consent gdpr privacy onetrust ccpa",
    "modal": "modal popup pop-up overlay lightbox drawer dialog toast tooltip flyout",
    "author": "author byline -bio- contributor writer avatar profile",
    "meta": "meta date -time posted published info- stats reading",
    "tags": "-tag- -tags- taglist tag-list categor -topic- -topics- keyword taxonomy label badge eyebrow kicker",
    "popular": "popular trending most- latest recent featured top-stories headlines",
    "toc": "-toc- -toc table-of-content tableofcontent -contents on-this-page in-this jump",
    "rating": "rating vote review score stars",
    "legal": "copyright legal disclaimer terms license",
    "login": "login log-in signin sign-in register account paywall member",
    "cta": "-cta call-to button btn contact get-started demo download trial",
    "top": "hero masthead header -head- topbar top-bar",
    "lead": "intro -lead- -dek subtitle standfirst summary excerpt deck takeaway keypoint key-point highlights tldr",
    "caption": "caption credit",
    "media": "figure image photo media video gallery carousel slider slide swiper",
    "card": "card teaser tile archive loop post-list blog-list collection",
    "list": "grid list item feed",
    "faq": "faq accordion collapse toggle question answer expand",
    "print": "print pdf feedback helpful survey poll quiz donat support",
    "body": "article-body articlebody article-content articlecontent article-text entry-content entrycontent "
    "post-content postcontent post-body "
    "article--body article--content article--text articletext post--content post--body entry--content story--body storytext "
    "story-text mw-parser-output postbody story-body storybody story-content blog-content blog-body page-content main-content main-text "
    "body-content body-text body-copy "
    "bodycopy text-body single-content content-body content-area content-main content-text content-inner "
    "content-wrap prose rich-text richtext "
    "wysiwyg markdown e-content -rte text-block textblock blog-post blogpost hentry paragraph field-name-body "
    "field--name-body",
    "prevnext": "prev next adjacent older newer",
    "notes": "footnote reference citation endnote sources",
    "box": "note callout alert warning -tip infobox info-box box aside",
    "quote": "quote",
    "hidden": "hidden hide invisible sr-only screen-reader visually d-none offscreen assistive",
    "builder": "wp-block elementor et-pb vc- fusion -fl- wpb kadence -kb-",
}
"""What class, id, role and the like call a part of the page: pieces of names, `-` standing for any separator."""

PHRASES: dict[str, str] = {
    "copyright": r"©|copyright|all rights reserved|\bcc[ -]by\b|creative commons|版权|著作权|转载请|許諾",
    "subscribe": r"\b(?:subscribe|newsletter|sign up|inbox|unsubscribe|email address|abonnieren|abonnez|inscrivez|suscr[ií]b|assine|iscriviti"
    r"|nieuwsbrief|nyhetsbrev|nyhedsbrev|подпис|рассылк)|订阅|訂閱|登録|購読|구독",
    "share": r"^(?:share|tweet|pin|e?-?mail|print|copy link|facebook|twitter|linkedin|whatsapp|x|reddit"
    r"|pinterest|save|bookmark|like|follow|teilen|drucken|partager|imprimer|compartir|compartilh\w+|condividi|stampa|delen|dela|del|udostępnij"
    r"|поделиться|telegram|threads|flipboard|bluesky|mastodon)\b|^(?:分享|シェア|공유|转发)",
    "more": r"\b(?:read more|learn more|see more|related|you (?:may|might) (?:also )?like|more from"
    r"|keep reading|continue reading|recommended"
    r"|also read|read next|view all|see all|click here|find out more|explore more|up next|read also|see also"
    r"|lesen sie auch|auch interessant|mehr zum thema|mehr dazu|weiterlesen|zum thema|lire (?:aussi|également|la suite)|à lire|sur le même sujet"
    r"|lee también|leer más|le puede interesar|te puede interesar|más información|relacionad[ao]s|leia (?:também|mais)|veja também|saiba mais"
    r"|leggi anche|ti potrebbe|approfondisci|lees (?:ook|meer)|läs (?:också|även|mer)|læs også|les også|czytaj (?:także|też|więcej)|zobacz (?:także|też)"
    r"|читайте также|читать далее|по теме|ещё по теме|смотрите также)\b|相关(?:阅读|文章|新闻)|推荐阅读|延伸阅读|関連(?:記事|リンク)|あわせて読みたい|続きを読む|관련 ?기사",
    "date": r"^\W*(?:(?:published|updated|posted|last (?:updated|modified|reviewed))\b.*"
    r"|(?:\w+day,? )?(?:\w{3,9}\.? \d{1,2},? \d{4}"
    r"|\d{1,2} \w{3,9}\.? \d{4}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}).{0,20})$",
    "by": r"^\W*(?:written |posted |reviewed |edited |medically reviewed |fact[- ]checked |photo(?:graph)?s? "
    r"|words |story |text )?by\b.{0,80}$|^\W*(?:作者|发表于|发布于|更新于|投稿者|著者|文责).{0,40}$",
    "minutes": r"\d ?min(?:ute)?s?\.? (?:read|de lecture)|reading time|time to read|\bviews?$|^\d+$|^\W*[\d.,]+k? words?\W*$|word count|字数|閱讀|阅读(?:时长|时间|量|次数)|分钟|lesezeit|temps de lecture|leestijd",
    "comments": r"\b(?:comments?|leave a (?:reply|comment)|reply|log in|logged in|post a comment|your email address|kommentare?|commentaires?"
    r"|comentarios?|comentários?|commenti|reacties|kommentarer|komentarz\w*|комментари\w*)\b|评论|評論|コメント|댓글",
    "advert": r"advertis|sponsored|affiliate|commission|disclos|we may earn|^anzeige$|^werbung$|^publicité$|^publicidade?$|^pubblicità$|^reklama?$|^реклама$|^annons$"
    r"|广告|広告|광고",
    "credit": r"\b(?:photo|image|credit|getty|shutterstock|unsplash|courtesy|source|screenshot|illustration|via"
    r"|pexels|istock|foto|bild|quelle|imago|dpa|reuters|afp|epa|crédits?|fuente|fonte|imagen|imagem|фото|источник)\b|©|图片|图源|写真|사진",
    "toc": r"^(?:table of )?contents?\b|in this (?:article|guide|post)|jump to|on this page|quick links"
    r"|what.s (?:in|inside)",
    "lead": r"^(?:key takeaways|key points|tl;?dr|in brief|at a glance|summary|highlights)\b",
    "cookie": r"cookie|privacy policy|terms of (?:use|service)|consent|gdpr",
    "cta": r"\b(?:get started|contact us|book (?:a|now|your)|call (?:us|now)|free (?:trial|quote|consultation"
    r"|demo)|request a|download (?:now|the|our)"
    r"|buy now|shop now|learn how|schedule (?:a|your)|try (?:it|for)|start (?:your|free|now)|order now"
    r"|add to cart|check price|view (?:deal|on|at)"
    r"|visit site|apply now|get a quote|talk to|join (?:us|now|our)|sign in|watch now)\b",
    "about": r"\b(?:about the author|is an? (?:\w+ )?(?:writer|author|editor|journalist|freelance|reporter"
    r"|senior|contributor|content|expert)"
    r"|has been writing|years of experience|lives in|follow (?:him|her|them|us|me))\b",
    "faq": r"^(?:q:|a:|faqs?\b|frequently asked)|\?$",
    "loading": r"loading|please wait|javascript|browser",
    "price": r"^\W*[$€£]\s?\d",
    "colon": r":$",
    "step": r"^(?:step )?\d+[.:)]",
    "notice": r"\b(?:disclaimer|editor.s note|this (?:article|post|content|page|site|story))\b",
    "our": r"\b(?:our|we|us)\b",
    "tags": r"^(?:tags?|filed under|topics?|categor(?:y|ies)|posted in|tagged)\b",
    "next": r"^(?:next|previous|prev|older|newer|←|→|«|»)\b",
    "references": r"^(?:references?|sources?|citations?|footnotes|bibliography|notes)\b",
}
"""What the text of a short block says that articles seldom do. Matched against lower-case text."""

SHORT = 40
"""Words; a longer block is not judged by a phrase in it."""

_ATTRIBUTES = ("class", "id", "role", "itemprop")
_MAX_NAMES = 300
_MAX_REMEMBERED = 50_000
_MAX_TEXTS = 8_000
_NAMELESS = (None,) * len(_ATTRIBUTES)

_OF_POSTS = frozenset({"hentry", "type-post", "status-publish"})
_SUBJECTS = ("tag-", "category-", "post_tag-")
"""How the names begin that WordPress gives a post for what it is about: they say nothing of the part of the page."""

_KEY = 3
"""Characters; no piece is shorter, so that those that can begin at a place are found by as many."""

_PIECES: dict[str, list[tuple[str, str]]] = {}
for _hint, _pieces in HINTS.items():
    for _piece in _pieces.split():
        _PIECES.setdefault(_piece[:_KEY], []).append((_piece, _hint))

_AT_START = frozenset({"share", "date", "by", "lead", "price", "step", "tags", "next", "references"})
"""The phrases that stand at the beginning, in each of their forms."""

_PATTERNS = [
    (name, re.compile(pattern).match if name in _AT_START else re.compile(pattern).search)
    for name, pattern in PHRASES.items()
]
_SEPARATORS = str.maketrans({"_": "-", ":": "-", ".": "-", "/": "-"})
_NONE: frozenset[str] = frozenset()
_of_name: dict[str, frozenset[str]] = {}
_of_names: dict[tuple[str | None, ...], frozenset[str]] = {}


def hints(node: HtmlElement) -> frozenset[str]:
    """The HINTS that `node`'s own names give."""
    names = tuple(map(node.get, _ATTRIBUTES))
    if names == _NAMELESS:
        return _NONE
    known = _of_names.get(names)
    if known is None:
        if len(_of_names) >= _MAX_REMEMBERED:
            _of_names.clear()
        pieces = [name for value in names if value for name in value[:_MAX_NAMES].split()]
        if any(name in _OF_POSTS for name in pieces):
            pieces = [name for name in pieces if not name.startswith(_SUBJECTS)]
        known = _of_names[names] = frozenset().union(*map(_hints_of, pieces))
    return known


def _hints_of(name: str) -> frozenset[str]:
    known = _of_name.get(name)
    return _remember(name) if known is None else known


def _remember(name: str) -> frozenset[str]:
    padded = f"-{name.lower().translate(_SEPARATORS)}-"
    known = frozenset(
        [
            hint
            for start in range(len(padded) - _KEY + 1)
            for piece, hint in _PIECES.get(padded[start : start + _KEY], ())
            if padded.startswith(piece, start)
        ]
    )
    if len(_of_name) >= _MAX_REMEMBERED:
        _of_name.clear()
    _of_name[name] = known
    return known


@lru_cache(_MAX_TEXTS)
def phrases(text: str) -> tuple[str, ...]:
    """The PHRASES that are in `text`. The pages of a site share their menus: what was asked for is remembered."""
    lower = text.lower()
    return tuple([name for name, found in _PATTERNS if found(lower)])
