"""Pages in two encodings at once are read as their writers meant them."""

from __future__ import annotations

from aggregator.scrape import read_article


def test_f28_bytes_pasted_from_a_windows_program_into_a_utf8_page_are_mended() -> None:
    """Curly quotes of Windows-1252 amid UTF-8 umlauts: both come out, and no replacement character."""
    words = "Grüße aus Zürich: die Lücke ist schon länger bekannt als gedacht, sagt der Händler. " * 8
    page = (
        f"<html><head><title>T</title></head><body><article><h1>T</h1><p>{words}</p><p>".encode()
        + b"\x93So ist es\x94, it\x92s said in a sentence that is long enough to be kept as a paragraph.</p></article></body></html>"
    )
    text = read_article(page, "https://a.example/1", "text/html").text
    assert "“So ist es”, it’s said" in text
    assert "Grüße aus Zürich" in text
    assert "\ufffd" not in text
