"""Indexes of frames that were written in one or more segments, whole or of some rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from omegaml_lab.frames import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.frames.schema import Part

__all__ = ["Rows", "index_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of one segment: their numbers in it, None for all, and the arrays of the index."""

    part: Part
    taken: np.ndarray[Any, Any] | None
    arrays: Sequence[Any]


def index_of(rows: Sequence[Rows], *, widest_step: int | None = None) -> pd.Index[Any]:
    """Return the index of rows of successive segments, as pandas would concatenate them.

    Evenly spaced rows keep a frequency, up to `widest_step` rows from each other.
    """
    if all(some.part.index["form"] == "range" for some in rows):
        return _of_ranges(rows)
    return _concatenated([_of_part(some, widest_step) for some in rows])


def _of_ranges(rows: Sequence[Rows]) -> pd.Index[Any]:
    """Take from the whole: ranges that follow each other are one range, others are numbers."""
    ranges = [labels.build(some.part.index, []) for some in rows]
    whole = _one_range(ranges)
    if whole is None:
        # Number by number: all of a frame of many segments need not be in memory for that.
        numbers = [
            each if some.taken is None else _taken(each, some.taken)
            for each, some in zip(ranges, rows, strict=True)
        ]
        values = np.concatenate([number.to_numpy() for number in numbers])
        names = {each.name for each in ranges}
        name = ranges[0].name if len(names) == 1 else None
        index: pd.Index[Any] = pd.Index(values, dtype="int64", name=name)
        return index
    if all(some.taken is None for some in rows):
        return whole
    taken, first = [], 0
    for some in rows:
        numbers_of = np.arange(some.part.rows) if some.taken is None else some.taken
        taken.append(numbers_of + first)
        first += some.part.rows
    return _taken(whole, np.concatenate(taken))


def _one_range(ranges: Sequence[Any]) -> pd.Index[Any] | None:
    """Return the range that others make up, None when they do not; pandas decides on the seams."""
    whole: Any = ranges[0]
    for each in ranges[1:]:
        seam = whole[-2:].append(each[:2])
        if not isinstance(seam, pd.RangeIndex):
            return None
        if len(each):
            start = whole.start if len(whole) else each.start
            whole = pd.RangeIndex(start, each[-1] + seam.step, seam.step)
        whole = whole.rename(seam.name)
    found: pd.Index[Any] = whole
    return found


def _of_part(some: Rows, widest_step: int | None) -> pd.Index[Any]:
    plain = some.part.index
    if plain["form"] == "range":
        whole = labels.build(plain, [])
        return whole if some.taken is None else _taken(whole, some.taken)
    if plain["form"] == "multi" or some.taken is None or plain["freq"] is None:
        return labels.build(plain, some.arrays)
    index = labels.build({**plain, "freq": None}, some.arrays)
    step = _step(some.taken)
    if step is not None and (widest_step is None or step <= widest_step):
        times: Any = index
        times.freq = step * to_offset(plain["freq"])
    return index


def _taken(index: Any, numbers: np.ndarray[Any, Any]) -> pd.Index[Any]:
    some: pd.Index[Any] = index.take(numbers)
    return some


def _step(taken: np.ndarray[Any, Any]) -> int | None:
    """Return how far evenly spaced rows are from each other, None if they are not."""
    if len(taken) < 2:
        return 1
    steps = np.diff(taken)
    return int(steps[0]) if (steps == steps[0]).all() else None


def _concatenated(parts: Sequence[pd.Index[Any]]) -> pd.Index[Any]:
    return parts[0].append(list(parts[1:])) if len(parts) > 1 else parts[0]
