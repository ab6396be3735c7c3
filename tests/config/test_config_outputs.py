"""The outputs of feeds.yaml: what is taken, and what is a mistake, with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from test_config_reading import mistakes, write

from aggregator.config import load
from aggregator.models.filters import Filter

FEEDS = 'feeds:\n  - {url: "https://a.example/feed", name: Alpha, tags: [news, Threat Intel]}\noutputs:\n'


def test_an_output_is_a_name_and_conditions(tmp_path: Path) -> None:
    """All of them are optional, and become one filter."""
    config = load(
        write(
            tmp_path,
            FEEDS
            + "  - {name: all}\n  - {name: own, tags: [threat intel], sources: [ALPHA], words: [zero day], max_age: 7d,\n"
            + "     query: '\"CVE-2024-3400\" OR ransomware', languages: [en], content: summary, group: story, limit: 5}\n",
        )
    )
    everything, own = config.outputs
    assert everything.filter == Filter()
    assert own.filter == Filter(
        ("threat intel",), ("ALPHA",), ("zero day",), (), '"CVE-2024-3400" OR ransomware', ("en",), timedelta(days=7)
    )


def test_each_mistake_of_an_output_has_its_place(tmp_path: Path) -> None:
    """A query that FTS5 refuses, names that no feed has, names that stand twice, an unknown key."""
    lines = (
        "{name: one, query: CVE-2024-3400}",
        "{name: one, query: '(a OR'}",
        "{name: Two, words: ['!'], languages: [english]}",
        "{name: three, group: day, wrods: [a]}",
    )
    text = FEEDS + "".join(f"  - {line}\n" for line in lines)
    found = mistakes(tmp_path, text)
    assert found[0].startswith(":4:24: outputs[0].query: found `CVE-2024-3400`; expected an FTS5 expression (")
    assert "quotes go around what is no word" in found[0]
    assert found[1].startswith(":5:24: outputs[1].query: found `(a OR`; expected an FTS5 expression (syntax error")
    assert found[2].startswith(":6:12: outputs[2].name: found `Two`; expected a name of a-z, 0-9 and -")
    assert found[3] == ":6:25: outputs[2].words[0]: found `!`; expected a word or a phrase"
    assert found[4].startswith(":6:43: outputs[2].languages[0]: found `english`")
    assert found[5] == ":7:26: outputs[3].group: found `day`; expected 'none' or 'story'"
    assert found[6] == ":7:31: outputs[3].wrods: unknown key `wrods`; did you mean `words`?"


def test_names_in_outputs_are_those_of_feeds(tmp_path: Path) -> None:
    """An unknown source or tag is a mistake, with the nearest name; so is a second output of a name."""
    found = mistakes(tmp_path, FEEDS + "  - {name: one, sources: [Alhpa], tags: [vendor, nwes]}\n  - {name: one}\n")
    assert found == [
        ":4:27: outputs[0].sources[0]: found `Alhpa`, which is no feed; did you mean `Alpha`?",
        ":4:42: outputs[0].tags[0]: found `vendor`, which no feed has as a tag",
        ":4:50: outputs[0].tags[1]: found `nwes`, which no feed has as a tag; did you mean `news`?",
        ":5:12: outputs[1].name: found `one`, which outputs[0] has already",
    ]
