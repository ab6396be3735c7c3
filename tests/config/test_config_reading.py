"""feeds.yaml -> Config: what is taken, and every mistake with its place."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.config import add_feeds, feed_name, load
from aggregator.config.settings import PERSONAL, Config, Feed, FeedList, Site
from aggregator.models.errors import ConfigError
from aggregator.pipeline.feeds import feed_headers
from aggregator.pipeline.lists import joined
from aggregator.store import ListedFeed


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
        ("site: {}\n", ":1:1: feeds: is missing; expected a list of feeds (`feeds: []` for none yet) or `lists`"),
        (
            'feeds:\n- {url: "https://a.example/}\n- {url: x}\n',
            (
                ":4:1: is not YAML: found unexpected end of stream (while scanning a quoted scalar that begins in line 2, "
                "column 9)"
            ),
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
  - {url: "https://e.example/${SECRET}", name: 7}
  - {url: "https://e.example/${SECRET}", name: E}
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
        ":6:48: feeds[3].name: found `7`; expected text (a number needs quotes)",
        ":7:11: feeds[4].url: found a value from the environment, which line 6 has already",
        ":8:5: feeds[5]: found `5`; expected a mapping",
    ]


def test_a_missing_file_and_one_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    """A file that cannot be read is a mistake of configuration, not a crash."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
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


@pytest.mark.parametrize("text", ["feeds: []\n", "feeds:\n", "lists: [{url: 'https://a.example/'}]\n"])
def test_no_feeds_yet_is_no_mistake(tmp_path: Path, text: str) -> None:
    """A beginning, and what is left when the last one is removed."""
    assert load(write(tmp_path, text)).feeds == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server: {port: x}", "a whole number"),
        ("server: {port: 99999999999999999999}", "a number that is at most 65535"),
        ("server: {port: [1]}", "a whole number"),
        ("network: {timeout_s: {}}", "a number"),
        ("network: {timeout_s: .nan}", "a number"),
        ("network: x", "a mapping"),
        ("defaults: {full_text: maybe}", "'always', 'auto' or 'never'"),
        ("feeds: [{url: 'https://a.example/', headers: [1]}]", "a mapping"),
        ("feeds: [{url: 'https://a.example/', headers: {Host: x}}]", "a header field"),
        ("feeds: [{url: 'https://a.example/', cookies: {a: 'b; c'}}]", "the value of a cookie"),
        ("feeds: [{url: 'https://a.example/', user: x}]", "`user` and `password` together"),
        ("feeds: {}", "a list"),
        ("site: {index: 7}", "true or false"),
    ],
)
def test_what_is_expected_is_said_in_our_words(tmp_path: Path, text: str, expected: str) -> None:
    """No library's sentence shows."""
    said = " ".join(mistakes(tmp_path, text if "feeds" in text else f"{text}\nfeeds: []\n"))
    assert expected in said
    assert "Input" not in said
    assert "permitted" not in said


def test_k22_a_feed_may_have_what_is_sent_to_it_from_the_environment(tmp_path: Path) -> None:
    """User, password, headers, cookies and user agent; the feeds of a list get none of it."""
    text = (
        "feeds: [{url: 'https://a.example/', user: u, password: '${PW}', user_agent: 'x/1', headers: {X-Key: '${KEY}'}, "
        "cookies: {author: '${KEY}'}}]\n"
    )
    (feed,) = load(write(tmp_path, text), {"PW": "p4ssw0rd-1", "KEY": SECRET}).feeds
    assert (feed.password, feed.headers, feed.cookies) == ("p4ssw0rd-1", {"X-Key": SECRET}, {"author": SECRET})
    plain = {"User-Agent": "x/1"}
    secret = {"X-Key": SECRET, "Authorization": "Basic dTpwNHNzdzByZC0x", "Cookie": f"author={SECRET}"}
    assert feed_headers(feed, "https://a.example/moved") == plain | secret
    assert feed_headers(feed, "http://a.example/") == feed_headers(feed, "https://b.example/") == plain
    one = FeedList(url="https://a.example/list", **{key: getattr(feed, key) for key in PERSONAL})
    (followed,) = joined(Config(lists=(one,)), {one.url: (ListedFeed("https://b.example/"),)}).feeds
    assert (followed.user, followed.headers, followed.cookies, followed.user_agent) == (None, {}, {}, None)


def test_feeds_of_one_host_need_no_names(tmp_path: Path) -> None:
    """Their addresses tell them apart; an output may call them by the titles that they will have."""
    text = "feeds:\n- {url: 'https://a.example/1'}\n- {url: 'https://www.a.example/2'}\noutputs: [{name: x, sources: [Blog]}]\n"
    assert len(load(write(tmp_path, text)).feeds) == 2


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://our.example/news/feed.atom", True),
        ("https://our.example/news/", True),
        ("https://our.example/news/tags/a/b.rss", True),
        ("https://our.example/news/outputs/x.json?page=2", True),
        ("https://our.example/news/blog/feed.xml", False),
        ("https://our.example/feed.atom", False),
        ("http://localhost:8080/feed.rss", True),
        ("http://127.0.0.1:8080/opml.xml", True),
        ("http://127.0.0.1:8081/feed.rss", False),
        ("https://other.example/news/feed.atom", False),
        ("https://our.example:x/", False),
    ],
)
def test_our_own_output_is_known_by_its_address(url: str, own: bool) -> None:
    """Where readers find it, and where our server is."""
    assert Config(site=Site(base_url="https://our.example/news/")).is_own_output(url) is own


SECRET = "k3y-of-the-t34m"


@pytest.mark.parametrize("name", ["News ${KEY} weekly", "$${KEY}", "${NOT_SET}", "$KEY ${KEY", "$$$${KEY}${KEY}"])
def test_a37_h01_names_titles_and_tags_are_text(tmp_path: Path, name: str) -> None:
    """Everybody sees them, and they come from strangers: nothing in them is replaced, nor has it to be there."""
    quoted = json.dumps(name)
    text = (
        f"site: {{title: {quoted}, author: {quoted}}}\nfeeds: [{{url: 'https://a.example/${{KEY}}', name: {quoted}}}]\n"
    )
    config = load(write(tmp_path, text + f"outputs: [{{name: a, title: {quoted}}}]\n"), {"KEY": SECRET})
    assert config.feeds[0].url == f"https://a.example/{SECRET}"
    assert (config.feeds[0].name, config.site.title, config.site.author, config.outputs[0].title) == (name,) * 4


@pytest.mark.parametrize("address", ["?${KEY}", "?$${KEY}", "?$$${KEY}", "${NOT_SET}/$KEY/$$/{KEY}"])
def test_a37_h01_what_add_writes_is_read_again_as_it_was(tmp_path: Path, address: str) -> None:
    """A stranger's address cannot fetch a value from our environment, nor be a mistake for want of one."""
    file = tmp_path / "feeds.yaml"
    feed = Feed(url=f"https://a.example/{address}", name="A ${KEY}")
    add_feeds(file, [feed], {"KEY": SECRET})
    assert load(file, {"KEY": SECRET}).feeds == (feed,)


def test_a37_a_host_from_the_environment_names_no_feed(tmp_path: Path) -> None:
    """A feed without a name is called by its host, but never by a value of the environment."""
    (feed,) = load(write(tmp_path, "feeds: [{url: 'https://${KEY}.a.example/feed'}]"), {"KEY": SECRET.upper()}).feeds
    assert feed_name(feed) == "a.example"


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
