"""The content of files in contents models."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jupyter_server.services.contents.handlers import validate_model
from tornado.web import HTTPError

from omegaml_lab.core.metadata import FOLDER, Metadata
from omegaml_lab.server.contents.models import decode, object_model, text_or_base64

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def metadata(name: str, kind: str = "file") -> Metadata:
    return Metadata(
        store="jobs", name=name, kind=kind, revision=1, created=NOW, modified=NOW, size=3
    )


@pytest.mark.parametrize(
    ("name", "kind", "expected", "mimetype"),
    [
        ("a/n.ipynb", "notebook", "notebook", None),
        ("a/n.ipynb", "file", "notebook", None),
        ("a/t.txt", "file", "file", "text/plain"),
        ("a/renamed", "notebook", "file", None),
        ("a/unknown.zzz", "file", "file", None),
        ("a/folder", FOLDER, "directory", None),
    ],
)
def test_models_are_what_jupyter_wants(
    name: str, kind: str, expected: str, mimetype: str | None
) -> None:
    model = object_model(metadata(name, kind))
    validate_model(model)
    assert (model["type"], model["mimetype"]) == (expected, mimetype)
    assert model["last_modified"] == NOW
    assert model["size"] == (None if kind == FOLDER else 3)


def test_text_comes_as_text_and_other_bytes_as_base64() -> None:
    text, binary = object_model(metadata("t.txt")), object_model(metadata("b.bin"))
    text_or_base64(text, "ü\r\n".encode(), None)
    assert (text["format"], text["content"]) == ("text", "ü\r\n")
    text_or_base64(binary, b"\xff\x00", None)
    assert binary["format"] == "base64"
    for model, data in ((text, "ü\r\n".encode()), (binary, b"\xff\x00")):
        assert decode(model["content"], model["format"], "x") == data


def test_empty_files_are_text() -> None:
    model = object_model(metadata("e"))
    text_or_base64(model, b"", None)
    assert (model["content"], model["format"], model["mimetype"]) == ("", "text", "text/plain")


def test_bytes_that_are_no_text_are_refused_as_text() -> None:
    with pytest.raises(HTTPError) as caught:
        text_or_base64(object_model(metadata("b.bin")), b"\xff", "text")
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("content", "format_"), [("x", "json"), ("x", None), ("not base64!", "base64"), (3, "text")]
)
def test_bad_content_is_refused(content: object, format_: str | None) -> None:
    with pytest.raises(HTTPError) as caught:
        decode(content, format_, "x")
    assert caught.value.status_code == 400
