"""decode: bytes of feeds and pages, whatever is said of their encoding."""

from __future__ import annotations

import pytest

from aggregator.text.encoding import decode

ASCII = "<p>Coral forest packet raven parlor canyon bridge mirror palace circle sailor glove lighthouse.</p>" * 3


def document(title: str, encoding: str, declared: str = "utf-8", language: str = "") -> bytes:
    named = f"<language>{language}</language>" if language else ""
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><rss><channel>{named}<title>{title}</title>{ASCII}</channel></rss>'
    )
    return text.encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp1252", "Café – “sécurité” de l’été"),
        ("cp1252", "Größere Lücke bei Behörden"),
        ("cp1252", "Vulnerabilidad crítica en la configuración"),
        ("cp1252", "Aviso de segurança: atualização não é necessária"),
        ("cp1252", "Sårbarhet i e-postservern är allvarlig"),
        ("cp1252", "Það er íslenska"),
        ("cp1252", "“Smart quotes” and – dashes – it’s"),
        ("cp1250", "Ważne ostrzeżenie: źródło błędu"),
        ("iso8859-2", "Ważne ostrzeżenie: źródło błędu"),
        ("cp1250", "Závažná zranitelnost v poštovním serveru"),
        ("iso8859-2", "Závažná zranitelnost v poštovním serveru"),
        ("cp1254", "Güvenlik açığı bulundu, şirket açıklama yaptı"),
        ("cp1257", "Kritinė pašto serverio spraga"),
        ("cp1251", "Уязвимость в почтовом сервере"),
        ("koi8-r", "Уязвимость в почтовом сервере"),
        ("iso8859-5", "Уязвимость в почтовом сервере"),
        ("cp1251", "Уразливість у поштовому сервері"),
        ("cp1253", "Ευπάθεια στον διακομιστή"),
        ("cp1255", "פגיעות חמורה בשרת הדואר"),
        ("cp1256", "ثغرة خطيرة في الخادم"),
        ("cp874", "ช่องโหว่ร้ายแรงในเซิร์ฟเวอร์"),
        ("gb18030", "邮件服务器存在严重漏洞"),
        ("big5", "郵件伺服器存在嚴重漏洞"),
        ("shift_jis", "メールサーバーに深刻な脆弱性"),
        ("euc-jp", "メールサーバーに深刻な脆弱性"),
        ("euc-kr", "메일 서버의 심각한 취약점"),
    ],
)
def test_f28_k11_says_utf8_and_is_something_else(encoding: str, title: str) -> None:
    """Bytes that are not UTF-8 are something else, whatever the label says: the letters tell what."""
    assert title in decode(document(title, encoding), "text/xml; charset=utf-8")
    assert title in decode(document(title, encoding), "text/html", page=True)


def test_f28_k11_the_language_of_a_document_helps() -> None:
    """Where two encodings fit alike, that of the language is meant."""
    title = "Kritikus sebezhetőség a levelezőszerverben"
    assert title in decode(document(title, "cp1250", language="hu"))


@pytest.mark.parametrize(
    "text", ["the “harbor’s “log” of Žižkov", "Ważne: it’s – now – “done”, źródło", "naïve “x” żółć"]
)
def test_f28_k11_pasted_bytes_are_mended(text: str) -> None:
    """UTF-8 with single bytes of Windows-1252: the marks that were meant, in feeds as in pages."""
    body = b"".join(
        character.encode("cp1252" if character in "’–“" else "utf-8") for character in f"<rss><title>{text}</title>"
    )
    assert text in decode(body, "text/xml; charset=utf-8")
    assert text in decode(body, "text/html", page=True)


@pytest.mark.parametrize("default", ["ISO-8859-1", "iso-8859-1", "windows-1252", "us-ascii", "latin1"])
def test_f28_k11_a_feed_is_believed_before_a_servers_default(default: str) -> None:
    """Servers add ISO-8859-1 to every document; any other label of theirs goes first (RFC 7303)."""
    title = "Ważne ostrzeżenie: źródło błędu"
    assert title in decode(document(title, "iso8859-2", "iso-8859-2"), f"text/xml; charset={default}")
    assert title in decode(document(title, "cp1250", "iso-8859-2"), "text/xml; charset=windows-1250")
    page = b"<meta charset='iso-8859-1'>" + title.encode("cp1250")
    assert title in decode(page, "text/html; charset=windows-1250", page=True)


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("iso-8859-8-i", "iso8859-8", "פגיעות"),
        ("logical", "iso8859-8", "פגיעות"),
        ("visual", "iso8859-8", "פגיעות"),
        ("windows-874", "cp874", "ช่องโหว่"),
        ("dos-874", "cp874", "ช่องโหว่"),
        ("x-gbk", "gbk", "邮件服务器"),
        ("gb2312", "gb18030", "邮件㐀"),
        ("x-euc-jp", "euc-jp", "脆弱性"),
        ("x-sjis", "cp932", "脆弱性①"),
        ("ks_c_5601-1987", "cp949", "취약점"),
        ("x-cp1252", "cp1252", "“é”"),
        ("x-cp1251", "cp1251", "Уязвимость"),
        ("cp-1251", "cp1251", "Уязвимость"),
        ("Windows1251", "cp1251", "Уязвимость"),
        ("iso8859_2", "iso8859-2", "źródło"),
        ("csisolatin5", "cp1254", "açığı"),
        ("dos-866", "cp866", "Уязвимость"),
        ("ibm866", "cp866", "Уязвимость"),
        ("cp852", "cp852", "źródło"),
        ("iso-2022-jp", "iso-2022-jp", "脆弱性"),
        ("x-mac-cyrillic", "mac-cyrillic", "Уязвимость"),
    ],
)
def test_f28_k11_labels(label: str, encoding: str, text: str) -> None:
    """Those of the WHATWG Encoding standard and of Python, as they are written, in a feed and on a page."""
    assert f"<title>{text}" in decode(document(text, encoding, label))
    assert text in decode(f"<p>{text}</p>".encode(encoding), f'text/html; charset="{label}"', page=True)


@pytest.mark.parametrize(
    "label", ["unicode-escape", "raw-unicode-escape", "unicode_escape", "idna", "punycode", "utf-7", "zlib", "rot13"]
)
def test_f28_k11_what_is_no_character_set_is_not_used(label: str) -> None:
    """However politely a document asks for it."""
    body = f'<?xml version="1.0" encoding="{label}"?><rss>\\u0041 +AGE- ü</rss>'.encode()
    assert "\\u0041 +AGE- ü" in decode(body, f"text/xml; charset={label}")
    assert "\\u0041 +AGE- ü" in decode(body, f"text/html; charset={label}", page=True)


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("shift_jis", "メールサーバーの脆弱性について日本語の記事"),
        ("cp932", "①番目の㈱～①メールの脆弱性"),
        ("euc-jp", "メールサーバーの脆弱性について日本語の記事"),
        ("gbk", "邮件服务器漏洞允许远程执行代码，请尽快更新"),
        ("gb18030", "邮件服务器漏洞允许𠀀远程执行代码镕"),
        ("big5", "郵件伺服器漏洞允許遠端執行程式碼"),
        ("cp949", "메일 서버의 취약점이 발견되었습니다"),
    ],
)
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "x-nonsense"])
def test_f28_k11_double_bytes_whose_second_ones_are_ascii(encoding: str, title: str, declared: str) -> None:
    """Short texts, too, of languages whose bytes look like Latin letters between marks."""
    assert title in decode(document(title, encoding, declared).replace(ASCII.encode(), title.encode(encoding) * 3))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("start", ["<?xml version='1.0' encoding='utf-8'?>", "\n <rss>", '{"title": '])
def test_f28_k11_two_bytes_a_character_without_a_mark(encoding: str, start: str) -> None:
    """XML and JSON, whatever they say of themselves."""
    assert decode(f"{start}Уязвимость 脆弱性".encode(encoding), "text/xml") == f"{start}Уязвимость 脆弱性"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<p>x \xed\xa0\xbd\xed\xb8\x80 y</p>", "<p>x \N{GRINNING FACE} y</p>"),
        ("l’été à Noël".encode().decode("cp1252").encode(), "l’été à Noël"),
        ("été à Noël".encode().decode("latin-1").encode(), "été à Noël"),
        ("Äpfel, Åkerman, Äpfel, Åkerman, Äpfel".encode("latin-1") * 3, "Äpfel, Åkerman, Äpfel, Åkerman, Äpfel" * 3),
        ("He wrote Ã© for “é”".encode(), "He wrote Ã© for “é”"),
        ("He wrote Ã©".encode(), "He wrote Ã©"),
    ],
)
def test_f28_k11_encoded_twice(body: bytes, text: str) -> None:
    """A whole document that was is decoded twice, halves of UTF-16 are one character; who quotes such is left alone."""
    assert decode(body) == text


def test_f28_k11_a_byte_order_mark_on_what_is_not_utf8() -> None:
    """The mark goes, and the bytes are read as any others that say UTF-8."""
    assert decode(b"\xef\xbb\xbf" + document("Größere Lücke", "cp1252")).endswith("</rss>")
    assert "Größere Lücke" in decode(b"\xef\xbb\xbf" + document("Größere Lücke", "cp1252"))


def test_f28_k11_surrogates_that_were_written_as_bytes_are_a_character() -> None:
    """CESU-8, as some databases write emoji, in a document that is UTF-8 otherwise."""
    body = "<rss><title>für @ alle</title>".encode().replace(b"@", b"\xed\xa0\xbd\xed\xb8\x80")
    assert "für 😀 alle" in decode(body)
    assert "für Ã­ alle" not in decode(body)
