"""The language that a text is written in, where its script or its commonest words leave no doubt.

Themes state the language that they were made in, whatever the posts are written in. A script that one language alone
uses is proof; of the languages that share a script the function words are counted. None is better than a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict

LEAST_LETTERS = 20
"""Letters of a script that prove something; a quoted name has fewer."""

SHARE = 0.35
"""Share of a text's letters in a script of its own from which it is written in it: code and names are Latin."""

SAMPLE = 6_000
"""Characters looked at."""

LEAST_WORDS = 15
"""Function words that a text needs to be judged by them; one that several languages share counts for a part."""

AHEAD = 2.0
"""Times the function words of the next language; relatives (Danish, Norwegian) share most and stay undecided."""

SIGNS = 2
"""Letters that one language of a script alone has, in a text whose script rules the stated language out."""

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9d]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("lo", re.compile(r"[\u0e80-\u0eff]")),
    ("my", re.compile(r"[\u1000-\u109f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ta", re.compile(r"[\u0b80-\u0bff]")),
    ("te", re.compile(r"[\u0c00-\u0c7f]")),
    ("kn", re.compile(r"[\u0c80-\u0cff]")),
    ("ml", re.compile(r"[\u0d00-\u0d7f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("gu", re.compile(r"[\u0a80-\u0aff]")),
    ("pa", re.compile(r"[\u0a00-\u0a7f]")),
    ("si", re.compile(r"[\u0d80-\u0dff]")),
    ("am", re.compile(r"[\u1200-\u137f]")),
)
"""Scripts of one language each (Yiddish and a few others are too rare to be told apart from it)."""

_SIGNS = (
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("sr", re.compile("[јљњћђџЈЉЊЋЂЏ]")),
    ("be", re.compile("[ўЎ]")),
    ("ru", re.compile("[ыэёЫЭЁ]")),
    ("fa", re.compile("[پچژگ]")),
)
_BEYOND_LATIN = re.compile(r"[\u0370-\u1dff\u2e80-\uffdc]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA_AMONG_HAN = 0.05
"""Share of kana from which a text with Chinese characters is Japanese."""

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")

_FUNCTION_WORDS = {
    "en": "the of and to in is that for it was with as on be at by this have from are not which you or has were",
    "de": "der die und das ist nicht ein eine mit den von auf für sich dem des im auch werden wird sind wurde einer",
    "fr": "le la les et des est une dans pour que qui pas sur par plus avec ce sont il du au cette ont été",
    "es": "el la los las y que en un una por con para es del se lo como más pero sus ha este son fue",
    "it": "il di che e la per un una non sono con del della è dei nel anche alla più come gli delle questo",
    "pt": "o que e do da em um para com não uma os no se na por mais as dos como mas foi ao ele das são",
    "nl": "de het een en van is dat op te in zijn voor met niet aan er om ook als maar bij door wordt deze",
    "sv": "och att det som en på är av för med den till inte om ett har de var från kan vi när eller",
    "da": "og at det er en til på af for med den der ikke de som har et var fra kan vi også blev",
    "nb": "og det er en til på av for med som den ikke de har et var fra kan vi også ble å",
    "fi": "ja on ei se että oli hän mutta ovat myös kun joka ole sen tämä niin kuin mukaan jo",
    "pl": "i w na się z że nie do jest to o jak przez po dla od które są oraz ich jego być tym",
    "cs": "a v se na je že z o do to s i pro jako by ve za jsou které po od byl také jeho však",
    "hu": "a az és hogy nem egy is volt meg ez de csak már ha azt van mint még vagy el lehet",
    "ro": "și de în la a cu pe nu este care mai din o un se pentru că sunt au fost prin ca",
    "tr": "ve bir bu da de için ile çok olarak daha gibi olan ama en var kadar sonra ne her",
    "vi": "và của là có cho các không một được trong với những người đã này để đến khi từ",
    "id": "dan yang di untuk dengan ini dari pada tidak itu dalam akan adalah juga oleh ke karena bisa",
    "ru": "и в не на что с по это как к из у за то он от его для о но был при так все или",
    "uk": "і в не на що з до це як та у за від його для про але був при так або ще які",
    "bg": "и в на да за се от не са че с по като до но си при или това която беше тази",
    "sr": "и у на је да се за не од са који то као су али или што би ће",
    "ar": "في من على أن إلى التي عن مع هذا كان هذه ما لا الذي بعد كما أو وقد بين",
    "fa": "در به از که را این است با برای آن های یک می شود بر تا هم او شده",
    "ur": "کے میں کی ہے اور سے کا کو نے پر کہ یہ ہیں اس بھی جو گیا تھا",
    "hi": "के में है की और से का को पर यह ने हैं कि भी नहीं एक इस लिए",
}
_LATIN = frozenset(
    ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "tr", "vi", "id"]
)
_LANGUAGES: dict[str, set[str]] = {}
for _language, _listed in _FUNCTION_WORDS.items():
    for _word in _listed.split():
        _LANGUAGES.setdefault(_word, set()).add(_language)


_KINDRED = {"he": ("yi",), "bn": ("as",), "am": ("ti",), "zh": ("yue", "lzh")}
"""Languages that share the script that proves another."""


def language_of(text: str, stated: str | None) -> str | None:
    """The language of `text` (ISO 639), which its page states as `stated`, or not.

    A script that is not of the stated language overrules it, and so do words, between languages that we know.
    """
    sample = text[:SAMPLE]
    letters = len(_LETTER.findall(sample))
    if letters < LEAST_LETTERS:
        return stated
    if (proven := _by_script(sample, letters)) is not None:
        return stated if stated in _KINDRED.get(proven, ()) else proven
    if (stated is None or stated in _LATIN) and len(_BEYOND_LATIN.findall(sample)) > letters / 2:
        # Whatever it is, it is not that.
        return next((language for language, sign in _SIGNS if len(sign.findall(sample)) >= SIGNS), _by_words(sample))
    return (_by_words(sample) if stated is None or stated in _FUNCTION_WORDS else None) or stated


def _by_script(sample: str, letters: int) -> str | None:
    enough = max(LEAST_LETTERS, SHARE * letters)
    if sample.isascii() or len(_BEYOND_LATIN.findall(sample)) < enough:
        return None
    han = len(_HAN.findall(sample))
    for language, script in _SCRIPTS:
        found = len(script.findall(sample))
        if language == "ja":
            if found + han >= enough and found >= _KANA_AMONG_HAN * (found + han):
                return language
        elif found >= enough:
            return language
    return "zh" if han >= enough else None


def _by_words(sample: str) -> str | None:
    counts: defaultdict[str, float] = defaultdict(float)
    for word in _WORD.findall(sample.lower()):
        languages = _LANGUAGES.get(word, ())
        for language in languages:
            counts[language] += 1 / len(languages)
    best = sorted(counts.items(), key=lambda item: -item[1])[:2]
    if not best or best[0][1] < LEAST_WORDS or (len(best) > 1 and best[0][1] < AHEAD * best[1][1]):
        return None
    return best[0][0]
