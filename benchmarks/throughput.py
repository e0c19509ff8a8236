"""How many notebooks an hour: one worker that performs two at once, against two papermills.

    python benchmarks/throughput.py [--notebooks 200] [--code "import pandas"] [--turns 2]

Both sides have two processes that are warm before the clock starts: a worker, and a pool whose
processes have papermill loaded and call `papermill.execute_notebook`. They take turns, in one
process group on one machine. Ours goes through the broker (the embedded one, and RabbitMQ where it
is installed) and keeps its results in MongoDB, theirs in files. Look at the load that it prints.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import nbformat

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded

WORKERS = 2
TARGET = 8.0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--notebooks", type=int, default=200)
    options.add_argument("--code", default="import pandas", help="what the one cell executes")
    options.add_argument("--turns", type=int, default=2)
    given = options.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        sides = {
            title: stack.enter_context(opened(title, folder, broker))
            for title, broker in brokers(folder, stack).items()
        }
        pool = stack.enter_context(ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")))
        node = notebook(given.code)
        path = folder / "one.ipynb"
        nbformat.write(node, path)
        times: dict[str, list[float]] = {title: [] for title in (*sides, "papermill")}
        for turn in range(given.turns + 1):
            count = given.notebooks if turn else 2 * WORKERS  # the first turn warms both up
            for title, omega in sides.items():
                times[title].append(ours(omega, node, count))
            times["papermill"].append(theirs(pool, path, count))
    print(f"load {os.getloadavg()[0]:.1f}")
    return tell({title: taken[1:] for title, taken in times.items()}, given.notebooks)


def brokers(folder: Path, stack: ExitStack) -> dict[str, str | None]:
    from tests.integration.rabbitmq import RabbitMQ, installed

    found: dict[str, str | None] = {"embedded": None}
    if installed():
        rabbit = RabbitMQ(folder / "rabbitmq")
        rabbit.start()
        stack.callback(rabbit.stop)
        found["rabbitmq"] = rabbit.url
    return found


class opened:  # noqa: N801 - a context manager
    """A repository with a warm worker."""

    def __init__(self, title: str, folder: Path, broker: str | None) -> None:
        from tests.integration.processes import worker

        home = folder / "home"
        self.stack = ExitStack()
        url = embedded.ensure(home)
        self.stack.callback(embedded.release, home)
        config = Config.load(environ={}, home=home, mongo_url=url, label=title)
        self.omega = self.stack.enter_context(Omega(config=replace(config, broker_url=broker)))
        self.stack.enter_context(worker(self.omega, folder, label=title, concurrency=str(WORKERS)))

    def __enter__(self) -> Omega:
        return self.omega

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def notebook(code: str) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code)]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def ours(omega: Omega, node: nbformat.NotebookNode, count: int) -> float:
    omega.jobs.put(node, "one")
    job = omega.runtime.job("one")
    began = time.perf_counter()
    for run in [job.run() for _ in range(count)]:
        run.wait(600, check=True)
    return time.perf_counter() - began


def theirs(pool: ProcessPoolExecutor, path: Path, count: int) -> float:
    began = time.perf_counter()
    names = [str(path.with_name(f"out{number}.ipynb")) for number in range(count)]
    for _ in pool.map(papermill, [str(path)] * count, names):
        pass
    return time.perf_counter() - began


def papermill(source: str, target: str) -> None:
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill.execute_notebook(source, target, progress_bar=False)


def tell(times: dict[str, list[float]], count: int) -> int:
    theirs = statistics.median(times["papermill"])
    well = True
    for title, taken in times.items():
        seconds = statistics.median(taken)
        ratio = theirs / seconds
        told = f"{count} in {seconds:6.1f} s, {3600 * count / seconds:7.0f} an hour"
        if title == "papermill":
            print(f"{title:10} {told}")
            continue
        well = well and ratio >= TARGET
        print(f"{title:10} {told}  {ratio:5.2f}x (target {TARGET:g}x)")
    return 0 if well else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main())
