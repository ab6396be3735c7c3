"""The API's description for programs (OpenAPI 3.1), made of the same models as its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request

from aggregator.config.settings import Site
from aggregator.web import api_models as shapes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the API: what it takes and gives, and what answers. `leads_to`: what the ids in its list are for."""

    path: str
    name: str
    summary: str
    answer: Callable[[Request], BaseModel]
    gives: type[BaseModel]
    takes: type[BaseModel] | None = None
    named_type: str = "string"
    leads_to: str | None = None

    @property
    def named(self) -> str:
        """The parameter in the path, if there is one."""
        return self.path.partition("{")[2].partition("}")[0]


def describe(endpoints: tuple[Endpoint, ...], site: Site, *, closed: bool) -> dict[str, object]:
    """The OpenAPI 3.1 description (https://spec.openapis.org/oas/v3.1.1). `closed`: whether a secret is asked for."""
    models = [(endpoint.gives, "serialization") for endpoint in endpoints] + [(shapes.ProblemOut, "serialization")]
    _, schema = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    components: dict[str, object] = {"schemas": schema["$defs"]}
    found: dict[str, object] = {
        "openapi": "3.1.1",
        "info": {
            "title": f"{site.title}: API",
            "version": "1",
            "description": "Read only. Times are UTC. Answers carry an ETag; ask again with If-None-Match.",
        },
        "servers": [{"url": site.base_url.rstrip("/")}],
        "paths": {endpoint.path: {"get": _operation(endpoint, closed=closed)} for endpoint in endpoints},
        "components": components,
    }
    if closed:
        components["securitySchemes"] = _SECRETS
        found["security"] = [{name: []} for name in _SECRETS]
    return found


_SECRETS = {"token": {"type": "http", "scheme": "bearer"}, "password": {"type": "http", "scheme": "basic"}}


def _operation(endpoint: Endpoint, *, closed: bool) -> dict[str, object]:
    def gives(model: type[BaseModel], words: str) -> dict[str, object]:
        reference = {"$ref": f"#/components/schemas/{model.__name__}"}
        return {"description": words, "content": {"application/json": {"schema": reference}}}

    found = gives(endpoint.gives, "Found.")
    if endpoint.leads_to:
        first = {"operationId": endpoint.leads_to, "parameters": {"id": "$response.body#/items/0/id"}}
        found["links"] = {endpoint.leads_to: first}
    responses = {"200": found, "304": {"description": "As it was."}}
    if endpoint.takes:
        responses["400"] = gives(shapes.ProblemOut, "The request makes no sense.")
    if endpoint.named:
        responses["404"] = gives(shapes.ProblemOut, "Not here.")
    if closed:
        responses["401"] = gives(shapes.ProblemOut, "A secret is needed.")
    responses["429"] = gives(shapes.ProblemOut, "Too many requests; Retry-After says when to come again.")
    responses["503"] = gives(shapes.ProblemOut, "Too busy, or the database cannot be read just now.")
    return {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": responses,
    }


def _parameters(endpoint: Endpoint) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    if endpoint.named:
        found.append({"name": endpoint.named, "in": "path", "required": True, "schema": {"type": endpoint.named_type}})
    if endpoint.takes:
        for name, schema in endpoint.takes.model_json_schema()["properties"].items():
            words = schema.get("description", "")
            found.append({"name": name, "in": "query", "description": words, "schema": _plain(schema)})
    return found


_OWN = frozenset({"title", "description", "anyOf", "default"})
"""Keys of a field's schema that stand elsewhere in a parameter's, or not at all."""


def _plain(schema: dict[str, Any]) -> dict[str, object]:
    """The schema of a query parameter: one that may be absent, but is never null."""
    kept: dict[str, object] = {key: value for key, value in schema.items() if key not in _OWN}
    if options := schema.get("anyOf"):
        kept.update(next(option for option in options if option.get("type") != "null"))
        return kept
    return kept | {"default": schema["default"]}
