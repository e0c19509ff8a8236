"""Who is told of runs, and metrics, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.apis import Api
from tests.integration.notebooks import notebook
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def api(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with jupyter_server(tmp_path_factory.mktemp("api"), shared.url) as server:
        yield Api(server)


def test_who_is_told_of_runs(api: Api, shared: Omega) -> None:
    shared.jobs.put(notebook("print(1)"), "told/a % ü")
    mail = api.ask("POST", "recipients", 201, {"to": "email:ann@example.org", "on": "change"})
    secret = {"to": "https://hooks.slack.com/services/T0KEN", "job": "told/a % ü"}
    chat = api.ask("POST", "recipients", 201, secret)
    assert (mail["on"], mail["job"]) == ("change", None)
    assert (chat["channel"], chat["address"]) == ("slack", "https://hooks.slack.com/…")
    assert chat["job"] == "told/a % ü.ipynb"
    listed = api.ask("GET", "recipients", 200)
    assert listed == {"items": [mail, chat], "total": 2}
    assert api.ask("GET", "recipients", 200, job="told/a % ü")["items"] == [chat]
    api.ask("POST", "recipients", 204, {"to": "lab:eve", "on": "end", "check": True})
    assert api.ask("GET", "recipients", 200)["total"] == 2, "it was only looked at"
    for body, status in (
        ({"to": "telex:1", "check": True}, 400),
        ({"to": "telex:1"}, 400),
        ({"to": "email:1"}, 400),
        ({"to": "lab:ann", "on": "sometimes"}, 400),
        ({"on": "end"}, 400),
        ({"to": "lab:ann", "job": "nothing"}, 404),
        ({"to": "lab:ann", "schedule": "nothing"}, 404),
    ):
        assert api.ask("POST", "recipients", status, body)["message"]
    assert api.ask("GET", "notifications", 200) == {"items": [], "total": 0}
    for each in (mail, chat):
        api.ask("DELETE", f"recipients/{each['id']}", 204)
    assert api.ask("DELETE", f"recipients/{mail['id']}", 404)["type"] == "RecipientNotFoundError"


def test_metrics(api: Api) -> None:
    answer = api.server.ask("GET", "omega/api/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE omega_schedules gauge" in answer.text
