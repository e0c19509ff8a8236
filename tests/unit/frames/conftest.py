"""What the tests of frames share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.frames import twins

if TYPE_CHECKING:
    import pandas as pd

    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore


@pytest.fixture
def data(omega: Omega) -> DatasetStore:
    return omega.datasets


@pytest.fixture
def flights(data: DatasetStore) -> pd.DataFrame:
    """The flights of the twins, kept in chunks of ten rows."""
    frame = twins.flights()
    data.put(frame, "flights", chunk_rows=10)
    return frame
