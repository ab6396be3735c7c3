"""The JSON API: what it answers, and that its description says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from store_builders import NOW

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
        "/api/feeds": [""],
        "/api/tags": [""],
    }
    assert asked.keys() == description["paths"].keys()
    for path, variants in asked.items():
        for variant in variants:
            answer = ask(path.replace("{id}", "") + variant)
            schema = description["paths"][path]["get"]["responses"][str(answer.status)]["content"]["application/json"]
            assert faults(answer.json, schema["schema"], description["components"]["schemas"], path + variant) == []


def test_every_parameter_is_described(description: dict[str, Any]) -> None:
    """With words, a type, and its limits."""
    parameters = {item["name"]: item for item in description["paths"]["/api/articles"]["get"]["parameters"]}
    assert parameters.keys() == api_models.ArticlesQuery.model_fields.keys()
    assert all(item["description"] for item in parameters.values())
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert parameters["since"]["schema"] == {"type": "string", "format": "date"}


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


def test_passages_hold_no_markup_but_marks(ask: Any) -> None:
    """What the page said stands escaped."""
    (found,) = ask("/api/articles?q=hole").json["items"]
    assert "&lt;b&gt;&amp; co.&lt;/b&gt;: a worm used the <mark>hole</mark>" in found["passage"]["text_html"]


def test_what_makes_no_sense_is_said(ask: Any) -> None:
    """A mistake is 400 and named; what is not there is 404; nothing is written."""
    assert "limit" in ask("/api/articles?limit=1000").json["error"]
    assert "extra" in ask("/api/articles?page=2").json["error"]
    assert ask("/api/articles?q=worm&cursor=d4").status == 400
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
