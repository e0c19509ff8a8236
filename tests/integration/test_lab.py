"""`omega lab`: everything runs, comes back when it dies, and is gone when it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from omegaml_lab.omega import Omega
from omegaml_lab.services.labs import running_labs
from omegaml_lab.storage import embedded
from tests.integration.strangers import listener

OMEGA = [sys.executable, "-m", "omegaml_lab.cli"]


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMEGA_", "JUPYTER"))}
    state = {"JUPYTER_RUNTIME_DIR": str(home.parent / "runtime"), "OMEGA_HOME": str(home)}
    return {**kept, **state, **more}


def omega(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OMEGA, *arguments],
        env=clean_environment(home, **environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def eventually(holds, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
    return value


def processes_of(home: Path) -> dict[int, str]:
    """Return what runs for this home: it is named in the environment or the command line."""
    found = {}
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            ours = process.environ().get("OMEGA_HOME") == str(home) or str(home) in command
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = command
        except psutil.Error:
            continue
    return found


class RunningLab:
    """An `omega lab` in a process group of its own, as a shell would start it."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home = home
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [*OMEGA, "lab", "--notebook-dir", str(home.parent), *arguments],
            # The browser is a program that does nothing, unless a test wants to see it.
            env=clean_environment(home, **{"BROWSER": "true", **environment}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        threading.Thread(target=self._hear, daemon=True).start()
        self.url = ""
        for line in self.process.stdout:
            if "ready: " in line:
                self.url = line.partition("ready: ")[2].strip()
                break

    def _hear(self) -> None:
        self.said.extend(iter(self.process.stderr.readline, ""))

    @property
    def token(self) -> str:
        return self.url.partition("token=")[2]

    def service(self, name: str) -> int | None:
        """Return the pid of a service as the Lab knows it."""
        for lab in running_labs(self.home):
            if lab.pid == self.process.pid:
                return {s.name: s.pid for s in lab.services}.get(name)
        return None

    def request(self, path: str, method: str = "GET"):
        server = self.url.partition("/lab?")[0]
        request = urllib.request.Request(
            f"{server}{path}",
            method=method,
            data=b"{}" if method == "POST" else None,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def end(self, number: int = signal.SIGINT) -> int:
        """End it as Ctrl-C in a terminal does: the signal goes to the whole group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(60)


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    yield home
    eventually(lambda: not processes_of(home))


@pytest.fixture
def labs(home):
    started = []

    def start(*arguments: str, **environment: str) -> RunningLab:
        started.append(RunningLab(home, *arguments, **environment))
        assert started[-1].url, "".join(started[-1].said)
        return started[-1]

    yield start
    for lab in started:
        lab.end()


def healthy(home: Path) -> bool:
    return omega(home, "status").returncode == 0


def test_what_is_killed_comes_back_and_nothing_saved_is_lost(labs, home):
    lab = labs()
    eventually(lambda: healthy(home))
    with Omega(embedded.running_url(home)) as om:
        om.jobs.put("print(1)", "kept")

    mongod = embedded.status(home).pid
    os.kill(mongod, signal.SIGKILL)
    eventually(lambda: embedded.status(home).pid not in {None, mongod})
    for name in ("worker", "scheduler", "jupyter"):
        before = lab.service(name)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: lab.service(name) not in {None, before})  # noqa: B023

    eventually(lambda: healthy(home))
    eventually(lambda: lab.process.poll() is None and _answers(lab))
    assert "kept.ipynb" in {entry["name"] for entry in lab.request("/api/contents")["content"]}
    said = "".join(lab.said)
    for name in ("worker", "scheduler", "jupyter"):
        assert f"The {name} was ended by SIGKILL" in said
    assert "MongoDB ended and is started again." in said


def test_when_a_stranger_takes_the_port_of_mongodb_everything_moves(labs, home):
    lab = labs()
    with Omega(embedded.running_url(home)) as om:
        om.jobs.put("print(1)", "kept")
    state = embedded.status(home)
    lab.process.send_signal(signal.SIGSTOP)  # else it is faster than we are
    try:
        os.kill(state.pid, signal.SIGKILL)
        stranger = eventually(lambda: listener(state.port))
    finally:
        lab.process.send_signal(signal.SIGCONT)
    with stranger:
        eventually(lambda: any("has a new port" in line for line in lab.said))
        eventually(lambda: healthy(home))
    eventually(lambda: _answers(lab))
    assert "kept.ipynb" in {entry["name"] for entry in lab.request("/api/contents")["content"]}


def _answers(lab: RunningLab) -> bool:
    try:
        return bool(lab.request("/api/status"))
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_kernels_too(labs, home, number):
    lab = labs()
    lab.request("/api/kernels", "POST")
    with Omega(embedded.running_url(home)) as om:
        om.jobs.put("import time; time.sleep(600)", "long")
        run = om.runtime.job("long").run()
        eventually(lambda: run.status == "running")
    kernels = [
        eventually(lambda: psutil.Process(lab.service(name)).children(recursive=True))  # noqa: B023
        for name in ("jupyter", "worker")
    ]

    assert lab.end(number) == 0
    assert processes_of(home) == {}
    assert not any(process.is_running() for family in kernels for process in family)
    secrets = [(home / "mongo" / "password").read_text(), lab.token]
    for log in (home / "logs").iterdir():
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), log
    assert not any(secret in line for secret in secrets for line in lab.said)


def test_a_second_signal_is_impatience(labs, home):
    lab = labs()
    os.kill(lab.process.pid, signal.SIGTERM)
    os.kill(lab.process.pid, signal.SIGINT)
    lab.process.wait(60)
    eventually(lambda: not processes_of(home))  # mongod ends by its guard, cleanly


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with a parent")
def test_when_it_is_killed_its_services_end_and_the_next_start_works(labs, home):
    lab = labs()
    with Omega(embedded.running_url(home)) as om:
        om.jobs.put("print(1)", "kept")
    lab.process.kill()
    lab.process.wait()

    again = labs()
    assert "kept.ipynb" in {entry["name"] for entry in again.request("/api/contents")["content"]}
    assert [lab.pid for lab in running_labs(home)] == [again.process.pid]
    assert again.end() == 0
    eventually(lambda: not processes_of(home))


def test_two_share_one_mongod_and_the_second_takes_the_lead(labs, home):
    first, second = labs(), labs()
    assert second.url.split("?")[0] != first.url.split("?")[0]
    assert any(first.url.partition("lab?")[0] in line for line in second.said)
    assert second.service("worker") is None
    mongod = embedded.status(home).pid

    assert first.end() == 0
    eventually(lambda: second.service("worker") and second.service("scheduler"))
    assert embedded.status(home).pid == mongod
    eventually(lambda: healthy(home))
    assert second.end() == 0


@pytest.mark.long
def test_a_browser_is_opened_once(labs, home, tmp_path):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$@" >> {opened}\n')
    browser.chmod(0o700)
    lab = labs(BROWSER=str(browser))
    eventually(opened.exists)
    before = lab.service("jupyter")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: lab.service("jupyter") not in {None, before})
    eventually(lambda: _answers(lab))
    assert lab.end() == 0
    labs("--no-browser", BROWSER=str(browser))
    assert len(opened.read_text().splitlines()) == 1


def test_the_examples_are_put_once(labs, home):
    lab = labs()
    with Omega(embedded.running_url(home)) as om:
        names = om.jobs.list("examples")
        assert "examples/flights.ipynb" in names
        om.jobs.drop("examples/weather")
        om.jobs.put("print('mine')", "examples/flights")
        revision = om.jobs.metadata("examples/flights").revision
    lab.end()

    labs()
    with Omega(embedded.running_url(home)) as om:
        assert not om.jobs.exists("examples/weather")
        assert om.jobs.metadata("examples/flights").revision == revision


def test_the_given_mongodb_is_used_and_none_started(labs, home, mongo_url):
    labs(OMEGA_MONGO_URL=mongo_url)
    assert not embedded.status(home).running
    with Omega(mongo_url) as om:
        eventually(om.runtime.workers)
        assert om.jobs.exists("examples/flights")


def test_a_mongodb_that_is_not_there_is_explained(home):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"mongodb://me:secret@127.0.0.1:{closed.getsockname()[1]}/omega"
        done = omega(home, "lab", "--no-browser", OMEGA_MONGO_URL=url)
    assert done.returncode == 1
    assert "Error: MongoDB at 127.0.0.1:" in done.stderr
    assert "does not answer" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert processes_of(home) == {}


def test_a_taken_port_is_explained(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = omega(home, "lab", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is taken. Choose another one with --port." in done.stderr
    assert processes_of(home) == {}


def test_the_given_broker_is_used(labs, home, mongo_url, rabbit):
    servers = {"OMEGA_MONGO_URL": mongo_url, "OMEGA_BROKER_URL": rabbit.url}
    labs(**servers)
    done = omega(home, "run", "examples/weather", "--publish", "--json", **servers)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "succeeded"
    assert run["link"].startswith("http://127.0.0.1:")  # below the Lab that runs here
    with pytest.raises(urllib.error.HTTPError, match="403") as stranger:
        urllib.request.urlopen(run["link"], timeout=30)
    assert b"This report is for people signed in" in stranger.value.read()
    states = json.loads(omega(home, "status", "--json", **servers).stdout)
    broker = next(state for state in states if state["name"] == "broker")
    assert (broker["state"], broker["where"].startswith("127.0.0.1:")) == ("healthy", True)


def test_a_disk_that_fills_up_is_told_and_lab_goes_on_when_there_is_space(labs, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets us mount no small disk")
    lab = RunningLab(disk / "home")
    try:
        assert lab.url, "".join(lab.said)
        eventually(lambda: any("are left on the disk" in line for line in lab.said))
        with Omega(embedded.running_url(lab.home)) as om:
            om.jobs.put("print(1)", "kept")
        (disk / "filler").write_bytes(b"0" * (shutil.disk_usage(disk).free - 4096))
        os.kill(embedded.status(lab.home).pid, signal.SIGKILL)
        eventually(lambda: any("is full" in line for line in lab.said))
        (disk / "filler").unlink()
        eventually(lambda: healthy(lab.home))
        with Omega(embedded.running_url(lab.home)) as om:
            assert om.jobs.exists("kept")
        assert lab.end() == 0
    finally:
        lab.end()
        subprocess.run(["umount", "-l", disk], check=True)
