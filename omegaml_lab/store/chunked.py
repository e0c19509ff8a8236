"""What kinds have in common whose objects are kept as chunks of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.core.filters import Q
from omegaml_lab.store.backend import FrameBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omegaml_lab.frames.reader import Selection
    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = ["ChunkedBackend", "selection"]


class ChunkedBackend(FrameBackend):
    """A kind of frames that are read chunk by chunk, some columns and rows of them."""

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
        """Return the object, or some of its columns and rows.

        Raises
        ------
        UnknownColumnError
            If it has no such column.
        InvalidFilterError
            If there is no such operator, or the value does not fit the column.
        """
        from omegaml_lab.frames.reader import read_frame

        frame = read_frame(payload, storage, name, selection(where, columns, filters))
        return self.given(frame, payload, name)

    def read_lazily(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[Any] | str | None = None,
        **filters: Any,
    ) -> Any:
        """Return a Dask frame, whose partitions are the chunks; errors like `read`."""
        from omegaml_lab.frames.lazy import lazy_frame

        return lazy_frame(payload, storage, name, selection(where, columns, filters))

    def iterate(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *where: Q,
        columns: Sequence[Any] | str | None = None,
        **filters: Any,
    ) -> Iterator[Any]:
        """Return the chunks as successive objects; errors like `read`."""
        from omegaml_lab.frames.reader import iterate_frame

        frames = iterate_frame(payload, storage, name, selection(where, columns, filters))
        return (self.given(frame, payload, name) for frame in frames)

    def given(self, frame: Any, payload: Payload, name: str) -> Any:  # noqa: ARG002
        """Return the object of this kind for which a DataFrame that was read stands."""
        return frame


def selection(
    where: Sequence[Q], columns: Sequence[Any] | str | None, filters: Mapping[str, Any]
) -> Selection:
    """Return which columns and rows a reader names; one label may stand for itself."""
    from omegaml_lab.frames.reader import Selection

    wanted = [columns] if isinstance(columns, str) else columns
    return Selection(columns=wanted, where=Q.every(where, filters))
