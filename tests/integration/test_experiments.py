"""Experiments on a real worker: what runs there tracks itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pandas as pd
from sklearn.linear_model import LinearRegression

from tests.integration.apis import Api
from tests.integration.notebooks import notebook
from tests.integration.processes import worker
from tests.integration.servers import jupyter_server

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


def test_rest(shared: Omega, tmp_path: Path) -> None:
    name = "rest/ü%+ [1]{$x}"
    with shared.runtime.experiment(name) as exp:
        exp.log_param("alpha", float("nan"))
        exp.log_metrics({"loss": float("inf"), "b": 2})
        exp.log_metric("loss", 1)
        run = exp.run.id
    path = quote(name, safe="")
    with jupyter_server(tmp_path, shared.url) as server:
        api = Api(server)
        assert name in {one["name"] for one in api.ask("GET", "experiments", 200)["items"]}
        compared = api.ask("GET", f"experiments/{path}", 200, by="max")
        assert (compared["total"], compared["items"][0]["run"]) == (1, run)
        assert compared["items"][0]["metrics"] == {"b": 2, "loss": "Infinity"}
        values = api.ask("GET", f"values/{path}", 200, metric="loss", offset=1)
        assert [one["value"] for one in values["items"]] == [1]
        assert values["total"] == 2
        for wrong, status in (("experiments/nothing", 404), (f"experiments/{path}?by=odd", 400)):
            assert api.server.ask("GET", f"omega/api/{wrong}").status_code == status
            assert api.server.ask("GET", f"omega/api/{wrong}", anonymous=True).status_code == 403
        api.ask("DELETE", f"experiments/{path}", 204)
        api.ask("GET", f"values/{path}", 404)
    assert shared.runtime.runs.records.find(run) is None
