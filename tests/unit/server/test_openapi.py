"""The OpenAPI document is valid, and says what there is."""

from __future__ import annotations

import re
from pathlib import Path

from openapi_spec_validator import validate

from omegaml_lab.server.handlers import API, routes
from omegaml_lab.server.openapi import document

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "rest.md"


def test_document_is_valid() -> None:
    validate(document("/base/", [(path, handler.operations) for path, handler in API]))


def test_every_method_of_every_handler_is_told_and_documented() -> None:
    documented = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^ `]*)`", REFERENCE.read_text()))
    there = set()
    for path, handler in API:
        implemented = {
            method
            for method in ("get", "post", "put", "patch", "delete")
            if method in vars(handler)
        }
        assert implemented == set(handler.operations), handler
        there |= {(method.upper(), path) for method in implemented}
    assert there == {(m, p) for m, p in documented if not p.startswith("/omega/")}


def test_every_path_parameter_is_described() -> None:
    for path, handler in API:
        for operation in handler.operations.values():
            described = {p["name"] for p in operation.parameters if p["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path)), path


def test_routes_come_before_the_one_that_knows_nothing() -> None:
    patterns = [route[0] for route in routes()]
    assert len(patterns) == len(set(patterns))
    catch_all = patterns.index(r"/omega/api(?:/.*)?")
    assert all(patterns.index(p) < catch_all for p in patterns if p.startswith("/omega/api/"))
