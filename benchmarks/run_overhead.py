"""What a run costs beside papermill's and jupyter-scheduler's, for a notebook that does nothing.

    python benchmarks/run_overhead.py [--rounds 15] [--code "import pandas"]

They are measured in turns on the same machine: from asking to the result being kept. Ours is
asked of a warm worker through the embedded broker, its result goes into MongoDB. papermill is
called on the command line, jupyter-scheduler by the REST API of a server that is up.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import nbformat
from turns import medians

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega

ON_DISK = "jupyter_server.services.contents.largefilemanager.AsyncLargeFileManager"
LIMITS = {"papermill": 0.1, "scheduler": 0.06}
"""The most that our median may be of theirs."""


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
            with Scheduler(folder) as scheduler:
                sides = {
                    "omega": lambda: job.run().wait(60, check=True),
                    "papermill": lambda: papermill(path),
                    "scheduler": lambda: scheduler.run(path.name),
                }
                times = medians(sides, rounds)
        finally:
            worker.terminate()
            worker.wait()
            omega.jobs.drop("results", recursive=True, missing_ok=True)
            omega.jobs.drop("empty")
    return tell(times)


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


def papermill(path: Path) -> None:
    command = [sys.executable, "-m", "papermill", str(path), str(path.with_suffix(".out.ipynb"))]
    subprocess.run(command, check=True, capture_output=True)


class Scheduler:
    """A Jupyter server of its own, with jupyter-scheduler and without us."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Scheduler:
        options = (
            "--ServerApp.jpserver_extensions={'jupyter_scheduler': True, 'omegaml_lab': False}",
            f"--ServerApp.contents_manager_class={ON_DISK}",
            f"--SchedulerApp.db_url=sqlite:///{self._folder / 'scheduler.sqlite'}",
        )
        server = jupyter_server(self._folder, "", root="disk", options=options)
        self._server = self._stack.enter_context(server)
        shutil.copy(self._folder / "empty.ipynb", self._server.root)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, path: str) -> None:
        """Have a notebook run, and return when it is done."""
        asked = {"name": "empty", "input_uri": path, "runtime_environment_name": "python"}
        answer = self._server.ask("POST", "scheduler/jobs", json={**asked, "output_formats": []})
        job = good(answer).json()["job_id"]
        while (status := self._status(job)) != "COMPLETED":
            if status not in {"STOPPED", "IN_PROGRESS"}:  # it begins as the former
                raise SystemExit(f"jupyter-scheduler: {status}")
            time.sleep(0.02)

    def _status(self, job: str) -> str:
        return str(good(self._server.ask("GET", f"scheduler/jobs/{job}")).json()["status"])


def tell(times: dict[str, float]) -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    missed = 0
    for name, limit in LIMITS.items():
        ratio = times["omega"] / times[name]
        missed += ratio > limit
        told = f"omega {times['omega']:6.0f} ms  {name} {times[name]:6.0f} ms"
        print(f"{told}  {ratio:.3f}x  {'ok' if ratio <= limit else 'MISS'} (target {limit}x)")
    return int(missed > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.integration.servers import good, jupyter_server

    sys.exit(main())
