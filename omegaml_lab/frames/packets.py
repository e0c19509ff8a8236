"""Packets: a frame as bytes in one piece, for frames that travel and are not kept."""

from __future__ import annotations

from typing import Any

from omegaml_lab.core.errors import IntegrityError, InvalidFrameError, UnsupportedObjectError
from omegaml_lab.frames.building import Builder
from omegaml_lab.frames.ipc import from_ipc, to_ipc
from omegaml_lab.frames.schema import FrameSchema, take_apart
from omegaml_lab.frames.values import pack, unpack

__all__ = ["frame_from_packet", "frame_to_packet"]


def frame_to_packet(obj: Any, name: str) -> bytes:
    """Return a DataFrame or Series of pandas as bytes; it comes back exactly.

    Raises
    ------
    InvalidFrameError
        If something in it cannot be kept; `name` is what it is called then.
    """
    fields, columns = take_apart(obj, name)
    rows = fields["rows"]
    schema = FrameSchema(**fields, groups=[0] * len(columns), chunk_rows=max(rows, 1))
    try:
        arrays = [to_ipc(column.slice(0, rows)) for column in columns]
        return pack([schema.to_bytes(), arrays])
    except UnsupportedObjectError as error:
        raise InvalidFrameError(name, f"it holds a {error.obj_type}") from error


def frame_from_packet(data: bytes) -> Any:
    """Return the frame that `frame_to_packet` made bytes of.

    Raises
    ------
    IntegrityError
        If it made no such bytes.
    """
    try:
        told, arrays = unpack(data)
        schema = FrameSchema.from_bytes(told)
        parts = schema.parts()
        builder = Builder(schema, parts, list(range(schema.width)), schema.rows)
        for position, array in enumerate(arrays):
            builder.fill(0, position, 0, from_ipc(array))
        return builder.build()
    except (TypeError, ValueError, LookupError) as error:
        raise IntegrityError("frame", str(error)) from error
