"""The OpenAPI document, assembled from what each handler says about its methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from omegaml_lab.server.schemas.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Operation", "document", "path_parameter", "query"]

Schema = dict[str, Any]

_JSON = "application/json"

_PROBLEMS = {
    400: "The request is not valid; the message says why.",
    403: "Not signed in, or not allowed to do this.",
    404: "There is nothing of this name.",
    409: "It is not in a state in which this can be done.",
    503: "MongoDB or the broker does not answer.",
    504: "It has not ended in time, and goes on.",
    507: "The disk of the repository is full.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of one handler takes and answers.

    `answers` maps a status to the name of a schema, or to None where there is no body;
    `problems` are the statuses with which it refuses, beside 403 and 503; `media` the types that
    its answers may have.
    """

    summary: str
    answers: Mapping[int, str | None]
    parameters: tuple[Schema, ...] = ()
    body: str | None = None
    problems: tuple[int, ...] = ()
    media: tuple[str, ...] = (_JSON,)
    security: Mapping[str, Any] | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the operation object of OpenAPI."""
        responses = {
            str(status): _response("As asked.", schema, self.media)
            for status, schema in self.answers.items()
        }
        for status in sorted({*self.problems, 403, 503}):
            responses[str(status)] = _response(_PROBLEMS[status], "Error")
        plain: dict[str, Any] = {"summary": self.summary, "responses": responses}
        if self.parameters:
            plain["parameters"] = list(self.parameters)
        if self.body:
            plain["requestBody"] = {"required": True, **_content(self.body)}
        return plain


def query(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    """Return a parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": description,
    }


def path_parameter(name: str, description: str, schema: Schema | None = None) -> Schema:
    """Return a parameter that is a part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": schema or {"type": "string"},
        "description": description,
    }


def document(
    base_url: str, paths: Iterable[tuple[str, Mapping[str, Operation]]]
) -> dict[str, Any]:
    """Return the OpenAPI document of a server."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Omega Lab",
            "version": version("omegaml_lab"),
            "description": "Objects, runs and reports of a repository, on a Jupyter server.",
        },
        "servers": [{"url": base_url.rstrip("/") + "/omega/api"}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": {
            path: {method: operation.to_dict() for method, operation in operations.items()}
            for path, operations in paths
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token …`, as for every route of Jupyter Server.",
                },
                "cookie": {"type": "apiKey", "in": "cookie", "name": "username-…"},
            },
        },
    }


def _response(
    description: str, schema: str | None, media: tuple[str, ...] = (_JSON,)
) -> dict[str, Any]:
    return {"description": description, **(_content(schema, media) if schema else {})}


def _content(schema: str, media: tuple[str, ...] = (_JSON,)) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"content": {kind: {"schema": reference} for kind in media}}
