"""The word lists beside the modules: whole, in lower case where they are compared so, without doubles."""

from __future__ import annotations

from collections import Counter

import pytest

from aggregator.text.word_lists import word_list


def test_labels_of_links_have_every_sense_in_every_language() -> None:
    words = word_list("aggregator.scrape.neighbours", "words")
    for language, senses in words["languages"].items():
        assert set(senses) == {"next", "previous", "newer", "older", "nouns"}, language
        assert all(senses.values()), language
        assert not set(senses["next"]) & set(senses["previous"]), language
    assert len(words["languages"]) >= 24


@pytest.mark.parametrize("kind", ["stop", "common"])
def test_words_of_stories_are_in_lower_case(kind: str) -> None:
    for language, words in word_list("aggregator.dedupe.stories", "words")[kind].items():
        assert words == words.lower(), language


def test_names_of_tracking_parameters_stand_once() -> None:
    lists = word_list("aggregator.dedupe", "tracking")
    names = Counter(" ".join(lists["names"].values()).split())
    assert [name for name, count in names.items() if count > 1 or name != name.lower()] == []
    assert not set(names) & {*lists["values"], *lists["variants"]}
