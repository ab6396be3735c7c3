"""Pages that stand in place of a document, known by the marks of the products that make them. Data and a few patterns.

Kept apart because both those who fetch and those who read meet them, and because it changes when the products do.
"""

from __future__ import annotations

import re
from html import unescape

from aggregator.models.errors import Barrier
from aggregator.text.plain import body_text
from aggregator.text.words import count_words

CHALLENGE = re.compile(
    rb"just a moment|cf-chl|challenge-platform|captcha|are you (?:a )?human|making sure you.{1,6}re not a bot"
    rb"|checking your browser|ddos-guard|anubis_challenge|_incapsula_resource|px-captcha|verify(?:ing)? you are human"
    rb"|enable javascript and cookies to continue|geo\.captcha-delivery|awswafcookie|sgcaptcha|pow_challenge",
    re.IGNORECASE,
)
"""A check for bots (Cloudflare, DDoS-Guard, Anubis, Imperva, PerimeterX, DataDome, AWS, SiteGround)."""

_PASSWORD = re.compile(rb"<input\b[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_TITLE = re.compile(
    r"\b(?:log|sign)[ -]?(?:in|on)\b|\blogin\b|anmeld|einloggen|connexion|se connecter"
    r"|identifi(?:ez|cation)|iniciar sesi[óo]n|acceder|entrar|accedi|inloggen|logga in|logg? ind?|zaloguj|logowanie"
    r"|přihlá|войти|вход|oturum aç|ログイン|登录|登錄|로그인|authenticat|single sign",
    re.IGNORECASE,
)
_PARKED = re.compile(
    rb"\b(?:this )?domain(?: name)? (?:is|may be|might be|could be) (?:for sale|available)|buy this domain"
    rb"|is for sale\s*[<|!]|domain (?:has|is) (?:expired|parked)|parked (?:free|domain)|sedoparking|hugedomains\.com"
    rb"|dan\.com/buy-domain|parkingcrew|bodis\.com|afternic\.com/forsale",
    re.IGNORECASE,
)

FEW = 250
"""Words that a check for bots has at most."""


def barrier_page(page: bytes, title: str = "") -> Barrier | None:
    """What a web page that came in place of a document is; None where it is a page like any other.

    `title` is its title. A password field makes a login of a page that is called so, and a check for bots has few
    words: many a front page has the one or the other.
    """
    if CHALLENGE.search(page) and count_words(body_text(page.decode("utf-8", "replace"))) <= FEW:
        return Barrier.CHALLENGE
    if _PASSWORD.search(page) and _LOGIN_TITLE.search(unescape(title)):
        return Barrier.LOGIN
    return Barrier.PARKED if _PARKED.search(page) else None
