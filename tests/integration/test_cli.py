"""The commands, on a real repository with a real worker."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import nbformat
import pandas as pd
import pytest

from omegaml_lab.cli import main
from omegaml_lab.storage import embedded
from tests.integration.notebooks import notebook
from tests.integration.processes import worker

GOOD = notebook("print('sum', a + b)", parameters="a = 1  # the first\nb: float = 2.5")
BAD = notebook("print('before')", "1 / 0")


@pytest.fixture(scope="module")
def served(shared, tmp_path_factory):
    """A repository with a worker."""
    with worker(shared, tmp_path_factory.mktemp("worker")):
        yield shared


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OMEGA_")]:
        if name != "OMEGA_TEST_MONGO_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def omega(served, place, monkeypatch, capfd):
    """Call `omega` as a shell would: arguments to exit code, output and error output."""
    monkeypatch.setenv("OMEGA_MONGO_URL", served.url)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    return call


def write(path, node) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(node, path)
    return str(path)


def test_a_notebook_on_disk_is_put_run_and_published(omega, place, monkeypatch):
    good = f"work/good {secrets.token_hex(2)}"  # it may be run again, on the same repository
    write(place / f"{good}.ipynb", GOOD)
    code, out, err = omega("run", f"./{good}.ipynb", "-p", "a=2", "--publish")
    assert code == 0, err
    assert f"is put into the repository as job {good}.ipynb@1" in err
    assert f"of {good}.ipynb succeeded" in out
    assert f"Report: /omega/reports/{quote(good)}" in out

    code, out, _ = omega("runs", "list", "--job", good, "--json")
    (run,) = json.loads(out)
    assert run["parameters"] == {"a": 2}
    code, out, _ = omega("runs", "log", run["id"][:8])
    assert "sum 4.5" in out
    code, out, _ = omega("reports", "list", "--json")
    assert good in {report["name"] for report in json.loads(out)}
    assert "OMEGA_PUBLIC_URL makes theirs whole links" in omega("reports", "list")[1]
    monkeypatch.setenv("OMEGA_PUBLIC_URL", "https://lab.example.org/")
    out = omega("reports", "list")[1]
    assert f"https://lab.example.org/omega/reports/{quote(good)}" in out
    assert "OMEGA_PUBLIC_URL" not in out
    monkeypatch.delenv("OMEGA_PUBLIC_URL")
    assert omega("reports", "unpublish", good)[0] == 0
    assert omega("reports", "unpublish", good)[0] == 1


def test_workers_tell_what_they_have(omega):
    code, out, _ = omega("workers", "list")
    assert (code, "python3" in out, "installed" in out) == (0, True, True)
    (known,) = json.loads(omega("workers", "list", "--json")[1])
    code, out, _ = omega("workers", "show", known["id"], "numpy", "panda*", "no_such")
    assert (code, "numpy" in out, pd.__version__ in out) == (0, True, True), out
    assert "tornado" not in out
    rows = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["no_such", "not offered"] in [[cell.strip() for cell in row] for row in rows]
    assert sum("not offered" in line for line in out.splitlines()) == 1
    code, _, err = omega("workers", "show", "nobody")
    assert (code, "No worker 'nobody' is alive" in err) == (1, True)


def test_a_failed_run_says_where_and_is_a_failure(omega, served):
    served.jobs.put(BAD, "bad")
    code, out, err = omega("run", "bad")
    assert code == 1
    assert "ZeroDivisionError in cell 2: division by zero" in err
    assert "failed" in out
    run = served.runtime.runs.list("bad").items[0]
    assert "before" in omega("runs", "log", run.id)[1]
    assert "ZeroDivisionError" in omega("runs", "log", run.id)[1]
    code, out, _ = omega("runs", "show", run.id)
    assert "failing cell" in out
    assert omega("runs", "rerun", run.id, "--wait")[0] == 1
    served.jobs.put(GOOD, "bad")
    assert omega("runs", "rerun", run.id, "--wait")[0] == 0
    assert omega("runs", "rerun", run.id, "--wait", "--revision", "1")[0] == 1


def test_a_failed_run_is_resumed(omega, served):
    served.jobs.put(BAD, "mended")
    _, out, _ = omega("run", "mended")
    run = served.runtime.runs.list("mended").items[0]
    assert f"omega runs resume {run.id}" in out
    assert "kernel kept until" in omega("runs", "show", run.id)[1]
    served.jobs.put(notebook("print('before')", "print('after')"), "mended")
    code, out, _ = omega("runs", "resume", run.id[:8], "--wait")
    assert (code, "succeeded" in out) == (0, True)
    code, _, err = omega("runs", "resume", run.id)
    assert (code, "resumes it already" in err) == (1, True)


def test_json_of_a_run_is_nothing_but_json(omega, served):
    served.jobs.put(GOOD, "good")
    code, out, _ = omega("run", "good", "-p", "b=3", "--json")
    assert code == 0
    run = json.loads(out)
    assert (run["status"], run["parameters"]) == ("succeeded", {"b": 3.0})
    code, out, _ = omega("run", "good", "--no-wait", "--json")
    assert code == 0
    assert json.loads(out)["status"] == "queued"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "good", "-p", "c=1"], 1, "It takes: a, b."),
        (["run", "good", "-p", "a=1.5"], 1, "it must be a whole number, not 1.5"),
        (["run", "good", "-p", "a=x"], 1, "it must be a whole number, not 'x'"),
        (["run", "good", "-p", "a"], 2, "is not of the form NAME=VALUE"),
        (["run", "goood.ipynb"], 1, "Did you mean 'good"),
        (["run", "nowhere.ipynb"], 1, "There is no file nowhere.ipynb here"),
        (["run", "list"], 1, "`omega runs list`"),
        (["runs", "show", "nothing"], 1, "There is no run 'nothing'"),
        (["runs", "cancel", "nothing"], 1, "There is no run 'nothing'"),
        (["jobs", "show", "a//b"], 1, "is not a valid name"),
        (["jobs", "publish", "never"], 1, "There is no 'never' in jobs"),
        (["datasets", "get", "nothing"], 1, "A list of datasets shows what there is"),
        (["reports", "unpublish", "nothing"], 1, "Nothing is published as 'nothing'"),
        (["nonsense"], 2, "No such command 'nonsense'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(omega, served, arguments, code, said):
    served.jobs.put(GOOD, "good")
    got, out, err = omega(*arguments)
    assert got == code
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def test_debug_shows_where_an_error_comes_from(omega):
    code, _, err = omega("--debug", "jobs", "show", "nothing")
    assert code == 1
    assert "Traceback" in err


def test_a_file_that_is_no_notebook_is_refused(omega, place):
    (place / "broken.ipynb").write_text('{"cells": [')
    code, _, err = omega("run", "broken.ipynb")
    assert code == 1
    assert "'broken.ipynb' is not a notebook" in err
    assert omega("jobs", "show", "broken.ipynb")[0] == 1


def test_jobs_go_to_the_repository_and_back(omega, place):
    write(place / "a.ipynb", GOOD)
    assert "jobs mine/a.ipynb@1 (notebook" in omega("jobs", "put", "a.ipynb", "mine/a")[1]
    assert omega("jobs", "put", "a.ipynb", "mine/a")[0] == 0
    assert "mine/a.ipynb" in omega("jobs", "list", "mine")[1]
    assert len(json.loads(omega("jobs", "history", "mine/a", "--json")[1])) == 2
    (place / "a.ipynb").unlink()
    assert omega("jobs", "get", "mine/a")[0] == 0
    assert nbformat.read(place / "a.ipynb", 4).cells[1].source == "print('sum', a + b)"
    code, _, err = omega("jobs", "get", "mine/a")
    assert (code, "--force replaces it" in err) == (1, True)
    assert json.loads(omega("jobs", "get", "mine/a", "-")[1])["nbformat"] == 4
    assert omega("jobs", "get", "mine/a", "-")[1].startswith(
        '{\n "cells": [\n'
    )  # as Jupyter writes it

    declared = json.loads(omega("jobs", "parameters", "mine/a", "--json")[1])
    assert [(p["name"], p["type"], p["help"]) for p in declared] == [
        ("a", "int", "the first"),
        ("b", "float", ""),
    ]
    assert omega("jobs", "rename", "mine/a", "yours/b")[0] == 0
    assert omega("jobs", "drop", "yours/b")[0] == 0
    assert omega("jobs", "drop", "yours/b")[0] == 1
    assert omega("jobs", "drop", "yours/b", "--missing-ok")[0] == 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_datasets_go_to_the_repository_and_back(omega, place, suffix):
    frame = pd.DataFrame({"carrier": ["UA", "AA"], "delay": [1.5, None]})
    if suffix == ".csv":
        frame.to_csv(place / "in.csv", index=False)
    else:
        frame.to_parquet(place / "in.parquet")
    code, out, err = omega("datasets", "put", f"in{suffix}")
    assert code == 0, err
    assert "datasets in@" in out
    assert "UA" in omega("datasets", "get", "in")[1]
    part = omega("datasets", "get", "in[carrier]", "--where", "delay > 1", "--rows", "5")[1]
    assert "UA" in part
    assert "delay" not in part
    assert "AA" not in part
    assert omega("datasets", "show", "in[carrier]")[0] == 0
    assert "no column 'carier'" in omega("datasets", "get", "in[carier]")[2]
    assert omega("datasets", "get", "in", f"out{suffix}")[0] == 0
    read = pd.read_csv if suffix == ".csv" else pd.read_parquet
    pd.testing.assert_frame_equal(read(place / f"out{suffix}"), read(place / f"in{suffix}"))
    assert omega("datasets", "get", "in", "out.xlsx")[0] == 2
    assert json.loads(omega("datasets", "show", "in", "--json")[1])["kind"] == "pandas.chunks"


def test_a_broken_table_is_refused(omega, place):
    (place / "in.parquet").write_text("no parquet")
    code, _, err = omega("datasets", "put", "in.parquet")
    assert code == 1
    assert "in.parquet is not a .parquet that can be read" in err


def test_scripts_go_to_the_repository_and_back(omega, place):
    (place / "clean.py").write_bytes(b"x = 1\n")
    assert omega("scripts", "put", "clean.py")[0] == 0
    assert omega("scripts", "get", "clean.py", "copy.py")[0] == 0
    assert (place / "copy.py").read_bytes() == b"x = 1\n"
    assert "clean.py" in omega("scripts", "list")[1]


def test_a_run_can_be_cancelled(omega, served):
    served.jobs.put("import time; time.sleep(600)", "long")
    _, out, _ = omega("run", "long", "--no-wait", "--json")
    run = served.runtime.runs.get(json.loads(out)["id"])
    deadline = time.monotonic() + 60
    while served.runtime.runs.get(run.id).status != "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    code, out, _ = omega("runs", "cancel", run.id)
    assert (code, "being cancelled" in out) == (0, True)
    while served.runtime.runs.get(run.id).status != "cancelled":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert omega("runs", "cancel", run.id)[0] == 1


@pytest.fixture
def _interruptible():
    """In the background of a script Ctrl-C is ignored, which children would inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_who_waits_may_leave_and_the_run_goes_on(served, place):
    served.jobs.put("import time; time.sleep(600)", "longer")
    command = [sys.executable, "-m", "omegaml_lab.cli", "run", "longer"]
    environment = {**os.environ, "OMEGA_MONGO_URL": served.url}
    waiting = subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not [r for r in served.runtime.runs.list("longer").items if r.status == "running"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(0.5)
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=60)
    (run,) = served.runtime.runs.list("longer").items
    assert waiting.returncode == 130
    assert f"omega runs cancel {run.id}" in err
    assert "Traceback" not in err
    assert run.status == "running"
    served.runtime.runs.cancel(run.id)


def test_a_notebook_is_scheduled(omega, served):
    served.jobs.put(GOOD, "timely")
    code, out, _ = omega("schedules", "add", "timely", "weekdays at 6:00",
                         "--timezone", "Europe/Zurich", "-p", "a=3", "--json")  # fmt: skip
    made = json.loads(out)
    assert (code, made["cron"], made["parameters"]) == (0, "0 6 * * 1-5", {"a": 3})
    short = made["id"][:6]
    _, out, _ = omega("schedules", "list", "--job", "timely")
    assert "weekdays at 6:00" in out
    assert "06:00 CE" in out  # CET or CEST
    code, out, _ = omega("schedules", "edit", short, "--when", "daily at 7:30", "-p", "b=1.5")
    assert (code, "07:30" in out) == (0, True)
    _, out, _ = omega("schedules", "show", short)
    assert "a=3, b=1.5" in out
    assert out.count("07:30 CE") == 10
    assert "is paused" in omega("schedules", "pause", short)[1]
    assert "paused" in omega("schedules", "list")[1]
    assert "is due next" in omega("schedules", "resume", short)[1]
    _, out, _ = omega("schedules", "run", short, "--json")
    assert json.loads(out)["schedule"] == made["id"]
    assert omega("schedules", "edit", short)[0] == 2
    code, out, _ = omega("schedules", "drop", short, "--yes")
    assert (code, "is dropped" in out) == (0, True)
    assert "Nothing is scheduled" in omega("schedules", "list")[1]
    assert omega("schedules", "show", short)[0] == 1


def test_a_schedule_is_tried_out_first(omega):
    code, out, _ = omega("schedules", "preview", "monthly on the last day at 18:00",
                         "--timezone", "Asia/Kolkata", "--count", "2")  # fmt: skip
    assert (code, out.count("18:00 IST")) == (0, 2)
    code, _, err = omega("schedules", "preview", "wekdays at 6:00")
    assert (code, "Did you mean 'weekdays at 6:00'?" in err) == (1, True)


def test_status_and_doctor_on_given_servers(omega):
    code, out, _ = omega("status", "--json")
    found = {health["name"]: health["state"] for health in json.loads(out)}
    assert found["MongoDB"] == found["worker"] == "healthy"
    assert found["scheduler"] == "not running"
    assert code == 1
    code, out, _ = omega("doctor", "--json")
    found = {check["name"]: check for check in json.loads(out)}
    assert {found[name]["state"] for name in ("Python", "MongoDB", "home folder")} == {"ok"}
    assert all(check["fix"] for check in found.values() if check["state"] != "ok")


def test_status_starts_nothing(place, capfd):
    assert main(["status"]) == 1
    assert "not running" in capfd.readouterr().out
    assert not (place / "home").exists()


def test_a_broker_that_is_not_there_is_explained(omega, served, monkeypatch):
    monkeypatch.setenv("OMEGA_BROKER_URL", "amqp://me:secret@127.0.0.1:1//")
    served.jobs.put(GOOD, "good")
    code, out, err = omega("run", "good", "--no-wait")
    assert code == 0
    assert "The broker at 127.0.0.1:1 does not answer" in out
    assert omega("status")[0] == 1
    assert "secret" not in out + err


def test_with_nothing_running_a_run_still_works_and_leaves_nothing(place, capfd):
    write(place / "good.ipynb", GOOD)
    environment = {k: v for k, v in os.environ.items() if k != "OMEGA_MONGO_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "omegaml_lab.cli", "run", "good.ipynb", "--publish"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No worker runs: one is started for this run." in done.stderr
    assert "succeeded" in done.stdout
    assert "Report: /omega/reports/good" in done.stdout
    assert not embedded.status(place / "home").running


def test_help_needs_nothing_heavy():
    heavy = ["pandas", "pymongo", "celery", "nbformat", "rich", "jupyter_core", "jupyter_server"]
    code = (
        "import sys; from omegaml_lab.cli import main; main(['--help']);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
