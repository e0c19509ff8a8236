"""Reports: what is published follows the last good run, and nothing worse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    ReportNotFoundError,
    ReportNotReadyError,
    RunNotFoundError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.core.reports import Access
from omegaml_lab.core.runs import Progress, Run, Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.notebooks.execution import result_name
from tests.integration.notebooks import markdown, notebook
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from pathlib import Path


def ran(omega: Omega, shown: str, status: Status = Status.SUCCEEDED, job: str = "daily") -> Run:
    """A run whose result shows something, as a worker would have left it."""
    runs = omega.runtime.runs.records
    run = runs.create(f"{job}.ipynb", 1, parameters={"day": "<Monday>"}, bucket=omega.bucket)
    claim = runs.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    node = notebook("secret_source = 1")
    node.cells.insert(0, markdown("# The morning"))
    node.cells[1].outputs = [
        {"output_type": "stream", "name": "stdout", "text": shown},
    ]
    omega.jobs.put(node, Name(str(claim.run.result)), kind="notebook")
    done = runs.finish(claim, status, progress=Progress(done=1, total=1), log="")
    assert done is not None
    return done


@pytest.fixture
def job(omega: Omega) -> str:
    omega.jobs.put(notebook("1"), "daily")
    return "daily"


def test_nothing_can_be_published_before_a_run_succeeded(omega: Omega, job: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        omega.reports.publish("unknown")
    with pytest.raises(ReportNotReadyError, match="run it first"):
        omega.jobs.publish(job)
    ran(omega, "bad", Status.FAILED)
    with pytest.raises(ReportNotReadyError):
        omega.jobs.publish(job)
    with pytest.raises(ReportNotFoundError):
        omega.reports.page("daily")


def test_a_page_follows_good_runs_only(omega: Omega, job: str) -> None:
    first = ran(omega, "first numbers")
    report = omega.jobs.publish(job)
    assert (report.name, report.job, report.run) == ("daily", "daily.ipynb", first.id)
    assert report.url == "/omega/reports/daily"
    assert report.access is Access.SIGNED_IN
    assert omega.reports.get("daily") == report
    assert "first numbers" in omega.reports.page("daily")
    ran(omega, "bad numbers", Status.FAILED)
    assert "first numbers" in omega.reports.page("daily")
    third = ran(omega, "third numbers")
    assert "third numbers" in omega.reports.page("daily")
    assert omega.reports.get("daily").run == third.id
    assert "first numbers" in omega.reports.page("daily", run=first.id)


def test_only_good_runs_of_the_job_can_be_pinned(omega: Omega, job: str) -> None:
    ran(omega, "fine")
    omega.jobs.publish(job)
    bad = ran(omega, "bad", Status.FAILED)
    omega.jobs.put(notebook("1"), "secret")
    other = ran(omega, "other", job="secret")
    for run_id in (bad.id, other.id, "nothing"):
        with pytest.raises(RunNotFoundError):
            omega.reports.page("daily", run=run_id)


def test_the_page_tells_what_it_shows(omega: Omega, job: str) -> None:
    run = ran(omega, "<b>numbers</b>")
    omega.jobs.publish(job)
    page = omega.reports.page("daily")
    assert "<title>The morning</title>" in page
    assert 'day = "&lt;Monday&gt;"' in page
    assert run.id in page
    assert "secret_source" in page
    assert "<b>numbers" not in page
    assert "http" not in page.replace("http://www.w3.org", "")  # it stands by itself


def test_code_is_hidden_by_choice(omega: Omega, job: str) -> None:
    ran(omega, "numbers")
    omega.jobs.publish(job, hide_code=True, access="signed-in")
    page = omega.reports.page("daily")
    assert "numbers" in page
    assert "secret_source" not in page
    assert omega.reports.get("daily").access is Access.SIGNED_IN
    omega.jobs.publish(job, hide_code=False)
    assert "secret_source" in omega.reports.page("daily")


def test_publishing_again_opens_nothing_that_was_closed(omega: Omega, job: str) -> None:
    ran(omega, "numbers")
    omega.jobs.publish(job, hide_code=True, access="signed-in")
    again = omega.jobs.publish(job)
    assert (again.access, again.hide_code, again.live) == (Access.SIGNED_IN, True, False)
    opened = omega.jobs.publish(job, hide_code=False, access="anyone", live=True)
    assert (opened.access, opened.hide_code, opened.live) == (Access.ANYONE, False, True)
    assert omega.reports.get("daily") == opened


def test_a_name_belongs_to_one_job(omega: Omega, job: str) -> None:
    ran(omega, "a")
    omega.jobs.put(notebook("1"), "other")
    ran(omega, "b", job="other")
    omega.jobs.publish(job, name="team/numbers é")
    assert omega.reports.get("team/numbers é").url.endswith("/team/numbers%20%C3%A9")
    with pytest.raises(ObjectExistsError):
        omega.jobs.publish("other", name="team/numbers é")
    omega.jobs.publish("other")
    assert [r.name for r in omega.reports.list()] == ["other", "team/numbers é"]
    assert [r.name for r in omega.reports.list(job)] == ["team/numbers é"]
    omega.reports.unpublish("other")
    with pytest.raises(ReportNotFoundError):
        omega.reports.unpublish("other")


def test_a_page_outlives_its_result(omega: Omega, job: str) -> None:
    ran(omega, "numbers")
    omega.jobs.publish(job)
    newest = ran(omega, "dropped")
    omega.jobs.drop("results", recursive=True)
    assert "numbers" in omega.reports.page("daily")
    with pytest.raises(RunNotFoundError):
        omega.reports.page("daily", run=newest.id)


def test_buckets_have_reports_of_their_own(omega: Omega, job: str) -> None:
    ran(omega, "mine")
    omega.jobs.publish(job)
    with Omega(omega.url, bucket="other", config=omega.config) as other:
        assert other.reports.list() == []
        with pytest.raises(ReportNotFoundError):
            other.reports.page("daily")
    record = omega.storage.records("reports").find(f"{omega.bucket}/daily")
    assert record is not None
    # As a bucket with a slash in its name left it, before those were refused.
    omega.storage.records("reports").insert(
        {**record, "id": f"{omega.bucket}/a/daily", "bucket": f"{omega.bucket}/a"}
    )
    with pytest.raises(ReportNotFoundError):
        omega.reports.get("a/daily")


def test_links_are_absolute_when_the_server_has_a_name(omega: Omega, job: str) -> None:
    config = replace(omega.config, public_url="https://lab.example.org/")
    with Omega(config=config) as named:
        ran(named, "x")
        assert named.jobs.publish(job).url == "https://lab.example.org/omega/reports/daily"


def widgets() -> Any:
    return notebook("import ipywidgets\nipywidgets.IntSlider(value=7)")


def test_a_worker_publishes_and_renders_after_success(omega: Omega, tmp_path: Path) -> None:
    omega.jobs.put(widgets(), "widget")
    with worker(omega, tmp_path) as process:
        run = omega.runtime.job("widget").run(publish=True).wait(60, check=True)
        until(lambda: omega.reports.list("widget"), what=process.said)
        assert omega.reports.get("widget").run == run.id
        page = omega.reports.page("widget", assets=("/base/assets", ["require.js"]))
        assert "application/vnd.jupyter.widget-view+json" in page
        assert '"value": 7' in page
        assert 'src="/base/assets/require.js"' in page
        assert "omega-asset:" not in page
        again = run.rerun().wait(60, check=True)
        until(lambda: omega.reports.get("widget").run == again.id, what=process.said)
