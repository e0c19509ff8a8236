"""Calls on a real worker: models, scripts, data by name and in hand, and what goes wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, SGDRegressor

import omegaml_lab as om
from omegaml_lab.cli import main
from omegaml_lab.core.errors import (
    InvalidCallError,
    InvalidParameterError,
    ObjectNotFoundError,
    RunFailedError,
    RunTimeoutError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import alive, until, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 1.0, 0.0, 1.0]})
Y = pd.Series([2.0, 4.0, 6.0, 8.0], name="y")


@pytest.fixture(scope="module", autouse=True)
def going(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    shared.models.put(LinearRegression().fit(X, Y), "line")
    shared.datasets.put(X, "X")
    shared.datasets.put(Y, "folder/y")
    folder, key = tmp_path_factory.mktemp("worker"), shared.config.home / "signing.key"
    with worker(shared, folder, concurrency="2", signing_key_file=str(key)):
        yield


def test_a_worker_predicts_like_this_process(shared: Omega) -> None:
    model = shared.runtime.model("line")
    here = shared.models.get("line").predict(X)
    for there in (model.predict(X), model.predict("X"), model.local.predict("X")):
        assert isinstance(there, np.ndarray)
        np.testing.assert_array_equal(there, here)
    np.testing.assert_array_equal(model.predict(X.to_numpy()[:1]), here[:1])
    assert model.score("X", "folder/y") == 1.0
    run = shared.runtime.runs.list().items[0]
    assert (run.kind, run.job, run.revision, run.status) == ("model", "line", 1, "succeeded")
    assert run.to_dict()["call"] == {"method": "score", "args": ["X", "folder/y"], "kwargs": {}}
    assert run.worker
    assert "answer" not in run.to_dict()


def test_fitting_makes_a_revision(shared: Omega) -> None:
    shared.models.put(SGDRegressor(random_state=1), "odd name/ü%+[1]")
    model = shared.runtime.model("odd name/ü%+[1]")
    assert model.fit("X", "folder/y") is model
    assert model.revision == 2
    model.partial_fit(X, Y, sample_weight=np.ones(4))
    assert model.revision == shared.models.metadata("odd name/ü%+[1]").revision == 3
    assert shared.models.metadata("odd name/ü%+[1]").kind == "sklearn.skops"
    assert len(model.predict("X")) == 4
    assert model.local.fit(X, Y).revision == 4
    # It is at revision 3 still, and does not undo what it has not seen.
    with pytest.raises(RunFailedError, match=r"ConflictError.*revision 4, not 3"):
        model.fit(X, Y)


def test_what_is_large_goes_through_the_repository(shared: Omega) -> None:
    large = pd.DataFrame(np.random.default_rng(1).normal(size=(50_000, 2)), columns=["a", "b"])
    model = shared.runtime.model("line")
    call = model.start("predict", large)
    np.testing.assert_array_equal(call.get(60), model.local.predict(large))
    assert shared.runtime.calls.stores.calls.list() == [f"{call.id}/0", f"{call.id}/answer"]
    assert "kept" in (call.run.answer or {})
    for store in ("datasets", "models"):
        assert not any(call.id in name for name in shared.store(store).list())


def test_errors_come_back(shared: Omega) -> None:
    model = shared.runtime.model("line")
    with pytest.raises(RunFailedError, match="ValueError: "):
        model.predict(X.rename(columns={"a": "z"}))
    with pytest.raises(RunFailedError, match=r"InvalidCallError.*LinearRegression.*It has: fit"):
        model.predict_proba(X)
    with pytest.raises(RunFailedError, match="ObjectNotFoundError: There is no 'nothing'"):
        model.predict("nothing")
    with pytest.raises(InvalidCallError, match="Did you mean 'predict'"):
        model.start("predcit", X)
    with pytest.raises(ObjectNotFoundError):
        shared.runtime.model("nothing")
    failed = shared.runtime.runs.list().items[0]
    assert failed.error
    assert any("ObjectNotFoundError" in line for line in failed.error.traceback)


def test_scripts_run_in_a_process_of_their_own(shared: Omega) -> None:
    def where(path: str, *, n: int = 1):
        import builtins
        import os

        import omegaml_lab as om

        before = getattr(builtins, "left_behind", None)
        builtins.left_behind = True
        print("printed", path)
        om.datasets.put({"n": n}, path)
        return {"pid": os.getpid(), "before": before, "run": os.environ["OMEGA_RUN"]}

    shared.scripts.put(where, "where")
    script = shared.runtime.script("where")
    assert [p.name for p in script.parameters()] == ["path", "n"]
    one = script.start("made/by a script", n=3)
    answers = [one.get(60), script.run("made/again")]
    assert shared.datasets.get("made/by a script") == {"n": 3}
    assert [answer["before"] for answer in answers] == [None, None]
    assert len({os.getpid(), *(answer["pid"] for answer in answers)}) == 3
    assert answers[0]["run"] == one.id
    assert one.run.log == "printed made/by a script\n"

    def pid():
        import os

        return os.getpid()

    shared.scripts.put(pid, "pid")
    assert shared.runtime.script("pid").local.run() == os.getpid()


def forks() -> str:
    import os
    import time

    if os.fork() == 0:
        return "the child"
    time.sleep(0.5)
    return "the parent"


def test_a_child_that_comes_back_from_a_script_does_not_answer_for_it(shared: Omega) -> None:
    shared.scripts.put(forks, "forks")
    assert shared.runtime.script("forks").run() == "the parent"


def loaded(*names: str) -> list[str]:
    import sys

    return [name for name in names if name in sys.modules]


def test_what_calls_need_is_loaded_ahead_and_not_in_kernels(shared: Omega) -> None:
    shared.scripts.put(loaded, "loaded")
    script = shared.runtime.script("loaded")
    ahead = ["omegaml_lab.runtime.client.runtime", "skops.io", "sklearn.linear_model"]
    assert script.run(*ahead, "kombu", "celery", "IPython") == ahead
    source = "import sys\nprint([n for n in ('skops', 'sklearn', '_pytest') if n in sys.modules])"
    shared.jobs.put(notebook(source), "loaded")
    run = shared.runtime.job("loaded").run(wait=True)
    assert printed(shared.jobs.get(Name(str(run.result)))) == "[]\n"


def test_arguments_and_answers_are_exact(shared: Omega) -> None:
    def same(*args, **kwargs):
        return [list(args), kwargs]

    shared.scripts.put(same, "same")
    script = shared.runtime.script("same")
    value = {"$set": (1, {2, 3}), "a.b": b"x", 1: np.int8(3), "when": pd.Timestamp("2026-01-01")}
    args, kwargs = script.run("X", value, None, label=1, wait=[1.5, float("inf")])
    assert args == ["X", value, None]  # a script takes text as text
    assert type(args[1][1]) is np.int8
    assert kwargs == {"label": 1, "wait": [1.5, float("inf")]}

    def back(frame):
        return frame

    shared.scripts.put(back, "back")
    odd = X.set_index(pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a"), (2, "b")]))
    for frame in (odd, X.astype({"b": "Int8"}), X["a"], X.head(0), X.set_axis([1, "1"], axis=1)):
        got = shared.runtime.script("back").run(frame)
        assert type(got) is type(frame)
        assert got.equals(frame)
        assert list(got.index) == list(frame.index)


def test_a_call_is_cancelled_like_any_run(shared: Omega) -> None:
    def sleeps():
        import os
        import time

        import omegaml_lab as om

        om.datasets.put(os.getpid(), "pid")
        time.sleep(600)

    shared.scripts.put(sleeps, "sleeps")
    call = shared.runtime.script("sleeps").start()
    until(lambda: shared.datasets.exists("pid"))
    with pytest.raises(RunTimeoutError, match="goes on"):
        call.get(0.1)
    call.cancel()
    with pytest.raises(RunFailedError, match="cancelled"):
        call.get(30)
    assert not alive(shared.datasets.get("pid"))


def test_a_crash_is_that_of_the_call_alone(shared: Omega) -> None:
    def crash():
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSEGV)

    shared.scripts.put(crash, "crash")
    call = shared.runtime.script("crash").start()
    with pytest.raises(RunFailedError, match=r"CalleeDiedError.*signal 11"):
        call.get(60)
    assert call.status is Status.FAILED
    assert "Segmentation fault" in call.run.log
    assert "line 5 in crash" in call.run.log
    assert len(shared.runtime.model("line").predict(X)) == 4
    for changed in ({"parameters": {"n": 1}}, {"revision": 1}):
        with pytest.raises(InvalidParameterError, match="made again with what it was given"):
            shared.runtime.runs.rerun(call.id, **changed)
    again = shared.runtime.runs.rerun(call.id)
    assert (again.kind, again.job) == ("script", "crash")


def test_virtual_objects_are_computed_on_the_worker(shared: Omega) -> None:
    def rows():
        import pandas as pd

        return pd.DataFrame({"a": [1.0], "b": [1.0]})

    def doubles():
        class Doubles:
            def predict(self, frame):
                return frame["a"].tolist()

        return Doubles()

    shared.datasets.put(om.virtual(rows), "rows")
    shared.models.put(om.virtual(doubles), "doubles")
    assert shared.runtime.model("doubles").predict("rows") == [1.0]
    assert len(shared.runtime.model("line").predict("rows")) == 1


def test_a_label_says_who_may_take_it(shared: Omega) -> None:
    call = shared.runtime.require("gpu").model("line").start("predict", X)
    assert call.run.label == "gpu"
    assert shared.runtime.label == "default"
    with pytest.raises(RunTimeoutError, match="still queued"):
        call.get(0.2)
    call.cancel()


def test_models_and_scripts_are_called_from_the_command_line(
    shared: Omega, tmp_path, monkeypatch, capfd
) -> None:
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path / "home"))

    def omega(*arguments: str) -> str:
        assert main(arguments) == 0, capfd.readouterr().err
        return capfd.readouterr().out

    here = shared.models.get("line").predict(X).tolist()
    assert json.loads(omega("models", "predict", "line", "X")) == here
    rows = '[{"a": 1, "b": 0}, {"a": 2, "b": 1}]'
    came = json.loads(omega("models", "predict", "line", rows, "--put", "said", "--json"))
    assert came["answer"] == {"dataset": "said", "revision": 1}
    assert came["run"]["kind"] == "model"
    np.testing.assert_allclose(shared.datasets.get("said"), here[:2])
    assert main(["models", "predict", "line", "[1, 2"]) == 2
    assert "no JSON" in capfd.readouterr().err
    shared.models.put(LinearRegression(), "fresh")
    assert json.loads(omega("models", "fit", "fresh", "X", "folder/y"))["revision"] == 2

    (tmp_path / "tool.py").write_text("def run(n: int = 1, *, word='x'):\n    return word * n\n")
    assert "python.module" in omega("scripts", "put", str(tmp_path / "tool.py"), "tool.py")
    assert omega("scripts", "run", "tool.py", "-p", "n=3", "-p", "word=ab") == "ababab\n"
    assert main(["scripts", "run", "tool.py", "-p", "m=3"]) == 1
    assert "does not take that" in capfd.readouterr().err
