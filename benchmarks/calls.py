"""What a call costs beside what it computes: one row predicted by a warm worker.

    python benchmarks/calls.py

Starts a MongoDB of its own, and a worker for each broker: the embedded one and, where it is
installed, RabbitMQ. Prints the time of `om.runtime.model("m").predict(row)`, of the same in
this process, of a script that returns at once, and of one acknowledged write, of which a call
takes one, and a message of the embedded broker another. Over RabbitMQ it takes turns with a
no-op of plain Celery, since machines differ; the target is 5 ms where that costs 2. Look at the
load that it prints.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import noop
import numpy as np
from sklearn.linear_model import LinearRegression
from turns import medians

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 200
TARGET = 2.5


def times(function: Callable[[], object], calls: int = CALLS) -> str:
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        function()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    late = taken[int(len(taken) * 0.95)]
    return f"median {statistics.median(taken):6.2f} ms  95 % {late:6.2f} ms"


def nothing() -> None:
    return None


def against(nothing: Callable[[], object], predict: Callable[[], object]) -> None:
    found = medians({"no-op": nothing, "predict": predict}, CALLS)
    ratio = found["predict"] / found["no-op"]
    verdict = "ok " if ratio <= TARGET else "MISS"
    told = "  ".join(f"{what} {taken:5.2f} ms" for what, taken in found.items())
    print(f"rabbitmq  {told}  {ratio:.2f}x  {verdict} (target {TARGET}x)")


def measure(title: str, omega: Omega, folder: Path) -> None:
    from tests.integration.processes import worker

    rng = np.random.default_rng(1)
    data = rng.normal(size=(100, 4))
    omega.models.put(LinearRegression().fit(data, data[:, 0]), "m")
    omega.scripts.put(nothing, "nothing")
    row = data[:1]
    with worker(omega, folder):
        model = omega.runtime.model("m")
        began = time.perf_counter()
        model.predict(row)
        print(f"{title:9} first call  {(time.perf_counter() - began) * 1000:.0f} ms")
        print(f"{title:9} predict     {times(lambda: model.predict(row))}")
        print(f"{title:9} here        {times(lambda: model.local.predict(row))}")
        records, row_of = omega.storage.records("benchmark"), iter(range(10 * CALLS))
        write = times(lambda: records.insert({"id": f"{title}{next(row_of)}"}))
        print(f"{title:9} one write   {write}")
        if title == "rabbitmq":
            with noop.calling(omega.config.broker_url or "") as call:
                against(call, lambda: model.predict(row))
        script = omega.runtime.script("nothing")
        print(f"{title:9} script      {times(script.run, 20)}")


def main() -> None:
    from tests.integration.rabbitmq import RabbitMQ, installed

    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = embedded.ensure(folder / "home")
        rabbit = RabbitMQ(folder / "rabbitmq") if installed() else None
        try:
            measured("embedded", folder, url, None)
            if rabbit is not None:
                rabbit.start()
                measured("rabbitmq", folder, url, rabbit.url)
        finally:
            if rabbit is not None:
                rabbit.stop()
            embedded.release(folder / "home")


def measured(title: str, folder: Path, url: str, broker: str | None) -> None:
    config = Config.load(environ={}, home=folder / "home", mongo_url=url, broker_url=broker)
    with Omega(config=config) as omega:
        measure(title, omega, folder)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
