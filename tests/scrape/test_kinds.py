"""Walls, riddles and empty shells are told from articles, in several languages; articles about them are articles."""

from __future__ import annotations

import pytest

from aggregator.models import PageKind
from aggregator.scrape import Hint, read_article

URL = "https://daily.example/2026/06/flaw"
NAV = "<nav><ul><li><a href=/>Home</a></li><li><a href=/news>News</a></li><li><a href=/about>About</a></li></ul></nav>"
FOOT = "<footer><p>© 2026 The Daily Packet. All rights reserved.</p></footer>"
LEDE = "<p>Researchers have found a flaw in a library that half of the internet uses, and which nobody has paid for in twelve years.</p>"

CAPTCHA = [
    "<h1>Just a moment...</h1><p>Verify you are human by completing the action below.</p><p>daily.example needs to review the security of your connection before proceeding.</p><p>Ray ID: 8c1f</p>",
    "<h1>Sorry, you have been blocked</h1><p>You are unable to access daily.example</p><h2>Why have I been blocked?</h2><p>This website is using a security service to protect itself from online attacks.</p><p>Cloudflare Ray ID: 8c1f</p>",
    "<h1>Sind Sie ein Mensch?</h1><p>Bitte bestätigen Sie, dass Sie kein Roboter sind, um fortzufahren.</p>",
    "<h1>Vérification de sécurité</h1><p>Veuillez confirmer que vous n’êtes pas un robot en cochant la case ci-dessous.</p>",
    "<h1>Comprueba que no eres un robot</h1><p>Hemos detectado tráfico inusual desde tu red. Completa el captcha para continuar.</p>",
    "<h1>Access to this page has been denied</h1><p>Press &amp; Hold to confirm you are a human (and not a bot).</p><p>Reference ID 12ab</p>",
    "<h1>アクセスを確認しています</h1><p>あなたがロボットではないことを確認してください。</p>",
]
CONSENT = [
    "<h1>We value your privacy</h1><p>We and our 842 partners store and/or access information on a device, such as cookies, and process personal data for ads.</p><p>You can withdraw your consent at any time.</p><button>Reject all</button><p>Accept all</p>",
    "<h1>Wir brauchen Ihre Zustimmung</h1><p>Wir und unsere Partner verwenden Cookies, um Informationen auf Ihrem Gerät zu speichern.</p><p>Mehr in unserer Datenschutzerklärung. Ihre Einwilligung können Sie widerrufen.</p><p>Alle akzeptieren</p><p>Zustimmen und weiter</p>",
    "<h1>Le respect de votre vie privée</h1><p>Nous et nos partenaires utilisons des cookies pour stocker des informations.</p><p>Votre consentement peut être retiré. Accepter et fermer</p><p>Tout accepter</p>",
    "<h1>Valoramos tu privacidad</h1><p>Nosotros y nuestros socios usamos cookies para almacenar datos personales.</p><p>Puedes retirar tu consentimiento.</p><p>Aceptar todo</p><p>Rechazar todo</p>",
]
PAYWALL = [
    f"<article><h1>A flaw</h1>{LEDE}<div><h2>This article is for subscribers only</h2><p>Subscribe now from 1 € a month.</p><p>Already a subscriber? Log in</p></div></article>",
    f"<article><h1>Eine Lücke</h1>{LEDE}<div><h2>Jetzt weiterlesen mit Plus</h2><p>Sie haben schon ein Abo? Hier anmelden</p></div></article>",
    f"<article><h1>Une faille</h1>{LEDE}<div><p>Il vous reste 85 % de cet article à lire. La suite est réservée aux abonnés.</p></div></article>",
    f"<article><h1>Un fallo</h1>{LEDE}<div><p>Contenido exclusivo para suscriptores. Suscríbete para seguir leyendo.</p></div></article>",
    f"<article><h1>Una falla</h1>{LEDE}<div><p>Questo contenuto è riservato agli abbonati. Abbonati per continuare a leggere.</p></div></article>",
    f"<article><h1>A flaw</h1>{LEDE}<div><p>Create a free account to continue reading</p></div></article>",
    f"<article><h1>A flaw</h1>{LEDE}<div><p>You’ve reached your limit of free articles. Create an account or sign in to continue reading.</p></div></article>",
]
SCRIPTS = [
    "<div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>",
    "<div id=app></div><noscript><p>Bitte aktivieren Sie JavaScript in Ihrem Browser, um diese Seite zu sehen.</p></noscript>",
    "<div id=app></div><noscript><p>Veuillez activer JavaScript pour continuer.</p></noscript>",
    "<div id=__next></div><noscript><p>Esta página necesita JavaScript. Por favor, actívalo.</p></noscript>",
    "<p>JavaScript is disabled in your browser. Please enable it and reload the page.</p>",
]


def page(body: str, title: str = "The Daily Packet") -> bytes:
    return f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(body, kind) for bodies, kind in ((CAPTCHA, PageKind.CAPTCHA), (CONSENT, PageKind.CONSENT), (SCRIPTS, PageKind.SCRIPT_ONLY)) for body in bodies],
)  # fmt: skip
def test_what_stands_before_a_site_is_no_article(body: str, kind: PageKind) -> None:
    """Riddles, consent and shells that scripts fill."""
    assert read_article(page(body), URL).kind is kind


@pytest.mark.parametrize("body", PAYWALL)
def test_a_teaser_is_no_article(body: str) -> None:
    """The first paragraph and a demand for money, with the site around it."""
    assert read_article(page(NAV + body + FOOT), URL).kind is PageKind.PAYWALL


ABOUT = {
    "captchas": "Attackers solve a captcha with cheap labour, and ask people to verify you are human on pages of their own.",
    "paywalls": "Readers who see subscribe to continue reading leave; the rest of this article is for those who stay, says the study.",
    "consent": "We and our partners is how every banner begins; consent, accept all and your privacy are its words, researchers found.",
    "scripts": "Sites that require you to enable JavaScript break for those who have JavaScript disabled, the report says at length.",
    "fake checks": "The page says checking your browser, just a moment... and unusual traffic, then copies a command to the clipboard.",
}


@pytest.mark.parametrize("subject", ABOUT)
def test_an_article_about_walls_is_an_article(subject: str) -> None:
    """Six paragraphs that use all of their words, as security news does."""
    more = "The group has been seen since the spring, in campaigns against hotels and their guests, in nine countries so far."
    text = "".join(f"<p>{ABOUT[subject]} {more} This was wave number {number}.</p>" for number in range(1, 7))
    body = f"{NAV}<main><article><h1>What {subject} teach us</h1>{text}</article></main>{FOOT}"
    assert read_article(page(body, f"What {subject} teach us"), URL).kind is PageKind.ARTICLE


def test_a_short_notice_with_a_login_link_is_an_article() -> None:
    """Forty words of news and a site that has a newsletter and an account for its readers."""
    news = "<p>The maintainers have published version 4.2.1, which closes the hole in the parser. Everybody who runs an older one should install it today; no other change is in it, and no attack has been seen.</p>"
    body = f"{NAV}<p><a href=/login>Log in</a> <a href=/subscribe>Subscribe</a></p><main><article><h1>Version 4.2.1</h1>{LEDE}{news}</article></main>{FOOT}"
    assert read_article(page(body, "Version 4.2.1"), URL).kind is PageKind.ARTICLE


NOTICES = [
    "<h1>Page not found</h1><p>Sorry, the page you are looking for could not be found. It may have been removed. Please use the search.</p>",
    "<h1>We have moved</h1><p>Our site has moved to a new home. Please update your bookmarks, and visit us at the new address, where all stories are.</p>",
    "<h1>daily.example is for sale</h1><p>Buy this domain now and start your business with a great name today, from as little as nine a month.</p>",
    "<h1>Down for maintenance</h1><p>We are performing scheduled maintenance. Please check back in a few minutes. Thank you for your patience.</p>",
]


@pytest.mark.parametrize("body", NOTICES)
def test_a_notice_that_has_no_word_of_the_announced_title_is_no_article(body: str) -> None:
    """The feed says what the post is called; a short page that never says it is another one, and gives it no title."""
    hint = Hint(title="Wolf loader speaks to hospital printers")
    assert read_article(page(NAV + body + FOOT, "Notice"), URL, hint=hint).kind is PageKind.EMPTY


@pytest.mark.parametrize("title", ["Nine flaws, one library", "Un", "図書館の欠陥が見つかる", "Library closes hole"])
def test_a_short_post_under_another_headline_is_an_article(title: str) -> None:
    """One word in common is enough; a title of few words, or in a script without spaces, tells nothing."""
    body = f"{NAV}<main><article><h1>A flaw</h1>{LEDE}<p>It is closed now.</p></article></main>{FOOT}"
    assert read_article(page(body, "A flaw"), URL, hint=Hint(title=title)).kind is PageKind.ARTICLE


def test_a_short_post_about_captchas_is_an_article_when_the_feed_announces_it() -> None:
    """A riddle has a title of its own."""
    title = "Phishing kit uses fake captcha pages"
    news = f"<p>A captcha asks the visitor to verify you are human, then copies a command to the clipboard.</p>{LEDE}"
    body = f"<article><h1>{title}</h1>{news}</article>"
    assert read_article(page(body, title), URL, hint=Hint(title=title)).kind is PageKind.ARTICLE
