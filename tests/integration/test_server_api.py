"""The REST API of a real server with a real worker, checked against its OpenAPI document."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.integration.apis import Api
from tests.integration.notebooks import WAIT, notebook
from tests.integration.processes import until, worker
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega


def quoted(name: str) -> str:
    """Percent-encode a name as programs made from an OpenAPI document do, slashes too."""
    return str(requests.utils.quote(name, safe=""))


@pytest.fixture(scope="module", params=["repository", "disk"])
def api(
    request: pytest.FixtureRequest, shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    with jupyter_server(folder, shared.url, root=request.param) as server:
        yield Api(server)


@pytest.fixture(scope="module")
def working(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with worker(shared, tmp_path_factory.mktemp("worker")):
        yield


@pytest.fixture
def repository(api: Api) -> str:
    """Where the server shows the repository, with a slash when it is below the root."""
    mount = api.ask("GET", "status", 200)["mount"]
    return f"{mount}/" if mount else ""


def test_status(api: Api, working: None, shared: Omega) -> None:
    status = api.ask("GET", "status", 200)
    assert status["repository"] == {"address": shared.storage.address, "bucket": "default"}
    assert status["broker"]["healthy"]
    assert [w["concurrency"] >= 1 for w in status["workers"]] == [True]
    assert "@" not in json.dumps(status)


def test_workers(api: Api, working: None, shared: Omega, repository: str) -> None:
    (known,) = api.ask("GET", "workers", 200)["items"]
    assert (known["label"], known["environments"]) == ("default", "install")
    assert "python3" in known["kernels"]
    assert known["packages"] is None
    told = api.ask("GET", f"workers/{known['id']}", 200)["packages"]
    assert f"numpy=={version('numpy')}" in told
    assert "omega workers list" in api.ask("GET", "workers/nobody", 404)["message"]
    shared.jobs.put(notebook("1", kernel="ir"), "needs a kernel")
    asked = {"path": f"{repository}needs a kernel.ipynb"}
    refused = api.ask("POST", "runs", 409, asked)
    assert refused["type"] == "KernelNotOfferedError"
    assert "'ir', which no worker with the label 'default' has" in refused["message"]
    waits = api.ask("POST", "runs", 201, {**asked, "label": "nobody offers it"})
    assert "nobody offers it" in waits["notice"]
    api.ask("POST", f"runs/{waits['id']}/cancel", 200)


def test_objects(api: Api, shared: Omega, repository: str) -> None:
    shared.datasets.put({"a": 1}, "listing/deep/value")
    shared.datasets.put(b"x" * 10, "listing/file", kind="file")
    listing = api.ask("GET", "objects/datasets", 200, folder="listing")
    assert [o["name"] for o in listing["items"]] == ["listing/deep", "listing/file"]
    assert listing["total"] == 2
    found = api.ask("GET", "objects/datasets", 200, search="VALUE", recursive=1)
    assert [o["name"] for o in found["items"]] == ["listing/deep/value"]
    assert found["items"][0]["path"] is None
    page = api.ask("GET", "objects/datasets", 200, folder="listing", offset=1, limit=1)
    assert ([o["name"] for o in page["items"]], page["total"]) == (["listing/file"], 2)
    one = api.ask("GET", f"objects/datasets/{quoted('listing/file')}", 200)
    assert (one["size"], one["kind"]) == (10, "file")
    shared.jobs.put("1", "some/job")
    job = api.ask("GET", f"objects/jobs/{quoted('some/job.ipynb')}", 200)
    assert job["path"] == f"{repository}some/job.ipynb"
    assert api.ask("DELETE", "objects/datasets/listing", 409)["type"] == "ObjectExistsError"
    api.ask("DELETE", "objects/datasets/listing", 204, recursive=1)
    assert api.ask("DELETE", "objects/datasets/listing", 404)["type"] == "ObjectNotFoundError"


@pytest.mark.parametrize("name", ["a b%c+d", "ü√[x]{y}?#&", "a@b", "'\"\\", "$gt", "a.b.$c"])
def test_objects_of_any_name(api: Api, shared: Omega, name: str) -> None:
    from omegaml_lab.core.names import Name

    shared.scripts.put(b"x", Name(f"odd/{name}"))
    assert api.ask("GET", f"objects/scripts/{quoted(f'odd/{name}')}", 200)["name"] == f"odd/{name}"
    api.ask("DELETE", f"objects/scripts/{quoted(f'odd/{name}')}", 204)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("objects/nothing", 404),
        ("objects/jobs/nothing", 404),
        ("objects/jobs?limit=-1", 400),
        ("objects/jobs?sort=colour", 400),
        ("objects/jobs?recursive=maybe", 400),
        ("runs?status=odd", 400),
        ("runs?limit=many", 400),
        ("runs/nothing", 404),
        ("schedules?sort=colour", 400),
        ("schedules?paused=maybe", 400),
        ("schedules/nothing", 404),
        ("reports/nothing", 404),
        ("notifications?status=lost", 400),
        ("parameters", 400),
        ("parameters?path=nothing.ipynb&", 404),
    ],
)
def test_bad_questions(api: Api, path: str, status: int) -> None:
    answer = api.server.ask("GET", f"omega/api/{path}")
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"message", "type"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "either path or job"),
        ({"job": "a", "path": "b"}, "either path or job"),
        ({"job": 3}, "job"),
        ({"job": "a", "parameters": []}, "parameters"),
        ({"job": "a", "publish": "yes"}, "publish"),
        ({"job": "a", "publish": {"access": "friends"}}, "publish"),
        ({"job": "a", "colour": "red"}, "colour"),
        ([1], "object"),
    ],
)
def test_bad_bodies(api: Api, body: Any, message: str) -> None:
    answer = api.ask("POST", "runs", 400, body)
    assert message in answer["message"]


@pytest.mark.parametrize("body", [b"{no", b'{"job": "a", "parameters": {"n": NaN}}', b"\xff"])
def test_body_that_is_not_json(api: Api, body: bytes) -> None:
    answer = api.server.ask("POST", "omega/api/runs", data=body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"]


def test_parameters(api: Api, shared: Omega, repository: str) -> None:
    shared.jobs.put(notebook("print(n)", parameters="n: int = 3  # how many"), "takes/some")
    declared = api.ask("GET", "parameters", 200, path=f"{repository}takes/some.ipynb")
    assert declared["parameters"] == [
        {"name": "n", "type": "int", "default": 3, "help": "how many"}
    ]
    shared.jobs.put(b"text", "takes/text.txt", kind="file")
    api.ask("GET", "parameters", 400, path=f"{repository}takes/text.txt")


def test_run_and_report(api: Api, working: None, shared: Omega, repository: str) -> None:
    job = f"path of {repository or 'root'}".replace("/", "") + "/sums"
    shared.jobs.put(notebook("print(n + 1)", parameters="n = 1"), job)
    path = f"{repository}{job}.ipynb"
    early = api.ask("POST", "reports", 409, {"path": path})
    assert early["type"] == "ReportNotReadyError"

    run = api.ask("POST", "runs", 201, {"path": path, "parameters": {"n": 41}})
    assert (run["job_path"], run["status"]) == (path, "queued")
    run = api.ended(run)
    assert run["status"] == "succeeded", run
    assert run["progress"]["done"] == run["progress"]["total"]
    result = api.server.contents(run["result_path"])["content"]
    assert "42" in json.dumps(result["cells"])
    assert api.ask("GET", "runs", 200, path=path)["items"][0]["id"] == run["id"]
    assert api.ask("POST", f"runs/{run['id']}/cancel", 409)["type"] == "InvalidTransitionError"

    body = {"parameters": {"n": 6}, "revision": run["revision"]}
    again = api.ask("POST", f"runs/{run['id']}/rerun", 201, body)
    assert api.ended(again)["parameters"] == {"n": 6}
    api.ask("POST", f"runs/{run['id']}/rerun", 400, {"revision": 10**30})
    api.ask("POST", f"runs/{run['id']}/rerun", 404, {"revision": 99})

    report = api.ask("POST", "reports", 201, {"path": path, "access": "anyone"})
    assert report["job_path"] == path
    listed = api.ask("GET", "reports", 200, path=path)["items"]
    assert [(r["name"], r["url"]) for r in listed] == [(report["name"], report["url"])]
    page = api.server.ask("GET", report["url"].lstrip("/"), anonymous=True)
    assert page.status_code == 200
    assert ">7\n" in page.text
    pinned = api.server.ask("GET", f"{report['url']}?run={run['id']}".lstrip("/"), anonymous=True)
    assert "42\n" in pinned.text
    address = report["url"].lstrip("/")
    without = api.server.ask("GET", f"{address}?run=of-another", anonymous=True)
    assert without.status_code == 404
    assert "<h1>This report has no such run</h1>" in without.text
    assert f'<a href="/{address}">Show the newest result</a>' in without.text
    policy = page.headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy

    hidden = api.ask("POST", "reports", 201, {"path": path, "access": "signed-in"})
    answer = api.server.ask("GET", hidden["url"].lstrip("/"), anonymous=True)
    unknown = api.server.ask("GET", "omega/reports/unknown", anonymous=True)
    for refusal in (answer, unknown):
        assert refusal.status_code == 403
        assert "<h1>This report is for people signed in</h1>" in refusal.text
    assert f'<a href="/login?next={quoted(hidden["url"])}">Sign in</a>' in answer.text
    here, there = quoted(hidden["url"]), quoted("/omega/reports/unknown")
    assert answer.text.replace(here, there) == unknown.text
    assert api.server.ask("GET", hidden["url"].lstrip("/")).status_code == 200
    missing = api.server.ask("GET", "omega/reports/unknown")
    assert missing.status_code == 404
    assert "<h1>There is no such report</h1>" in missing.text

    api.ask("DELETE", f"reports/{quoted(report['name'])}", 204)
    api.ask("GET", f"reports/{quoted(report['name'])}", 404)


def test_wrong_parameters_start_nothing(api: Api, shared: Omega) -> None:
    shared.jobs.put(notebook("print(n)", parameters="n = 1"), "strict")
    before = shared.runtime.runs.list("strict").total
    wrong = api.ask("POST", "runs", 400, {"job": "strict", "parameters": {"n": "many"}})
    assert wrong["type"] == "InvalidParameterError"
    api.ask("POST", "runs", 400, {"job": "strict", "parameters": {"m": 1}})
    api.ask("POST", "runs", 404, {"job": "unknown job"})
    assert shared.runtime.runs.list("strict").total == before


def test_limits_retries_and_tags(api: Api, working: None, shared: Omega, repository: str) -> None:
    shared.jobs.put(notebook("1 / 0"), "limited")
    limits = {"timeout": "5 min", "memory": 10**10, "retries": 1, "retry_wait": 0.1}
    body = {"job": "limited", "limits": limits, "tags": ["ä $x"], "token": f"for {repository}"}
    asked = api.ask("POST", "runs", 201, body)
    assert asked["limits"]["timeout"] == 300
    assert api.ask("POST", "runs", 201, body)["id"] == asked["id"]
    run = api.ended(asked)
    assert (run["status"], run["attempt"], run["max_attempts"]) == ("failed", 2, 2)
    assert [each["error"]["name"] for each in run["attempts"]] == ["ZeroDivisionError"]
    assert run["usage"]["cpu_seconds"] > 0
    assert run["attempts"][0]["usage"]["memory_peak"] > 0
    assert asked["id"] in [each["id"] for each in api.ask("GET", "runs", 200, tag="ä $x")["items"]]
    wrong = {"job": "limited", "limits": {"timeout": "soon"}}
    assert api.ask("POST", "runs", 400, wrong)["type"] == "InvalidLimitError"


def test_notebook_on_the_disk_is_copied_and_run(
    api: Api, working: None, shared: Omega, repository: str
) -> None:
    (api.server.root / "sub").mkdir(exist_ok=True)
    (api.server.root / "sub" / "n.ipynb").write_text(json.dumps(notebook("print('from disk')")))
    disk = "" if repository else "local/"
    assert api.ask("GET", "parameters", 200, path=f"{disk}sub/n.ipynb") == {"parameters": []}
    run = api.ask("POST", "runs", 201, {"path": f"{disk}sub/n.ipynb"})
    assert run["job_path"] == f"{repository}uploads/sub/n.ipynb"
    assert "copy" in run["notice"]
    assert api.ended(run)["status"] == "succeeded"
    api.ask("POST", "runs", 404, {"path": f"{disk}sub/missing.ipynb"})


def test_cancel(api: Api, working: None, shared: Omega, tmp_path: Path) -> None:
    shared.jobs.put(notebook(WAIT, parameters=f"flag = {str(tmp_path / 'never')!r}"), "endless")
    run = api.ask("POST", "runs", 201, {"job": "endless"})
    until(lambda: api.ask("GET", f"runs/{run['id']}", 200)["progress"]["current"] is not None)
    api.ask("POST", f"runs/{run['id']}/cancel", 200)
    assert api.ended(run)["status"] == "cancelled"


def test_run_and_publish_with_choices(
    api: Api, working: None, shared: Omega, repository: str
) -> None:
    job = f"closed {repository.strip('/')}".strip()
    shared.jobs.put(notebook("1"), job)
    choices = {"access": "signed-in", "hide_code": True, "live": False}
    run = api.ask("POST", "runs", 201, {"job": job, "publish": choices})
    assert (run["publish"], run["publish_options"]) == (True, choices)
    api.ended(run)
    until(lambda: api.server.ask("GET", f"omega/api/reports/{quoted(job)}").ok)
    report = api.ask("GET", f"reports/{quoted(job)}", 200)
    assert {key: report[key] for key in choices} == choices
    answer = api.server.ask("GET", report["url"].lstrip("/"), anonymous=True)
    assert answer.status_code == 403


def test_failure_tells_the_cell(api: Api, working: None, shared: Omega) -> None:
    shared.jobs.put(notebook("1", "1 / 0"), "fails")
    run = api.ended(api.ask("POST", "runs", 201, {"job": "fails"}))
    assert run["status"] == "failed"
    assert (run["error"]["name"], run["error"]["cell"]) == ("ZeroDivisionError", 1)


def test_a_failed_run_is_resumed(api: Api, working: None, shared: Omega) -> None:
    shared.jobs.put(notebook("rows = [1]", "sum(row)"), "resumed")
    run = api.ended(api.ask("POST", "runs", 201, {"job": "resumed"}))
    assert run["kept_until"] is not None
    shared.jobs.put(notebook("rows = [2]", "sum(rows)"), "resumed")
    problem = api.ask("POST", f"runs/{run['id']}/resume", 409, {})
    assert (problem["type"], "cell 1 is not" in problem["message"]) == ("ResumeError", True)
    shared.jobs.put(notebook("rows = [1]", "sum(rows)"), "resumed")
    again = api.ended(api.ask("POST", f"runs/{run['id']}/resume", 201, {}))
    assert (again["status"], again["resumes"]) == ("succeeded", run["id"])
    assert api.ask("GET", f"runs/{run['id']}", 200)["resumed_by"] == again["id"]
    api.ask("POST", f"runs/{again['id']}/resume", 409, {"revision": 1})
    api.ask("POST", "runs/nothing/resume", 404, {})


def test_schedule(api: Api, shared: Omega, repository: str) -> None:
    shared.jobs.put(notebook("print(n)", parameters="n: int = 1"), "scheduled")
    preview = api.ask(
        "POST", "schedules/preview", 200,
        {"when": "weekdays at 6:00", "timezone": "Asia/Kolkata", "count": 3.0},
    )  # fmt: skip
    assert (preview["cron"], len(preview["times"])) == ("0 6 * * 1-5", 3)
    assert all("T06:00:00+05:30" in due for due in preview["times"])
    made = api.ask(
        "POST", "schedules", 201,
        {
            "path": f"{repository}scheduled.ipynb",
            "when": "weekdays at 6:00",
            "timezone": "Asia/Kolkata",
            "parameters": {"n": 4},
            "publish": {"hide_code": True},
            "overlap": "queue",
            "ends_at": "2099-01-01T00:00:00",
        },
    )  # fmt: skip
    assert (made["job"], made["job_path"]) == ("scheduled.ipynb", f"{repository}scheduled.ipynb")
    assert datetime.fromisoformat(made["next_due"]) >= datetime.fromisoformat(preview["times"][0])
    assert made["ends_at"] == "2098-12-31T18:30:00+00:00"
    url = f"schedules/{made['id']}"
    listing = api.ask("GET", "schedules", 200, path=f"{repository}scheduled.ipynb", paused="0")
    assert [each["id"] for each in listing["items"]] == [made["id"]]
    assert api.ask("GET", "schedules", 200, paused="true")["total"] == 0
    assert api.ask("POST", f"{url}/pause", 200)["next_due"] is None
    assert api.ask("POST", f"{url}/resume", 200)["next_due"] == made["next_due"]
    edited = api.ask("PATCH", url, 200, {"when": "daily at 7:00", "parameters": {"n": 5}})
    assert (edited["cron"], edited["parameters"]) == ("0 7 * * *", {"n": 5})
    assert (edited["timezone"], edited["overlap"]) == ("Asia/Kolkata", "queue")
    run = api.ask("POST", f"{url}/run", 201)
    assert (run["schedule"], run["parameters"]) == (made["id"], {"n": 5})
    api.ask("POST", f"runs/{run['id']}/cancel", 200)
    api.ask("DELETE", url, 204)
    assert api.ask("GET", url, 404)["type"] == "ScheduleNotFoundError"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"job": "scheduled", "when": "weekdyas at 6:00"}, "Did you mean 'weekdays at 6:00'?"),
        ({"job": "scheduled", "when": "daily at 6:00", "timezone": "Mars"}, "no such time zone"),
        ({"job": "scheduled", "when": "daily at 6:00", "starts_at": "soon"}, "ISO 8601"),
        ({"job": "scheduled", "when": "daily at 6:00", "overlap": "both"}, "overlap"),
        ({"job": "scheduled", "when": "daily at 6:00", "parameters": {"m": 1}}, "'m'"),
        ({"job": "scheduled", "when": "daily at 6:00", "ends_at": ""}, "ISO 8601"),
        ({"job": "scheduled", "when": "daily at 6:00 " * 99}, "too long"),
        ({"job": "scheduled"}, "'when' is a required property"),
        ({"when": "daily at 6:00"}, "either path or job"),
    ],
)
def test_what_is_no_schedule_makes_none(
    api: Api, shared: Omega, body: dict[str, Any], message: str
) -> None:
    shared.jobs.put(notebook("print(n)", parameters="n: int = 1"), "scheduled")
    assert message in api.ask("POST", "schedules", 400, body)["message"]
    assert api.ask("GET", "schedules", 200)["total"] == 0
    if "job" in body and "when" in body:
        return
    assert api.ask("POST", "schedules/preview", 400, {"timezone": "UTC"})["type"] == "HTTPError"


def test_a_notebook_on_the_disk_is_copied_and_scheduled(api: Api, repository: str) -> None:
    disk = "" if repository else "local/"
    path = f"{disk}to schedule.ipynb"
    (api.server.root / "to schedule.ipynb").write_text(json.dumps(notebook("1")))
    bad = {"path": path, "when": "dayly", "timezone": "UTC"}
    api.ask("POST", "schedules", 400, bad)
    copy = f"objects/jobs/{quoted('uploads/to schedule.ipynb')}"
    before = api.server.ask("GET", f"omega/api/{copy}").status_code
    made = api.ask("POST", "schedules", 201, {**bad, "when": "daily at 6:00"})
    assert made["job"] == "uploads/to schedule.ipynb"
    assert "its copy" in made["notice"]
    assert (before, api.server.ask("GET", f"omega/api/{copy}").status_code) == (404, 200)
    api.ask("DELETE", f"schedules/{made['id']}", 204)
    api.ask("DELETE", copy, 204)
