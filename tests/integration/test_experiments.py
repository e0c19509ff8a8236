"""Experiments on a real worker: what runs there tracks itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sklearn.linear_model import LinearRegression

from tests.integration.notebooks import notebook
from tests.integration.processes import worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

CELL = """
import omegaml_lab as om
exp = om.runtime.experiment("flights")
exp.log_metric("loss", 1 / depth)
exp.log_artifact([depth], "found")
"""
SCRIPT = """
def run(n):
    import omegaml_lab as om
    with om.runtime.experiment("flights") as exp:
        exp.log_metric("inside", n)
    return {"rows": n, "name": "text"}
"""


def test_runs_track_themselves(shared: Omega, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    shared.models.put(LinearRegression(), "line")
    shared.jobs.put(notebook(CELL, parameters="depth = 1"), "train")
    (tmp_path / "count.py").write_text(SCRIPT)
    shared.scripts.put(tmp_path / "count.py", "count")
    with worker(shared, tmp_path):
        for depth in (2, 4):
            handle = shared.runtime.job("train").run({"depth": depth}, experiment="flights")
            assert handle.wait().status == "succeeded"
        with shared.runtime.experiment("flights") as exp:
            model = shared.runtime.model("line")
            model.fit(frame, frame["a"])
            assert model.score(frame, frame["a"]) == 1.0
            shared.runtime.script("count").run(5)
        again = shared.runtime.runs.rerun(handle.id)
        assert again.experiments == ("flights",)
    table = exp.compare().set_index("kind", append=True)
    jobs = table.xs("job", level="kind")
    assert jobs["parameters.depth"].tolist()[-2:] == [4, 2]
    assert jobs["metrics.loss"].tolist()[-2:] == [0.25, 0.5]
    assert jobs["duration"].iloc[-1] > 0
    models = table.xs("model", level="kind")
    assert models["parameters.method"].tolist() == ["score", "fit"]
    assert models["revision"].tolist() == [2, 1]
    assert models["parameters.fit_intercept"].tolist() == [True, True]
    assert models["metrics.score"].iloc[0] == 1
    script = table.xs("script", level="kind").iloc[0]
    assert (script["metrics.inside"], script["metrics.rows"]) == (5, 5)
    assert len(table.xs("local", level="kind")) == 1
    assert exp.artifact("found", run=handle.id) == [4]
