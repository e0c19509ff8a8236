"""What a run costs beside `papermill` on the command line, for a notebook that does nothing.

    python benchmarks/run_overhead.py [--rounds 15] [--code "import pandas"]

Both are measured in turns on the same machine: from asking to the result being kept. Ours is
asked of a warm worker through the embedded broker, its result goes into MongoDB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from omegaml_lab.runtime.handles import JobHandle

LIMIT = 1.0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--code", default="", help="what the one cell executes")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), arguments.rounds, arguments.code)


def measure(folder: Path, rounds: int, code: str) -> int:
    node = notebook(code)
    path = folder / "empty.ipynb"
    nbformat.write(node, path)
    config = Config.load(home=folder / "home")
    with Omega(config=config, bucket="benchmark") as omega:
        omega.jobs.put(node, "empty")
        job = omega.runtime.job("empty")
        worker = start_worker(omega, folder)
        try:
            job.run().wait(60, check=True)  # warm
            papermill(path)
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(run(job))
                theirs.append(papermill(path))
        finally:
            worker.terminate()
            worker.wait()
            omega.jobs.drop("results", recursive=True, missing_ok=True)
            omega.jobs.drop("empty")
    return tell(ours, theirs)


def notebook(code: str) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code)] if code else []
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def start_worker(omega: Omega, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "OMEGA_MONGO_URL": omega.url,
        "OMEGA_HOME": str(folder / "home"),
        "OMEGA_LABEL": omega.config.label,
    }
    log = (folder / "worker.log").open("wb")
    worker = subprocess.Popen(
        [sys.executable, "-m", "omegaml_lab.worker"], env=environment, stdout=log, stderr=log
    )
    while not omega.runtime.workers():
        if worker.poll() is not None:
            raise SystemExit((folder / "worker.log").read_text())
        time.sleep(0.1)
    return worker


def run(job: JobHandle) -> float:
    began = time.perf_counter()
    job.run().wait(60, check=True)
    return time.perf_counter() - began


def papermill(path: Path) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "papermill", str(path), str(path.with_suffix(".out.ipynb"))]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def tell(ours: list[float], theirs: list[float]) -> int:
    for name, times in (("omega run", ours), ("papermill", theirs)):
        spread = f"{min(times) * 1000:.0f} to {max(times) * 1000:.0f}"
        print(f"{name:10} median {statistics.median(times) * 1000:6.0f} ms  ({spread})")
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"ratio {ratio:.3f} (must be below {LIMIT})")
    return 0 if ratio < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
