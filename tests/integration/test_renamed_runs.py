"""Runs find their notebook where it is: renamed, dropped, or with another one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.cli import main
from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.runs import Status
from tests.integration.apis import Api
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import worker
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega

FAILS, MENDED = "raise ValueError('no luck')", "print('mended', n)"


@pytest.fixture(scope="module")
def _working(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="1", kept_kernels="2"):
        yield


def put(omega: Omega, name: str, code: str) -> None:
    omega.jobs.put(notebook("steps = 1", code, parameters="n = 0"), name)


@pytest.mark.usefixtures("_working")
def test_resumed_and_run_again_where_the_notebook_is(
    shared: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shared, "trial/f", FAILS)
    run = shared.runtime.job("trial/f").run({"n": 7}).wait(60)
    assert run.run.kept_until is not None
    shared.jobs.rename("trial/f", "trial/f2")
    shared.jobs.rename("trial", "done")
    put(shared, "trial/f", "print('another one')")
    put(shared, "done/f2", MENDED)
    for again in (run.resume(), run.rerun({"n": 7})):
        assert again.wait(60, check=True).run.job == "done/f2.ipynb"
        assert printed(shared.jobs.get(str(again.result))) == "mended 7\n"
    earlier = run.rerun(revision=run.run.revision).wait(60).run
    assert (earlier.job, earlier.status) == ("done/f2.ipynb", Status.FAILED)
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path))
    assert main(["runs", "rerun", run.id, "-p", "n=8"]) == 0
    newest = shared.runtime.runs.list("done/f2").items[0]
    assert newest.parameters == {"n": 8}


@pytest.mark.usefixtures("_working")
def test_a_group_is_tried_again_where_the_notebook_is(shared: Omega) -> None:
    put(shared, "each", FAILS)
    group = shared.runtime.job("each").grid({"n": [1, 2]}).wait(60)
    shared.jobs.rename("each", "every")
    put(shared, "every", MENDED)
    assert shared.runtime.groups.retry(group.id) == 2
    assert {run.job for run in group.wait(60).runs} == {"every.ipynb"}


def test_what_was_dropped_is_not_found_under_its_name(omega: Omega) -> None:
    put(omega, "gone", MENDED)
    run = omega.runtime.job("gone").run()
    omega.jobs.drop("gone")
    with pytest.raises(ObjectNotFoundError, match=r"'gone\.ipynb'"):
        run.rerun()
    put(omega, "gone", MENDED)  # it stands in
    assert run.rerun().run.job == "gone.ipynb"
    omega.jobs.move("gone", bucket="theirs")
    with pytest.raises(ObjectNotFoundError, match=r"'gone\.ipynb'"):
        run.rerun()


def test_the_server_tells_where_the_notebook_is(shared: Omega, tmp_path: Path) -> None:
    put(shared, "told/a", MENDED)
    run = shared.runtime.job("told/a").run(label="nobody").run
    assert run.object is not None
    shared.jobs.rename("told/a", "told/b")
    with jupyter_server(tmp_path, shared.url, root="repository") as server:
        api = Api(server)
        one = api.ask("GET", f"runs/{run.id}", 200)
        listed = {r["id"]: r for r in api.ask("GET", "runs", 200)["items"]}
        assert (one["job"], one["job_path"]) == ("told/a.ipynb", "told/b.ipynb")
        assert listed[run.id] == one
        assert "object" not in one
        assert api.ask("POST", f"runs/{run.id}/rerun", 201, {})["job_path"] == "told/b.ipynb"
        cancelled = api.ask("POST", f"runs/{run.id}/cancel", 200)
        assert cancelled["job_path"] == "told/b.ipynb"
        shared.jobs.drop("told/b")
        assert api.ask("GET", f"runs/{run.id}", 200)["job_path"] == "told/a.ipynb"
