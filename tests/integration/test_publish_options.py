"""A run that publishes shows its result to nobody who was not meant to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.core.reports import Access, Report
from omegaml_lab.core.runs import Progress, Status
from omegaml_lab.runtime.notebooks.execution import result_name
from tests.integration.notebooks import notebook
from tests.integration.processes import until, worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


@pytest.fixture
def job(omega: Omega) -> str:
    omega.jobs.put(notebook("1"), "daily")
    return "daily"


def succeed(omega: Omega, run: Run) -> None:
    """Let a run end, as a worker does."""
    omega.reports.follow(end(omega, run))


def end(omega: Omega, run: Run) -> Run:
    """Let a run end, as a worker does that dies before it has published the report."""
    records = omega.runtime.runs.records
    claim = records.claim(run.id, worker="w", result=result_name)
    assert claim is not None
    omega.jobs.put(notebook("1"), Name(str(claim.run.result)), kind="notebook")
    done = records.finish(claim, Status.SUCCEEDED, progress=Progress(done=1, total=1), log="")
    assert done is not None
    return done


def published(omega: Omega, publish: Any) -> Report:
    succeed(omega, omega.runtime.job("daily").run(publish=publish).run)
    return omega.reports.get("daily")


def test_the_choices_of_who_asked_are_those_of_the_report(omega: Omega, job: str) -> None:
    report = published(omega, {"access": "signed-in", "hide_code": True, "live": True})
    assert (report.access, report.hide_code, report.live) == (Access.SIGNED_IN, True, True)


def test_a_new_report_is_for_people_signed_in_unless_somebody_says_else(
    omega: Omega, job: str
) -> None:
    report = published(omega, publish=True)
    assert (report.access, report.hide_code, report.live) == (Access.SIGNED_IN, False, False)


def test_running_again_keeps_them(omega: Omega, job: str) -> None:
    first = omega.runtime.job("daily").run(publish={"access": "signed-in"})
    omega.runtime.runs.cancel(first.id)
    again = omega.runtime.runs.rerun(first.id)
    succeed(omega, again)
    assert omega.reports.get("daily").access is Access.SIGNED_IN


def test_a_report_is_closed_but_never_opened_by_a_run(omega: Omega, job: str) -> None:
    assert published(omega, {"access": "anyone"}).access is Access.ANYONE
    assert published(omega, publish=True).access is Access.ANYONE
    assert published(omega, {"access": "signed-in"}).access is Access.SIGNED_IN
    assert published(omega, {"access": "anyone"}).access is Access.SIGNED_IN
    assert published(omega, publish=True).access is Access.SIGNED_IN


def test_wrong_choices_start_nothing(omega: Omega, job: str) -> None:
    with pytest.raises(ValueError, match="friends"):
        omega.runtime.job("daily").run(publish={"access": "friends"})
    assert omega.runtime.runs.list("daily").total == 0


def test_a_report_that_a_worker_did_not_live_to_publish_is_published_by_the_next(
    omega: Omega, job: str, tmp_path: Path
) -> None:
    run = end(omega, omega.runtime.job(job).run(publish={"access": "signed-in"}).run)
    omega.jobs.put(notebook("2"), "other")
    succeed(omega, omega.runtime.job("other").run().run)
    omega.jobs.put(notebook("3"), "third")
    taken = end(omega, omega.runtime.job("third").run(publish=True).run)
    omega.reports.publish("other", name="third")
    with worker(omega, tmp_path) as process:
        until(lambda: [r.name for r in omega.reports.list(job)] == [job], what=process.said)
        until(lambda: omega.runtime.runs.get(taken.id).notice, what=process.said)
    assert omega.reports.get(job).run == run.id
    assert omega.reports.get(job).access is Access.SIGNED_IN
    assert "third" in str(omega.runtime.runs.get(taken.id).notice)
    assert omega.reports.get("third").job == "other.ipynb"
    assert omega.runtime.runs.records.unpublished() == []
