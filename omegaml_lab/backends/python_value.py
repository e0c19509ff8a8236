"""Python values: numbers, text, dates, and lists, dicts, sets and tuples of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from omegaml_lab.storage.storage import Storage

__all__ = ["PythonValueBackend"]

_TYPES = (
    bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None),
    dt.datetime, dt.date, dt.time, dt.timedelta, Decimal, Fraction, UUID,
)  # fmt: skip
_PANDAS = {"Timestamp", "Timedelta", "Period", "Interval", "NaTType", "NAType"}


class PythonValueBackend(Backend):
    """Python values, exact to type and order, without pickle."""

    kind: ClassVar[str] = "python.value"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take plain values; what is inside of them is looked at when it is written."""
        if type(obj) in _TYPES:
            return True
        cls = type(obj)
        package = cls.__module__.partition(".")[0]
        if package == "numpy":
            return any(base.__name__ == "generic" for base in cls.__mro__)
        return package == "pandas" and cls.__name__ in _PANDAS

    def write(self, obj: Any, storage: Storage, name: str) -> Written:  # noqa: ARG002
        """Write the value.

        Raises
        ------
        UnsupportedObjectError
            If something in it is not a plain value.
        """
        from omegaml_lab.frames.values import pack

        blob = storage.blobs.write(pack(obj))
        details: dict[str, Any] = {"type": type(obj).__name__}
        if isinstance(obj, list | tuple | dict | set | frozenset | str | bytes):
            details["length"] = len(obj)
        return Written(payload=Payload(blob=blob), size=blob.size, hash=blob.hash, details=details)

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the value."""
        from omegaml_lab.frames.values import unpack

        if payload.blob is None:
            raise IntegrityError(f"value {name!r}", "it has no content")
        return unpack(storage.blobs.read(payload.blob))
