"""What happens in the repository reaches the browser, through a restart of MongoDB too."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from websocket import WebSocket, WebSocketTimeoutException, create_connection

from omegaml_lab.config import Config
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Progress, Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.notebooks.execution import result_name
from omegaml_lab.server.events import (
    NOTIFICATION_EVENT,
    OBJECT_EVENT,
    REPORT_EVENT,
    RUN_EVENT,
    SCHEDULE_EVENT,
)
from omegaml_lab.storage import embedded
from tests.integration.notebooks import notebook
from tests.integration.processes import until
from tests.integration.servers import TOKEN, Server, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from omegaml_lab.core.runs import Run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a MongoDB that tests may kill."""
    folder = tmp_path_factory.mktemp("home")
    embedded.ensure(folder)
    yield folder
    embedded.release(folder)


@pytest.fixture(scope="module")
def omega(home: Path) -> Iterator[Omega]:
    with Omega(config=Config.load(environ={}, home=home, mongo_url=embedded.ensure(home))) as om:
        yield om


@pytest.fixture(scope="module")
def server(omega: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("events")
    shown = ("--OmegaContentsManager.buckets", "team=write")
    with jupyter_server(folder, omega.url, root="repository", options=shown) as server:
        yield server


class Listener:
    """A browser that listens to the server's events."""

    def __init__(self, server: Server) -> None:
        url = server.url.replace("http", "ws") + f"api/events/subscribe?token={TOKEN}"
        self._socket: WebSocket = create_connection(url, timeout=60)

    def wait_for(self, schema: str, **wanted: Any) -> dict[str, Any]:
        """Return the next event of a schema that has these values."""
        while True:
            event: dict[str, Any] = json.loads(self._socket.recv())
            if event["schema_id"] == schema and wanted.items() <= event.items():
                return event

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener(server: Server) -> Iterator[Listener]:
    listener = Listener(server)
    yield listener
    listener.close()


def feeds_stand(omega: Omega, listener: Listener) -> None:
    """Wait until changes arrive: the server connects to MongoDB after it answers HTTP."""
    omega.jobs.put(notebook("1"), "probe")
    schedule = omega.runtime.job("probe").schedule("daily at 6:00")
    for event, cause in (
        (OBJECT_EVENT, lambda: omega.scripts.put(b"x", "probe")),
        (RUN_EVENT, lambda: omega.runtime.runs.records.create("probe", 1, parameters={})),
        (SCHEDULE_EVENT, lambda: omega.runtime.schedules.pause(schedule.id)),
    ):
        until(lambda event=event, cause=cause: arrives(listener, event, cause))


def arrives(listener: Listener, event: str, cause: Callable[[], object]) -> bool:
    cause()
    listener._socket.settimeout(0.5)
    try:
        listener.wait_for(event)
    except WebSocketTimeoutException:
        return False
    finally:
        listener._socket.settimeout(60)
    return True


def run_event(listener: Listener, run: str) -> dict[str, Any]:
    """Return the next event of a run."""
    while True:
        event = listener.wait_for(RUN_EVENT)
        if event["run"]["id"] == run:
            return event


def test_objects_and_runs_are_told(server: Server, omega: Omega, listener: Listener) -> None:
    feeds_stand(omega, listener)
    omega.jobs.put(notebook("1"), "told")
    listener.wait_for(OBJECT_EVENT, store="jobs", name="told.ipynb", change="put")
    omega.jobs.rename("told", "renamed")
    event = listener.wait_for(OBJECT_EVENT, change="renamed")
    assert (event["name"], event["previous"]) == ("renamed.ipynb", "told.ipynb")

    run = omega.runtime.job("renamed").run()
    event = run_event(listener, run.id)
    assert event["run"]["job_path"] == "renamed.ipynb"
    assert not event["run"].keys() & {"log", "parameters", "owner", "error", "notice"}
    omega.jobs.rename("renamed", "at last")
    listener.wait_for(OBJECT_EVENT, name="at last.ipynb", change="renamed")
    run.cancel()  # its name is looked up once more, though it was a moment ago
    while event["run"]["status"] != "cancelled":
        event = run_event(listener, run.id)
    assert event["run"]["job_path"] == "at last.ipynb"

    omega.jobs.drop("at last")
    listener.wait_for(OBJECT_EVENT, name="at last.ipynb", change="dropped")


def test_schedules_are_told(server: Server, omega: Omega, listener: Listener) -> None:
    feeds_stand(omega, listener)
    omega.jobs.put(notebook("1"), "due")
    schedule = omega.runtime.job("due").schedule("daily at 6:00")
    listener.wait_for(SCHEDULE_EVENT, schedule=schedule.id, change="saved")
    omega.runtime.schedules.pause(schedule.id)
    listener.wait_for(SCHEDULE_EVENT, schedule=schedule.id, change="saved")
    server.ask("DELETE", f"omega/api/schedules/{schedule.id}")
    listener.wait_for(SCHEDULE_EVENT, schedule=schedule.id, change="dropped")


def test_reports_are_told(server: Server, omega: Omega, listener: Listener) -> None:
    omega.jobs.put(notebook("1"), "published")
    succeeded(omega, "published")

    def publish() -> None:
        omega.reports.publish("published", name="told")

    until(lambda: arrives(listener, REPORT_EVENT, publish))
    omega.reports.follow(succeeded(omega, "published"))  # it shows a newer run
    listener.wait_for(REPORT_EVENT, report="told", change="saved")
    server.ask("DELETE", "omega/api/reports/told")
    listener.wait_for(REPORT_EVENT, report="told", change="dropped")


def succeeded(omega: Omega, job: str) -> Run:
    """Run a job as a worker does, and return how it has ended."""
    runs = omega.runtime.runs.records
    claim = runs.claim(omega.runtime.job(job).run().id, worker="w", result=result_name)
    assert claim is not None
    omega.jobs.put(notebook("1"), Name(str(claim.run.result)), kind="notebook")
    done = runs.finish(claim, Status.SUCCEEDED, progress=Progress(done=1, total=1), log="")
    assert done is not None
    return done


def test_the_user_of_the_server_is_told_of_runs(omega: Omega, listener: Listener) -> None:
    feeds_stand(omega, listener)
    told = omega.notifications
    for user in ("somebody", omega.config.user):
        told.add(f"lab:{user}", on="end")
    runs: list[str] = []

    def end() -> None:
        runs.append(omega.runtime.runs.records.create("told", 1, parameters={}).id)
        omega.runtime.runs.cancel(runs[-1])
        told.postman().deliver()

    until(lambda: arrives(listener, NOTIFICATION_EVENT, end))
    end()
    event = listener.wait_for(NOTIFICATION_EVENT, run=runs[-1])
    assert (event["job"], event["happening"]) == ("told", "cancelled")
    assert told.list(run=runs[-1]).total == 2  # and only one of them is told here
    for recipient in told.recipients():
        told.drop(recipient.id)
    omega.scripts.put(b"x", "after")
    while (event := json.loads(listener._socket.recv()))["schema_id"] != OBJECT_EVENT:
        assert event["schema_id"] != NOTIFICATION_EVENT


def test_a_bucket_that_is_shown_is_told_and_another_one_is_not(
    server: Server, omega: Omega, listener: Listener
) -> None:
    feeds_stand(omega, listener)
    hidden, team = (Omega(config=omega.config, bucket=name) for name in ("other", "team"))
    hidden.jobs.put(b"x", Name("elsewhere.txt"), kind="file")
    team.scripts.put(b"x", "not shown there")
    kept = team.jobs.put(b"x", Name("a %+[1]$.md"), kind="file")
    told = listener.wait_for(OBJECT_EVENT)
    assert (told["bucket"], told["path"]) == ("team", "team/a %+[1]$.md")
    assert told["hash"] == kept.hash
    team.jobs.rename(Name("a %+[1]$.md"), Name("b.md"))
    told = listener.wait_for(OBJECT_EVENT)
    assert (told["previous_path"], told["path"]) == ("team/a %+[1]$.md", "team/b.md")
    team.jobs.drop("b.md")
    listener.wait_for(OBJECT_EVENT, change="dropped", path="team/b.md")
    omega.jobs.put(b"x", Name("mine.txt"), kind="file")
    told = listener.wait_for(OBJECT_EVENT)
    assert (told["path"], "bucket" in told) == ("mine.txt", False)


def test_repository_down_and_back(
    server: Server, omega: Omega, listener: Listener, home: Path
) -> None:
    feeds_stand(omega, listener)
    text = {"type": "file", "format": "text", "content": "kept"}
    assert server.ask("PUT", "api/contents/kept.txt", json=text).ok

    process = embedded.status(home).pid
    assert process is not None
    os.kill(process, signal.SIGKILL)
    until(lambda: not embedded.status(home).running)

    lost = server.ask("PUT", "api/contents/lost.txt", json=text)
    assert lost.status_code == 503
    assert "MongoDB" in lost.json()["message"]
    assert server.ask("GET", "api/contents").status_code == 503
    answer = server.ask("GET", "omega/api/runs")
    assert (answer.status_code, answer.json()["type"]) == (503, "StorageUnavailableError")
    # The disk goes on meanwhile, and so do kernels.
    assert server.ask("PUT", "api/contents/local/disk.txt", json=text).ok
    assert server.contents("local/disk.txt")["content"] == "kept"
    body = {
        "path": "any/n.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}
    }  # fmt: skip
    assert server.ask("POST", "api/sessions", json=body).status_code == 201

    embedded.ensure(home)
    until(lambda: server.ask("GET", "api/contents").ok)
    assert server.contents("kept.txt")["content"] == "kept"
    assert server.ask("PUT", "api/contents/lost.txt", json=text).ok
    feeds_stand(omega, listener)
