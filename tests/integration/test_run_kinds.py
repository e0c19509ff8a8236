"""Runs of notebooks and runs of calls are told apart: in Python, REST and on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.cli import main
from tests.integration.notebooks import notebook
from tests.integration.servers import jupyter_server
from tests.integration.test_server_api import Api

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def ids(shared: Omega) -> dict[str, str]:
    """A run of each kind that waits, for there is no worker; and one that was performed here."""

    def say():
        return "hello"

    shared.scripts.put(say, "say")
    shared.jobs.put(notebook("1", parameters="month = 6"), "say")
    with shared.runtime.experiment("say") as exp:
        exp.log_metric("loss", 1)
    return {
        "local": exp.runs[0].id,
        "job": shared.runtime.job("say").run({"month": 7}).id,
        "script": shared.runtime.script("say").start().run.id,
    }


def test_calls_are_told_apart(shared: Omega, ids: dict[str, str]) -> None:
    def found(*args, **only) -> set[str]:
        page = shared.runtime.runs.list(*args, **only)
        assert page.total == len(page.items)
        return {run.kind for run in page.items}

    assert found() == {"job", "script", "local"}
    assert found(calls=True) == {"script"}
    assert found(calls=False) == {"job", "local"}
    assert found(calls=False, local=False) == {"job"}
    assert found(calls=True, local=False) == {"script"}
    assert found(calls=True, local=True) == set()
    # One name may be that of a notebook, a script and an experiment.
    assert found("say") == {"job"}
    assert found("say", calls=True) == {"script"}
    assert found("say", local=True) == {"local"}
    assert shared.runtime.runs.get(ids["script"]).title == "run say"
    assert shared.runtime.runs.get(ids["job"]).title == "say.ipynb"


def test_pages_of_calls_are_whole(shared: Omega, ids: dict[str, str], tmp_path: Path) -> None:
    with jupyter_server(tmp_path, shared.url, root="repository") as server:
        api = Api(server)
        calls = api.ask("GET", "runs?calls=1&limit=1", 200)
        assert (calls["total"], calls["items"][0]["id"]) == (1, ids["script"])
        rest = api.ask("GET", "runs?calls=false&local=0&limit=1", 200)
        assert (rest["total"], rest["items"][0]["id"]) == (1, ids["job"])
        api.ask("GET", "runs?calls=perhaps", 400)


def test_calls_on_the_command_line(
    shared: Omega,
    ids: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path))
    assert main(["runs", "list", "--calls", "--json"]) == 0
    assert [run["id"] for run in json.loads(capfd.readouterr().out)] == [ids["script"]]
    assert main(["runs", "list", "--calls"]) == 0
    assert "run say" in capfd.readouterr().out
    assert main(["runs", "show", ids["script"]]) == 0
    shown = capfd.readouterr().out.split()
    assert shown[shown.index("script") :][:4] == ["script", "say@1", "called", "run()"]
    assert "cells" not in shown
    for none in (["--tag", "none"], ["--limit", "0"]):
        assert main(["runs", "list", *none]) == 0
        assert "omega runs list --limit 1" in capfd.readouterr().out
    for none in (["--job", "sya.ipynb"], ["--job", "sya", "--calls"]):
        assert main(["runs", "list", *none]) == 0
        told = capfd.readouterr().out
        assert (
            f"There are no runs of '{none[1]}', and nothing is called so (did you mean 'say"
            in told
        )
    assert main(["runs", "list", "--no-calls", "--no-local", "--json"]) == 0
    assert [run["id"] for run in json.loads(capfd.readouterr().out)] == [ids["job"]]
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["runs", "list", "--no-calls", "--no-local"]) == 0
    assert "month=7" in capfd.readouterr().out
