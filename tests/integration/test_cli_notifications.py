"""`omega notifications` and `omega metrics`, as a shell calls them."""

from __future__ import annotations

import json
import os

import pytest

from omegaml_lab.cli import main
from tests.integration.notebooks import notebook
from tests.unit.notifiers.servers import hook_server


@pytest.fixture
def call(omega, tmp_path, monkeypatch, capfd):
    """Call `omega`: arguments to exit code, output and error output."""
    for name in [name for name in os.environ if name.startswith("OMEGA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    return call


def test_who_is_told_is_said_listed_and_dropped(call, omega) -> None:
    omega.jobs.put(notebook("print(1)"), "job")
    assert "Nobody is told" in call("notifications", "recipients")[1]
    code, out, _ = call("notifications", "add", "ann@example.org", "--job", "job")
    assert (code, out.splitlines()[0]) == (
        0, "email:ann@example.org is told on failure of job.ipynb.",
    )  # fmt: skip
    assert "No scheduler is alive" in out
    schedule = omega.runtime.job("job").schedule("daily at 6:00", timezone="UTC")
    code, out, _ = call("notifications", "add", "https://hooks.slack.com/services/T0KEN",
                        "--schedule", schedule.id[:4], "--on", "change", "--json")  # fmt: skip
    made = json.loads(out)
    assert (made["channel"], made["schedule"], made["on"]) == ("slack", schedule.id, "change")
    code, out, _ = call("notifications", "recipients")
    assert code == 0
    assert "T0KEN" not in out
    assert "hooks.slack.com" in out
    assert len(json.loads(call("notifications", "recipients", "--job", "job", "--json")[1])) == 1
    assert "is told no more" in call("notifications", "drop", made["id"][:5])[1]
    assert call("notifications", "drop", made["id"])[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "emial:a@b.org"), 1, "perhaps 'email'"),
        (("add", "email:a"), 1, "it takes one address"),
        (("add", "ann"), 1, "channel:address"),
        (("add", "lab:ann", "--schedule", "nothing"), 1, "There is no schedule"),
        (("add", "lab:ann", "--on", "sometimes"), 2, "sometimes"),
        (("test", "email:ann@example.org"), 1, "OMEGA_SMTP_URL"),
        (("test", "http://127.0.0.1:1/T0KEN"), 1, "OMEGA_WEBHOOK_HOSTS"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(call, arguments, code, said) -> None:
    found, _, err = call("notifications", *arguments)
    assert found == code
    assert said in err
    assert "T0KEN" not in err


def test_what_was_told_and_what_was_not(call, omega, monkeypatch) -> None:
    assert "Nobody was told" in call("notifications", "list")[1]
    with hook_server() as hook:
        monkeypatch.setenv("OMEGA_WEBHOOK_HOSTS", "localhost")
        assert call("notifications", "test", f"http://localhost:{hook.port}/")[0] == 0
        assert hook.posts[0]["title"] == "A test of Omega Lab"
    omega.notifications.add("http://127.0.0.1:1/T0KEN", on="end")
    run = omega.runtime.runs.records.create("job", 1, parameters={})
    omega.runtime.runs.cancel(run.id)
    omega.notifications.postman().deliver()
    _code, out, _ = call("notifications", "list", "--status", "failed", "--json")
    (told,) = json.loads(out)
    assert (told["run"], told["address"]) == (run.id, "http://127.0.0.1:1/…")
    assert "job was cancelled" in call("notifications", "list", "--run", run.id)[1]
    assert "1 are tried again" in call("notifications", "retry")[1]
    assert 'omega_runs_ended_total{kind="job",status="cancelled"} 1.0' in call("metrics")[1]
