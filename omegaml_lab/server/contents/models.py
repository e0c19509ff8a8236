"""Contents models made from metadata, exact as ``jupyter_server`` wants them."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError

if TYPE_CHECKING:
    from datetime import datetime

    from omegaml_lab.core.metadata import Child, Metadata
    from omegaml_lab.server.contents.mounts import Model

__all__ = [
    "HASH_ALGORITHM",
    "NOTEBOOK_SUFFIX",
    "base_model",
    "decode",
    "folder_model",
    "object_model",
    "text_or_base64",
]

NOTEBOOK_SUFFIX = ".ipynb"
HASH_ALGORITHM = "omega-sha256"
"""SHA-256 of the content or, for what is kept in pieces, of the list of their digests."""
_DEFAULT_MIMETYPE = {"text": "text/plain", "base64": "application/octet-stream"}


def base_model(path: str, *, created: datetime, modified: datetime) -> Model:
    """Return a model without type and content."""
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "created": created,
        "last_modified": modified,
        "content": None,
        "format": None,
        "mimetype": None,
        "size": None,
        "writable": True,
        "hash": None,
        "hash_algorithm": None,
    }


def folder_model(path: str, *, created: datetime, modified: datetime) -> Model:
    """Return the model of a folder, without what it holds."""
    return {**base_model(path, created=created, modified=modified), "type": "directory"}


def object_model(meta: Metadata | Child, *, type: str | None = None) -> Model:  # noqa: A002 - Jupyter's word
    """Return the model of an object, without its content.

    As on a disk the name decides: what ends in ``.ipynb`` is a notebook, unless the caller
    asks for the `type` file.
    """
    if meta.is_folder:
        return folder_model(meta.name, created=meta.created, modified=meta.modified)
    model = base_model(meta.name, created=meta.created, modified=meta.modified)
    model["size"] = meta.size
    notebook = meta.name.endswith(NOTEBOOK_SUFFIX) if type is None else type == "notebook"
    model["type"] = "notebook" if notebook else "file"
    if not notebook:
        model["mimetype"] = mimetypes.guess_type(meta.name)[0]
    return model


def text_or_base64(model: Model, data: bytes, format: str | None) -> None:  # noqa: A002
    """Fill the content of a file's `model`: as text where it is UTF-8, else as base64.

    Raises
    ------
    HTTPError
        400 if the `format` asked for is text and the file is not.
    """
    if format != "base64":
        try:
            model["content"], model["format"] = data.decode("utf-8"), "text"
        except UnicodeDecodeError as error:
            if format == "text":
                raise HTTPError(
                    400, f"{model['path']} is not UTF-8 encoded", reason="bad format"
                ) from error
    if model["content"] is None:
        model["content"], model["format"] = base64.encodebytes(data).decode("ascii"), "base64"
    model["mimetype"] = model["mimetype"] or _DEFAULT_MIMETYPE[model["format"]]


def decode(content: Any, format: str | None, path: str) -> bytes:  # noqa: A002
    """Return the bytes that a file's model holds.

    Raises
    ------
    HTTPError
        400 if the format is neither text nor base64, or the content is not of it.
    """
    if format not in {"text", "base64"}:
        raise HTTPError(400, "Must specify format of file contents as 'text' or 'base64'")
    if not isinstance(content, str):
        raise HTTPError(400, f"The content of {path} must be a string")
    try:
        if format == "text":
            return content.encode("utf-8")
        return base64.b64decode(content.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise HTTPError(400, f"Encoding error saving {path}: {error}") from error
