"""scikit-learn estimators and pipelines, kept with skops: nothing is unpickled."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError, UntrustedObjectError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.storage.storage import Storage

__all__ = ["SklearnBackend"]


class SklearnBackend(Backend):
    """Estimators. Besides what skops trusts only classes of scikit-learn itself are.

    Option of put and get: `trusted`, full names of further types that you know to be safe.
    Trust is never stored: who can write to the repository must not be able to grant it.
    """

    kind: ClassVar[str] = "sklearn.skops"
    stores: ClassVar[frozenset[str]] = frozenset({"models"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take whatever is an estimator by its base class."""
        return any(
            cls.__module__ == "sklearn.base" and cls.__name__ == "BaseEstimator"
            for cls in type(obj).__mro__
        )

    def write(
        self, obj: Any, storage: Storage, name: str, *, trusted: Sequence[str] = ()
    ) -> Written:
        """Write the estimator.

        Raises
        ------
        UnsupportedObjectError
            If something in it cannot be written without pickle.
        UntrustedObjectError
            If it could not be loaded again without further trust.
        """
        import sklearn
        from skops.io import dumps
        from skops.io.exceptions import UnsupportedTypeException

        try:
            data = dumps(obj)
        except UnsupportedTypeException as error:
            type_name = f"{type(obj).__module__}.{type(obj).__qualname__}"
            raise UnsupportedObjectError("models", f"{type_name} ({error})") from error
        _check(data, name, trusted)
        blob = storage.blobs.write(data)
        details = {"estimator": type(obj).__name__, "scikit-learn": sklearn.__version__}
        return Written(payload=Payload(blob=blob), size=blob.size, hash=blob.hash, details=details)

    def read(
        self, payload: Payload, storage: Storage, name: str, *, trusted: Sequence[str] = ()
    ) -> Any:
        """Return the estimator.

        Raises
        ------
        UntrustedObjectError
            If it holds types that are not trusted; none of their code has run then.
        """
        from skops.io import loads

        if payload.blob is None:
            raise IntegrityError(f"model {name!r}", "it has no content")
        data = storage.blobs.read(payload.blob)
        return loads(data, trusted=_check(data, name, trusted))


def _check(data: bytes, name: str, trusted: Sequence[str]) -> list[str]:
    """Return the types in `data` that skops needs to be told to trust."""
    from zipfile import BadZipFile

    from skops.io import get_untrusted_types

    try:
        found = get_untrusted_types(data=data)
    except (BadZipFile, KeyError, ValueError, TypeError, ImportError, AttributeError) as error:
        raise IntegrityError(f"model {name!r}", str(error)) from error
    unknown = [t for t in found if t not in trusted and not _is_scikit_learn(t)]
    if unknown:
        listed = ", ".join(unknown)
        reason = f"it holds {listed}. If you know them to be safe, pass trusted={unknown!r}"
        raise UntrustedObjectError(name, reason)
    return list(found)


def _is_scikit_learn(type_name: str) -> bool:
    """Say whether this is truly a class that scikit-learn defines.

    The prefix is not enough: its modules import functions of others, and whoever writes a
    payload can name those too.
    """
    module_name, _, class_name = type_name.rpartition(".")
    if module_name.partition(".")[0] != "sklearn":
        return False
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except ImportError:
        return False
    return (
        isinstance(found, type)
        and found.__module__ == module_name
        and found.__qualname__ == class_name
    )
