"""What frames promise, held against the tools that people have: each ratio beside its target.

Run it as ``python benchmarks/targets.py [mongodb://…/database]`` with the extra ``benchmarks``
installed; without a URL it starts the embedded MongoDB in a temporary folder. The two sides take
turns in one process, and what is printed are medians, their ratio and the target. Look at the
load that it prints: on a busy machine ratios are worth little.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dask.dataframe as dd
import duckdb
import pandas as pd
from frames import mixed, wide
from turns import TURNS, medians, repository

from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[[], Any]


def ratio(
    what: str, ours: Call, theirs: Call, target: float | None, *, turns: int = TURNS
) -> None:
    """Print how many times longer we take, and the target if there is one."""
    times = medians({"ours": ours, "theirs": theirs}, turns)
    found = times["ours"] / times["theirs"]
    told = f"{times['ours']:8.1f} ms {times['theirs']:8.1f} ms  {found:5.2f}x"
    if target is not None:
        told += f"  {'ok ' if found <= target else 'MISS'} (target {target}x)"
    print(f"{what:44} {told}")


def absolute(what: str, call: Call, target: float) -> None:
    """Print how long something takes."""
    found = medians({"": call}, 15)[""]
    verdict = "ok " if found <= target else "MISS"
    print(f"{what:44} {found:8.1f} ms {'':18}  {verdict} (target {target} ms)")


def whole(om: Omega, folder: Path) -> None:
    """Put and get of whole frames against parquet."""
    for name, frame in {"1,000,000 x 8": mixed(), "10,000 x 1,000": wide()}.items():
        path = folder / "whole.parquet"
        ratio(
            f"put {name} / to_parquet",
            lambda frame=frame: om.datasets.put(frame, "whole", keep=False),
            lambda frame=frame, path=path: frame.to_parquet(path),
            1.3,
        )
        ratio(
            f"get {name} / read_parquet",
            lambda: om.datasets.get("whole"),
            lambda path=path: pd.read_parquet(path),
            1.3,
        )


def appends(om: Omega, folder: Path) -> None:
    """Add 20 times 100,000 rows against as many parquet files."""
    some = mixed(100_000)

    def ours() -> None:
        om.datasets.drop("more", missing_ok=True)
        for _ in range(20):
            om.datasets.put(some, "more", append=True)

    def theirs() -> None:
        for number in range(20):
            some.to_parquet(folder / f"more{number}.parquet")

    ratio("20 appends of 100,000 rows / to_parquet", ours, theirs, 1.5, turns=3)


def parts(om: Omega, folder: Path) -> None:
    """Parts of a frame against DuckDB and Dask on parquet, and what must be quick."""
    frame, path = mixed(), folder / "frame.parquet"
    frame.to_parquet(path)
    om.datasets.put(frame, "frame", keep=False)
    source = f"FROM '{path}'"
    duck = duckdb.connect()
    select = f"SELECT * {source} WHERE id BETWEEN 500000 AND 509999"
    ratio(
        "select 1 % by a sorted column / DuckDB",
        lambda: om.datasets.get("frame", id__between=(500_000, 509_999)),
        lambda: duck.sql(select).df(),
        1.2,
    )
    frame = frame.assign(group=frame["count"] % 500)
    frame.to_parquet(path)
    om.datasets.put(frame, "frame", keep=False)
    means = f'SELECT "group", avg(price) {source} GROUP BY "group" ORDER BY "group"'
    ratio(
        "mean of 500 groups, query / DuckDB",
        lambda: om.datasets.query("frame", by="group", aggregate={"price": "mean"}),
        lambda: duck.sql(means).df(),
        2,
    )
    config = replace(om.config, mongo_url=om.url, bucket="benchmark", cache_megabytes=0)
    with Omega(config=config) as forgetful:
        ratio(
            "the same, nothing in our memory / DuckDB",
            lambda: forgetful.datasets.query("frame", by="group", aggregate={"price": "mean"}),
            lambda: duck.sql(means).df(),
            None,
        )
    ratio(
        "mean of 500 groups, getl / Dask",
        lambda: om.datasets.getl("frame").groupby("group").price.mean().compute(),
        lambda: dd.read_parquet(path).groupby("group").price.mean().compute(),
        1,
    )
    absolute("len(getl)", lambda: len(om.datasets.getl("frame")), 10)
    absolute("getl.head()", lambda: om.datasets.getl("frame").head(), 10)
    absolute("metadata.rows", lambda: om.datasets.metadata("frame").attributes["rows"], 10)
    absolute("point lookup by index", lambda: om.datasets.get("frame", index=777_777), 10)
    absolute("point lookup by a sorted column", lambda: om.datasets.get("frame", id=777_777), 10)


def main() -> None:
    """Run all comparisons."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ours, theirs, ratio")
    with repository("datasets") as (om, folder):
        whole(om, folder)
        appends(om, folder)
        parts(om, folder)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
