"""The port of kinds of models: each in the format of its own library."""

from __future__ import annotations

import hashlib
import importlib
import json
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, MissingDependencyError
from omegaml_lab.store.backend import Backend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from omegaml_lab.storage.payloads import Blob, Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["ModelBackend", "hash_of", "package"]


class ModelBackend(Backend):
    """A kind of models. What it reads is checked against the hashes that the head has.

    Among the details that its `write` returns are `model`, the class; `versions`, see below;
    and, where the model knows them, `inputs` and `outputs`, lists of ``{"name", "dtype",
    "shape"}``, each as far as it is known.
    """

    stores: ClassVar[frozenset[str]] = frozenset({"models"})

    suffix: ClassVar[str]
    """How files of its format end: ``.onnx``."""

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Return which versions of which libraries are installed that a model depends on.

        Raises
        ------
        MissingDependencyError
            If one is not.
        """

    def export(self, payload: Payload, storage: Storage, name: str, target: Path) -> None:
        """Write the model to `target`, which is not there, as its own library reads it.

        Raises
        ------
        IntegrityError
            If the payload was changed.
        """
        with target.open("xb") as file:
            file.writelines(self.parts(payload, storage, name))

    def content(self, payload: Payload, storage: Storage, name: str) -> bytes:
        """Return the content; errors like `export`."""
        return storage.blobs.read(_blob(payload, name), verify=True)

    def view(self, payload: Payload, storage: Storage, name: str) -> memoryview:
        """Return the content, copied once less than `content` does; errors like `export`."""
        import numpy as np

        blob = _blob(payload, name)
        content: Any = np.empty(blob.size, np.uint8)
        storage.blobs.read_into(blob, memoryview(content), verify=True)
        return memoryview(content)

    def parts(self, payload: Payload, storage: Storage, name: str) -> Iterator[bytes]:
        """Yield the content in order, without holding the whole; errors like `export`."""
        return storage.blobs.stream(_blob(payload, name), verify=True)


def package(name: str, *, extra: str | None = None) -> Any:
    """Return a library that a kind needs; `extra` is ours that brings it, by default its name.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        remedy = f"`pip install 'omegaml-lab[{extra or name}]'` gets it."
        raise MissingDependencyError(name, remedy) from error


def hash_of(blob: Blob, meta: Mapping[str, Any]) -> str:
    """Return the hash of a model of which a part is in `meta`, JSON values."""
    text = json.dumps([blob.hash, meta], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _blob(payload: Payload, name: str) -> Blob:
    if payload.blob is None:
        raise IntegrityError(f"model {name!r}", "it has no content")
    return payload.blob
