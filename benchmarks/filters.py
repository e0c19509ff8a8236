"""Reading parts of a frame against pyarrow's parquet on the local disk: filters and columns.

Run it as ``python benchmarks/filters.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The two sides take turns in one process, and what is
printed are medians and their ratio. Parquet gives no index, so ours gives more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import dask.dataframe as dd
import pandas as pd
import pyarrow.parquet as pq
from frames import mixed
from turns import compare, repository

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, Any]], list[str] | None]] = {
    "1 % by a sorted column": (
        {"id__between": (500_000, 509_999)},
        [("id", ">=", 500_000), ("id", "<=", 509_999)],
        None,
    ),
    "1 % by a random column": ({"price__gt": 206}, [("price", ">", 206)], None),
    "40 % by text": ({"carrier__in": ["UA", "AA"]}, [("carrier", "in", ["UA", "AA"])], None),
    "40 % by text, two columns": (
        {"carrier__in": ["UA", "AA"]},
        [("carrier", "in", ["UA", "AA"])],
        ["price", "tail"],
    ),
    "one row by a sorted column": ({"id": 777_777}, [("id", "==", 777_777)], None),
}


def measure(om: Omega, folder: Path) -> None:
    """Compare each case."""
    frame, path = mixed(), folder / "frame.parquet"
    frame.to_parquet(path)
    om.datasets.put(frame, "frame", keep=False)
    for name, (ours, theirs, columns) in CASES.items():
        get = partial(om.datasets.get, "frame", columns=columns, **ours)
        read = partial(_parquet, path, columns, theirs)
        pd.testing.assert_frame_equal(get().reset_index(drop=True), read().reset_index(drop=True))
        compare(f"get  {name}", {"omega": get, "parquet": read})
    compare(
        "getl  mean by group",
        {
            "omega": lambda: om.datasets.getl("frame").groupby("count").price.mean().compute(),
            "dask on parquet": lambda: (
                dd.read_parquet(path).groupby("count").price.mean().compute()
            ),
        },
    )
    more = frame[:100_000]
    compare(
        "append  100,000 rows",
        {
            "omega": lambda: om.datasets.put(more, "more", append=True),
            "parquet": lambda: more.to_parquet(folder / "more.parquet"),
        },
    )


def _means(lazy: Any) -> Any:
    return lazy.groupby("count").price.mean().compute()


def _parquet(path: Path, columns: list[str] | None, filters: Any) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path, columns=columns, filters=filters).to_pandas()
    return frame


def main() -> None:
    """Run the comparison."""
    with repository("datasets") as (om, folder):
        measure(om, folder)


if __name__ == "__main__":
    main()
