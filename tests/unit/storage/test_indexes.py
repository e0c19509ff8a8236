"""Indexes: made for all collections of a new repository, and asked for no more than once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
from pymongo import monitoring

from omegaml_lab.omega import Omega
from omegaml_lab.runtime.records.run_indexes import INDEXES
from tests.unit.listening import Indexing

if TYPE_CHECKING:
    from omegaml_lab.config import Config


def use(omega: Omega) -> None:
    """Use a repository for a bit of everything."""
    omega.datasets.put(pd.DataFrame({"x": [1]}), "data")
    omega.jobs.put("1", "job")
    omega.jobs.put("2", "job")
    omega.jobs.rename("job", "other")
    omega.runtime.job("other").run()
    omega.runtime.job("other").map([{}, {}])
    omega.runtime.job("other").schedule("daily at 6:00")


def indexes_of(omega: Omega, collection: str) -> set[tuple[tuple[str, int], ...]]:
    found = omega.storage._connection.collection(collection).list_indexes()
    return {tuple(each["key"].items()) for each in found}


def test_those_of_a_collection_are_asked_for_once(config: Config) -> None:
    monitoring.register(indexing := Indexing())
    with Omega(config=config) as omega:
        use(omega)
        asked = Counter(indexing.asked)
        assert {"objects", "revisions", "runs", "groups", "schedules"} <= set(asked)
        assert set(asked.values()) == {1}
        omega.jobs.rename("other", "job")
        use(omega)
        assert Counter(indexing.asked) == asked


def test_those_of_runs_are_there(config: Config) -> None:
    with Omega(config=config) as omega:
        use(omega)
        assert {index.keys for index in INDEXES} <= indexes_of(omega, "runs")


def test_what_was_erased_gets_new_ones(config: Config) -> None:
    with Omega(config=config) as omega:
        for _ in range(2):
            use(omega)
            for name in ("objects", "revisions", "runs", "groups", "schedules"):
                assert len(indexes_of(omega, name)) > 1
            omega.storage.erase()
