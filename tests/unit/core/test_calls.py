"""Which arguments of a call go beside the rows."""

from __future__ import annotations

import pytest

from omegaml_lab.core.calls import VIRTUAL, goes_beside

KIND = "sklearn.skops"


@pytest.mark.parametrize(
    ("kind", "method", "place", "expected"),
    [
        (KIND, "fit", 0, False),
        (KIND, "fit", "X", False),
        (KIND, "fit", 1, True),
        (KIND, "partial_fit", "y", True),
        (KIND, "score", "sample_weight", True),
        (KIND, "fit", "eval_set", False),
        (KIND, "predict", "x", False),  # Keras's own word for the rows
        (VIRTUAL, "fit", 1, False),  # a function takes what it likes
        ("python.function", "run", 1, False),
    ],
)
def test_a_target_and_weights_do(
    kind: str, method: str, place: int | str, *, expected: bool
) -> None:
    assert goes_beside(kind, method, place) is expected
