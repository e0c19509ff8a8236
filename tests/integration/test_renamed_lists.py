"""Lists of runs, groups and reports follow their notebook, through Python, REST and the CLI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.cli import main
from omegaml_lab.core.errors import ObjectExistsError
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notifications.outbox import Outbox
from omegaml_lab.runtime.records.run_indexes import INDEXES
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.storage.indexes import Index
from tests.integration.apis import Api
from tests.integration.notebooks import notebook
from tests.integration.servers import jupyter_server

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


def put(omega: Omega, name: str) -> None:
    omega.jobs.put(notebook("print('a page')"), name)


def ran(omega: Omega, name: str, **options: Any) -> Run:
    """A run that has succeeded, and left its notebook as it was as its result."""
    run = omega.runtime.job(name).run(**options).run
    result = f"results/{run.id}"
    omega.jobs.put(notebook("print('a page')"), result)
    omega.storage.records("runs").update(
        run.id,
        set={
            "status": Status.SUCCEEDED.value,
            "result": f"{result}.ipynb",
            "ended_at": utcnow(),
        },
    )
    return omega.runtime.runs.get(run.id)


def ids(omega: Omega, job: str, **only: Any) -> list[str]:
    page = omega.runtime.runs.list(job, **only)
    assert page.total == len(page.items)
    return [run.id for run in page.items]


def test_runs_are_found_by_the_name_of_now(omega: Omega) -> None:
    put(omega, "a")
    first = ran(omega, "a").id
    omega.jobs.rename("a", "b")
    second = ran(omega, "b").id
    assert ids(omega, "b") == ids(omega, "b.ipynb") == [second, first]
    assert ids(omega, "a") == [second, first]  # as long as nothing else is called so
    put(omega, "a")
    other = ran(omega, "a").id
    assert ids(omega, "a") == [other]
    assert ids(omega, "b") == [second, first]
    page = omega.runtime.runs.list("b", Status.SUCCEEDED, offset=1, limit=1)
    assert ([run.id for run in page.items], page.total) == ([first], 2)


def test_runs_of_what_is_gone_are_found_by_the_name_of_then(omega: Omega) -> None:
    put(omega, "gone")
    runs = [ran(omega, "gone").id]
    omega.jobs.drop("gone")
    assert ids(omega, "gone") == ids(omega, "gone.ipynb") == runs
    put(omega, "gone")  # who replaces a notebook so means the same
    assert ids(omega, "gone") == runs
    runs.insert(0, ran(omega, "gone").id)
    assert ids(omega, "gone") == runs
    omega.storage.records("runs").update(runs[1], unset=["object"])  # an earlier version's
    assert ids(omega, "gone") == runs


def test_calls_are_found_by_the_name_of_now(omega: Omega) -> None:
    def say():
        return 1

    omega.scripts.put(say, "say")
    call = omega.runtime.script("say").start().id
    omega.scripts.rename("say", "tell")
    assert ids(omega, "tell", calls=True) == [call]


def test_a_page_of_runs_is_read_off_an_index(omega: Omega) -> None:
    put(omega, "often")
    for _ in range(3):
        ran(omega, "often")
    omega.jobs.rename("often", "seldom")
    assert Index.on("bucket", "object", "queued_at") in INDEXES
    runs = omega.runtime.runs
    where = {"bucket": "default", **runs._of("seldom", local=False, calls=False)}
    collection = omega.storage._connection.collection("runs")
    plan = collection.find(where).sort("queued_at", -1).explain()["queryPlanner"]["winningPlan"]
    told = json.dumps(plan)
    assert "IXSCAN" in told
    assert "COLLSCAN" not in told
    assert '"SORT"' not in told


def test_groups_and_reports_follow(omega: Omega) -> None:
    put(omega, "a")
    group = omega.runtime.job("a").map([{}, {}])
    run = ran(omega, "a")
    report = omega.reports.publish("a")
    omega.jobs.rename("a", "b")
    put(omega, "a")
    assert [each.id for each in omega.runtime.groups.list("b").items] == [group.id]
    assert omega.runtime.groups.list("a").items == []
    assert omega.runtime.groups.jobs_of([group.group]) == [["b.ipynb"]]
    assert [each.name for each in omega.reports.list("b")] == [report.name]
    assert omega.reports.list("a") == []
    assert omega.reports.get(report.name).job == "b.ipynb"
    assert "a page" in omega.reports.page(report.name, run.id)
    later = ran(omega, "b")
    omega.reports.follow(later)
    assert omega.reports.get(report.name).run == later.id
    assert omega.reports.publish("b", name=report.name, hide_code=True).hide_code
    ran(omega, "a")
    with pytest.raises(ObjectExistsError):
        omega.reports.publish("a", name=report.name)


def test_the_page_of_a_report_calls_its_notebook_what_it_is_called_now(omega: Omega) -> None:
    put(omega, "kept/old")
    ran(omega, "kept/old")
    omega.jobs.rename("kept/old", "kept/new")
    page = omega.reports.page(omega.reports.publish("kept/new").name)
    assert "<title>kept/new</title>" in page
    assert "<h1>kept/new</h1>" in page
    assert 'omega-page-job">' not in page  # it is the heading
    assert "kept/old" not in page


def test_a_comparison_calls_jobs_what_they_are_called_now(
    shared: Omega,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("then/a", "then/b"):
        put(shared, name)
    group = shared.runtime.chain("then/a", "then/b")
    shared.jobs.rename("then", "now")
    jobs = ["now/a.ipynb", "now/b.ipynb"]
    assert group.table()["job"].tolist() == jobs
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path))
    assert main(["groups", "show", group.id, "--json"]) == 0
    assert [row["job"] for row in json.loads(capsys.readouterr().out)["runs"]] == jobs
    for command in ("show", "table"):
        assert main(["groups", command, group.id]) == 0
        told = capsys.readouterr().out
        assert all(job in told for job in jobs)
    with jupyter_server(tmp_path, shared.url, root="repository") as server:
        compared = Api(server).ask("GET", f"groups/{group.id}/table", 200)
    assert [row["job"] for row in compared["rows"]] == jobs


def test_who_wants_to_be_told_of_a_notebook_is_told_of_what_was_queued_before(
    omega: Omega,
) -> None:
    put(omega, "a")
    omega.notifications.add("lab:ann", job="a", on="success")
    run = ran(omega, "a")
    omega.jobs.rename("a", "b")
    outbox = Outbox(omega.storage, omega.runtime.runs.records)
    outbox.fill([])
    told = outbox.page({"run": run.id}).items
    assert [each.address for each in told] == ["ann"]


def test_the_server_and_the_command_line_list_them(
    shared: Omega,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(shared, "told/a")
    group = shared.runtime.job("told/a").map([{}])
    run = ran(shared, "told/a")
    shared.reports.publish("told/a")
    shared.jobs.rename("told", "said")
    with jupyter_server(tmp_path, shared.url, root="repository") as server:
        api = Api(server)
        for query in ("path=said/a.ipynb", "job=said/a"):
            listed = api.ask("GET", f"runs?{query}&alone=1", 200)
            assert [each["id"] for each in listed["items"]] == [run.id]
            groups = api.ask("GET", f"groups?{query}", 200)["items"]
            assert [(each["id"], each["job_paths"]) for each in groups] == [
                (group.id, ["said/a.ipynb"])
            ]
        reports = api.ask("GET", "reports?path=said/a.ipynb", 200)["items"]
        assert [each["job_path"] for each in reports] == ["said/a.ipynb"]
    monkeypatch.setenv("OMEGA_MONGO_URL", shared.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path))
    assert main(["runs", "list", "--job", "said/a", "--json"]) == 0
    (_, listed) = json.loads(capsys.readouterr().out)[::-1]
    assert (listed["id"], listed["job"], listed["job_now"]) == (
        run.id,
        "told/a.ipynb",
        "said/a.ipynb",
    )
    for command in (["list", "--job", "said/a"], ["show", run.id]):
        assert main(["runs", *command]) == 0
        assert "said/a.ipynb" in capsys.readouterr().out
