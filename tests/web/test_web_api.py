"""The JSON API: what it answers, and that its description says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.desk_room import serving
from support.store_builders import HOUR, NOW, Newsroom, entry

from aggregator.config.settings import Server
from aggregator.store import Store
from aggregator.store.quality import Quality
from aggregator.web import api_models

COMPARE = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


def faults(value: object, schema: dict[str, Any], defs: dict[str, Any], where: str = "$") -> list[str]:
    """What of `value` a schema of the description does not allow; the parts of JSON Schema that it uses."""
    if "$ref" in schema:
        return faults(value, defs[schema["$ref"].rpartition("/")[2]], defs, where)
    if "anyOf" in schema:
        found = [faults(value, option, defs, where) for option in schema["anyOf"]]
        return [] if [] in found else found[0]
    known = {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "title",
        "description",
        "default",
        "format",
    }
    assert not schema.keys() - known, f"{where}: the test does not know {schema.keys() - known}"
    kind = schema["type"]
    fits = isinstance(value, COMPARE[kind]) if kind != "number" else isinstance(value, int | float)
    if not fits or (kind in ("integer", "number") and isinstance(value, bool)):
        return [f"{where}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is not among {schema['enum']}"]
    if isinstance(value, list):
        return [fault for n, item in enumerate(value) for fault in faults(item, schema["items"], defs, f"{where}[{n}]")]
    if isinstance(value, dict):
        properties = schema["properties"]
        found = [f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        found += [f"{where}.{name} is not described" for name in value.keys() - properties.keys()]
        for name in value.keys() & properties.keys():
            found += faults(value[name], properties[name], defs, f"{where}.{name}")
        return found
    return []


@pytest.fixture(scope="module")
def description(ask: Any) -> dict[str, Any]:
    answer = ask("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    found: dict[str, Any] = answer.json
    return found


def test_every_answer_is_as_described(ask: Any, description: dict[str, Any]) -> None:
    """Each endpoint, with and without words, and each kind of mistake."""
    listed = ask("/api/articles?q=worm&copies=true").json["items"]
    asked = {
        "/api/articles": ["", "?q=worm", "?q=worm&sort=date&limit=1", "?limit=2", "?limit=0", "?since=soon", "?wat=1"],
        "/api/articles/{id}": [str(item["id"]) for item in listed] + ["0", "99999999999999999999", "x"],
        "/api/stories": ["", "?limit=x"],
        "/api/stories/{id}": ["nothing"],
        "/api/vulnerabilities": ["", "?exploited=1&limit=1", "?limit=0"],
        "/api/vulnerabilities/{cve}": ["CVE-2026-1"],
        "/api/indicators": ["", "?kind=domain&since=2026-01-01", "?since=soon"],
        "/api/watch": ["", "?watch=x"],
        "/api/feeds": [""],
        "/api/tags": [""],
    }
    assert asked.keys() == description["paths"].keys()
    for path, variants in asked.items():
        for variant in variants:
            answer = ask(path.replace("{id}", "").replace("{cve}", "") + variant)
            schema = description["paths"][path]["get"]["responses"][str(answer.status)]["content"]["application/json"]
            assert faults(answer.json, schema["schema"], description["components"]["schemas"], path + variant) == []


def test_every_parameter_is_described(description: dict[str, Any]) -> None:
    """With words, a type, and its limits."""
    parameters = {item["name"]: item for item in description["paths"]["/api/articles"]["get"]["parameters"]}
    assert parameters.keys() == api_models.ArticlesQuery.model_fields.keys()
    assert all(item["description"] for item in parameters.values())
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    day = parameters["since"]["schema"]
    assert (day["type"], day["format"]) == ("string", "date")
    fits = {
        given: bool(re.match(day["pattern"], given))
        for given in ("1969-12-31", "1970-01-01", "8999-12-31", "9001-01-01")
    }
    assert list(fits.values()) == [False, True, True, False]


def test_a_cursor_goes_on_in_its_own_order(ask: Any) -> None:
    """Whoever forgets `sort` with the second question gets what follows all the same."""
    first = ask("/api/articles?q=worm&sort=date&limit=1").json
    for query in ("q=worm", "q=worm&sort=date", "q=worm&sort=relevance"):
        (second,) = ask(f"/api/articles?{query}&limit=1&cursor={first['next_cursor']}").json["items"]
        assert second["title"] == "Page patch"
    assert ask("/api/articles?limit=1&cursor=r1").json["next_cursor"] == "r2"


@pytest.mark.parametrize("query", ["", "q=worm&sort=date", "q=worm"])
def test_a_cursor_leads_through_everything_once(ask: Any, query: str) -> None:
    """One at a time is the same as all at once; the last answer has no cursor."""
    every = [item["uid"] for item in ask(f"/api/articles?{query}").json["items"]]
    walked, cursor = [], ""
    for _ in range(10):
        page = ask(f"/api/articles?limit=1&{query}{cursor}").json
        walked += [item["uid"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert ask(f"/api/articles?limit={len(every)}&{query}").json["next_cursor"] is None
    assert walked == every
    assert len(every) >= 3


def test_one_article_with_all_that_is_known(ask: Any) -> None:
    """Text, HTML, copies, evidence."""
    (copy,) = [item for item in ask("/api/articles?q=researchers&copies=1").json["items"] if item["copy_of"]]
    found = ask(f"/api/articles/{copy['id']}").json
    assert found["copy_of"]["name"] == "Alpha"
    assert found["text"].startswith("Researchers saw a worm")
    assert found["html"].startswith("<p>Researchers")
    assert found["evidence"]["http_status"] == 200
    assert found["evidence"]["duplicate_reason"] == "the same text"
    assert found["evidence"]["pages"] == 1
    assert {"etag", "last_modified", "x_robots_tag", "rule"} <= found["evidence"].keys()
    assert found["mirror_url"].startswith("https://news.example/wire/posts/")


def test_what_an_article_names_has_its_number(ask: Any) -> None:
    """From a copy to its original and back, in lists and in one: numbers lead on."""
    listed = {item["title"]: item for item in ask("/api/articles?copies=1").json["items"]}
    original, copy = listed["A worm in C++"], listed["A worm in C++ again"]
    assert copy["copy_of"]["id"] == original["id"]
    assert [other["id"] for other in original["also_in"]] == [copy["id"]]
    assert ask(f"/api/articles/{copy['id']}").json["copy_of"]["id"] == original["id"]


def test_neighbours_have_their_numbers(tmp_path: Path) -> None:
    """The next and the previous post, where they are held."""
    with Store.open(tmp_path / "aggregator.db") as store:
        room = Newsroom(store)
        room.poll(entry("one", published=NOW - 3 * HOUR), entry("two", published=NOW - 2 * HOUR))
        first = room.scrape("https://alpha.example/one")
        second = room.scrape("https://alpha.example/two", previous="https://alpha.example/one")
        room.publish()
    with serving(tmp_path) as asking:
        assert asking(f"/api/articles/{second}").json["previous"]["id"] == first
        assert asking(f"/api/articles/{first}").json["next"]["id"] == second


def test_a_feed_that_is_misread_is_so_in_the_api_too(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The condition is that of `/status`."""
    monkeypatch.setattr(Quality, "flagged", lambda _: {1: "9 of 10 pages are teasers"})
    with serving(filled) as asking:
        assert [item["condition"] for item in asking("/api/feeds").json["items"]].count("misread") == 1


def test_the_description_tells_of_secrets_where_one_is_asked_for(filled: Path, description: dict[str, Any]) -> None:
    """And of what the server itself may answer."""
    assert "security" not in description
    assert {"429", "503"} <= description["paths"]["/api/feeds"]["get"]["responses"].keys()
    with serving(filled, server=Server(token="correct-horse")) as asking:
        closed = asking("/api/openapi.json", Authorization="Bearer correct-horse").json
        refused = asking("/api/feeds")
    assert {name for one in closed["security"] for name in one} == closed["components"]["securitySchemes"].keys()
    schema = closed["paths"]["/api/feeds"]["get"]["responses"][str(refused.status)]["content"]["application/json"]
    assert faults(refused.json, schema["schema"], closed["components"]["schemas"]) == []


def test_links_of_the_description_lead_somewhere(ask: Any, description: dict[str, Any]) -> None:
    """What a list names by its id is found by it."""
    links = description["paths"]["/api/articles"]["get"]["responses"]["200"]["links"]
    assert links["article"]["parameters"] == {"id": "$response.body#/items/0/id"}
    number = ask("/api/articles").json["items"][0]["id"]
    operations = {path["get"]["operationId"]: at for at, path in description["paths"].items()}
    assert ask(operations[links["article"]["operationId"]].replace("{id}", str(number))).status == 200


def test_passages_hold_no_markup_but_marks(ask: Any) -> None:
    """What the page said stands escaped."""
    (found,) = ask("/api/articles?q=hole").json["items"]
    assert "&lt;b&gt;&amp; co.&lt;/b&gt;: a worm used the <mark>hole</mark>" in found["passage"]["text_html"]


def test_what_makes_no_sense_is_said(ask: Any) -> None:
    """A mistake is 400 and named; what is not there is 404; nothing is written."""
    assert "limit" in ask("/api/articles?limit=1000").json["error"]
    assert "extra" in ask("/api/articles?page=2").json["error"]
    assert ask("/api/articles?q=worm&cursor=x4").status == 400
    for day in ("0", "9999-12-31", "2026-02-30", "yesterday", "2026-03-10T12:00:00Z"):
        assert ask(f"/api/articles?until={day}").status == 400
    assert ask("/api/nothing").json == {"error": "there is no such endpoint; see /api"}
    refused = ask("/api/articles", "DELETE")
    assert (refused.status, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "error" in refused.json


def test_answers_have_validators(ask: Any) -> None:
    """The same question again costs a 304."""
    answer = ask("/api/articles?q=worm")
    assert ask("/api/articles?q=worm", If_None_Match=answer.headers["etag"]).status == 304


def test_feeds_say_how_they_do_without_secrets(ask: Any) -> None:
    """As `status --json`, and in words."""
    answer = ask("/api/feeds")
    assert b"hunter2" not in answer.body
    alpha = answer.json["items"][0]
    assert (alpha["name"], alpha["state"], alpha["condition"], alpha["entries"]) == ("Alpha", "ok", "ok", 2)
    assert alpha["last_success"] == json.loads(json.dumps(NOW.isoformat().replace("+00:00", "Z")))


def test_the_page_for_people_names_every_endpoint(ask: Any, description: dict[str, Any]) -> None:
    """And every parameter."""
    page = ask("/api").text
    assert all(path in page for path in description["paths"])
    assert all(f"<code>{name}</code>" in page for name in api_models.ArticlesQuery.model_fields)
