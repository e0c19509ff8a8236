"""Zip archives as payloads: written as buffers in a row, read as views; nothing is compressed.

Models are mostly arrays, which hardly shrink, and pieces that did not change are then found
again and not written twice.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Members", "ZipWriter"]

_HEADER = struct.Struct("<26xHH")
"""The end of a local header: how long the name and the extra field are that follow it."""


class ZipWriter(ZipFile):
    """A zip archive that hands on the buffers it consists of, those that were given not copied.

    Members carry no time, so that equal content makes equal bytes.
    """

    def __init__(self, take: Callable[[bytes | memoryview], None]) -> None:
        super().__init__(_Sink(take), "w", compression=ZIP_STORED)

    def writestr(self, name: str, *parts: bytes | memoryview) -> None:  # type: ignore[override]
        """Add a member, which consists of `parts` in a row."""
        info = ZipInfo(name)
        info.external_attr = 0o600 << 16
        info.file_size = sum(map(len, parts))
        with self.open(info, "w") as member:
            for part in parts:
                member.write(part)

    def namelist(self) -> list[str]:
        """Return the names of the members; to ask whether one is there costs no search."""
        return self.NameToInfo.keys()  # type: ignore[return-value]


class Members:
    """The members of an archive in memory.

    Raises
    ------
    zipfile.BadZipFile
        If it is none, or compressed.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._view = memoryview(data)
        with ZipFile(io.BufferedReader(_Source(self._view))) as archive:
            self._found = {info.filename: info for info in archive.infolist()}

    def names(self) -> list[str]:
        """Return the names of the members, as they stand in the archive."""
        return list(self._found)

    def read(self, name: str) -> memoryview:
        """Return the content of a member, without a copy.

        Raises
        ------
        KeyError
            If there is none of that name.
        zipfile.BadZipFile
            If it is compressed, or not where the archive says.
        """
        info = self._found[name]
        start = info.header_offset + 30
        if info.compress_type != ZIP_STORED or start > len(self._view):
            raise BadZipFile(f"member {name!r} cannot be read as it stands")
        start += sum(_HEADER.unpack(self._view[info.header_offset : start]))
        content = self._view[start : start + info.file_size]
        if len(content) != info.file_size:
            raise BadZipFile(f"member {name!r} is cut")
        return content


class _Source(io.RawIOBase):
    """Bytes in memory as a file, without a copy."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        some = self._view[self._at :][: len(buffer)]
        buffer[: len(some)] = some
        self._at += len(some)
        return len(some)


class _Sink(io.RawIOBase):
    """Hands on what is written. It cannot seek, so an archive never comes back to a header."""

    def __init__(self, take: Callable[[bytes | memoryview], None]) -> None:
        self._take = take

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        self._take(data)
        return memoryview(data).nbytes
