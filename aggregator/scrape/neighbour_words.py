"""The wording of links to the next and the previous post, and the class names that themes give them.

Data and look-ups only: what a short text ("Älterer Post", "Next article: ...", "«") or a class attribute
("nav-previous", "blog-pager-newer-link") says about a direction. Nothing here sees a page or a URL. Texts are
compared case-folded and without decoration; what is not in the tables means nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from itertools import product


class Way(StrEnum):
    """The direction of a link: `NEXT` is the newer post."""

    NEXT = "next"
    PREVIOUS = "previous"

    @property
    def other(self) -> Way:
        return Way.PREVIOUS if self is Way.NEXT else Way.NEXT


class Force(IntEnum):
    """How much a label says: from an arrow, over "back" and "next", to "next post" and "older post"."""

    ARROW = 1
    VAGUE = 2
    BARE = 3
    POST = 4
    AGE = 5


@dataclass(frozen=True, slots=True)
class Label:
    """What a text says. `way` is None for a label that rules a neighbour out: "next page", "older posts"."""

    way: Way | None
    force: Force = Force.BARE


# One line a language: words for next | words for previous | words for newer | words for older | nouns. Every word is
# combined with every noun, before and after it, so that inflection only has to be right for the pairs that occur; a
# combination that no site uses costs a dictionary entry.
_LANGUAGES = """
next|previous,prev,preceding,prior|newer,more recent|older|post,article,entry,story,item,chapter,blog,blog post,news,news item,news story,news article,topic,episode,record,review,recipe,project,event,lesson,issue,press release,publication,comic,event,article link,in series
nächster,nächste,nächstes,nächsten,naechster,naechste,folgender,folgende,folgendes,nachfolgender,nachfolgende,nachfolgendes,als nächstes|vorheriger,vorherige,vorheriges,vorherigen,voriger,vorige,voriges,vorhergehender,vorhergehende,vorhergehendes,letzter|neuerer,neuere,neueres|älterer,ältere,älteres|beitrag,artikel,post,eintrag,meldung,nachricht,news,blogbeitrag,blogpost,blogartikel,blogeintrag,text,kapitel,folge,episode,geschichte,thema,rezept,projekt,veranstaltung,rezension,pressemitteilung,story,werk,produkt
suivant,suivante,prochain,prochaine|précédent,précédente,precedent,precedente|plus récent,plus récente|plus ancien,plus ancienne|article,billet,message,post,actualité,publication,note,chapitre,épisode,brève,actu,l'article,le billet
siguiente,próximo,próxima,proximo,proxima|anterior,previo,previa|más reciente,mas reciente,más nueva,más nuevo|antigua,antiguo,más antigua,más antiguo|entrada,artículo,articulo,post,noticia,publicación,nota,capítulo,historia,mensaje,episodio
próximo,próxima,seguinte|anterior|mais recente|mais antiga,mais antigo,antiga,antigo|postagem,post,artigo,notícia,publicação,matéria,mensagem,texto,capítulo,episódio,entrada
successivo,successiva,seguente,prossimo,prossima|precedente|più recente,piu recente|più vecchio,più vecchia,meno recente|articolo,post,notizia,messaggio,capitolo,episodio,pagina articolo,storia
volgende,volgend|vorige,vorig|nieuwere,nieuwer|oudere,ouder|bericht,artikel,post,verhaal,item,nieuwsbericht,blog,hoofdstuk,nieuws
następny,następna,następne,kolejny,kolejna|poprzedni,poprzednia,poprzednie|nowszy,nowsza|starszy,starsza|wpis,artykuł,post,news,rozdział,odcinek,aktualność,tekst
следующая,следующий,следующее|предыдущая,предыдущий,предыдущее|более новая,более новое,более поздняя,новее|более старая,более старое,более ранняя,старее|запись,статья,новость,пост,публикация,сообщение,глава,материал
další,následující,příští|předchozí,předešlý,předcházející|novější|starší|příspěvek,článek,zpráva,zápis,aktualita,kapitola,díl
ďalší,nasledujúci,nasledovný|predchádzajúci,predošlý|novší|starší|príspevok,článok,správa
nästa,följande|föregående,förra|nyare,senare|äldre,tidigare|inlägg,artikel,post,nyhet,blogginlägg,kapitel
næste,neste|forrige,foregående|nyere|ældre,eldre|indlæg,innlegg,artikel,artikkel,opslag,nyhed,nyhet
seuraava|edellinen|uudempi|vanhempi|artikkeli,viesti,teksti,kirjoitus,julkaisu,uutinen
sonraki,bir sonraki|önceki,bir önceki|daha yeni,yeni|daha eski,eski|yazı,kayıt,haber,makale,gönderi,yayın,içerik,konu
következő|előző|újabb|régebbi|bejegyzés,cikk,hír,írás
următorul,următoarea,următor|precedentul,precedenta,anterior,anterioară|mai nouă,mai nou|mai veche,mai vechi|articol,articolul,postare,postarea,știre,știrea
наступний,наступна,наступне|попередній,попередня,попереднє|новіший,новіша|старіший,старіша|запис,стаття,новина,допис,публікація
следващ,следваща|предишен,предишна,предходен|по-нова|по-стара|публикация,статия,новина
sljedeći,sljedeća,slijedeći,sledeći,naslednji|prethodni,prethodna,prejšnji|noviji,novija|stariji,starija|članak,post,objava,vijest,prispevek
επόμενο,επόμενη|προηγούμενο,προηγούμενη|νεότερη,νεότερο|παλαιότερη,παλαιότερο|άρθρο,ανάρτηση,δημοσίευση
següent|anterior|més recent|més antiga,més antic|entrada,article,apunt
selanjutnya,berikutnya|sebelumnya|lebih baru|lama,lebih lama|pos,artikel,postingan,berita,entri
tiếp theo|trước,trước đó|mới hơn|cũ hơn|bài,bài viết,bài đăng
"""

# Written without spaces, or where the combinations above do not fit.
_FIXED = {
    (
        Way.NEXT,
        Force.POST,
    ): "次の記事,次の投稿,次のエントリー,次の記事へ,次のページの記事,下一篇,下一篇文章,下一篇博文,下一則,后一篇,後一篇,"
    "다음 글,다음글,다음 기사,다음 포스트,다음 게시물,المقالة التالية,الموضوع التالي,الخبر التالي,المقال التالي,نوشته بعدی,"
    "مطلب بعدی,הפוסט הבא,הבא ברשימה,nachfolgebeitrag,folgebeitrag,folgeartikel,up next post",
    (
        Way.PREVIOUS,
        Force.POST,
    ): "前の記事,前の投稿,前のエントリー,前の記事へ,上一篇,上一篇文章,上一篇博文,上一則,前一篇,이전 글,"
    "이전글,이전 기사,이전 포스트,المقالة السابقة,الموضوع السابق,الخبر السابق,المقال السابق,نوشته قبلی,مطلب قبلی,הפוסט הקודם,"
    "vorgängerbeitrag,vorgängerartikel,nicht verpassen",
    (
        Way.NEXT,
        Force.AGE,
    ): "新しい投稿,新しい記事,较新的博文,較新的文章,較新的帖子,较新文章,최근 게시물,최신 글,رسالة أحدث,newer,neuer,newer »,"
    "plus récent,plus récents,más reciente,mais recente,più recente,nieuwer,nowszy,novější,nyare,daha yeni,新しい",
    (
        Way.PREVIOUS,
        Force.AGE,
    ): "古い投稿,過去の投稿,古い記事,较早的博文,較舊的文章,較舊的帖子,较旧文章,이전 게시물,رسالة أقدم,older,älter,"
    "plus ancien,plus anciens,más antiguo,mais antigo,meno recente,ouder,starszy,starší,äldre,daha eski,古い",
    (
        Way.NEXT,
        Force.BARE,
    ): "次へ,次,下一个,下一個,다음,التالي,التالية,بعدی,הבא,next up,weiter zum nächsten,danach,nachfolgend,"
    "nxt,il prossimo,proximo,dalej,далее,вперед,вперёд,edelleen,tiếp",
    (
        Way.PREVIOUS,
        Force.BARE,
    ): "前へ,前,上一个,上一個,이전,السابق,السابقة,قبلی,הקודם,vorher,davor,pred,poprzednio,назад к предыдущей",
    (
        Way.NEXT,
        Force.VAGUE,
    ): "weiter,continue,forward,vor,vorwärts,up next,siehe auch nächstes,avanti,adelante,avançar,verder,vidare,"
    "ileri,další strana článku,naprej,tovább",
    (
        Way.PREVIOUS,
        Force.VAGUE,
    ): "zurück,zurueck,back,retour,indietro,atrás,voltar,terug,назад,zpět,wstecz,tillbaka,geri,nazaj,vissza,"
    "don't miss,trending previous",
}

# "Next page" is the same article or a list, "older posts" is a list: they rule a neighbour out.
_PAGE_NOUNS = (
    "page,pages,seite,seiten,página,pagina,strona,strana,stránka,sida,side,sivu,sayfa,страница,сторінка,страница,"
    "σελίδα,oldal,halaman,trang,slide,bild,foto,image,photo,picture,results,ergebnisse,treffer,page of results"
)
_LIST_NOUNS = (
    "posts,articles,entries,stories,items,comments,beiträge,artikeln,einträge,meldungen,kommentare,articles anciens,"
    "billets,commentaires,entradas,artículos,noticias,comentarios,postagens,artigos,comentários,articoli,"
    "commenti,berichten,artikelen,reacties,wpisy,artykuły,komentarze,записи,статьи,новости,комментарии,příspěvky,"
    "články,komentáře,artiklar,kommentarer,yazılar,kayıtlar,yorumlar,bejegyzések"
)
_FIXED_PAGES = "下一页,上一页,下一頁,上一頁,次のページ,前のページ,다음 페이지,이전 페이지,الصفحة التالية,الصفحة السابقة"

_NEXT_ARROWS = "→»›>❯⟩▶►⇒➔➜➡⟶⇨⏵≫❱▸▷⯈\ue5c8"
_PREVIOUS_ARROWS = "←«‹<❮⟨◀◄⇐⬅⟵⇦⏴≪❰◂◁⯇\ue5c4"
_DECORATION = " \t\r\n\xa0\u200b\u200e\u200f\ufe0e\ufe0f:|-–—·•…*~#♥()[]"
_ARROWED = _DECORATION + _NEXT_ARROWS + _PREVIOUS_ARROWS
_MAX_LABEL = 48
"""Characters; the longest label of the tables has fewer, so that longer texts need no look-up."""


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _plain(label: str) -> str:
    return _fold(label.strip(_ARROWED))


def _split(words: str) -> tuple[str, ...]:
    return tuple(filter(None, (_fold(word) for word in words.split(","))))


def _build() -> dict[str, Label]:
    table: dict[str, Label] = {}
    pages, lists = _split(_PAGE_NOUNS), _split(_LIST_NOUNS)
    for line in _LANGUAGES.strip().splitlines():
        after, before, newer, older, nouns = (_split(part) for part in line.split("|"))
        ways = ((after, Way.NEXT, Force.POST), (before, Way.PREVIOUS, Force.POST), (newer, Way.NEXT, Force.AGE),
                (older, Way.PREVIOUS, Force.AGE))  # fmt: skip
        for words, way, force in ways:
            for word in words:
                table.setdefault(word, Label(way, Force.BARE))
            for word, noun in product(words, nouns):
                table[f"{word} {noun}"] = table[f"{noun} {word}"] = Label(way, force)
            for word, noun in product(words, pages + lists):
                table.setdefault(f"{word} {noun}", Label(None))
                table.setdefault(f"{noun} {word}", Label(None))
    for (way, force), labels in _FIXED.items():
        table.update(dict.fromkeys(_split(labels), Label(way, force)))
    table.update(dict.fromkeys(_split(_FIXED_PAGES), Label(None)))
    return table


_LABELS = _build()


@lru_cache(maxsize=4096)
def label_of(text: str) -> Label | None:
    """What a whole text says as a label, or None when it is no label (then it may be a title)."""
    if len(text) > _MAX_LABEL:
        return None
    return _LABELS.get(_plain(text)) or _LABELS.get(_fold(text.strip(_DECORATION)))


def arrow_of(text: str) -> Way | None:
    """The direction of an arrow at the edge of a text ("« Title", "Title →"), or None."""
    stripped = text.strip(_DECORATION)
    if not stripped:
        return None
    if stripped[0] in _PREVIOUS_ARROWS:
        return Way.PREVIOUS
    return Way.NEXT if stripped[-1] in _NEXT_ARROWS else None


def without_arrows(text: str) -> str:
    """`text` without the arrows and dashes that decorate a link; inner ones and closing brackets stay.

    >>> without_arrows("← An older post »")
    'An older post'
    """
    return " ".join(text.split()).strip(_NEXT_ARROWS + _PREVIOUS_ARROWS + " |–—-\xa0").strip()


def split_label(text: str) -> tuple[Label | None, str]:
    """The label before the first colon (or the whole text), and what is left as title.

    >>> split_label("Next post: All is well")[1]
    'All is well'
    """
    whole = label_of(text)
    if whole is not None:
        return whole, ""
    head, colon, rest = text.partition(":")
    if colon and (label := label_of(head)) is not None:
        return label, without_arrows(rest)
    return None, without_arrows(text)


# --- class names ---------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[a-z]+|[0-9]+|[A-Z][a-z]*")
_NEXT_CLASS = frozenset({"next", "nxt", "nextpost", "nextlink", "nextarticle", "postnext", "navnext", "nextentry",
                         "nextstory", "nextnav", "vor", "weiter", "siguiente", "suivant", "successivo", "naechster"})  # fmt: skip
_PREVIOUS_CLASS = frozenset({"prev", "previous", "prv", "prevpost", "previouspost", "prevlink", "prevarticle", "postprev",
                             "postprevious", "navprev", "navprevious", "preventry", "prevstory", "prevnav", "zurueck",
                             "anterior", "precedent", "precedente", "back"})  # fmt: skip
_NEWER_CLASS = frozenset({"newer", "newerpost", "newest"})
_OLDER_CLASS = frozenset({"older", "olderpost"})
_RIGHT_CLASS = frozenset({"right", "alignright", "fr", "floatright"})
_LEFT_CLASS = frozenset({"left", "alignleft", "fl", "floatleft"})
_NAV_CLASS = frozenset({"nav", "navi", "navigation", "pager", "pagination", "paging", "postnav", "postnavi", "pagenav",
                        "pagenavi", "navbar", "pagers", "navs", "adjacent", "prevnext", "nextprev", "postnavigation",
                        "singlenav", "entrynav", "articlenav", "siblings", "navlinks", "neighbours", "neighbors"})  # fmt: skip
_POST_CLASS = frozenset({"post", "posts", "article", "single", "entry", "entries", "story", "adjacent", "blog", "prevnext",
                         "nextprev", "postnav", "postnavi", "postnavigation", "singlenav", "below", "above", "news", "node"})  # fmt: skip
_FOREIGN_CLASS = frozenset({"related", "recommended", "recommendations", "carousel", "slider", "slick", "swiper", "slide",
                            "slideshow", "gallery", "lightbox", "breadcrumb", "breadcrumbs", "menu", "share", "sharing",
                            "social", "recent", "recents", "popular", "trending", "toc", "comment", "comments", "tabs",
                            "commentlist", "recentcomments", "toplist", "similar", "newsletter", "calendar", "sitemap",
                            "glide", "flickity", "owl", "ticker", "newsticker", "yarpp", "image", "images", "attachment",
                            "cookie", "login", "language", "lang", "footer", "masthead"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hint:
    """What the class and id of one element say.

    `way`, with `age` when by newer/older rather than next/previous; `side` for left (previous) and right (next);
    `nav` for navigation of any kind, `post` when it is named for posts, `both` when it is named for the two
    directions at once; `foreign` for what has next links of its own (sliders, comments) or related ones.
    """

    way: Way | None = None
    age: bool = False
    side: Way | None = None
    nav: bool = False
    post: bool = False
    both: bool = False
    foreign: bool = False


_NOTHING = Hint()


def _one_way(words: frozenset[str], after: frozenset[str], before: frozenset[str]) -> Way | None:
    onward, back = not words.isdisjoint(after), not words.isdisjoint(before)
    if onward == back:
        return None
    return Way.NEXT if onward else Way.PREVIOUS


@lru_cache(maxsize=8192)
def hint_of(names: str) -> Hint:
    """What an element's `class` and `id`, joined by a space, say."""
    if not names:
        return _NOTHING
    words = frozenset(word.lower() for word in _WORD.findall(names))
    age = _one_way(words, _NEWER_CLASS, _OLDER_CLASS)
    both = not words.isdisjoint(_NEXT_CLASS | _NEWER_CLASS) and not words.isdisjoint(_PREVIOUS_CLASS | _OLDER_CLASS)
    nav = both or not words.isdisjoint(_NAV_CLASS)
    return Hint(
        way=age or _one_way(words, _NEXT_CLASS, _PREVIOUS_CLASS),
        age=age is not None,
        side=_one_way(words, _RIGHT_CLASS, _LEFT_CLASS),
        nav=nav,
        post=nav and (both or not words.isdisjoint(_POST_CLASS)),
        both=both,
        foreign=not words.isdisjoint(_FOREIGN_CLASS),
    )
