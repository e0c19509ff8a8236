"""The archive: a zip file of payloads and states, with a manifest that tells the hash of each.

    omega.json                 the manifest, written last: a file that was cut has none
    objects/000001.bson        all states of an object, the oldest first
    pieces/<sha-256>           a piece of a blob, named by the hash of its content
    segments/<id>/000000.bson  a chunk of a frame

Names of objects are in the manifest, and nowhere in the names of files. Nothing is extracted
to a disk, and nothing of what is read is executed.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from omegaml_lab.core.archives import ArchiveEntry
from omegaml_lab.core.errors import IntegrityError, InvalidArchiveError
from omegaml_lab.core.lineage import Reference
from omegaml_lab.storage.histories import from_bytes, to_bytes
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.storage.segments import named_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from omegaml_lab.storage.payloads import Blob, Segment
    from omegaml_lab.store.carrying import Origin

__all__ = ["ArchiveReader", "ArchiveWriter"]

FORMAT = "omega-archive"
VERSION = 1
_MANIFEST = "omega.json"
_LONGEST = 64 * 1024 * 1024
"""No piece or chunk is so long."""
_LONGEST_LIST = 2 * 1024**3


class ArchiveWriter:
    """Writes an archive; each piece and segment goes into it once.

    Parameters
    ----------
    file
        Where to, open for writing in binary.
    origin
        Where the payloads are.
    bucket
        Which bucket the objects are in.
    progress
        Is told of bytes that were written.
    """

    def __init__(
        self,
        file: BinaryIO,
        origin: Origin,
        *,
        bucket: str,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._origin = origin
        self._bucket = bucket
        self._progress = progress or (lambda _size: None)
        self._pieces: set[bytes] = set()
        self._segments: dict[str, list[tuple[str, int]]] = {}
        self._objects: list[dict[str, Any]] = []

    def add(self, reference: Reference, states: Sequence[Mapping[str, Any]]) -> ArchiveEntry:
        """Add an object with these states, the oldest first."""
        for state in states:
            self._payload(Payload.from_document(state["payload"]))
        entry = ArchiveEntry(
            store=reference.store,
            name=reference.name,
            kind=states[-1]["kind"],
            revision=states[-1]["revision"],
            revisions=len(states),
            size=states[-1]["size"],
        )
        file, data = f"objects/{len(self._objects) + 1:06}.bson", to_bytes(states)
        self._write(file, data, compressed=True)
        told = {"id": reference.id, "file": file, "sha256": _hash(data)}
        self._objects.append({**entry.to_dict(), **told})
        return entry

    def close(self) -> None:
        """Write the manifest, which makes it an archive."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "made": datetime.now(UTC).isoformat(),
            "repository": self._origin.address,
            "bucket": self._bucket,
            "objects": self._objects,
            "segments": self._segments,
        }
        self._write(_MANIFEST, json.dumps(manifest, indent=1).encode(), compressed=True)
        self._zip.close()

    def _payload(self, payload: Payload) -> None:
        if payload.blob is not None and payload.blob.inline is None:
            stream = self._origin.blob(payload.blob)
            for (digest, _), data in zip(payload.blob.pieces(), stream, strict=True):
                if digest not in self._pieces:
                    self._write(f"pieces/{digest.hex()}", data)
                    self._pieces.add(digest)
        for segment in payload.segments:
            if segment.id not in self._segments:
                self._segments[segment.id] = self._segment(segment)

    def _segment(self, segment: Segment) -> list[tuple[str, int]]:
        told = []
        for number, data in enumerate(self._origin.segment(segment)):
            self._write(_chunk_file(segment.id, number), data)
            told.append((_hash(data), len(data)))
        if len(told) < segment.chunks:
            reason = f"it has {len(told)} chunks instead of {segment.chunks}"
            raise IntegrityError("segment", reason)
        return told

    def _write(self, name: str, data: bytes, *, compressed: bool = False) -> None:
        # All files of equal content are equal, whenever they were written.
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        self._zip.writestr(info, data)
        self._progress(len(data))


class ArchiveReader:
    """Reads an archive, and yields nothing that is not as it was written.

    Raises
    ------
    InvalidArchiveError
        Now or later, if it is no archive, one of a newer version, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            reason = f"it is no archive, or only a part of one ({error})"
            raise InvalidArchiveError(path, reason) from error
        manifest = self._manifest()
        try:
            self.address = str(manifest["repository"])
            self.bucket = str(manifest["bucket"])
            self._segments = {
                str(segment): [(str(digest), int(size)) for digest, size in chunks]
                for segment, chunks in manifest["segments"].items()
            }
            self._objects = {_entry(told): dict(told) for told in manifest["objects"]}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._invalid(f"its manifest is not one ({error!r:.200})") from error

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    @property
    def entries(self) -> list[ArchiveEntry]:
        """All objects that are in it."""
        return list(self._objects)

    def reference(self, entry: ArchiveEntry) -> Reference:
        """Return which object it was where the archive was made."""
        return Reference(
            store=entry.store,
            name=entry.name,
            revision=entry.revision,
            bucket=self.bucket,
            id=str(self._objects[entry].get("id", "")),
            repository=self.address,
        )

    def states(self, entry: ArchiveEntry) -> list[dict[str, Any]]:
        """Return all states of an object, the oldest first."""
        told = self._objects[entry]
        data = self._read(str(told.get("file")), str(told.get("sha256")), _LONGEST_LIST)
        try:
            states = from_bytes(data)
        except IntegrityError as error:
            raise self._invalid(f"{entry}: {error.what}: {error.reason}") from error
        if (states[-1]["kind"], states[-1]["revision"]) != (entry.kind, entry.revision):
            raise self._invalid(f"{entry} is not what the manifest says of it")
        return states

    def blob(self, blob: Blob) -> Iterator[bytes]:
        """Yield the content of a blob."""
        if blob.inline is not None:
            yield bytes(blob.inline)
            return
        for digest, length in blob.pieces():
            name = digest.hex()
            data = self._read(f"pieces/{name}", name, _LONGEST)
            if len(data) != length:
                raise self._invalid(f"piece {name[:12]} is cut")
            yield data

    def segment(self, segment: Segment) -> Iterator[bytes]:
        """Yield the chunks of a segment."""
        for number, (digest, size) in enumerate(self._told(segment)):
            yield self._read(_chunk_file(segment.id, number), digest, min(size, _LONGEST))

    def named(self, segment: Segment) -> str:
        """Return a name that follows from the content: nothing else can ever have it."""
        return named_after("archive", *(digest for digest, _ in self._told(segment)))

    def verify(self, entry: ArchiveEntry) -> None:
        """Read all that belongs to an object."""
        for state in self.states(entry):
            payload = Payload.from_document(state["payload"])
            parts = [self.segment(segment) for segment in payload.segments]
            if payload.blob is not None:
                parts.append(self.blob(payload.blob))
            for part in parts:
                for _ in part:
                    pass

    def _told(self, segment: Segment) -> list[tuple[str, int]]:
        try:
            return self._segments[segment.id]
        except KeyError:
            raise self._invalid(f"segment {segment.id[:12]} is missing") from None

    def _manifest(self) -> dict[str, Any]:
        try:
            manifest = json.loads(self._raw(_MANIFEST, _LONGEST_LIST))
        except ValueError as error:
            raise self._invalid(f"its manifest is no JSON ({error})") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise self._invalid("its manifest is not that of an archive of Omega Lab")
        if manifest.get("version") != VERSION:
            reason = f"it has format version {manifest.get('version')!r}, this reads {VERSION}"
            raise self._invalid(f"{reason}: use the version of Omega Lab that made it")
        return manifest

    def _read(self, name: str, digest: str, longest: int) -> bytes:
        data = self._raw(name, longest)
        if _hash(data) != digest:
            raise self._invalid(f"{name} has changed since it was written")
        return data

    def _raw(self, name: str, longest: int) -> bytes:
        try:
            if self._zip.getinfo(name).file_size > longest:
                raise self._invalid(f"{name} is too long")
            return self._zip.read(name)
        except KeyError:
            raise self._invalid(f"{name} is missing") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise self._invalid(f"{name} cannot be read ({error})") from error
        except RuntimeError as error:  # it is encrypted
            raise self._invalid(f"{name} cannot be read ({error})") from error

    def _invalid(self, reason: str) -> InvalidArchiveError:
        return InvalidArchiveError(self._path, reason)


def _entry(told: Mapping[str, Any]) -> ArchiveEntry:
    kinds: dict[str, type] = {"revision": int, "revisions": int, "size": int}
    values = {f.name: told[f.name] for f in fields(ArchiveEntry)}
    for name, value in values.items():
        if not isinstance(value, kinds.get(name, str)):
            raise TypeError(f"{name} is {value!r:.80}")
    return ArchiveEntry(**values)


def _chunk_file(segment: str, number: int) -> str:
    return f"segments/{segment}/{number:06}.bson"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
