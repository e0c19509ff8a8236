"""Geometries in frames: kept as well-known binary (WKB, ISO 19125), and beside what that lacks."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from omegaml_lab.core.errors import InvalidFrameError, MissingDependencyError, SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_alike", "decoded", "encoded", "marked"]

_DTYPE = "geometry"


def encoded(obj: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """Return a frame or series of geopandas as one of pandas, and what `decoded` has to know.

    That are pairs of the column's label and its coordinate reference system as PROJJSON (None
    without one), and which of the columns is the active one.

    Raises
    ------
    InvalidFrameError
        If a column of geometries has a label that is no text.
    """
    from geopandas.array import to_wkb

    if isinstance(obj, pd.Series):
        plain = pd.Series(to_wkb(obj.array), index=obj.index, name=obj.name, dtype=object)
        return plain, {"crs": [["", _system(obj.array)]], "active": None}
    columns: dict[int, Any] = {}
    systems: list[list[str | None]] = []
    for place, label in enumerate(obj.columns):
        column = obj.iloc[:, place]
        if str(column.dtype) == _DTYPE:
            if not isinstance(label, str):
                reason = f"column {label!r} holds geometries, and its label is no text: rename it"
                raise InvalidFrameError(name, reason)
            systems.append([label, _system(column.array)])
            column = pd.Series(to_wkb(column.array), index=obj.index, dtype=object)
        columns[place] = column
    frame = pd.DataFrame(columns, index=obj.index, copy=False)
    frame.columns = obj.columns
    return frame, {"crs": systems, "active": getattr(obj, "active_geometry_name", None)}


def decoded(obj: Any, known: Mapping[str, Any]) -> Any:
    """Return the frame or series of geopandas for which one of pandas stands.

    A frame that has none of the geometries is one of pandas, as when they are left out by
    geopandas.

    Raises
    ------
    MissingDependencyError
        If geopandas is not installed.
    """
    try:
        from geopandas import GeoDataFrame, GeoSeries
        from geopandas.array import from_wkb
    except ImportError as error:
        remedy = "`pip install omegaml-lab[geo]` brings it; getl() reads without it, as WKB."
        raise MissingDependencyError("geopandas", remedy) from error
    if isinstance(obj, pd.Series):
        ((_, system),) = known["crs"]
        array = from_wkb(obj.to_numpy(dtype=object), crs=system)
        return GeoSeries(array, index=obj.index, name=obj.name)
    systems = {label: system for label, system in known["crs"] if label in obj.columns}
    if not systems:
        return obj
    frame = obj.copy(deep=False)
    for label, system in systems.items():
        frame[label] = from_wkb(obj[label].to_numpy(dtype=object), crs=system)
    active = known["active"] if known["active"] in systems else None
    return GeoDataFrame(frame, geometry=active)


def marked(digest: str | None, known: Mapping[str, Any]) -> str:
    """Return a hash of content and of what is known about it."""
    beside = json.dumps(known, sort_keys=True, default=str)
    return hashlib.sha256(f"{digest}{beside}".encode()).hexdigest()


def check_alike(known: Mapping[str, Any], given: Mapping[str, Any], name: str) -> None:
    """Refuse rows whose coordinates mean something else than those that are there.

    Raises
    ------
    SchemaMismatchError
        If another column holds geometries, or their coordinates are of another system.
    """
    there, here = (dict(of["crs"]) for of in (known, given))
    for label in sorted({*there, *here}, key=str):
        if label not in there or label not in here:
            holds = "here" if label in here else "there"
            raise SchemaMismatchError(name, f"column {label!r} holds geometries only {holds}")
        if there[label] != here[label]:
            told = [_told(system) for system in (there[label], here[label])]
            reason = f"the coordinates of {label!r} are in {told[0]} there and in {told[1]} here"
            raise SchemaMismatchError(name, reason)


def _system(array: Any) -> str | None:
    return None if array.crs is None else str(array.crs.to_json())


def _told(system: str | None) -> str:
    from pyproj import CRS

    return "no known system" if system is None else str(CRS.from_json(system).to_string())[:100]
