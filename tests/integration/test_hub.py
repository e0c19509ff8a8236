"""A real JupyterHub: two people, two servers, two repositories that are out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from omegaml_lab.core.errors import StorageUnavailableError
from omegaml_lab.hub.repositories import provision
from omegaml_lab.storage import embedded
from omegaml_lab.storage.mongod import free_port
from omegaml_lab.storage.storage import Storage

ROOT = Path(__file__).parents[2]
ADMIN_TOKEN = "a-token-of-this-test-only"

HELLO: dict[str, Any] = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {},
    "cells": [{"id": "a", "cell_type": "code", "source": "6 * 7", "metadata": {}, "outputs": [],
               "execution_count": None}],
}  # fmt: skip

# What a site adds: who may sign in, and servers that run as the user of this test.
SITE = f"""
import os
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Authenticator.allowed_users = {{"ann", "bo"}}
c.JupyterHub.bind_url = "http://127.0.0.1:" + os.environ["TEST_PORT"]
c.JupyterHub.hub_port = int(os.environ["TEST_HUB_PORT"])
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:" + os.environ["TEST_PROXY_PORT"]
c.ConfigurableHTTPProxy.command = [os.environ["TEST_BIN"] + "/configurable-http-proxy"]
c.Spawner.args = ["--allow-root"]
c.SimpleLocalProcessSpawner.home_dir_template = os.getcwd() + "/home/{{username}}"
c.JupyterHub.services = [{{"name": "test", "api_token": "{ADMIN_TOKEN}"}}]
c.JupyterHub.load_roles = [{{
    "name": "test",
    "services": ["test"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"],
}}]
"""


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    url: str
    log: Path

    def ask(
        self, path: str, *, token: str = ADMIN_TOKEN, body: Any = None, method: str | None = None
    ) -> tuple[int, Any]:
        """Ask with a token; a `body` makes it a POST. Returns the status and the JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {token}", "Accept": "application/json"}
        request = urllib.request.Request(
            self.url + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, None
        except OSError:
            return 0, None

    def server(self, user: str) -> str:
        """Start this user's server unless it runs, and return a token of that user."""
        self.ask(f"/hub/api/users/{user}", body={})
        status, _ = self.ask(f"/hub/api/users/{user}/server", body={})
        assert status in {201, 202, 400}, self.log.read_text()[-4000:]  # 400: it runs
        wait(lambda: self._server_state(user).get("ready"), self._jupyter_log(user))
        token: str = self.ask(f"/hub/api/users/{user}/tokens", body={})[1]["token"]
        return token

    def _server_state(self, user: str) -> dict[str, Any]:
        servers = self.ask(f"/hub/api/users/{user}")[1]["servers"]
        assert servers, self._jupyter_log(user).read_text()[-4000:]
        state: dict[str, Any] = servers[""]
        return state

    def _jupyter_log(self, user: str) -> Path:
        data = self.log.parent / "home" / user / ".local" / "share" / "omegaml-lab"
        return data / "logs" / "jupyter.log"


def wait(condition: Any, log: Path) -> None:
    """Wait until it holds; the log says why it did not."""
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("hub-home")
    yield home
    embedded.release(home)


@pytest.fixture(scope="module")
def hub(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    config = folder / "jupyterhub_config.py"
    config.write_text((ROOT / "hub_config" / "jupyterhub_config.py").read_text("utf-8"))
    (folder / "jupyterhub_config.d").mkdir()
    (folder / "jupyterhub_config.d" / "10-test.py").write_text(SITE)
    ports = {name: str(free_port()) for name in ("TEST_PORT", "TEST_HUB_PORT", "TEST_PROXY_PORT")}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OMEGA_")}
    environ |= {"OMEGA_HOME": str(home), "TEST_BIN": str(Path(sys.executable).parent), **ports}
    log = folder / "hub.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            running = Hub(url=f"http://127.0.0.1:{ports['TEST_PORT']}", log=log)
            wait(lambda: process.poll() is None and running.ask("/hub/api/")[0] == 200, log)
            yield running
        finally:
            process.terminate()
            process.wait(60)


def test_each_user_has_a_server_with_a_repository_of_their_own(hub: Hub) -> None:
    tokens = {user: hub.server(user) for user in ("ann", "bo")}
    addresses = {}
    for user, token in tokens.items():
        status, answer = hub.ask(f"/user/{user}/omega/api/status", token=token)
        assert status == 200, hub.log.read_text()[-4000:]
        addresses[user] = answer["repository"]["address"]
    assert addresses["ann"].endswith("/omega_ann")
    assert addresses["bo"].endswith("/omega_bo")

    status, answer = hub.ask("/user/ann/api/contents/", token=tokens["ann"])
    assert status == 200
    assert hub.ask("/user/ann/omega/api/status", token=tokens["bo"])[0] == 403
    assert hub.ask("/user/ann/omega/api/status", token="wrong")[0] == 403


def test_a_users_own_worker_runs_what_they_save(hub: Hub) -> None:
    token = hub.server("ann")
    notebook = {"type": "notebook", "format": "json", "content": HELLO}
    path = "/user/ann/api/contents/hello.ipynb"
    assert hub.ask(path, token=token, body=notebook, method="PUT")[0] == 201
    status, run = hub.ask("/user/ann/omega/api/runs", token=token, body={"path": "hello.ipynb"})
    assert status == 201
    ended = {"succeeded", "failed", "cancelled", "lost"}

    def state() -> dict[str, Any]:
        answer: dict[str, Any] = hub.ask(f"/user/ann/omega/api/runs/{run['id']}", token=token)[1]
        return answer

    wait(lambda: state()["status"] in ended, hub.log)
    assert (state()["status"], state()["owner"]) == ("succeeded", "ann")


def test_lab_has_the_extension(hub: Hub) -> None:
    token = hub.server("ann")
    status, answer = hub.ask("/user/ann/lab/api/extensions", token=token)
    assert status == 200
    assert "omegaml-lab" in {extension["name"] for extension in answer}


def test_a_repository_opens_for_its_user_alone(home: Path) -> None:
    admin = embedded.ensure(home)
    ann, bo = (provision(user, admin_url=admin, key=b"test") for user in ("ann", "bo"))
    records = Storage.open(ann.url).records("things")
    records.insert({"id": "1", "value": "mine"})
    assert records.find("1")["value"] == "mine"

    trespass = Storage.open(ann.url.replace(f"/{ann.database}?", f"/{bo.database}?"))
    with pytest.raises(StorageUnavailableError, match="not authorized"):
        trespass.records("things").find("1")
    with pytest.raises(StorageUnavailableError):
        Storage.open(ann.url.replace(ann.password, "guessed")).records("things").find("1")
    assert provision("ann", admin_url=admin, key=b"test") == ann


@pytest.mark.parametrize("kind", ["reports", "live"])
def test_a_report_leads_to_the_login_of_the_hub_and_back(hub: Hub, kind: str) -> None:
    hub.server("ann")
    where = f"{hub.url}/user/ann/omega/{kind}/flights"
    answer = requests.get(where, allow_redirects=False, timeout=60)
    assert answer.status_code == 302
    login = urlsplit(answer.headers["Location"])
    assert login.path == "/hub/api/oauth2/authorize"
    # Signed in at the hub, one is led back.
    person = requests.Session()
    form = person.get(f"{hub.url}/hub/login", timeout=60)
    said = {"username": "ann", "password": "any", "_xsrf": person.cookies["_xsrf"]}
    assert person.post(form.url, data=said, timeout=60).ok
    back = person.get(where, timeout=60)
    assert (back.status_code, back.url) == (404, where)
