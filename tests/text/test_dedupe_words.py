"""Words in any script, and the text of clean HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.words import raw_tokens, words

SENTENCES = {
    "English": (
        "Attackers don't wait: CVE-2026-1234 is used.",
        ["attackers", "don", "t", "wait", "cve", "2026", "1234", "is", "used"],
    ),
    "German": ("Größte Lücke im Straßennetz!", ["grösste", "lücke", "im", "strassennetz"]),
    "Spanish": ("¿Quién filtró los datos, señor?", ["quién", "filtró", "los", "datos", "señor"]),
    "French": ("L’attaque d'hier a touché l’hôpital", ["l", "attaque", "d", "hier", "a", "touché", "l", "hôpital"]),
    "Russian": ("Хакеры взломали «Лесной»", ["хакеры", "взломали", "лесной"]),
    "Chinese": (
        "医院遭勒索软件攻击。2026年",
        ["医院", "院遭", "遭勒", "勒索", "索软", "软件", "件攻", "攻击", "2026", "年"],
    ),
    "Japanese": ("サイバー攻撃", ["サイ", "イバ", "バー", "ー攻", "攻撃"]),
    "Korean": ("랜섬웨어 공격", ["랜섬웨어", "공격"]),
    "Thai": ("โจมตี", ["โจ", "จม", "มต", "ตี"]),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_words_of_each_language(language: str) -> None:
    """Each script is cut into words, or pairs of characters where it has no spaces."""
    text, expected = SENTENCES[language]
    assert words(text) == expected


def test_spellings_that_look_alike_are_alike() -> None:
    """Wide and combined forms, soft hyphens and case make no difference."""
    assert words("Ｃａｆｅ\u0301 At\u00adtack") == words("CAFÉ attack")


def test_tokens_keep_their_shape() -> None:
    """Names, versions and identifiers stay whole, with their capitals."""
    assert raw_tokens("O'Brien updated LockBit to 3.0.1 (CVE-2026-1)") == [
        "O'Brien", "updated", "LockBit", "to", "3.0.1", "CVE-2026-1",
    ]  # fmt: skip


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    """Nothing raises, no word is empty or holds a space, and the words' words are themselves."""
    found = words(text)
    assert all(word and not word.isspace() for word in found)
    assert [part for token in raw_tokens(text) for part in [token] if not token] == []
