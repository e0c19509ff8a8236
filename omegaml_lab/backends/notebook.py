"""Notebooks, kept as canonical JSON: equal notebooks have equal bytes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, InvalidNotebookError
from omegaml_lab.storage.cuts import pieces_of
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["NotebookBackend", "parse_notebook"]

_CELL_TYPES = frozenset({"code", "markdown", "raw"})
_NEWEST = 4


class NotebookBackend(Backend):
    """Notebooks: an nbformat node, its dict, its JSON, or Python source for one cell.

    A string that starts with ``{`` is JSON, any other is source. ``get`` returns an nbformat
    node, ``read_bytes`` the JSON.
    """

    kind: ClassVar[str] = "notebook"
    stores: ClassVar[frozenset[str]] = frozenset({"jobs"})
    priority: ClassVar[int] = 10

    def accepts(self, obj: object, name: str) -> bool:
        """Take notebooks, and text under a name that is not that of another file."""
        if isinstance(obj, dict):
            return True
        suffix = name.rpartition("/")[2].rpartition(".")[2] if "." in name else ""
        if isinstance(obj, str):
            return suffix in {"", "ipynb"}
        return isinstance(obj, bytes) and suffix == "ipynb"

    def write(self, obj: Any, storage: Storage, name: str) -> Written:
        """Check the notebook and write it.

        Raises
        ------
        InvalidNotebookError
            If it is not one.
        """
        notebook = parse_notebook(obj, name)
        blob = storage.blobs.write_pieces(pieces_of(_canonical(notebook, name)))
        kernelspec = notebook["metadata"].get("kernelspec")
        kernel = kernelspec.get("name") if isinstance(kernelspec, dict) else None
        details = {"mimetype": "application/x-ipynb+json", "cells": len(notebook["cells"])}
        return Written(
            payload=Payload(blob=blob),
            size=blob.size,
            hash=blob.hash,
            details={**details, **({"kernel": kernel} if isinstance(kernel, str) else {})},
        )

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the notebook as an nbformat node."""
        from nbformat import from_dict

        if payload.blob is None:
            raise IntegrityError(f"notebook {name!r}", "it has no content")
        return from_dict(json.loads(storage.blobs.read(payload.blob)))


def parse_notebook(obj: Any, name: str) -> dict[str, Any]:
    """Return a version 4 notebook as plain JSON values.

    Raises
    ------
    InvalidNotebookError
        If `obj` is not a notebook, or not JSON.
    """
    if isinstance(obj, bytes | bytearray):
        try:
            obj = obj.decode()
        except UnicodeDecodeError as error:
            raise InvalidNotebookError(name, f"it is not UTF-8 ({error})") from error
        if not obj.lstrip().startswith("{"):
            raise InvalidNotebookError(name, "it is not JSON")
    if isinstance(obj, str):
        if not obj.lstrip().startswith("{"):
            return _from_source(obj)
        try:
            obj = json.loads(obj)
        except (ValueError, RecursionError) as error:
            raise InvalidNotebookError(name, f"it is not JSON ({error})") from error
    if not isinstance(obj, dict):
        raise InvalidNotebookError(name, f"it is a {type(obj).__name__}")
    return _checked(obj, name)


def _checked(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """Check what everything else relies on; nbformat's full schema is a matter of the editor."""
    version = notebook.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidNotebookError(name, "it has no format version (nbformat)")
    if version > _NEWEST:
        raise InvalidNotebookError(name, f"its format version {version} is newer than {_NEWEST}")
    if version < _NEWEST:
        return _upgraded(notebook, name)
    if not isinstance(notebook.get("metadata"), dict):
        raise InvalidNotebookError(name, "it has no metadata")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise InvalidNotebookError(name, "it has no list of cells")
    for index, cell in enumerate(cells):
        _check_cell(cell, index, name)
    return notebook


def _check_cell(cell: Any, index: int, name: str) -> None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in _CELL_TYPES:
        raise InvalidNotebookError(name, f"cell {index} has no known type")
    source = cell.get("source")
    if not isinstance(source, str) and not (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    ):
        raise InvalidNotebookError(name, f"cell {index} has no source")
    if not isinstance(cell.get("metadata"), dict):
        raise InvalidNotebookError(name, f"cell {index} has no metadata")
    if cell["cell_type"] == "code" and not isinstance(cell.get("outputs"), list):
        raise InvalidNotebookError(name, f"cell {index} has no list of outputs")


def _upgraded(notebook: Mapping[str, Any], name: str) -> dict[str, Any]:
    import nbformat

    try:
        newest = nbformat.reads(json.dumps(notebook), as_version=_NEWEST)
    except (
        nbformat.ValidationError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidNotebookError(name, f"it cannot be upgraded ({reason})") from error
    return _checked(newest, name)


def _from_source(source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": uuid.uuid4().hex[:8],
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": [cell], "metadata": metadata, "nbformat": _NEWEST, "nbformat_minor": 5}


def _canonical(notebook: dict[str, Any], name: str) -> Iterator[bytes]:
    """Return the JSON of a notebook in parts: what is around outputs, and each output."""
    joined = {**notebook, "cells": [_joined(cell) for cell in notebook["cells"]]}
    try:
        return iter([part.encode("utf-8") for part in _parts(joined, ascii=False)])
    except UnicodeEncodeError:  # half of a surrogate pair, as some outputs have
        return iter([part.encode("ascii") for part in _parts(joined, ascii=True)])
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidNotebookError(name, f"it is not JSON ({error})") from error


def _parts(notebook: Mapping[str, Any], *, ascii: bool) -> Iterator[str]:  # noqa: A002 - json's word
    """Yield the JSON of a notebook, keys in order, divided before and after what may be large."""
    # One encoder for all parts: `json.dumps` would make one for each.
    encoder = json.JSONEncoder(ensure_ascii=ascii, separators=(",", ":"), sort_keys=True)
    dumps = encoder.encode

    before, after = _around(notebook, "cells", dumps)
    yield before + "["
    for number, cell in enumerate(notebook["cells"]):
        yield "," if number else ""
        if not cell.get("outputs"):
            yield dumps(cell)
            continue
        head, tail = _around(cell, "outputs", dumps)
        yield head + "["
        for place, output in enumerate(cell["outputs"]):
            yield ("," if place else "") + dumps(output)
        yield "]" + tail
    yield "]" + after


def _around(mapping: Mapping[str, Any], key: str, dumps: Callable[[Any], str]) -> tuple[str, str]:
    """Return the JSON of a mapping before and after the value of `key`."""
    before = {k: v for k, v in mapping.items() if k < key}
    after = {k: v for k, v in mapping.items() if k > key}
    head = dumps(before)[:-1] + ("," if before else "") + dumps(key) + ":"
    return head, ("," if after else "") + dumps(after)[1:]


def _joined(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell with its text in one string each, as nbformat has it in memory."""
    plain = dict(cell)
    if isinstance(plain["source"], list):
        plain["source"] = "".join(plain["source"])
    if isinstance(plain.get("outputs"), list):
        plain["outputs"] = [_joined_output(output) for output in plain["outputs"]]
    if isinstance(plain.get("attachments"), dict):
        plain["attachments"] = {
            key: _joined_bundle(bundle) for key, bundle in plain["attachments"].items()
        }
    return plain


def _joined_output(output: Any) -> Any:
    if not isinstance(output, dict):
        return output
    plain = dict(output)
    if _is_lines("text/plain", plain.get("text")):
        plain["text"] = "".join(plain["text"])
    if isinstance(plain.get("data"), dict):
        plain["data"] = _joined_bundle(plain["data"])
    return plain


def _joined_bundle(bundle: Any) -> Any:
    if not isinstance(bundle, dict):
        return bundle
    return {
        mime: "".join(value) if _is_lines(mime, value) else value for mime, value in bundle.items()
    }


def _is_lines(mime: str, value: Any) -> bool:
    if mime == "application/json" or mime.endswith("+json"):
        return False  # there a list is a value
    return isinstance(value, list) and all(isinstance(line, str) for line in value)
