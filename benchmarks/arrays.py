"""Put and get of a 100 MB array against GridFS, in the same MongoDB.

Run it as ``python benchmarks/arrays.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The two sides take turns in one process, and what is
printed are medians and their ratio. Each turn puts an array that was never put before, for
what is kept already would not be written again.
"""

from __future__ import annotations

import io
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gridfs
import numpy as np
from pymongo import MongoClient

from omegaml_lab.omega import Omega

TURNS = 5
ROWS, COLUMNS = 125_000, 100


def measure(om: Omega, files: gridfs.GridFS) -> None:
    """Take turns, and print the medians."""
    times: dict[str, list[float]] = {}
    array = np.random.default_rng(7).normal(size=(ROWS, COLUMNS))
    ids: list[Any] = []

    def gridfs_put() -> None:
        file = io.BytesIO()
        np.save(file, array)
        ids.append(files.put(file.getvalue()))

    def gridfs_get() -> Any:
        return np.load(io.BytesIO(files.get(ids[-1]).read()))

    sides = {
        "put omega": lambda: om.datasets.put(array, "array", keep=False),
        "put gridfs": gridfs_put,
        "get omega": lambda: om.datasets.get("array"),
        "get gridfs": gridfs_get,
        "get 1,000 rows": lambda: om.datasets.get("array", rows=slice(60_000, 61_000)),
    }
    for turn, (name, call) in itertools.product(range(TURNS + 1), sides.items()):
        if name.startswith("put omega"):
            array += 1
        start = time.perf_counter()
        got = call()
        if turn:  # the first one warms up
            times.setdefault(name, []).append(time.perf_counter() - start)
        if name in {"get omega", "get gridfs"}:
            np.testing.assert_array_equal(got, array)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name:16} {seconds * 1000:7.0f} ms")
    for what in ("put", "get"):
        print(f"{what} ratio {medians[f'{what} omega'] / medians[f'{what} gridfs']:.2f}x")


def main() -> None:
    """Run the comparison."""
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else None
        if url is None:
            from omegaml_lab.storage import embedded

            url = embedded.ensure(Path(folder) / "home")
        with Omega(url, bucket="benchmark") as om, MongoClient(url) as client:
            database = client.get_default_database()
            measure(om, gridfs.GridFS(database, "benchmark"))
            om.datasets.drop("array")
            for name in ("benchmark.files", "benchmark.chunks"):
                database.drop_collection(name)


if __name__ == "__main__":
    main()
