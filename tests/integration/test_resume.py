"""Resuming a failed run in its kernel, with a real worker."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import OmegaError, ResumeError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from tests.integration.notebooks import markdown, notebook, printed
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.handles import RunHandle

FIRST = "import os, pathlib\nsteps = ['first']\npathlib.Path(note).write_text(str(os.getpid()))"
FAILS = "raise ValueError('no luck')"
LAST = "print(n, steps, os.environ['OMEGA_RUN'])"


@pytest.fixture(scope="module", autouse=True)
def _going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="1", kept_kernels="2"):
        yield


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "pid"


def put(omega: Omega, *cells: str) -> None:
    omega.jobs.put(notebook(FIRST, *cells, parameters="n = 0\nnote = '/dev/null'"), "job")


def failed(omega: Omega, note: Path, *cells: str, **limits: object) -> RunHandle:
    put(omega, *(cells or (FAILS, LAST)))
    run = omega.runtime.job("job").run({"n": 7, "note": str(note)}, limits=limits).wait(60)
    assert run.run.status is Status.FAILED
    return run


def test_a_run_goes_on_at_the_cell_that_failed(shared: Omega, note: Path) -> None:
    run = failed(shared, note)
    pid = int(note.read_text())
    assert run.run.kept_until is not None
    assert alive(pid)
    mended = notebook(FIRST, "print('mended')", LAST, parameters="n = 0\nnote = '/dev/null'")
    mended.cells.insert(2, markdown("more to read"))
    shared.jobs.put(mended, "job")
    note.unlink()
    again = run.resume().wait(60, check=True)
    assert (again.run.resumes, again.run.progress.done) == (run.id, 5)
    assert not note.exists()  # what has been run is not run again
    result = shared.jobs.get(Name(str(again.result)))
    assert printed(result) == f"mended\n7 ['first'] {again.id}\n"
    assert [c.execution_count for c in result.cells if c.cell_type == "code"] == [1, 2, 3, 5, 6]
    before = shared.runtime.runs.get(run.id)
    assert (before.kept_until, before.resumed_by) == (None, again.id)
    until(lambda: not alive(pid))
    with pytest.raises(ResumeError, match="it succeeded"):
        again.resume()
    with pytest.raises(ResumeError, match=f"{again.id} resumes it already"):
        run.resume()


def test_what_fails_again_is_resumed_again_and_may_be_cancelled(shared: Omega, note: Path) -> None:
    run = failed(shared, note)
    put(shared, "print('one')", "raise OSError")
    second = run.resume().wait(60)
    assert (second.status, second.run.error and second.run.error.cell) == (Status.FAILED, 4)
    put(shared, "print('one')", "import time; time.sleep(600)")
    third = second.resume()
    until(lambda: third.progress.done == 4)
    assert printed(shared.jobs.get(Name(str(second.result)))) == "one\n"
    # Beside it, the worker with its one place takes the next run.
    shared.jobs.put(notebook("1"), "other")
    assert shared.runtime.job("other").run().wait(60).run.status is Status.SUCCEEDED
    assert third.cancel().wait(60).run.status is Status.CANCELLED
    until(lambda: not alive(int(note.read_text())))
    with pytest.raises(ResumeError, match="cancelled"):
        third.resume()


def test_what_was_run_must_be_as_it_was(shared: Omega, note: Path) -> None:
    run = failed(shared, note)
    good = shared.runtime.job("job").revision
    put(shared, LAST)
    shared.jobs.put(notebook("other", LAST, parameters="n = 0\nnote = '/dev/null'"), "job")
    with pytest.raises(ResumeError, match="cell 2 is not as it was") as caught:
        run.resume()
    assert caught.value.cell == 1
    # One that the worker finds leaves the kernel to be resumed.
    runs = shared.runtime.runs.records
    shared.storage.records("runs").update(run.id, set={"executed": []})
    refused = run.resume().wait(60).run
    assert refused.error is not None
    assert (refused.error.name, "cell 2 is not" in refused.error.message) == ("ResumeError", True)
    assert runs.get(run.id).kept_until is not None
    again = run.resume(revision=good).wait(60).run
    assert again.error is not None
    assert again.error.name == "ValueError"


def test_of_many_who_resume_at_once_one_wins(shared: Omega, note: Path) -> None:
    run = failed(shared, note)
    put(shared, LAST)
    won, lost = list[str](), list[str]()
    together = threading.Barrier(4)

    def resume() -> None:
        together.wait()
        try:
            won.append(shared.runtime.runs.resume(run.id).id)
        except OmegaError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=resume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    assert all("resumes it already" in each for each in lost)
    until(lambda: shared.runtime.runs.get(won[0]).status is Status.SUCCEEDED)


def test_a_kernel_is_kept_no_longer_than_it_may(shared: Omega, note: Path) -> None:
    expired = failed(shared, note, keep_kernel="1 s")
    pid = int(note.read_text())
    until(lambda: not alive(pid))
    with pytest.raises(ResumeError, match=r"kept until|is not kept any more") as caught:
        expired.resume()
    assert "Run its notebook again" in str(caught.value)
    with pytest.raises(ResumeError, match="was not kept"):
        failed(shared, note, keep_kernel=0).resume()
    # Too many, and too large.
    oldest = failed(shared, note)
    pid = int(note.read_text())
    grows = (
        "import threading\nthreading.Timer(0.5, lambda: globals().update(x=b'x' * 10**9)).start()"
    )
    failed(shared, note, f"{grows}\n{FAILS}", memory="500 MB")
    large = int(note.read_text())
    failed(shared, note)
    until(lambda: not alive(pid) and not alive(large))
    until(lambda: shared.runtime.runs.get(oldest.id).kept_until is None)


def test_one_that_is_tried_again_keeps_the_kernel_of_its_last_attempt(
    shared: Omega, note: Path
) -> None:
    run = failed(shared, note, retries=1, retry_wait="0.1 s")
    assert (run.run.attempt, run.run.kept_until is not None) == (2, True)
    put(shared, LAST, "import time; time.sleep(600)")
    resumed = shared.runtime.runs
    shared.storage.records("runs").update(run.id, set={"limits.timeout": 1.0})
    late = run.resume().wait(60)
    assert late.run.error is not None
    assert (late.run.error.name, late.run.attempt) == ("TimeLimitError", 1)
    assert resumed.get(late.id).kept_until is None
