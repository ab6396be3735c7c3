"""How pages say whom they took an article from: labels and sentences in many languages, and what is no such thing."""

from __future__ import annotations

import re


def _terms(listed: str) -> tuple[str, ...]:
    return tuple(" ".join(term.split()) for term in listed.split(","))


LABELS = frozenset(
    _terms("""
source, via, h/t, hat tip, original source, original article, article source, news source, original post, originally
from, quelle, originalquelle, originalartikel, quellenangabe, source originale, source de l'article, fuente, fuente
original, fonte, fonte originale, fonte original, bron, źródło, zdroj, källa, kilde, lähde, kaynak, источник, джерело,
πηγή, forrás, sursa, sursă, izvor, 出典, 引用元, 来源, 來源, 출처
""")
)
"""What stands before the colon of a line of its own. The plural ("Sources:") opens a list of references."""

LINE = re.compile(r"^\W{0,3}(?P<label>[^:：]{2,24}?)\s*[:：]\s*(?P<name>\S.{0,100}?)\s*[.\])]?$")
VIA = re.compile(r"^\W{0,3}(?:via|h/t)\s+(?P<name>[A-Z\d].{0,60}?)\s*[.\])]?$", re.IGNORECASE)

CUES = _terms("""
originally, first appeared, first published, first ran, previously published, permission, republished, re-published,
reprinted, reproduced, cross-posted, crossposted, syndicated, zuerst, ursprünglich, zunächst, initialement, d'abord,
originalmente, por primera vez, originariamente, per la prima volta, oorspronkelijk, eerder, version of th
""")
"""One of these is in every sentence below; they tell quickly that a page has none."""

_THING = r"(?:article|post|story|piece|report|essay|column|interview|blog\spost|text|version|analysis)"
_APPEARED = r"(?:appeared|published|posted|ran|featured|printed|released)"
_REPUBLISHED = r"(?:re-?published|reproduced|reprinted|syndicated|cross-?posted)"
_PERMITTED = r"(?:here\s)?(?:from|with\s(?:the\s)?(?:kind\s)?permission\s(?:from|of|by))"
_SENTENCES = rf"""
(?:this|the|an?)\s(?:[\w'’]+\s){{0,3}}?{_THING}\s(?:\w+\s){{0,3}}?(?:originally|first|previously)\s{_APPEARED}
\s(?:\w+\s)?(?:at|on|in|by|for|with)
|\bversion\sof\s(?:this|the)\s{_THING}\s(?:\w+\s){{0,3}}?{_APPEARED}\s(?:at|on|in|by)
|^\W*(?:originally|first)\s{_APPEARED}\s(?:at|on|in|by)
|(?:this|the)\s{_THING}\s(?:is|was|has\sbeen)\s{_REPUBLISHED}\s{_PERMITTED}
|^\W*{_REPUBLISHED}\s{_PERMITTED}
|dieser?\s(?:artikel|beitrag|text|meldung)\s(?:ist|wurde|erschien)\s(?:\w+\s){{0,3}}?
(?:zuerst|ursprünglich|zunächst)\s(?:erschienen\s|veröffentlicht\s)?(?:bei|auf|in|im|von)
|^\W*(?:zuerst|ursprünglich)\s(?:erschienen|veröffentlicht)\s(?:bei|auf|in|im|von)
|cet\sarticle\s(?:a\sété|est)\s(?:initialement|d['’]abord|originellement)\s(?:publié|paru)\s(?:sur|dans|par)
|est[ea]\s(?:artículo|nota|texto)\s(?:se\spublicó|fue\spublicad[oa]|apareció)\s(?:originalmente|por\sprimera\svez)
\sen
|est[ea]\s(?:artigo|texto|matéria)\sfoi\s(?:originalmente\spublicad[oa]|publicad[oa]\soriginalmente)
\s(?:em|no|na|por)
|(?:questo\s|l['’])articolo\sè\s(?:stato\s)?(?:originariamente\spubblicato|apparso\sper\sla\sprima\svolta)
\s(?:su|in|da)
|dit\sartikel\s(?:verscheen|is)\s(?:eerder|oorspronkelijk|eerst)\s(?:verschenen\s|gepubliceerd\s)?(?:op|in|bij)
"""
SENTENCE = re.compile(rf"(?:{_SENTENCES})\s+(?P<name>[^.;()|\n]{{2,80}})", re.IGNORECASE | re.VERBOSE)

TAIL = re.compile(
    r"\s(?:under|and\s(?:is|was|has|appears)|with\s(?:their|his|her|kind)?\s?permission|on\s(?:\w+\s)?\d|in\s\w+\s\d{4}|here)\b.*",
    re.IGNORECASE,
)
"""What follows a name in such a sentence: a licence, a date, a courtesy."""

CREDITS = re.compile(
    r"\b(?:getty|shutterstock|istock|unsplash|pexels|pixabay|depositphotos|adobe stock|flickr|wikimedia|wikipedia|"
    r"alamy|screenshot|authors?|own|eigene\w*|photo|image|foto|bild|youtube|twitter|instagram|facebook|google maps|"
    r"dreamstime|123rf|freepik|giphy|statista|eurostat|survey|report|study|studie|data|daten|calculations?|dataset)\b",
    re.IGNORECASE,
)
"""Who is named under pictures, charts and tables: agencies, offices of statistics, the author's own."""
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
"""A name with a year is a reference: "Ahmad et al., 2019"."""
