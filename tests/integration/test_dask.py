"""Frames computed by a Dask cluster: a real scheduler and workers, as processes of their own."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from distributed.protocol import pickle

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError, DaskUnavailableError
from omegaml_lab.core.runs import Status
from omegaml_lab.omega import Omega
from tests.integration.notebooks import notebook
from tests.integration.processes import Process, alive, until, worker
from tests.integration.rabbitmq import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CELL = """
from omegaml_lab import Omega
om = Omega()
with om.runtime.dask("local", processes=1) as client:
    total = int(om.datasets.getl("numbers").x.sum().compute())
    pids = list(client.run(lambda: __import__("os").getpid()).values())
print(total, *pids)
"""


class Cluster:
    """A scheduler and a worker that knows one repository."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.url = f"tcp://127.0.0.1:{free_port()}"
        options = ("--host", self.url, "--no-dashboard", "--no-show")
        self.scheduler = self._start("distributed.cli.dask_scheduler", options, "Scheduler at:")

    def worker(self, **settings: str) -> Process:
        options = (self.url, "--no-dashboard", "--no-nanny", "--nthreads", "1")
        return self._start("distributed.cli.dask_worker", options, "Registered to:", **settings)

    def _start(self, module: str, options: tuple[str, ...], said: str, **settings: str) -> Process:
        process = Process(module, self.folder, arguments=options, **settings)
        self._stack.callback(process.kill)
        process.wait_for(said)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("dask"), stack)


@pytest.fixture
def numbers() -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(1000), "group": np.arange(1000) % 7})


def test_a_cluster_computes_frames_that_its_workers_read(
    omega: Omega, cluster: Cluster, numbers: pd.DataFrame
) -> None:
    password = omega.url.rpartition("@")[0].rpartition(":")[2]
    omega.datasets.put(numbers, "numbers", chunk_rows=100)
    frame = omega.datasets.getl("numbers", x__ge=250)
    process = cluster.worker(mongo_url=omega.url)
    with Omega(config=replace(omega.config, dask_url=cluster.url)) as om:
        with om.runtime.dask() as client:
            means = frame.groupby("group").x.mean().compute()  # opened before the client
            pids = frame.map_partitions(lambda _: os.getpid(), meta=(None, "i8")).compute()
            sent = pickle.dumps(frame.optimize().dask)
            here = pickle.loads(sent)
            lengths = [len(each) for each in client.get(dict(here), list(here))]
        expected = numbers[numbers.x >= 250]
        pd.testing.assert_series_equal(means, expected.groupby("group").x.mean())
        assert set(pids) == {process.pid}
        assert sum(lengths) == len(expected)
        assert password
        assert password.encode() not in sent
        assert password not in cluster.scheduler.said() + process.said()
        # Without a cluster Dask's own processes open the repository by its URL.
        assert password.encode() in pickle.dumps(frame.optimize().dask)
    process.kill()


def test_a_cluster_that_cannot_read_the_repository_is_refused(
    omega: Omega,
    cluster: Cluster,
    numbers: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    omega.datasets.put(numbers, "numbers")
    with pytest.raises(DaskUnavailableError, match="no worker, and started none within 0\\.5 s"):
        omega.runtime.dask(cluster.url, timeout=0.5)
    stranger = cluster.worker()
    with pytest.raises(DaskUnavailableError, match="needs a URL of its own"):
        omega.runtime.dask(cluster.url)
    stranger.kill()
    url = omega.url.replace(omega.storage.database, "omega_of_others")
    elsewhere = cluster.worker(mongo_url=url)
    with pytest.raises(DaskUnavailableError, match="knows another") as raised:
        omega.runtime.dask(cluster.url)
    assert "omega_of_others" in str(raised.value)
    elsewhere.kill()
    # Found before the true one, it says that the worker has another version.
    other = tmp_path / "omegaml_lab-9.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: omegaml-lab\nVersion: 9.9\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    newer = cluster.worker(mongo_url=omega.url)
    with pytest.raises(DaskUnavailableError, match=r"has omegaml-lab 9\.9, and here is"):
        omega.runtime.dask(cluster.url)
    newer.kill()


def test_what_is_no_cluster_is_an_error(omega: Omega) -> None:
    with pytest.raises(ConfigError, match="no Dask cluster is configured"):
        omega.runtime.dask()
    nobody = f"tcp://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(DaskUnavailableError, match=nobody):
        omega.runtime.dask(nobody, timeout=0.5)
    assert time.monotonic() - began < 30
    with pytest.raises(ConfigError, match="tcp://scheduler:8786"):
        Config.load(environ={}, dask_url="http://me:secret@host")


@pytest.mark.long
def test_a_run_starts_a_cluster_of_its_own_and_ends_it(
    omega: Omega, numbers: pd.DataFrame, tmp_path: Path
) -> None:
    omega.datasets.put(numbers, "numbers", chunk_rows=100)
    omega.jobs.put(notebook(_CELL), "sum")
    with worker(omega, tmp_path) as process:
        run = omega.runtime.job("sum").run().wait(90)
        assert run.status is Status.SUCCEEDED, f"{run.run.error} {process.said()}"
    cells = omega.jobs.get(str(run.run.result)).cells
    total, *pids = "".join(o.text for c in cells for o in c.get("outputs", [])).split()
    assert int(total) == numbers.x.sum()
    assert len(pids) == 1
    until(lambda: not alive(int(pids[0])))
