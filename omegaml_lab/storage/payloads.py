"""What a head says about its payload: where the bytes and the chunks are."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Blob", "Payload", "Segment"]

_ENTRY = struct.Struct("<32sI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A sequence of bytes: `inline` when small, else a list of pieces in `manifest`.

    The manifest holds 36 bytes a piece: the SHA-256 of its content and its length.
    """

    size: int
    hash: str
    inline: bytes | None = None
    manifest: bytes = b""

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        """Yield the digest and the length of each piece, in order."""
        yield from _ENTRY.iter_unpack(self.manifest)

    @staticmethod
    def entry(digest: bytes, length: int) -> bytes:
        """Return what one piece adds to a manifest."""
        return _ENTRY.pack(digest, length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Chunks that one put (or later: append) wrote: `chunks` of them with `rows` in all."""

    id: str
    rows: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """All that makes up one revision of an object; `meta` belongs to its backend."""

    blob: Blob | None = None
    segments: tuple[Segment, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing of it is elsewhere."""
        return not self.segments and (self.blob is None or not self.blob.manifest)

    def to_document(self) -> dict[str, Any]:
        """Return the form in which a head keeps it."""
        document: dict[str, Any] = {"meta": dict(self.meta)}
        if self.blob is not None:
            document["blob"] = asdict(self.blob)
        if self.segments:
            document["segments"] = [asdict(segment) for segment in self.segments]
        return document

    @classmethod
    def checked(cls, document: Any) -> Payload:
        """Build it from a document that may come from anywhere.

        Raises
        ------
        IntegrityError
            If that is none of a payload.
        """
        try:
            payload = cls.from_document(document)
        except (TypeError, AttributeError) as error:
            raise IntegrityError("payload", f"it is none ({error})") from error
        sound = isinstance(payload.meta, dict) and all(map(_is_segment, payload.segments))
        if not sound or not (payload.blob is None or _is_blob(payload.blob)):
            raise IntegrityError("payload", f"its fields are those of none: {document!r:.200}")
        return payload

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Payload:
        """Build it from the form in which a head keeps it."""
        blob = document.get("blob")
        return cls(
            blob=Blob(**blob) if blob else None,
            segments=tuple(Segment(**s) for s in document.get("segments", ())),
            meta=document.get("meta", {}),
        )


def _is_segment(segment: Segment) -> bool:
    return isinstance(segment.id, str) and _is_count(segment.rows) and _is_count(segment.chunks)


def _is_blob(blob: Blob) -> bool:
    return (
        _is_count(blob.size)
        and isinstance(blob.hash, str)
        and isinstance(blob.inline, bytes | None)
        and isinstance(blob.manifest, bytes)
        and len(blob.manifest) % _ENTRY.size == 0
    )


def _is_count(number: Any) -> bool:
    return type(number) is not bool and isinstance(number, int) and number >= 0
