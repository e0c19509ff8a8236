"""scikit-learn estimators and pipelines, kept with skops: nothing is unpickled."""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.backends.skops_arrays import NamesOfArrays, give_arrays, nodes
from omegaml_lab.backends.skops_calls import teach_calls, types_of
from omegaml_lab.backends.skops_keys import with_keys
from omegaml_lab.backends.skops_names import check_here, teach_names
from omegaml_lab.backends.skops_states import state_of
from omegaml_lab.backends.skops_trust import check_made, is_known
from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError, UntrustedObjectError
from omegaml_lab.storage.feeding import BlobFeed
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend
from omegaml_lab.store.zipped import Members, ZipWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from omegaml_lab.storage.storage import Storage

__all__ = ["SklearnBackend"]

_SCHEMA = "schema.json"
_UNWRITTEN = (TypeError, ValueError, AttributeError, RecursionError, NotImplementedError)
"""What skops and Python say about objects that are no plain data."""
_SIGNED = "it with kind='python.pickle', which signs it"


class SklearnBackend(ModelBackend):
    """Estimators and pipelines.

    Besides what skops trusts, classes and scores of scikit-learn are trusted, the estimators and
    boosters of xgboost and lightgbm, alone or in a pipeline, and what numpy and scipy compute.

    Option of put and get: `trusted`, full names of further types that you know to be safe.
    Trust is never stored: who can write to the repository must not be able to grant it.
    """

    kind: ClassVar[str] = "sklearn.skops"
    suffix: ClassVar[str] = ".skops"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take whatever is an estimator by its base class."""
        return any(
            cls.__module__ == "sklearn.base" and cls.__name__ == "BaseEstimator"
            for cls in type(obj).__mro__
        )

    def versions(self) -> Mapping[str, str]:
        """Return the version of scikit-learn."""
        import sklearn

        return {"scikit-learn": sklearn.__version__}

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
        with BlobFeed(storage.blobs) as feed:
            types = _dump(obj, feed.add)
            _check_types(types, name, trusted, done="kept")
            check_here(types, name)
            blob = feed.close()
        details = {
            "model": type(obj).__name__,
            "versions": {**self.versions(), **_versions_of(types)},
        }
        return Written(payload=Payload(blob=blob), size=blob.size, hash=blob.hash, details=details)

    def read(
        self, payload: Payload, storage: Storage, name: str, *, trusted: Sequence[str] = ()
    ) -> Any:
        """Return the estimator.

        Raises
        ------
        UntrustedObjectError
            If it holds types that are not trusted; none of their code has run then.
        IntegrityError
            If it is no such file, or was changed.
        """
        members = _members(self.view(payload, storage, name), name)
        root, types = _open(members, name)
        _check_types(types, name, trusted)
        check_here(types, name)
        give_arrays(root, members)
        model = root.construct()
        # Each has kept what it made; what it says of its class may be wrong.
        check_made((node.construct() for node in nodes(root)), name)
        return model


def _dump(obj: Any, take: Callable[[bytes | memoryview], None]) -> set[str]:
    """Hand on the file that `skops.io.dump` would write; return the types in it to be trusted.

    The parts of skops are used, not the whole: it copies all arrays three times, writes JSON
    at a tenth of the speed, and to list the types reads everything back.
    """
    from skops.io.exceptions import UnsupportedTypeException

    teach_names()
    teach_calls()
    with ZipWriter(take) as archive:
        try:
            schema = state_of(obj, archive)
            with_keys(schema)
        except (UnsupportedTypeException, *_UNWRITTEN) as error:
            type_name = f"{type(obj).__module__}.{type(obj).__qualname__} ({error})"
            raise UnsupportedObjectError("models", type_name, instead=_SIGNED) from error
        archive.writestr(_SCHEMA, json.dumps(schema).encode())
    return types_of(_tree(schema, _Nothing()))


@contextlib.contextmanager
def _whole(name: str) -> Iterator[None]:
    """Tell of what is no such file."""
    from struct import error as struct_error
    from zipfile import BadZipFile

    try:
        yield
    except (BadZipFile, LookupError, ValueError, TypeError, ImportError) as error:
        raise IntegrityError(f"model {name!r}", str(error)) from error
    except (AttributeError, RecursionError, struct_error) as error:
        raise IntegrityError(f"model {name!r}", str(error)) from error


def _members(data: memoryview, name: str) -> Members:
    with _whole(name):
        return Members(data)


def _open(members: Members, name: str) -> tuple[Any, set[str]]:
    """Return what constructs the estimator, and the types that it would use for that."""
    with _whole(name):
        schema = json.loads(bytes(members.read(_SCHEMA)))
        root = _tree(schema, NamesOfArrays(members))
        return root, types_of(root)


def _tree(schema: Mapping[str, Any], source: Any) -> Any:
    from skops.io._audit import get_tree
    from skops.io._protocol import PROTOCOL
    from skops.io._utils import LoadContext

    protocol = schema["protocol"]
    if type(protocol) is not int or not 0 <= protocol <= PROTOCOL:
        raise ValueError(f"skops here reads no protocol {protocol!r}")
    return get_tree(schema, LoadContext(src=source, protocol=protocol), trusted=None)


class _Nothing:
    """In place of an archive, when only the types matter."""

    def read(self, _name: str) -> bytes:
        return b""


def _check_types(
    types: Iterable[str], name: str, trusted: Sequence[str], *, done: str = "loaded"
) -> None:
    unknown = sorted(t for t in types if t not in trusted and not is_known(t))
    if unknown:
        listed = ", ".join(unknown)
        reason = f"it holds {listed}. If you know them to be safe, pass trusted={unknown!r}"
        if done == "kept":
            reason = f"{reason}, now and when it is got; or put {_SIGNED}"
        if any(t.startswith("__main__.") for t in unknown):
            reason = f"{reason}. What is defined in __main__ is found only there: use a module"
        raise UntrustedObjectError(name, reason, done=done)


def _versions_of(types: Iterable[str]) -> dict[str, str]:
    packages = {type_name.partition(".")[0] for type_name in types} & {"xgboost", "lightgbm"}
    return {name: importlib.import_module(name).__version__ for name in sorted(packages)}
