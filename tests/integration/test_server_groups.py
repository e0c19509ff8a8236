"""Groups over REST, checked against the OpenAPI document, and on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.cli import main
from tests.integration.apis import Api
from tests.integration.notebooks import notebook
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def api(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    shared.jobs.put(notebook("print(x)", parameters="x = 0\ny = 'a'"), "odd %.$[ü]/job")
    with jupyter_server(tmp_path_factory.mktemp("api"), shared.url, root="repository") as server:
        yield Api(server)


NAME = "odd %.$[ü]/job"


def test_a_grid_is_started_listed_compared_cancelled_and_run_again(api: Api) -> None:
    body = {"path": f"{NAME}.ipynb", "grid": {"x": [1, 2], "y": ["a", "ü"]}, "at_once": 1}
    asked = {**body, "parameters": {}, "token": "t", "experiment": "of a grid"}
    group = api.ask("POST", "groups", 201, asked)
    assert (group["count"], group["counts"], group["unfinished"]) == (4, {"queued": 4}, 4)
    assert group["varied"] == ["x", "y"]
    assert group["job_paths"] == [f"{NAME}.ipynb"]
    assert api.ask("POST", "groups", 201, {**body, "token": "t"})["id"] == group["id"]
    route = f"groups/{group['id']}"
    assert api.ask("GET", route, 200) == group
    listing = api.ask("GET", "groups", 200, path=f"{NAME}.ipynb")
    assert (listing["items"], listing["total"]) == ([group], 1)
    table = api.ask("GET", f"{route}/table", 200)
    assert [row["parameters"] for row in table["rows"]][1] == {"x": 1, "y": "ü"}
    assert table["columns"]["about"][:2] == ["run", "status"]
    runs = api.ask("GET", "runs", 200, group=group["id"])
    assert [run["experiments"] for run in runs["items"]] == [["of a grid"]] * 4
    assert api.ask("GET", "runs", 200, alone="1")["total"] == 0
    assert api.ask("POST", f"{route}/cancel", 200)["counts"] == {"cancelled": 4}
    again = api.ask("POST", f"{route}/retry", 200)
    assert (again["counts"], again["rounds"]) == ({"queued": 4}, 1)
    api.ask("POST", f"{route}/cancel", 200)


def test_stages_follow_one_another(api: Api) -> None:
    step = {"job": NAME, "parameters": {"x": 1}, "limits": {"retries": 1}}
    group = api.ask("POST", "groups", 201, {"stages": [[step], [step, step]], "title": "%"})
    assert (group["title"], group["count"]) == ("%", 3)
    runs = api.ask("GET", "runs", 200, group=group["id"])["items"]
    waiting = [run for run in runs if run["waits_for"]]
    assert len(waiting) == 2
    assert "waits for run" in waiting[0]["notice"]
    body = {"job": NAME, "after": [runs[0]["id"]], "on_failure": "continue"}
    run = api.ask("POST", "runs", 201, body)
    assert (run["waits_for"], run["on_failure"]) == ([runs[0]["id"]], "continue")
    api.ask("POST", f"groups/{group['id']}/cancel", 200)
    assert api.ask("GET", f"runs/{run['id']}", 200)["notice"] is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"job": NAME}, 400),
        ({"job": NAME, "map": []}, 400),
        ({"job": NAME, "grid": {"x": "abc"}}, 400),
        ({"job": NAME, "grid": {"z": [1]}}, 400),
        ({"job": NAME, "grid": {"x": [1]}, "stages": [[{"job": NAME}]]}, 400),
        ({"stages": [[]]}, 400),
        ({"job": NAME, "grid": {"x": [1]}, "at_once": 0}, 400),
        ({"job": NAME, "grid": {"x": [1]}, "after": ["nothing"]}, 404),
        ({"job": "nothing", "grid": {"x": [1]}}, 404),
    ],
)
def test_what_cannot_be_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.ask("POST", "groups", status, body)["message"]


def test_unknown_groups_are_404(api: Api) -> None:
    for method, route in (("GET", ""), ("GET", "/table"), ("POST", "/cancel"), ("POST", "/retry")):
        api.ask(method, f"groups/nothing{route}", 404)


def test_the_command_line_starts_shows_and_ends_groups(
    shared: Omega, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    shared.jobs.put(notebook("print(x)", parameters="x = 0\ny = 'a'"), "cli")

    def said(*args: str, code: int = 0) -> str:
        assert main(args) == code
        return capsys.readouterr().out

    started = said(
        "run", "cli", "--grid", "x=1,2", "--grid", 'y=["a,b", "c"]', "--no-wait", "--json"
    )
    group = json.loads(started)
    assert [run["parameters"] for run in group["runs"]][:2] == [
        {"x": 1, "y": "a,b"},
        {"x": 1, "y": "c"},
    ]
    short = group["id"][:8]
    assert "4 queued" in said("groups", "show", short)
    assert "x, y" in said("groups", "list", "--job", "cli")
    lines = said("groups", "table", short).splitlines()
    assert lines[0].startswith("x,y,run,status")
    assert lines[1].startswith('1,"a,b",')
    assert len(json.loads(said("runs", "list", "--group", short, "--json"))) == 4
    chain = json.loads(
        said("groups", "chain", "cli", "cli,cli", "--after", short, "--no-wait", "--json")
    )
    assert chain["counts"] == {"queued": 3}
    assert "4 cancelled" in said("groups", "cancel", short)
    assert json.loads(said("groups", "show", chain["id"], "--json"))["counts"] == {"cancelled": 3}
    assert "4 queued" in said("groups", "retry", short)
    assert main(["run", "cli", "--grid", "x", "--no-wait"]) == 2
    assert main(["run", "cli", "--grid", "x=1", "--grid", "x=2", "--no-wait"]) == 2
    assert main(["run", "cli", "--grid", "z=1", "--no-wait"]) == 1
    assert main(["run", "cli", "--at-once", "2", "--no-wait"]) == 2
    assert main(["groups", "show", "nothing"]) == 1
