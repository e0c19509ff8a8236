"""pandas DataFrames and Series, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import InvalidFrameError
from omegaml_lab.core.filters import Q
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.frames.reader import Selection
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["PandasBackend"]

_TOLD = 200


class PandasBackend(Backend):
    """DataFrames and Series; dtypes, index and labels come back exactly.

    Option of put: `chunk_rows`, how many rows a chunk has. Options of get: `columns`, the
    labels of the columns to read, in that order; conditions (`Q`), and filters as keywords.
    """

    kind: ClassVar[str] = "pandas.chunks"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take frames and series of pandas itself; a subclass may hold more than we know."""
        cls = type(obj)
        return cls.__module__.partition(".")[0] == "pandas" and cls.__name__ in {
            "DataFrame",
            "Series",
        }

    def write(
        self, obj: Any, storage: Storage, name: str, *, chunk_rows: int | None = None
    ) -> Written:
        """Write the frame.

        Raises
        ------
        InvalidFrameError
            If two columns have one label, or something in it cannot be kept.
        """
        from omegaml_lab.frames.writer import CHUNK_ROWS, write_frame

        rows = CHUNK_ROWS if chunk_rows is None else chunk_rows
        if rows < 1:
            raise InvalidFrameError(name, f"chunk_rows must be at least 1, not {rows}")
        payload, size, digest = write_frame(obj, storage, name, chunk_rows=rows)
        return Written(payload=payload, size=size, hash=digest, details=_details(obj))

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[Any] | str | None = None,
        **filters: Any,
    ) -> Any:
        """Return the frame, or some of its columns and rows.

        Raises
        ------
        UnknownColumnError
            If it has no such column.
        InvalidFilterError
            If there is no such operator, or the value does not fit the column.
        """
        from omegaml_lab.frames.reader import read_frame

        return read_frame(payload, storage, name, _selection(where, columns, filters))


def _selection(
    where: Sequence[Q], columns: Sequence[Any] | str | None, filters: Mapping[str, Any]
) -> Selection:
    from omegaml_lab.frames.reader import Selection

    wanted = [columns] if isinstance(columns, str) else columns
    return Selection(columns=wanted, where=Q.every(where, filters))


def _details(obj: Any) -> dict[str, Any]:
    """Return what people want to know about a frame before they load it."""
    if obj.ndim == 1:
        return {"rows": len(obj), "dtype": str(obj.dtype)}
    told = zip(obj.columns[:_TOLD], obj.dtypes.iloc[:_TOLD], strict=True)
    # Pairs, because a label can be what no field name may be.
    dtypes = [[_text(label), str(dtype)] for label, dtype in told]
    return {"rows": len(obj), "columns": obj.shape[1], "dtypes": dtypes}


def _text(label: object) -> str:
    return str(label)[:200].encode("utf-8", "replace").decode()
