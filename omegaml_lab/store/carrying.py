"""Carrying: payloads that come from another repository, or from an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.payloads import Payload, Segment
from omegaml_lab.storage.segments import named_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.storage.payloads import Blob
    from omegaml_lab.storage.storage import Storage

__all__ = ["Carrier", "Origin", "Repository"]


class Origin(Protocol):
    """Where payloads come from. What it yields it has verified."""

    address: str
    """Which repository that is or was."""

    def blob(self, blob: Blob) -> Iterator[bytes]:
        """Yield the content of a blob."""

    def segment(self, segment: Segment) -> Iterator[bytes]:
        """Yield the chunks of a segment."""

    def named(self, segment: Segment) -> str:
        """Return a name for a segment, which says what is in it to whoever has seen that."""


class Repository:
    """Another repository."""

    def __init__(self, storage: Storage) -> None:
        self.address = storage.address
        self._storage = storage

    def blob(self, blob: Blob) -> Iterator[bytes]:
        """Yield the content of a blob."""
        return self._storage.blobs.stream(blob)

    def segment(self, segment: Segment) -> Iterator[bytes]:
        """Yield the chunks of a segment."""
        return self._storage.segments.read(segment.id)

    def named(self, segment: Segment) -> str:
        """Return a name that follows from the segment's: a second copy needs no second place."""
        return named_after("copy", segment.id)


class Carrier:
    """Brings payloads into a repository; nothing refers to them there yet.

    A segment is brought once: keep one hold for as long as the carrier is used.

    Parameters
    ----------
    origin
        Where they come from.
    storage
        Where they go.
    progress
        Is told of bytes that have come.
    """

    def __init__(
        self, origin: Origin, storage: Storage, *, progress: Callable[[int], None] | None = None
    ) -> None:
        self.origin = origin
        self._storage = storage
        self._progress = progress or (lambda _size: None)
        self._brought: dict[str, Segment] = {}

    def bring(self, payload: Payload) -> Payload:
        """Bring a payload, and return how it is called here.

        Raises
        ------
        IntegrityError
            If something of it is missing or damaged where it comes from.
        """
        blob = None
        if payload.blob is not None:
            blob = self._storage.blobs.write(self._told(self.origin.blob(payload.blob)))
            if blob.size != payload.blob.size:
                reason = f"{blob.size} bytes came, it should have {payload.blob.size}"
                raise IntegrityError("blob", reason)
        segments = tuple(self._segment(segment) for segment in payload.segments)
        return Payload(blob=blob, segments=segments, meta=payload.meta)

    def _segment(self, segment: Segment) -> Segment:
        # The revisions of a frame that was added to have most of their segments in common.
        if segment.id not in self._brought:
            name = self.origin.named(segment)
            come = self._storage.segments.add(name, self._told(self.origin.segment(segment)))
            if come.chunks != segment.chunks:
                reason = f"{come.chunks} chunks came, it should have {segment.chunks}"
                raise IntegrityError("segment", reason)
            if come.chunks and come.rows != segment.rows:  # without columns rows have none
                reason = f"{come.rows} rows came, it should have {segment.rows}"
                raise IntegrityError("segment", reason)
            self._brought[segment.id] = Segment(id=name, rows=segment.rows, chunks=come.chunks)
        return self._brought[segment.id]

    def _told(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        for part in parts:
            yield part
            self._progress(len(part))
