"""Put and get of models against joblib on the local disk, and against one raw document.

Run it as ``python benchmarks/models.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The sides take turns in one process, and what is
printed are medians and the ratio of the first to the last. What it puts is in the bucket
``benchmark`` and dropped at the end.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pymongo
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression

from omegaml_lab.omega import Omega

TURNS = 15


def forest() -> RandomForestRegressor:
    """Return a forest of about 50 MB."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20_000, 8)), rng.normal(size=20_000)
    return RandomForestRegressor(n_estimators=30, n_jobs=2, random_state=1).fit(x, y)


def compare(name: str, sides: dict[str, Callable[[], Any]], turns: int = TURNS) -> None:
    """Print the median of each side, and the ratio of the first to the last."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(turns + 1):
        for side, call in sides.items():
            start = time.perf_counter()
            call()
            if turn:  # the first one warms up
                times[side].append(time.perf_counter() - start)
    medians = {side: statistics.median(values) for side, values in times.items()}
    told = "  ".join(f"{side} {seconds * 1000:8.2f} ms" for side, seconds in medians.items())
    ours, *_, theirs = medians.values()
    print(f"{name:20} {told}  ratio {ours / theirs:.2f}x")


def measure(om: Omega, folder: Path) -> None:
    """Compare a large and a small model."""
    large, file = forest(), folder / "model.joblib"
    parameter = large.estimators_[0].tree_.threshold

    def put_large() -> None:
        parameter[0] += 1e-9  # or there would be nothing new to write
        om.models.put(large, "large", keep=False)

    compare("put 50 MB forest", {"omega": put_large, "joblib": lambda: joblib.dump(large, file)})
    compare(
        "get 50 MB forest",
        {"omega": lambda: om.models.get("large"), "joblib": lambda: joblib.load(file)},
    )
    rng = np.random.default_rng(1)
    small = LogisticRegression().fit(rng.normal(size=(100, 10)), np.arange(100) % 2)
    with pymongo.MongoClient(om.url) as client:
        raw = client.get_default_database()["benchmark"].with_options(
            write_concern=pymongo.WriteConcern("majority", j=True)
        )
        document = {"_id": 1, "data": b"x" * 4000}
        compare(
            "put small model",
            {
                "omega": lambda: om.models.put(small, "small", keep=False),
                "raw document": lambda: raw.replace_one({"_id": 1}, document, upsert=True),
            },
            turns=100,
        )
        compare(
            "get small model",
            {
                "omega": lambda: om.models.get("small"),
                "raw document": lambda: raw.find_one({"_id": 1}),
            },
            turns=100,
        )
        raw.drop()


def main() -> None:
    """Run the comparison."""
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as folder:
        home = Path(folder)
        url = sys.argv[1] if len(sys.argv) > 1 else None
        if url is None:
            from omegaml_lab.storage import embedded

            url = embedded.ensure(home / "home")
        with Omega(url, bucket="benchmark") as om:
            measure(om, home)
            for name in om.models.list():
                om.models.drop(name)


if __name__ == "__main__":
    main()
