"""Options: who gives what a kind does not take is told, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_put_knows_the_options_of_a_kind(omega: Omega) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    omega.datasets.put(frame, "x")
    with pytest.raises(InvalidOptionError, match=r"option 'chunks'.* 'chunk_rows'\?.* append, "):
        omega.datasets.put(frame, "x", chunks=3)
    with pytest.raises(InvalidOptionError, match=r"option 'chunks'.* 'chunk_rows'\?.* append, "):
        omega.datasets.put(frame, "x", append=True, chunks=3)
    with pytest.raises(InvalidOptionError, match=r"no option 'chunk_rows'.* options are append, "):
        omega.datasets.put([1], "y", chunk_rows=3)
    assert omega.datasets.metadata("x").revision == 1
    assert omega.datasets.list() == ["x"]


def test_get_knows_the_options_of_a_kind(omega: Omega) -> None:
    omega.datasets.put([1], "x")
    with pytest.raises(InvalidOptionError, match="it takes no options"):
        omega.datasets.get("x", columns=["a"])
