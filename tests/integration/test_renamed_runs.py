"""Runs find their notebook where it is: renamed, dropped, or with another one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from omegaml_lab.cli import main
from omegaml_lab.core.errors import ObjectNotFoundError, RunFailedError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.client.handles import RunHandle
from tests.integration.apis import Api
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import worker
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

FAILS, MENDED = "raise ValueError('no luck')", "print('mended', n)"
ANOTHER = "print('another one')"
OPENED = "from omegaml_lab.omega import Omega\nom = Omega()"
X = np.array([[0.0], [1.0]])


def put(omega: Omega, name: str, *code: str) -> None:
    omega.jobs.put(notebook("steps = 1", *code, parameters="n = 0"), name)


def model(slope: float) -> LinearRegression:
    return LinearRegression().fit(X, [0, slope])


def say_right():
    return "right"


def say_another():
    return "another one"


def said(omega: Omega, run: Run) -> str:
    return printed(omega.jobs.get(str(run.result)))


@pytest.fixture(scope="module")
def waiting(shared: Omega) -> dict[str, Any]:
    """What was asked for before there is a worker, and was renamed since."""
    om, handles = shared, dict[str, Any]()
    for name in ("plain", "folder/in", "dropped", "away"):
        put(om, name, "print('right')")
        handles[name] = om.runtime.job(name).run()
    put(om, "pinned", "print('first')")
    put(om, "pinned", "print('second')")
    handles["pinned"] = om.runtime.job("pinned@1").run()
    put(om, "from/modules", "import helper", "print(helper.WHERE, open('where.txt').read())")
    for folder in ("from", "to"):
        om.jobs.put(f"WHERE = {folder!r}".encode(), f"{folder}/helper.py", kind="file")
        om.jobs.put(folder.encode(), f"{folder}/where.txt", kind="file")
    handles["modules"] = om.runtime.job("from/modules").run()
    put(om, "due", "print('right')")
    schedule = om.runtime.schedules.add("due", "daily at 3:00", overlap="queue")
    handles["due"] = RunHandle(om.runtime, om.runtime.schedules.run_now(schedule.id))
    for name in ("asked", "fitted", "replaced"):
        om.models.put(model(1), f"m/{name}")
    om.scripts.put(say_right, "s")
    handles["asked"] = om.runtime.model("m/asked").start("predict", [[1.0]])
    handles["fitted"] = om.runtime.model("m/fitted").start("fit", X, [0, 5])
    handles["replaced"] = om.runtime.model("m/replaced").start("predict", [[1.0]])
    handles["script"] = om.runtime.script("s").start()

    om.jobs.rename("plain", "plain2")
    om.jobs.rename("folder", "folder2")
    om.jobs.drop("dropped")
    om.jobs.move("away", bucket="theirs")
    om.jobs.rename("pinned", "pinned2")
    om.jobs.rename("from/modules", "to/modules")
    om.jobs.rename("due", "due2")
    for name in ("plain", "folder/in", "dropped", "away", "pinned", "from/modules", "due"):
        put(om, name, ANOTHER)
    put(om, "pinned", ANOTHER)
    for name in ("asked", "fitted"):
        om.models.rename(f"m/{name}", f"m/{name}2")
    om.models.drop("m/replaced")
    for name in ("asked", "fitted", "replaced"):
        om.models.put(model(2), f"m/{name}")
    om.scripts.rename("s", "s2")
    om.scripts.put(say_another, "s")
    return handles


@pytest.fixture(scope="module")
def asked(
    shared: Omega, waiting: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The same, and now there is a worker."""
    with worker(shared, tmp_path_factory.mktemp("worker"), concurrency="2", kept_kernels="2"):
        yield waiting


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "right"),
        ("folder/in", "right"),
        ("pinned", "first"),
        ("modules", "to to"),  # what is beside it now
    ],
)
def test_a_notebook_that_was_renamed_is_run_and_no_other_one(
    shared: Omega, asked: dict[str, Any], name: str, expected: str
) -> None:
    run = asked[name].wait(60, check=True).run
    assert said(shared, run) == f"{expected}\n"


def test_what_was_due_is_run_where_its_notebook_is(shared: Omega, asked: dict[str, Any]) -> None:
    run = asked["due"].wait(60, check=True).run
    assert said(shared, run) == "right\n"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dropped", r"It is in the trash: restore('dropped.ipynb') brings it back."),
        ("away", r"It is in the bucket 'theirs' now, as 'away.ipynb'."),
    ],
)
def test_what_is_not_there_fails_and_says_where_it_is(
    asked: dict[str, Any], name: str, told: str
) -> None:
    run = asked[name].wait(60).run
    assert run.status is Status.FAILED
    assert run.error.name == "ObjectNotFoundError"
    assert told in run.error.message
    assert run.result is None  # nothing of it was executed


def test_a_model_that_was_renamed_is_asked_and_no_other_one(asked: dict[str, Any]) -> None:
    assert asked["asked"].get(60).tolist() == pytest.approx([1])
    assert asked["script"].get(60) == "right"
    with pytest.raises(RunFailedError, match="It is in the trash: restore"):
        asked["replaced"].get(60)


def test_a_model_is_fitted_where_it_is(shared: Omega, asked: dict[str, Any]) -> None:
    answer = asked["fitted"].get(60)
    assert (answer["name"], answer["revision"]) == ("m/fitted2", 2)
    assert shared.models.get("m/fitted2").coef_.tolist() == pytest.approx([5])
    assert shared.models.metadata("m/fitted").revision == 1


@pytest.mark.usefixtures("asked")
def test_what_is_tried_again_or_follows_is_run_where_it_is_then(shared: Omega) -> None:
    put(
        shared,
        "tried",
        OPENED,
        "if om.jobs.exists('tried'):\n    om.jobs.rename('tried', 'tried2')\n    1 / 0",
        "print('right')",
    )
    put(shared, "first", OPENED, "_ = om.jobs.rename('next', 'next2')")
    put(shared, "next", "print('right')")
    tried = shared.runtime.job("tried").run(limits={"retries": 1, "retry_wait": 0.1})
    chain = shared.runtime.chain("first", "next").wait(60)
    assert said(shared, tried.wait(60, check=True).run) == "right\n"
    assert said(shared, chain.runs[1]) == "right\n"


@pytest.mark.usefixtures("asked")
def test_a_call_is_made_again_where_its_model_is(shared: Omega) -> None:
    shared.models.put(model(3), "again")
    call = shared.runtime.model("again").start("predict", [[1.0]])
    assert call.get(60).tolist() == pytest.approx([3])
    shared.models.rename("again", "again2")
    shared.models.put(model(4), "again")
    # Within the second in which a look at the name is good for further calls.
    assert shared.runtime.model("again").start("predict", [[1.0]]).get(60)[0] == pytest.approx(4)
    run = shared.runtime.runs.rerun(call.id)
    assert run.job == "again2"
    done = shared.runtime.calls.wait(run, 60)
    assert shared.runtime.calls.answer(done).tolist() == pytest.approx([3])


@pytest.mark.usefixtures("asked")
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


@pytest.mark.usefixtures("asked")
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
        assert one["job_now"] == "told/b.ipynb"
        assert listed[run.id] == one
        assert "object" not in one
        assert api.ask("POST", f"runs/{run.id}/rerun", 201, {})["job_path"] == "told/b.ipynb"
        cancelled = api.ask("POST", f"runs/{run.id}/cancel", 200)
        assert cancelled["job_path"] == "told/b.ipynb"
        shared.jobs.drop("told/b")
        assert api.ask("GET", f"runs/{run.id}", 200)["job_path"] == "told/a.ipynb"
