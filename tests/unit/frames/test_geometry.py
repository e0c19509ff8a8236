"""Frames of geopandas: read in parts, and added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal, assert_geoseries_equal

from omegaml_lab.core.errors import (
    InvalidFilterError,
    InvalidFrameError,
    SchemaMismatchError,
    UnknownColumnError,
)

if TYPE_CHECKING:
    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def places() -> gpd.GeoDataFrame:
    shapes = gpd.points_from_xy(range(50), range(50, 100))
    columns = {"n": range(50), "zone": [n % 3 for n in range(50)]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


def test_some_rows_and_columns(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    put = data.put(places, "places", chunk_rows=7)
    assert put.kind == "geopandas.chunks"
    assert put.attributes["dtypes"][-1] == ["geometry", "geometry"]
    assert_geodataframe_equal(data.get("places", n__ge=40), places[places.n >= 40])
    some = data.get("places", columns=["geometry", "n"], zone=1)
    assert_geodataframe_equal(some, places.loc[places.zone == 1, ["geometry", "n"]])
    assert some.crs == places.crs
    plain = data.get("places", columns=["n"])
    assert type(plain) is pd.DataFrame
    pd.testing.assert_frame_equal(plain, pd.DataFrame(places[["n"]]))
    with pytest.raises(UnknownColumnError, match="geometri"):
        data.get("places", columns=["geometri"])


def test_chunk_by_chunk_lazily_and_in_groups(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    data.put(places, "places", chunk_rows=20)
    parts = list(data.iterchunks("places"))
    assert [len(part) for part in parts] == [20, 20, 10]
    assert_geodataframe_equal(pd.concat(parts), places)
    lazily = data.getl("places", n__lt=3).compute()
    assert shapely.from_wkb(lazily.geometry.to_list()).tolist() == places.geometry[:3].tolist()
    counts = data.query("places", by="zone", aggregate={"n": "count"})
    assert counts.n.tolist() == places.groupby("zone").n.count().tolist()


def test_rows_are_added(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    for start in range(0, 50, 5):
        data.put(places[start : start + 5], "places", append=True)
    assert_geodataframe_equal(data.get("places"), places)
    data.compact("places")
    assert_geodataframe_equal(data.get("places"), places)


def test_coordinates_of_another_system_are_not_added(
    data: DatasetStore, places: gpd.GeoDataFrame
) -> None:
    data.put(places, "places")
    with pytest.raises(SchemaMismatchError, match="in EPSG:4326 there and in EPSG:3857 here"):
        data.put(places.to_crs(3857), "places", append=True)
    with pytest.raises(SchemaMismatchError, match="no known system here"):
        data.put(places.set_crs(None, allow_override=True), "places", append=True)
    more = places.assign(geometry=places.geometry, hull=places.geometry)
    with pytest.raises(SchemaMismatchError, match="column 'hull' holds geometries only here"):
        data.put(more, "places", append=True)
    assert_geodataframe_equal(data.get("places"), places)


def test_no_active_geometry_and_a_series(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    other = places.rename(columns={"geometry": "where"})
    data.put(other, "other")
    assert data.get("other").active_geometry_name is None
    series = places.geometry.rename(None)
    data.put(series, "series", chunk_rows=9)
    assert_geoseries_equal(data.get("series"), series)


def test_a_label_that_is_no_text_is_refused(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    for columns in ([0, 1, 2], pd.MultiIndex.from_product([["a"], ["n", "zone", "geometry"]])):
        odd = places.copy()
        odd.columns = columns
        with pytest.raises(InvalidFrameError, match="its label is no text: rename it"):
            data.put(odd, "odd")
    twice = places[["n", "geometry", "geometry"]]
    with pytest.raises(InvalidFrameError):
        data.put(twice, "odd")
    assert data.list() == []


def test_a_filter_by_a_geometry_is_refused(data: DatasetStore, places: gpd.GeoDataFrame) -> None:
    data.put(places, "places")
    for options in ({"geometry": places.geometry[0]}, {"geometry__in": [places.geometry[0]]}):
        with pytest.raises(InvalidFilterError, match="no filter compares geometries"):
            data.get("places", **options)
    assert len(data.get("places", geometry__isnull=False)) == 50
