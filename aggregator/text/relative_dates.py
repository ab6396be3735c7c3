"""Dates that are told from the present, as sites show them and some feeds repeat them: `2 hours ago`, `gestern, 17:08`.

They are exact to their unit alone. Nothing here reads the clock: a caller that has no present takes them for no date
(and not, say, `ago` for the Italian August).
"""

from __future__ import annotations

import re
from datetime import timedelta

_AGO = re.compile(
    r"^(?:vor|il y a|hace|há|před|pred|acum|acum|πριν|לפני|قبل|منذ)\b"
    r"|\b(?:ago|atrás|fa|geleden|sedan|siden|sitten|temu|назад|тому|önce|trước|lalu)\W*$|[前전]\W*$",
    re.IGNORECASE,
)
"""What makes an amount of time a date, before it or behind it."""

_UNITS = tuple(
    (re.compile(rf"(?:{names})\Z", re.IGNORECASE), length)
    for names, length in (
        (r"s|se[ck]\w*|сек\w*|秒|초|giây|detik|saniye|sn|שניות|ثوان\w*", timedelta(seconds=1)),
        (
            r"m|min\w*|мин\w*|хв\w*|分鐘?|分钟|分|분|phút|menit|dakika|dk|λεπτ\w+|דקות|דקה|دقيقة|دقائق",
            timedelta(minutes=1),
        ),
        (
            (
                r"h|hrs?|hours?|stunden?|std|heures?|horas?|or[ae]|uur|uren|timm\w+|timer?|tunti\w*|godz\w*|час\w*|годин\w*"
                r"|saat|小时|小時|時間|시간|giờ|jam|hod\w*|ώρ\w+|שעות|שעה|ساع\w+"
            ),
            timedelta(hours=1),
        ),
        (
            (
                r"d|days?|tag\w*|jours?|d[ií]as?|giorn\w+|dag\w*|døgn|päiv\w+|dni|dzień|дн\w+|день|gün|天|日|일|ngày|hari"
                r"|dn[yeůí]\w*|dnem|zile?|η?μέρ\w+|ימים|יום|أيام|يوم\w*"
            ),
            timedelta(days=1),
        ),
        (
            (
                r"w|weeks?|wochen?|semaines?|semanas?|settiman\w+|we[ek]k?en|veck\w*|uger?|uker?|viikko\w*|tygod\w*|недел\w+"
                r"|тиж\w+|hafta|周|週間?|주|tuần|minggu|týdn\w+|săptăm\w+"
            ),
            timedelta(weeks=1),
        ),
        (
            (
                r"months?|monat\w*|mois|mes|meses|m[eê]s\w*|maand\w*|månad\w*|måned\w*|kuukau\w*|miesi\w*|месяц\w*|місяц\w*"
                r"|ay|个月|個月|か月|ヶ月|カ月|개월|tháng|bulan|měsíc\w*|lun[iă]"
            ),
            timedelta(days=30),
        ),
        (
            r"y|years?|jahr\w*|ans?|años?|anos?|ann[oi]|jaar|år|vuo\w+|lata?|rok\w*|год\w*|лет|yıl|年|년|năm|tahun|let\w*|an[iu]?",
            timedelta(days=365),
        ),
    )
)
_ONE = r"an?|one|eine[rmns]?|une?|una|uma?|en|et|ett|e[eé]n|один|одну|bir"
_AMOUNT = re.compile(rf"(?P<number>\d{{1,4}}|\b(?:{_ONE})(?=\s))\s?(?P<unit>[^\W\d]+)", re.IGNORECASE)

_DAYS_BACK = {
    word: back
    for back, words in (
        (0, "today heute aujourd'hui aujourd’hui hoy oggi hoje vandaag idag dnes dziś dzisiaj сегодня сьогодні bugün"),
        (0, "今天 今日 오늘 היום اليوم tänään"),
        (
            1,
            (
                "yesterday gestern hier ayer ieri ontem gisteren igår wczoraj včera вчера вчора dün eilen"
                " 昨天 昨日 어제 אתמול أمس"
            ),
        ),
        (2, "vorgestern avant-hier anteayer eergisteren przedwczoraj позавчера 前天 一昨日 그저께"),
    )
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d]+(?:['’-][^\W\d]+)*")


def ago(text: str) -> timedelta | None:
    """How long before the present a text's moment lies (a month: 30 days); None where it does not tell it so."""
    said = _AGO.search(text)
    if said is None:
        return None
    lengths = []
    for match in _AMOUNT.finditer(text, said.end() if said.start() == 0 else 0):
        unit = match["unit"].removesuffix("前").removesuffix("전")
        length = next((length for names, length in _UNITS if names.match(unit)), None)
        if length is not None:
            lengths.append(length * (int(match["number"]) if match["number"].isdecimal() else 1))
    return sum(lengths, timedelta()) if lengths else None


def days_back(text: str) -> int | None:
    """0 for a text that begins with a word for today, 1 for yesterday, 2 for the day before; None for any other."""
    first = _WORD.match(text)
    return _DAYS_BACK.get(first[0].casefold()) if first else None
