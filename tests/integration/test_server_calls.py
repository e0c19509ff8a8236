"""Calls over the REST API of a real server with a real worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.processes import until, worker
from tests.integration.servers import jupyter_server
from tests.integration.test_server_api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

_MANY = 20
"""More than the threads of a server."""


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
    assert "after 0.1 s" in waits["message"]


def test_who_waits_for_calls_keeps_nobody_else_waiting(api: Api, shared: Omega) -> None:
    def once(value):
        return value

    shared.scripts.put(once, "once")
    for run in _waiting(shared):
        shared.runtime.runs.cancel(run.id)
    waits = {"script": "once", "args": [1], "label": "nobody"}
    with ThreadPoolExecutor(_MANY) as pool:
        calls = [pool.submit(api.ask, "POST", "calls", 409, waits) for _ in range(_MANY)]
        until(lambda: len(_waiting(shared)) == _MANY)
        api.server.contents("")
        assert not any(call.done() for call in calls)
        for run in _waiting(shared):
            shared.runtime.runs.cancel(run.id)
        assert {call.result()["type"] for call in calls} == {"RunFailedError"}


def _waiting(omega: Omega) -> list[Run]:
    runs = omega.runtime.runs.list(status="queued").items
    return [run for run in runs if run.label == "nobody"]
