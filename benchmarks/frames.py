"""Put and get of frames against parquet (snappy) on the local disk.

Run it as ``python benchmarks/frames.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The two sides take turns in one process, and what is
printed are medians and their ratio. What it puts is in the bucket
``benchmark`` and dropped at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from turns import compare, repository

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def mixed(rows: int = 1_000_000) -> pd.DataFrame:
    """Eight columns of the kinds that real tables have."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "price": rng.lognormal(3, 1, rows),
            "score": rng.normal(size=rows),
            "count": rng.integers(0, 1000, rows, dtype="int32"),
            "flag": rng.random(rows) < 0.3,
            "when": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 10**8, rows), "s"),
            "carrier": rng.choice(["UA", "AA", "DL", "B6", "WN"], rows),
            "tail": np.char.add("N", rng.integers(10_000, 14_000, rows).astype(str)),
        }
    )


def wide(rows: int = 10_000, columns: int = 1_000) -> pd.DataFrame:
    """Many columns of numbers."""
    values = np.random.default_rng(7).normal(size=(rows, columns))
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)])


def measure(om: Omega, folder: Path) -> None:
    """Compare on each frame."""
    for name, frame in {"1,000,000 x 8 mixed": mixed(), "10,000 x 1,000": wide()}.items():
        path = folder / "frame.parquet"
        compare(
            f"put  {name}",
            {
                "omega": lambda frame=frame: om.datasets.put(frame, "frame", keep=False),
                "parquet": lambda frame=frame, path=path: frame.to_parquet(path),
            },
        )
        compare(
            f"get  {name}",
            {
                "omega": lambda: om.datasets.get("frame"),
                "parquet": lambda path=path: pd.read_parquet(path),
            },
        )
        pd.testing.assert_frame_equal(om.datasets.get("frame"), frame)
        two = list(frame.columns[1:3])
        compare(
            f"get  {name}, two columns",
            {
                "omega": lambda two=two: om.datasets.get("frame", columns=two),
                "parquet": lambda path=path, two=two: pd.read_parquet(path, columns=two),
            },
        )


def main() -> None:
    """Run the comparison."""
    with repository("datasets") as (om, folder):
        measure(om, folder)


if __name__ == "__main__":
    main()
