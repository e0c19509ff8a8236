"""Put and get of a 100 MB array against GridFS, in the same MongoDB.

Run it as ``python benchmarks/arrays.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The two sides take turns in one process, and what is
printed are medians and their ratio. Each turn puts an array that was never put before, for
what is kept already would not be written again.

What we put is on disk when the call returns. GridFS is compared on the same terms; ``unsynced``
is GridFS with what it does by default, which a loss of power within 100 ms takes back.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import gridfs
import numpy as np
from pymongo import MongoClient, WriteConcern
from turns import compare, repository

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

ROWS, COLUMNS = 125_000, 100


def measure(om: Omega, files: gridfs.GridFS, unsynced: gridfs.GridFS) -> None:
    """Compare an array that is another one at each put."""
    array = np.random.default_rng(7).normal(size=(ROWS, COLUMNS))
    ids: list[Any] = []

    def put() -> None:
        array[:] += 1
        om.datasets.put(array, "array", keep=False)

    def gridfs_put(files: gridfs.GridFS = files) -> None:
        file = io.BytesIO()
        array[:] += 1
        np.save(file, array)
        ids.append(files.put(file.getvalue()))

    def gridfs_get() -> Any:
        return np.load(io.BytesIO(files.get(ids[-1]).read()))

    sides = {"omega": put, "unsynced": lambda: gridfs_put(unsynced), "gridfs": gridfs_put}
    compare("put 100 MB", sides)
    put()
    np.testing.assert_array_equal(om.datasets.get("array"), array)
    compare("get 100 MB", {"omega": lambda: om.datasets.get("array"), "gridfs": gridfs_get})
    rows = slice(60_000, 61_000)
    compare(
        "get 1,000 rows, against all",
        {
            "omega": lambda: om.datasets.get("array", rows=rows),
            "gridfs": lambda: gridfs_get()[rows],
        },
    )


def main() -> None:
    """Run the comparison."""
    with repository("datasets") as (om, _), MongoClient(om.url) as client:
        database = client.get_default_database()
        synced = database.with_options(write_concern=WriteConcern("majority", j=True))
        measure(om, gridfs.GridFS(synced, "benchmark"), gridfs.GridFS(database, "benchmark"))
        for name in ("benchmark.files", "benchmark.chunks"):
            database.drop_collection(name)


if __name__ == "__main__":
    main()
