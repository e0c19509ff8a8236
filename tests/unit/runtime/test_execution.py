"""One attempt at a run, in this process: a real kernel, a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import StorageFullError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.kernels import KernelSource
from omegaml_lab.runtime.performer import Performer
from omegaml_lab.store.jobs import JobStore

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


class ShortOfSpace(JobStore):
    """A store on a disk that is full for the first two results, until somebody makes room."""

    refused = 0

    def put(self, obj: Any, name: str | Name, **options: Any) -> Metadata:
        if self.refused < 2 and str(name).startswith("results/"):
            self.refused += 1
            raise StorageFullError("/data")
        return super().put(obj, name, **options)


def perform(omega: Omega, source: Any, *, jobs: JobStore | None = None) -> Run:
    omega.jobs.put(source, "job")
    performer = Performer(
        runs=omega.runtime.runs.records,
        workers=omega.storage.records("workers"),
        jobs=lambda _run: jobs or omega.jobs,
        kernels=KernelSource(),
        environment=lambda _run: {},
    )
    execution = performer.take(omega.runtime.job("job").run().id)
    assert execution is not None
    run = performer.perform(execution)
    assert run is not None
    return run


def test_a_result_waits_for_room_on_a_full_disk(omega: Omega) -> None:
    store = ShortOfSpace(omega.storage, "jobs", registry=omega.registry)
    run = perform(omega, "print('computed')", jobs=store)
    assert store.refused == 2
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    (cell,) = omega.jobs.get(Name(str(run.result))).cells
    assert cell.outputs[0].text == "computed\n"


def test_half_of_a_surrogate_pair_in_a_job_does_not_fail_its_run(omega: Omega) -> None:
    # JSON can say it, UTF-8 cannot.
    text = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "\ud800"}
    node = {"cells": [text], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    run = perform(omega, node)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.jobs.get(Name(str(run.result))).cells[0].source == "\ud800"
