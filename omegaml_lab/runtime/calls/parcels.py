"""Parcels: what a call is given and what it answers, as JSON that a message can carry.

What is small travels in the record of the run, what is large through the hidden store of
calls. Opening a parcel builds values and frames, and runs nobody's code.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidFrameError, UnsupportedObjectError
from omegaml_lab.core.names import Name
from omegaml_lab.runtime.records.run_records import utcnow

if TYPE_CHECKING:
    from datetime import datetime

    from omegaml_lab.runtime.records.run_records import RunRecords
    from omegaml_lab.store.store import OmegaStore

__all__ = ["KEPT_FOR", "Parcel", "copied", "expire", "opened", "wrapped"]

Parcel = dict[str, Any]
"""One of ``{"json": text}``, ``{"value": …}``, ``{"frame": …}``, ``{"kept": name}`` and, for
data that the worker reads, ``{"name": name}``."""

KEPT_FOR = timedelta(days=1)
"""How long what was too large for a record can still be fetched once its run has ended."""
_SMALL = 64 * 1024
_BATCH = 200


def wrapped(value: Any, calls: OmegaStore, name: str) -> Parcel:
    """Return `value` as a parcel; what is large is put into `calls` as `name`.

    Raises
    ------
    UnsupportedObjectError
        If there is no kind that keeps such a value.
    """
    small = _small(value)
    if small is not None:
        return small
    calls.put(value, Name(name), keep=False)
    return {"kept": name}


def opened(parcel: Parcel, calls: OmegaStore) -> Any:
    """Return what is in a parcel.

    Raises
    ------
    ObjectNotFoundError
        If it was large, and is not kept any more.
    """
    if "json" in parcel:
        return json.loads(parcel["json"])
    if "value" in parcel:
        from omegaml_lab.frames.values import unpack

        return unpack(base64.b64decode(parcel["value"]))
    if "frame" in parcel:
        from omegaml_lab.frames.packets import frame_from_packet

        return frame_from_packet(base64.b64decode(parcel["frame"]))
    return calls.get(Name(parcel["kept"]))


def copied(parcel: Parcel, calls: OmegaStore, name: str) -> Parcel:
    """Return a parcel for another run; what is large is copied, without its bytes, as `name`.

    Raises
    ------
    ObjectNotFoundError
        If it was large, and is not kept any more.
    """
    if "kept" not in parcel:
        return parcel
    calls.copy(Name(parcel["kept"]), Name(name))
    return {"kept": name}


def expire(calls: OmegaStore, runs: RunRecords) -> int:
    """Drop what was kept for long enough, of runs that have ended; return how much."""
    limit, dropped, left = utcnow() - KEPT_FOR, 0, 0
    while True:
        # At the top are the folders of the runs, which are as old as what the runs were given.
        page = calls.entries(sort="modified", offset=left, limit=_BATCH)
        old = [entry.name for entry in page.items if entry.modified < limit]
        waiting = runs.unfinished(old)
        for run in old:
            count = 0 if run in waiting else _drop(run, calls, limit)
            dropped += count or 0
            left += count == 0
        if len(old) < _BATCH:
            return dropped


def _drop(run: str, calls: OmegaStore, limit: datetime) -> int | None:
    """Drop what a run was given and has answered; None when it is gone, 0 when it is young."""
    inside = calls.entries(run).items
    if any(entry.modified >= limit for entry in inside):
        return 0
    calls.drop(Name(run), recursive=True, missing_ok=True, keep=False)
    return len(inside) or None


def _small(value: Any) -> Parcel | None:
    plain = _plain(value)
    if plain is not None:
        return {"json": plain}
    if type(value).__module__.partition(".")[0] == "pandas":
        return _small_frame(value)
    if getattr(value, "nbytes", 0) > _SMALL:
        return None
    from omegaml_lab.frames.values import pack

    try:
        data = pack(value)
    except UnsupportedObjectError:
        return None  # there may be a kind for it
    return {"value": _text(data)} if len(data) <= _SMALL else None


def _plain(value: Any) -> str | None:
    """Return `value` as JSON if it comes back from that as it is, and is small."""
    if not isinstance(value, str | int | float | bool | list | dict | None):
        return None
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if len(text) <= _SMALL and _same(json.loads(text), value) else None


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        keys = list(one) == list(other)
        return keys and all(_same(one[key], other[key]) for key in one)
    return bool(one == other or one != one)  # noqa: PLR0124 - NaN


def _small_frame(value: Any) -> Parcel | None:
    from omegaml_lab.frames.packets import frame_to_packet

    if getattr(value, "size", _SMALL) > _SMALL:
        return None
    try:
        data = frame_to_packet(value, "frame")
    except (InvalidFrameError, UnsupportedObjectError, AttributeError):
        return None  # to put it says what is wrong
    return {"frame": _text(data)} if len(data) <= _SMALL else None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
