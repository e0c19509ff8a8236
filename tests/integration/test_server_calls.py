"""Calls over the REST API of a real server with a real worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.processes import worker
from tests.integration.servers import jupyter_server
from tests.integration.test_server_api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def api(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    with (
        jupyter_server(folder, shared.url, root="repository") as server,
        worker(shared, tmp_path_factory.mktemp("worker")),
    ):
        yield Api(server)


def test_models_and_scripts_are_called(api: Api, shared: Omega) -> None:
    def twice(values, times=2):
        return {"got": [v * times for v in values]}

    shared.scripts.put(twice, "folder/twice")
    body = {"script": "folder/twice", "args": [[1, 2]], "kwargs": {"times": 3}}
    came = api.ask("POST", "calls", 200, body)
    assert came["answer"] == {"got": [3, 6]}
    assert (came["run"]["kind"], came["run"]["status"]) == ("script", "succeeded")
    assert came["run"]["job_path"] is None
    started = api.ask("POST", "calls", 202, {**body, "wait": 0})
    assert started["answer"] is None
    assert api.ended(started["run"])["call"]["method"] == "run"
    failed = api.ask("POST", "calls", 409, {"script": "folder/twice"})
    assert "missing 1 required positional argument" in failed["message"]
    api.ask("POST", "calls", 404, {"model": "nothing", "args": [[[1]]]})
    api.ask("POST", "calls", 400, {"args": []})
    limited = {**body, "limits": {"timeout": "5 min", "retries": 1}}
    limits = api.ask("POST", "calls", 200, limited)["run"]["limits"]
    assert (limits["timeout"], limits["retries"], limits["memory"]) == (300, 1, None)
    api.ask("POST", "calls", 400, {**body, "limits": {"cell_timeout": 1}})
    api.ask("POST", "calls", 400, {**body, "limits": {"memory": "some"}})
    waits = api.ask("POST", "calls", 504, {**body, "label": "nobody", "wait": 0.1})
    assert waits["type"] == "RunTimeoutError"
