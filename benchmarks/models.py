"""Put and get of models against joblib on the local disk, and against one raw document.

Run it as ``python benchmarks/models.py [mongodb://…/database]``; without a URL it starts the
embedded MongoDB in a temporary folder. The sides take turns in one process, and what is
printed are medians and the ratio of the first to the last. What it puts is in the bucket
``benchmark`` and dropped at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import joblib
import numpy as np
import pymongo
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from turns import compare, repository

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def forest() -> RandomForestRegressor:
    """Return a forest of about 50 MB."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20_000, 8)), rng.normal(size=20_000)
    return RandomForestRegressor(n_estimators=30, n_jobs=2, random_state=1).fit(x, y)


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
    with repository("models") as (om, folder):
        measure(om, folder)


if __name__ == "__main__":
    main()
