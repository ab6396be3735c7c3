"""feeds.yaml -> Config: what is taken, and every mistake with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.config import add_feeds, load
from aggregator.config.settings import Feed
from aggregator.models.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str, **environ: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return [line.removeprefix(str(path)) for line in caught.value.mistakes]


def test_a_feed_takes_the_defaults_and_its_own_options(tmp_path: Path) -> None:
    """A key of a feed wins over `defaults`, which win over the program's own."""
    config = load(
        write(
            tmp_path,
            """
            defaults: {interval: 2h, full_text: auto}
            feeds:
              - {url: "https://a.example/feed", tags: [news]}
              - {url: "https://b.example/feed", name: B, interval: adaptive, min_interval: 90s}
            """,
        )
    )
    first, second = config.feeds
    assert config.options(first).interval == timedelta(hours=2)
    assert config.options(second).interval == "adaptive"
    assert config.options(second).min_interval == timedelta(seconds=90)
    assert config.options(second).full_text == "auto"
    assert config.options(second).max_interval == timedelta(days=1)


def test_all_mistakes_are_named_at_once_with_place_finding_and_wish(tmp_path: Path) -> None:
    """Each mistake has its line and column, what was found, what was expected, and the nearest valid key."""
    found = mistakes(
        tmp_path,
        """\
site:
  langauge: en
network: {allow: ["a b"], threads: 0}
defaults:
  interval: 10x
feeds:
  - {url: ftp://a/b}
  - {name: B}
  - {url: "https://x.example/?token=${TOKEN}", taggs: [a]}
  - https://a.example/
""",
    )
    assert found == [
        ":2:3: site.langauge: unknown key `langauge`; did you mean `language`?",
        ":3:19: network.allow[0]: found `a b`; expected a network such as 10.0.0.0/8, an address, or a host name",
        ":3:36: network.threads: found `0`; expected a number that is at least 1",
        ":5:13: defaults.interval: found `10x`; expected 'adaptive', or a duration such as 90s, 15m, 1h or 2d",
        ":7:11: feeds[0].url: found `ftp://a/b`; expected an http:// or https:// URL",
        ":8:5: feeds[1].url: is missing; it must be given",
        ":9:11: feeds[2].url: the environment has no variable `TOKEN`",
        ":9:48: feeds[2].taggs: unknown key `taggs`; did you mean `tags`?",
        ":10:5: feeds[3]: found `https://a.example/`; expected a mapping: `url:` stands before the address",
    ]


def test_a_variable_that_is_not_set_is_one_mistake(tmp_path: Path) -> None:
    """What is left of the value without it is not complained about, too."""
    text = "feeds: [{url: 'https://a.example/'}]\nserver: {token: '${TOKEN}'}\n"
    assert mistakes(tmp_path, text) == [":2:17: server.token: the environment has no variable `TOKEN`"]


def test_an_unknown_key_far_from_any_other_lists_the_valid_ones(tmp_path: Path) -> None:
    """Where no key is near, all that are valid there are named."""
    (line,) = mistakes(tmp_path, "feeds: [{url: 'https://a.example/'}]\nserver: {zzz: 1}\n")
    assert line.startswith(":2:10: server.zzz: unknown key `zzz`; expected one of: host, port, ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ":1:1: the file is empty; expected a mapping with the key `feeds`"),
        ("- a\n", ":1:1: found a list; expected a mapping with the key `feeds`"),
        ("feeds: []\n", ":1:8: feeds: names no feed; expected one at least, or one list of feeds under `lists`"),
        ("site: {}\n", ":1:1: feeds: names no feed; expected one at least, or one list of feeds under `lists`"),
        ("feeds:\n", ":2:1: feeds: names no feed; expected one at least, or one list of feeds under `lists`"),
        (
            'feeds:\n- {url: "https://a.example/}\n- {url: x}\n',
            (
                ":4:1: is not YAML: found unexpected end of stream (while scanning a quoted scalar that begins in line 2, "
                "column 9)"
            ),
        ),
        (
            "feeds:\n- {url: 'https://a.example/1'}\n- {url: 'https://www.a.example/2'}\n",
            ":3:3: feeds[1].name: is missing; without one it is called `a.example`, as the feed in line 2 is",
        ),
        (
            "feeds: [{url: 'https://a.example/'}]\noutputs: [{name: A B}]\n",
            (
                ":2:18: outputs[0].name: found `A B`; expected a name of a-z, 0-9 and -, such as edge-devices "
                "(`title` takes any text)"
            ),
        ),
        ("feeds: [\n", ":2:1: is not YAML: expected the node content, but found '<stream end>'"),
        (
            "feeds: [{url: 'https://a.example/'}, {url: 'https://a.example/', name: B}]\n",
            ":1:44: feeds[1].url: found `https://a.example/`, which line 1 has already",
        ),
        (
            "feeds:\n- {url: 'https://a.example/1', name: A}\n- {url: 'https://a.example/2', name: a}\n",
            ":3:38: feeds[1].name: found `a`, which line 2 has already",
        ),
        (
            "feeds: [{url: 'https://a.example/', min_interval: 2d, max_interval: 1h}]\n",
            ":1:9: feeds[0]: min_interval is longer than max_interval; expected the reverse",
        ),
    ],
)
def test_a_mistake_about_the_whole(tmp_path: Path, text: str, expected: str) -> None:
    """What no single value shows is named too."""
    assert mistakes(tmp_path, text) == [expected]


def test_what_contradicts_is_named_beside_all_other_mistakes(tmp_path: Path) -> None:
    """Names and URLs that stand twice and limits that are reversed do not wait until everything else is right."""
    found = mistakes(
        tmp_path,
        """\
defaults: {min_interval: 3h, max_interval: 2h}
feeds:
  - {url: "https://a.example/", zzz: 1}
  - {url: "https://a.example/", name: B, max_interval: 1h}
  - {url: "https://c.example/", name: b, min_interval: 5x}
  - {url: 7, name: "${SECRET}"}
  - {url: "https://e.example/", name: "${SECRET}"}
  - 5
""",
        SECRET="hunter2-and-more",
    )
    assert [line.partition("; expected one of")[0] for line in found] == [
        ":1:11: defaults: min_interval is longer than max_interval; expected the reverse",
        ":3:33: feeds[0].zzz: unknown key `zzz`",
        ":4:5: feeds[1]: min_interval is longer than max_interval; expected the reverse",
        ":4:11: feeds[1].url: found `https://a.example/`, which line 3 has already",
        ":5:39: feeds[2].name: found `b`, which line 4 has already",
        ":5:56: feeds[2].min_interval: found `5x`; expected a duration such as 90s, 15m, 1h or 2d",
        ":6:11: feeds[3].url: found `7`; expected text (a number needs quotes)",
        ":7:39: feeds[4].name: found a value from the environment, which line 6 has already",
        ":8:5: feeds[5]: found `5`; expected a mapping",
    ]


def test_a_missing_file_and_one_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    """A file that can not be read is a mistake of configuration, not a crash."""
    with pytest.raises(ConfigError, match="can not be read: No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"feeds: [{url: 'https://a.example/\xe9'}]")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_a40_a_python_tag_in_the_configuration_is_refused(tmp_path: Path) -> None:
    """`!!python/object` is a mistake at its place, and nothing is made of it."""
    (line,) = mistakes(tmp_path, "feeds:\n- url: https://a.example/\n  name: !!python/object/apply:os.abort []\n")
    assert line.startswith(":3:9: feeds[0].name: found the tag `tag:yaml.org,2002:python/object/apply:os.abort`")


def test_a37_a_secret_comes_from_the_environment_and_is_not_repeated(tmp_path: Path) -> None:
    """`${NAME}` is replaced after parsing; a mistake in its value does not print it."""
    text = "feeds: [{url: 'https://a.example/?key=${KEY}'}]\n"
    assert load(write(tmp_path, text), {"KEY": "a: {b"}).feeds[0].url == "https://a.example/?key=a: {b"
    (line,) = mistakes(tmp_path, "feeds: [{url: '${WHOLE}'}]\n", WHOLE="ftp://user:hunter2@a.example")
    assert "hunter2" not in line
    assert "a value from the environment" in line


def test_host_and_port_of_the_server_may_come_from_the_environment(tmp_path: Path) -> None:
    """AGGREGATOR_HOST and AGGREGATOR_PORT win over the file, as a container needs it."""
    path = write(tmp_path, "feeds: [{url: 'https://a.example/'}]\nserver: {port: 1}\n")
    server = load(path, {"AGGREGATOR_HOST": "0.0.0.0", "AGGREGATOR_PORT": "9000"}).server
    assert (server.host, server.port) == ("0.0.0.0", 9000)


def test_a_list_of_feeds_is_enough(tmp_path: Path) -> None:
    """Who follows a list that somebody else keeps need name no feed, and may leave `feeds` empty."""
    for text in ("", "feeds:\n", "feeds: []\n"):
        file = tmp_path / "feeds.yaml"
        file.write_text(text + "lists: [{url: 'https://team.example/list.opml'}]\n", "utf-8")
        assert load(file).feeds == ()


def test_a_feed_is_added_where_feeds_is_empty(tmp_path: Path) -> None:
    """`feeds:` with nothing behind it takes the first feed."""
    file = tmp_path / "feeds.yaml"
    file.write_text("feeds:\nlists: [{url: 'https://team.example/list.opml'}]\n", "utf-8")
    add_feeds(file, [Feed(url="https://a.example/")], {})
    assert [feed.url for feed in load(file).feeds] == ["https://a.example/"]


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    """AGGREGATOR_PORT stands in no line of the file."""
    file = tmp_path / "feeds.yaml"
    file.write_text("feeds: [{url: 'https://a.example/'}]\n", "utf-8")
    with pytest.raises(ConfigError) as error:
        load(file, {"AGGREGATOR_PORT": "abc"})
    assert error.value.mistakes == ("AGGREGATOR_PORT: found `abc`; expected a whole number",)
