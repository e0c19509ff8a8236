"""Keras models, in its own archive, loaded in its safe mode."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    MissingDependencyError,
    UntrustedObjectError,
)
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["KerasBackend"]

_LAMBDAS = {"Lambda", "__lambda__"}


class KerasBackend(ModelBackend):
    """Models with their weights, and optimizer if compiled.

    Option of put and get: `custom_objects`, your own classes and functions by name, unless
    they are registered with ``keras.saving.register_keras_serializable``. Nothing else is
    looked up by what the archive says, and functions kept as bytecode (lambdas) are refused.
    """

    kind: ClassVar[str] = "keras.archive"
    priority: ClassVar[int] = 20  # on PyTorch they are modules too
    suffix: ClassVar[str] = ".keras"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take models of Keras 3."""
        return any(
            cls.__module__.startswith("keras.") and cls.__name__ == "Model"
            for cls in type(obj).__mro__
        )

    def versions(self) -> Mapping[str, str]:
        """Return the version of Keras."""
        return {"keras": _keras().__version__}

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,
        *,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> Written:
        """Write the model.

        Raises
        ------
        UntrustedObjectError
            If it could not be loaded again: it has lambdas, or classes that are not registered.
        """
        keras = _keras()
        with tempfile.TemporaryDirectory(prefix="omega-") as folder:
            file = Path(folder, "model.keras")
            keras.saving.save_model(obj, file)
            _check(file, name, keras, custom_objects or {}, done="kept")
            with file.open("rb") as source:
                blob = storage.blobs.write(source)
        details = {
            "model": type(obj).__name__,
            "versions": self.versions(),
            "keras_backend": keras.backend.backend(),
            "inputs": _fields(getattr(obj, "inputs", None)),
            "outputs": _fields(getattr(obj, "outputs", None)),
        }
        return Written(payload=Payload(blob=blob), size=blob.size, hash=blob.hash, details=details)

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        *,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the model.

        Raises
        ------
        UntrustedObjectError
            If it names what is neither Keras's, nor registered, nor in `custom_objects`.
        InvalidOptionError
            If Keras cannot make it again: mostly for a class or function of one's own that it
            does not know here.
        IntegrityError
            If it was changed, or is no such archive.
        """
        keras = _keras()
        with tempfile.TemporaryDirectory(prefix="omega-") as folder:
            file = Path(folder, "model.keras")
            self.export(payload, storage, name, file)
            _check(file, name, keras, custom_objects or {})
            try:
                return keras.saving.load_model(
                    file, custom_objects=dict(custom_objects or {}), safe_mode=True
                )
            except (TypeError, ValueError) as error:
                reason = (
                    f"Keras cannot make it again: {_told(error)}. Layers, models and functions of"
                    " one's own are registered where it is loaded, or given:"
                    " custom_objects={'Name': Class}"
                )
                raise InvalidOptionError("models", name, self.kind, reason) from error


def _keras() -> Any:
    try:
        return package("keras")
    except MissingDependencyError:
        raise
    except ModuleNotFoundError as error:
        remedy = "Install it, or set KERAS_BACKEND to one that is installed: jax, torch."
        raise MissingDependencyError(f"{error.name}, on which Keras builds,", remedy) from error


def _told(error: Exception) -> str:
    """Return the reason in a message of Keras, which holds whole configs."""
    told = str(error).rpartition("Exception encountered: ")[2]
    _, found, inner = told.rpartition("Error encountered during deserialization: ")
    told = inner if found else told
    return re.split(r" Make sure | Full object config|\n", told)[0][:300].strip(" .")


def _check(
    file: Path, name: str, keras: Any, custom: Mapping[str, Any], *, done: str = "loaded"
) -> None:
    """Refuse an archive that names anything which Keras would have to go and import.

    Keras's safe mode does so itself by now; it did not always.
    """
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
        refused = sorted({_named(o) for o in _objects(config) if not _is_known(o, keras, custom)})
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise IntegrityError(f"model {name!r}", str(error)) from error
    if refused:
        reason = (
            f"it holds {', '.join(refused)}. If you know them, pass the classes themselves as"
            " custom_objects={'Name': Class}; lambdas have to become functions of that kind"
        )
        raise UntrustedObjectError(name, reason, done=done)


def _objects(config: Any) -> Iterator[Mapping[str, Any]]:
    """Yield everything in a config that describes an object, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)


def _is_known(described: Mapping[str, Any], keras: Any, custom: Mapping[str, Any]) -> bool:
    module = described.get("module")
    registered = described.get("registered_name")
    if described["class_name"] in _LAMBDAS:
        return False
    if registered in custom or described["class_name"] in custom:
        return True
    if registered and keras.saving.get_registered_object(registered) is not None:
        return True
    return module is None or module == "builtins" or str(module).partition(".")[0] == "keras"


def _named(described: Mapping[str, Any]) -> str:
    module = described.get("module")
    return f"{module}.{described['class_name']}" if module else str(described["class_name"])


def _fields(tensors: Iterable[Any] | None) -> list[dict[str, Any]]:
    return [
        {"name": tensor.name, "dtype": str(tensor.dtype), "shape": list(tensor.shape)}
        for tensor in tensors or ()
    ]
