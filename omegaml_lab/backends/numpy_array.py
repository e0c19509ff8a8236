"""numpy arrays, each kept as a .npy file of which parts can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, InvalidOptionError, UnsupportedObjectError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import LazyBackend, StreamBackend, Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from omegaml_lab.storage.payloads import Blob
    from omegaml_lab.storage.storage import Storage

__all__ = ["NumpyBackend"]

_BLOCK = 16 * 1024 * 1024
"""About how many bytes a block has when an array is read block by block."""


class NumpyBackend(StreamBackend, LazyBackend):
    """Arrays of any shape and dtype but objects; dtype, byte order and layout come back.

    Option of get: `rows`, a slice along the first axis; only what it covers is fetched.
    """

    kind: ClassVar[str] = "numpy.array"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take plain arrays and memory maps; what other subclasses hold is more than that."""
        cls = type(obj)
        return cls.__module__.partition(".")[0] == "numpy" and cls.__name__ in {
            "ndarray",
            "memmap",
        }

    def write(self, obj: Any, storage: Storage, name: str) -> Written:  # noqa: ARG002
        """Write the array.

        Raises
        ------
        UnsupportedObjectError
            If it holds Python objects, or its dtype has no portable form.
        """
        descr = _descr(obj.dtype)
        fortran = bool(obj.flags.f_contiguous and not obj.flags.c_contiguous)
        header = _header(obj.shape, descr, fortran=fortran)
        blob = storage.blobs.write(_content(header, obj.T if fortran else obj), steady=True)
        meta = {
            "descr": repr(descr),
            "shape": list(obj.shape),
            "fortran": fortran,
            "offset": len(header),
        }
        return Written(
            payload=Payload(blob=blob, meta=meta),
            size=blob.size,
            hash=blob.hash,
            details={
                "shape": list(obj.shape),
                "dtype": str(obj.dtype),
                "mimetype": "application/x-npy",
            },
        )

    def read(
        self, payload: Payload, storage: Storage, name: str, *, rows: slice | None = None
    ) -> np.ndarray[Any, Any]:
        """Return the array, writable and of its own memory, or some of its rows.

        Raises
        ------
        InvalidOptionError
            If `rows` is no slice, or the array has no first axis.
        """
        stored = _Stored.of(payload, storage, name)
        return stored.read() if rows is None else stored.rows(rows)

    def read_lazily(
        self, payload: Payload, storage: Storage, name: str, *, rows: slice | None = None
    ) -> Any:
        """Return a Dask array that fetches what is computed of it; errors like `read`."""
        import dask.array as da

        stored = _Stored.of(payload, storage, name)
        # Dask takes some slices of no rows for slices of all: it is given none but plain ones.
        wanted = None if rows is None else _as_slice(stored.numbers(rows))
        if not stored.whole:
            return da.from_array(stored.read())
        chunks = (stored.block, *stored.shape[1:])
        lazy = da.from_array(
            stored,
            chunks=chunks,
            name=f"omega-{stored.blob.hash}-{stored.block}",
            asarray=False,
            fancy=False,
            meta=stored.nothing(),
        )
        lazy = lazy.T if stored.fortran else lazy
        return lazy if wanted is None else lazy[wanted]

    def iterate(
        self, payload: Payload, storage: Storage, name: str, *, rows: slice | None = None
    ) -> Iterator[np.ndarray[Any, Any]]:
        """Return blocks of rows, of about 16 MiB each; errors like `read`."""
        stored = _Stored.of(payload, storage, name)
        wanted = stored.numbers(slice(None) if rows is None else rows)
        size = math.prod(stored.whole[1:]) * stored.dtype.itemsize
        step = max(1, _BLOCK // max(1, size))

        def blocks() -> Iterator[np.ndarray[Any, Any]]:
            for start in range(0, max(len(wanted), 1), step):
                yield stored.rows(_as_slice(wanted[start : start + step]))

        return blocks()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """An array that is kept, of which Dask takes slices."""

    blob: Blob
    storage: Storage
    name: str
    whole: tuple[int, ...]
    """The shape of the array; Dask sees that of its transpose when that lies row by row."""
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @classmethod
    def of(cls, payload: Payload, storage: Storage, name: str) -> _Stored:
        """Return what a payload says of an array."""
        meta, blob = payload.meta, payload.blob
        if blob is None or "descr" not in meta:
            raise IntegrityError(f"array {name!r}", "it has no content")
        shape, dtype = tuple(meta["shape"]), _dtype(meta["descr"], name)
        if dtype.hasobject or blob.size != meta["offset"] + math.prod(shape) * dtype.itemsize:
            raise IntegrityError(f"array {name!r}", "its size is not that of its content")
        return cls(
            blob=blob,
            storage=storage,
            name=name,
            whole=shape,
            dtype=dtype,
            fortran=meta["fortran"],
            offset=meta["offset"],
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what lies row by row in memory."""
        return self.whole[::-1] if self.fortran else self.whole

    @property
    def block(self) -> int:
        """How many rows of that make a block."""
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        return max(1, min(self.shape[0], _BLOCK // max(1, size)))

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __getitem__(self, index: Any) -> Any:
        first, *others = index if isinstance(index, tuple) else (index,)
        if isinstance(first, slice):
            return self._lying(range(self.shape[0])[first])[(slice(None), *others)]
        row = range(self.shape[0])[first]
        return self._lying(range(row, row + 1))[(0, *others)]

    def nothing(self) -> np.ndarray[Any, Any]:
        """Return an array of this dtype and so many axes, without elements."""
        import numpy as np

        return np.empty((0,) * self.ndim, self.dtype)

    def read(self) -> np.ndarray[Any, Any]:
        """Return the whole array."""
        found = self._filled(self.shape, 0)
        return found.T if self.fortran else found

    def rows(self, wanted: slice) -> np.ndarray[Any, Any]:
        """Return rows along the first axis of the array."""
        rows = self.numbers(wanted)
        if self.fortran:  # its rows lie all over the content
            return self.read()[_as_slice(rows)].copy(order="F")
        return self._lying(rows)

    def numbers(self, wanted: slice) -> range:
        """Return the numbers of the rows that a slice means.

        Raises
        ------
        InvalidOptionError
            If it is none, or there are no rows.
        """
        if not self.whole:
            reason = "rows is for arrays with axes, and it is a single value"
            raise InvalidOptionError("datasets", self.name, NumpyBackend.kind, reason)
        return range(self.whole[0])[_sliced(wanted, self.name)]

    def _lying(self, rows: range) -> np.ndarray[Any, Any]:
        """Return rows as they lie in memory; what lies between them is fetched and left out."""
        low, high = (min(rows), max(rows) + 1) if rows else (0, 0)
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        found = self._filled((high - low, *self.shape[1:]), low * size)
        if rows.step == 1 or not rows:
            return found
        return found[_as_slice(range(rows.start - low, rows.stop - low, rows.step))].copy()

    def _filled(self, shape: tuple[int, ...], start: int) -> np.ndarray[Any, Any]:
        import numpy as np

        data = np.empty(math.prod(shape) * self.dtype.itemsize, np.uint8)
        self.storage.blobs.read_into(self.blob, data.data, self.offset + start)
        return np.ndarray(shape, self.dtype, buffer=data)


def _descr(dtype: np.dtype[Any]) -> Any:
    """Return what a .npy file says of a dtype.

    Raises
    ------
    UnsupportedObjectError
        If that would not be all.
    """
    import warnings

    import numpy as np

    remedy = "put its tolist(), or a pandas Series or DataFrame of it"
    if dtype.hasobject:
        raise UnsupportedObjectError("numpy.array", f"array of {dtype} ({remedy})")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of metadata that is lost: compared below
        descr = np.lib.format.dtype_to_descr(dtype)
        same = np.lib.format.descr_to_dtype(descr) == dtype
    if not same:
        raise UnsupportedObjectError("numpy.array", f"array of {dtype} ({remedy})")
    return descr


def _dtype(descr: str, name: str) -> np.dtype[Any]:
    import ast

    import numpy as np

    try:
        return np.lib.format.descr_to_dtype(ast.literal_eval(descr))
    except (ValueError, SyntaxError, TypeError) as error:
        raise IntegrityError(f"array {name!r}", str(error)) from error


def _header(shape: tuple[int, ...], descr: Any, *, fortran: bool) -> bytes:
    """Return how a .npy file begins, see numpy.lib.format."""
    import io

    import numpy as np

    fields = {"descr": descr, "fortran_order": fortran, "shape": shape}
    file = io.BytesIO()
    try:
        np.lib.format.write_array_header_2_0(file, fields)
    except UnicodeEncodeError:  # names of fields that only version 3 has room for
        text = repr(fields).encode()
        padded = text + b" " * (-(13 + len(text)) % 64) + b"\n"
        return np.lib.format.magic(3, 0) + len(padded).to_bytes(4, "little") + padded
    return file.getvalue()


def _content(header: bytes, array: np.ndarray[Any, Any]) -> Iterator[Any]:
    """Yield the content of a .npy file, without a second copy of the array."""
    import numpy as np

    yield header
    if not array.nbytes:
        return
    if array.flags.c_contiguous:
        yield array.reshape(-1).view(np.uint8).data
        return
    step = max(1, _BLOCK * len(array) // array.nbytes)
    for start in range(0, len(array), step):
        block = np.ascontiguousarray(array[start : start + step])
        yield block.reshape(-1).view(np.uint8).data


def _sliced(rows: Any, name: str) -> slice:
    if not isinstance(rows, slice):
        reason = f"rows takes a slice, such as slice(100, 200), not {rows!r}"
        raise InvalidOptionError("datasets", name, NumpyBackend.kind, reason)
    return rows


def _as_slice(rows: range) -> slice:
    """Return the slice that selects these rows; a stop before the first row is None."""
    if not rows:  # a range of none may begin before the first row, which counts from the end
        return slice(0, 0)
    return slice(rows.start, rows.stop if rows.stop >= 0 else None, rows.step)
