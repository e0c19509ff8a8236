"""A frame several times larger than the memory that a process may have.

Run it as ``python benchmarks/outofcore.py [--mib 2048] [--url mongodb://…/database]``. The frame
is put partition by partition, filtered, grouped, merged and written back by a process that may
have (`RLIMIT_DATA`) a quarter of the frame's size beside what its libraries take; what it
prints is what each step took and the most memory that it had.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = int(os.environ.get("OUTOFCORE_ROWS", "1000000"))
"""Of a partition; the environment hands it on to the process that is measured."""
ROW_BYTES = 32
CATEGORIES = 500


def part(number: int) -> pd.DataFrame:
    """Return the rows of one partition; they are in order by `n`."""
    rng = np.random.default_rng(number)
    return pd.DataFrame(
        {
            "n": np.arange(ROWS) + number * ROWS,
            "group": rng.integers(0, CATEGORIES, ROWS),
            "x": rng.random(ROWS),
            "y": rng.random(ROWS),
        }
    )


def used() -> float:
    """Return the most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(url: str, parts: int, limit: int) -> dict[str, Any]:
    """Do it all with `limit` bytes more than the libraries take; return what it took."""
    import dask
    import dask.dataframe as dd

    from omegaml_lab.omega import Omega

    steps: dict[str, float] = {}
    with Omega(url, bucket="outofcore") as om, dask.config.set(scheduler="synchronous"):
        data = om.datasets
        few = part(0)[:1000]
        data.put(few, "warm")  # all libraries are loaded now
        data.getl("warm").groupby("group").x.mean().compute()
        data.query("warm", by="group", aggregate="mean")
        before = used()
        kept = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (kept + limit, kept + limit))

        def step(name: str, start: float) -> float:
            steps[name] = round(time.perf_counter() - start, 1)
            return time.perf_counter()

        now = time.perf_counter()
        data.put(dd.from_map(part, range(parts), meta=few[:0]), "frame")
        now = step("put", now)
        total = parts * ROWS
        some = data.get("frame", n__between=(total // 2, total // 2 + 9_999))
        assert len(some) == 10_000
        last = total - total // 4
        assert sum(len(chunk) for chunk in data.iterchunks("frame", n__ge=last)) == total // 4
        now = step("filter", now)
        means = data.query("frame", by="group", aggregate={"x": ["mean", "count"]})
        assert means["x"]["count"].sum() == total
        lazy = data.getl("frame").groupby("group").x.mean().compute()
        assert np.allclose(lazy.sort_index(), means["x"]["mean"])
        now = step("group", now)
        names = pd.DataFrame({"group": range(CATEGORIES), "weight": np.arange(CATEGORIES) / 7})
        merged = data.getl("frame").merge(names, on="group")
        data.put(merged.assign(z=merged.x * merged.weight), "merged")
        now = step("merge and write back", now)
        assert data.metadata("merged").attributes["rows"] == total
        totals = data.query("merged", aggregate={"z": "count", "n": "max"}).iloc[0]
        assert totals.tolist() == [total, total - 1]
        step("check", now)
        for name in ("warm", "frame", "merged"):
            data.drop(name)
    return {"seconds": steps, "peak": round(used() - before), "libraries": round(before)}


def measure(url: str, mib: int) -> dict[str, Any]:
    """Run the work in a process of its own, on a frame of about so many MiB."""
    parts = max(mib * 2**20 // (ROWS * ROW_BYTES), 1)
    limit = parts * ROWS * ROW_BYTES // 4
    command = [sys.executable, __file__, "--url", url, "--work", str(parts), str(limit)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {"frame": parts * ROWS * ROW_BYTES // 2**20, "limit": limit // 2**20} | json.loads(
        done.stdout
    )


def main() -> None:
    """Measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=2048, help="size of the frame")
    parser.add_argument("--url", help="MongoDB, by default an embedded one")
    parser.add_argument("--work", nargs=2, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(work(given.url, *given.work)))
        return
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as folder:
        url = given.url
        if url is None:
            from omegaml_lab.storage import embedded

            url = embedded.ensure(Path(folder) / "home")
        print(json.dumps(measure(url, given.mib), indent=2))


if __name__ == "__main__":
    main()
