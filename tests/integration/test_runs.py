"""Runs on a real worker: parameters, progress, outputs, errors, and kernels that misbehave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import (
    InvalidNotebookError,
    InvalidParameterError,
    InvalidTransitionError,
    KernelNotOfferedError,
    ObjectNotFoundError,
    RunFailedError,
    RunNotFoundError,
    RunTimeoutError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.client.handles import RunHandle
from tests.integration.notebooks import WAIT, markdown, notebook, printed
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega
    from tests.integration.processes import Process


@pytest.fixture(scope="module", autouse=True)
def going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="2") as process:
        yield process


def start(omega: Omega, name: str, node: Any, **params: Any) -> RunHandle:
    omega.jobs.put(node, name)
    return omega.runtime.job(name).run(params)


def result_of(omega: Omega, run: RunHandle) -> Any:
    return omega.jobs.get(Name(str(run.result)))


def test_a_run_executes_the_notebook_with_its_parameters(shared: Omega) -> None:
    node = notebook("print(carrier, n)", parameters="carrier = 'UA'  # airline\nn = 3")
    run = start(shared, "folder/flights", node, carrier='D"L\\', n=5).wait(60, check=True)
    assert run.status is Status.SUCCEEDED
    assert (run.progress.done, run.progress.total) == (3, 3)
    assert run.run.parameters == {"carrier": 'D"L\\', "n": 5}
    assert run.run.worker is not None
    assert run.run.started_at is not None
    assert run.run.queued_at <= run.run.started_at <= run.run.ended_at  # type: ignore[operator]
    assert str(run.result).startswith("results/folder/flights/")
    assert printed(result_of(shared, run)) == 'D"L\\ 5\n'
    assert run.run.log == 'D"L\\ 5\n'
    assert shared.jobs.metadata(Name(str(run.result))).attributes["run"] == run.id


def test_a_run_imports_what_is_beside_its_notebook(shared: Omega) -> None:
    text = b"import os\ndef where():\n    return __file__, os.environ['OMEGA_RUN']\n"
    shared.jobs.put(text, Name("[ü] 1/omt_helper.py"), kind="file")
    shared.jobs.put(b"value = 1", Name("[ü] 1/omt_pack/__init__.py"), kind="file")
    shared.jobs.put(b"value = 2", Name("[ü] 1/omt_pack/__init__.py"), kind="file")
    node = notebook(
        "import omt_pack\nfrom omt_helper import where\nprint(omt_pack.value, *where())"
    )
    run = start(shared, "[ü] 1/uses", node).wait(60, check=True)
    value, file, id_ = printed(result_of(shared, run)).split()
    assert (value, id_) == ("2", run.id)
    assert not Path(file).parent.exists()  # it went with the run
    links = shared.runtime.runs.lineage(run.id).links
    read = {str(link.source) for link in links if link.relation == "read"}
    assert read == {"jobs [ü] 1/omt_helper.py@1", "jobs [ü] 1/omt_pack/__init__.py@2"}
    failed = start(shared, "elsewhere", node).wait(60)
    assert failed.run.error is not None
    assert failed.run.error.message == "No module named 'omt_pack'"


def test_parameters_are_known_and_checked(shared: Omega) -> None:
    shared.jobs.put(notebook(parameters="carrier = 'UA'  # airline\nn: int = 3"), "checked")
    job = shared.runtime.job("checked")
    assert [(p.name, p.type, p.default, p.help) for p in job.parameters()] == [
        ("carrier", "str", "UA", "airline"),
        ("n", "int", 3, ""),
    ]
    with pytest.raises(InvalidParameterError, match=r"Did you mean 'carrier'.*carrier, n"):
        job.run({"carier": "UA"})
    with pytest.raises(InvalidParameterError, match="whole number"):
        job.run({"n": "3"})
    shared.jobs.put(notebook("1"), "without")
    with pytest.raises(InvalidParameterError, match="takes no parameters"):
        shared.runtime.job("without").run({"n": 3})


def test_what_cannot_be_run_is_refused(shared: Omega) -> None:
    with pytest.raises(ObjectNotFoundError, match="no such thing"):
        shared.runtime.job("no such thing")
    shared.jobs.put(b"text", "readme.md")
    with pytest.raises(InvalidNotebookError, match="only notebooks"):
        shared.runtime.job("readme.md")
    with pytest.raises(RunNotFoundError):
        shared.runtime.runs.get("nothing")


def test_outputs_and_progress_show_while_it_runs(shared: Omega, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    node = notebook("print('early')", f"print('late')\n{WAIT}", "3", parameters="flag = ''")
    node.cells.insert(0, markdown("# Title"))
    run = start(shared, "live", node, flag=str(flag))
    until(lambda: run.progress.current == 4, what=lambda: str(run.run))
    assert (run.progress.done, run.progress.total) == (3, 5)  # injected parameters count
    until(lambda: printed(result_of(shared, run)) == "early\nlate\n")
    until(lambda: run.refresh().run.log == "early\nlate\n")
    flag.touch()
    assert run.wait(60).status is Status.SUCCEEDED
    assert result_of(shared, run).cells[-1].outputs[0].data["text/plain"] == "3"


def test_an_error_is_kept_with_the_outputs_before_it(shared: Omega) -> None:
    run = start(shared, "broken", notebook("print('before')", "1/0", "print('after')")).wait(60)
    assert run.status is Status.FAILED
    error = run.error
    assert error is not None
    assert (error.name, error.message, error.cell) == ("ZeroDivisionError", "division by zero", 1)
    assert any("ZeroDivisionError" in line for line in error.traceback)
    assert (run.progress.done, run.progress.total, run.progress.current) == (1, 3, 1)
    result = result_of(shared, run)
    assert printed(result) == "before\n"
    assert result.cells[1].outputs[0].ename == "ZeroDivisionError"
    with pytest.raises(RunFailedError, match="division by zero"):
        run.wait(check=True)


def test_leaving_early_is_no_failure(shared: Omega) -> None:
    run = start(shared, "leave", notebook("import sys; sys.exit(0)", "1/0")).wait(60)
    assert run.status is Status.SUCCEEDED


@pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_kernel_that_dies_fails_the_run_and_not_the_worker(shared: Omega, death: str) -> None:
    node = notebook("print('alive')", f"import os\n{death}")
    run = start(shared, "dies", node).wait(60)
    assert run.status is Status.FAILED
    assert run.error is not None
    assert run.error.cell == 1
    assert ("code 3" if "_exit" in death else "SIGKILL") in run.error.message
    assert printed(result_of(shared, run)) == "alive\n"
    assert start(shared, "lives", notebook("1")).wait(60).status is Status.SUCCEEDED


def test_a_missing_kernel_is_named_with_those_that_exist(shared: Omega) -> None:
    shared.jobs.put(notebook("1", kernel="julia-99"), "julia")
    job = shared.runtime.job("julia")
    for ask in (job.run, lambda: job.map([{}])):
        with pytest.raises(KernelNotOfferedError, match=r"'julia-99'.*'python3'"):
            ask()
    run = RunHandle(shared.runtime, job.submit({})).wait(60)  # as a schedule does
    assert run.status is Status.FAILED
    assert run.error is not None
    assert "'julia-99'" in run.error.message
    assert "'python3'" in run.error.message


def test_the_kernel_is_alone_in_an_empty_folder_and_knows_its_repository(shared: Omega) -> None:
    source = (
        "import os, json\n"
        "print(json.dumps([os.getcwd(), os.listdir(), os.getpid() == os.getpgid(0)]))\n"
        "import omegaml_lab as om\n"
        "om.datasets.put({'a': 1}, 'from-inside')\n"
        "print(os.environ['OMEGA_RUN'])"
    )
    run = start(shared, "alone/inside", notebook(source)).wait(60, check=True)
    first, second = printed(result_of(shared, run)).splitlines()
    import json

    folder, files, leads = json.loads(first)
    assert files == []
    assert leads
    assert not Path(folder).exists()
    assert second == run.id
    assert shared.datasets.get("from-inside") == {"a": 1}


def test_widget_state_is_saved(shared: Omega) -> None:
    source = "import ipywidgets\nipywidgets.IntSlider(value=7)"
    run = start(shared, "widget", notebook(source)).wait(60, check=True)
    widgets = result_of(shared, run).metadata.widgets["application/vnd.jupyter.widget-state+json"]
    values = [model["state"].get("value") for model in widgets["state"].values()]
    assert 7 in values


def test_many_small_cells_are_saved_together(shared: Omega) -> None:
    run = start(shared, "many", notebook(*["1"] * 300)).wait(120, check=True)
    assert run.progress.done == 300
    # One state each half second at most: not one for each cell.
    assert shared.jobs.metadata(Name(str(run.result))).revision < 100


@pytest.mark.long
def test_a_cell_that_prints_faster_than_is_read_succeeds(shared: Omega) -> None:
    shared.jobs.put("for i in range(40_000):\n    print(i, flush=True)", "chatty")
    run = shared.runtime.job("chatty").run(wait=True)
    assert run.status == "succeeded", run.error
    text = "".join(out.text for out in shared.jobs.get(run.result).cells[0].outputs)
    assert text == "".join(f"{i}\n" for i in range(40_000))


def test_a_run_keeps_the_revision_it_was_asked_for(shared: Omega) -> None:
    shared.jobs.put(notebook("print('old')"), "pinned")
    job = shared.runtime.job("pinned")
    shared.jobs.put(notebook("print('new')"), "pinned")
    run = job.run(wait=True)
    assert (run.run.revision, printed(result_of(shared, run))) == (1, "old\n")
    again = run.rerun().wait(60)
    assert (again.run.revision, printed(result_of(shared, again))) == (2, "new\n")
    first = again.rerun(revision=1).wait(60)
    assert (first.run.revision, printed(result_of(shared, first))) == (1, "old\n")
    with pytest.raises(ObjectNotFoundError, match="pinned"):
        again.rerun(revision=9)


def test_runs_are_listed_newest_first(shared: Omega) -> None:
    node = notebook("1")
    runs = [start(shared, "listed", node).wait(60).id for _ in range(3)]
    page = shared.runtime.runs.list("listed", limit=2)
    assert ([run.id for run in page.items], page.total) == ([runs[2], runs[1]], 3)
    assert shared.runtime.runs.list("listed", "failed").total == 0


def test_waiting_ends_in_time_and_the_run_goes_on(shared: Omega, tmp_path: Path) -> None:
    run = start(shared, "slow", notebook(WAIT, parameters="flag = ''"), flag=str(tmp_path / "f"))
    with pytest.raises(RunTimeoutError, match="goes on"):
        run.wait(0.3)
    (tmp_path / "f").touch()
    assert run.wait(60).status is Status.SUCCEEDED


def test_a_run_for_another_label_waits_and_can_be_cancelled(shared: Omega) -> None:
    shared.jobs.put(notebook("1"), "picky")
    run = shared.runtime.job("picky").run(label="gpu")
    assert run.status is Status.QUEUED
    assert "omega worker --label gpu" in str(run.notice)
    assert run.cancel().wait(10).status is Status.CANCELLED
    with pytest.raises(InvalidTransitionError):
        run.cancel()


def test_secrets_stay_out_of_log_and_error(shared: Omega, going: Process) -> None:
    source = "import os\nraise ValueError(os.environ['OMEGA_MONGO_URL'])"
    run = start(
        shared, "leak", notebook("import os\nprint(os.environ['OMEGA_MONGO_URL'])", source)
    )
    run.wait(60)
    from omegaml_lab.runtime.notebooks.log import secrets_of

    for secret in secrets_of(shared.url):
        assert secret not in f"{run.run}"
        assert secret not in going.said()
    assert "mongodb://" in run.run.log


def test_papermill_reads_and_writes_the_repository(shared: Omega, tmp_path: Path) -> None:
    shared.jobs.put(notebook("print(x)", parameters="x = 1"), "a")
    command = [sys.executable, "-m", "papermill", "omega://jobs/a", "omega://jobs/b", "-p", "x"]
    environment = {"OMEGA_MONGO_URL": shared.url, "OMEGA_HOME": str(tmp_path), "PATH": "/usr/bin"}
    done = subprocess.run(
        [*command, "2", "--engine", "omega"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert printed(shared.jobs.get("b")) == "2\n"


def test_a_run_tells_what_it_read_and_wrote(shared: Omega) -> None:
    shared.datasets.put([1, 2, 3], "lineage/in")
    code = """import omegaml_lab as om
om.datasets.put(sum(om.datasets.get('lineage/in')), 'lineage/out')"""
    run = start(shared, "lineage/job", notebook(code)).wait(60, check=True)
    assert shared.datasets.metadata("lineage/out").run == run.id
    lineage = shared.runtime.runs.lineage(run.id)
    assert {str(node) for node in lineage.sources()} == {
        "jobs lineage/job.ipynb@1",
        "datasets lineage/in@1",
    }
    assert {node.name for node in lineage.results()} == {"lineage/out", run.result}  # type: ignore[union-attr]
    (maker,) = shared.datasets.lineage("lineage/out").sources()
    assert maker == lineage.of
    assert shared.jobs.metadata(Name(str(run.result))).run == run.id
