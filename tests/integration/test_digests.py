"""Of a group that has ended everybody is told once, on a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.notifications import Happening, Occasion, Recipient
from omegaml_lab.core.runs import Status
from omegaml_lab.notifiers.webhook import WebhookNotifier
from omegaml_lab.runtime.notifications.outbox import Outbox
from tests.integration.grouping import end, job

if TYPE_CHECKING:
    from omegaml_lab.core.notifications import Notification
    from omegaml_lab.omega import Omega

URL = "https://lab.example.org"


@pytest.fixture
def outbox(omega: Omega) -> Outbox:
    return Outbox(omega.storage, omega.runtime.runs.records)


def told(outbox: Outbox) -> list[Notification]:
    """Return what there is to be told by now, the oldest first."""
    outbox.fill(public_url=URL)
    outbox.fill(public_url=URL)  # another scheduler makes nothing twice
    return outbox.page({}).items[::-1]


def titles(outbox: Outbox, who: str) -> list[str]:
    return [each.title for each in told(outbox) if each.address == f"{who}@example.org"]


def add(omega: Omega, who: str, on: str, **which: Any) -> None:
    omega.notifications.add(f"{who}@example.org", on=on, **which)


def test_twenty_runs_are_one_message(omega: Omega, outbox: Outbox) -> None:
    handle = job(omega)
    for on in Occasion:
        add(omega, on, on, job="job")
    add(omega, "all", "failure")
    group = handle.grid({"x": range(20)}, title="a sweep")
    for run in group.runs[:19]:
        end(omega, run, Status.FAILED if run.place in {3, 7} else Status.SUCCEEDED)
    alone = handle.run()
    end(omega, alone.id)
    assert {each.run for each in told(outbox)} == {alone.id}  # it does not wait for the group
    end(omega, group.runs[19])
    digests = [each for each in told(outbox) if each.group == group.id]
    assert sorted(each.address.partition("@")[0] for each in digests) == sorted(
        ["failure", "success", "change", "end", "all"]
    )
    first = digests[0]
    assert first.title == "a sweep: 18 succeeded, 2 failed"
    assert (first.run, first.job, first.happening) == ("", "job.ipynb", Happening.FAILED)
    lines = first.text.splitlines()
    assert lines[0] == f"All 20 runs of the group {group.id} have ended: 18 succeeded, 2 failed."
    assert [line for line in lines if line.startswith("failed")] == [
        f"failed job.ipynb, run {group.runs[place].id}: ValueError: no luck" for place in (3, 7)
    ]
    assert sum(URL in line for line in lines) == 10
    assert lines[-1] == f"… and 10 more: omega groups show {group.id}"
    assert str(first.link).startswith(URL)
    counts = WebhookNotifier(omega.config).payload(first)["group"]["counts"]
    assert counts == {"failed": 2, "succeeded": 18}


def test_another_round_is_told_as_one_that_works_again(omega: Omega, outbox: Outbox) -> None:
    handle = job(omega)
    add(omega, "change", "change")
    add(omega, "success", "success")
    group = handle.grid({"x": [1, 2, 3]})
    for run in group.runs:
        end(omega, run, Status.FAILED)
    assert titles(outbox, "success") == []
    assert titles(outbox, "change") == ["job: 3 failed"]
    omega.runtime.groups.retry(group.id)
    for run in group.runs:
        end(omega, run)
    assert titles(outbox, "success") == ["job: 3 succeeded"]
    assert told(outbox)[-1].happening is Happening.RECOVERED
    assert titles(outbox, "change") == ["job: 3 failed", "job: 3 succeeded"]


def test_each_is_told_of_the_jobs_that_are_theirs(omega: Omega, outbox: Outbox) -> None:
    load, fit = job(omega, "load"), job(omega, "fit")
    add(omega, "load", "end", job="load")
    add(omega, "fit", "end", job="fit")
    add(omega, "all", "end")
    group = omega.runtime.chain(load, [fit, fit], fit)
    end(omega, group.runs[0])
    omega.runtime.successors.sweep()
    end(omega, group.runs[1], Status.FAILED)
    assert told(outbox) == []
    omega.runtime.runs.cancel(group.runs[2].id)
    omega.runtime.successors.sweep()
    assert titles(outbox, "load") == ["load → fit → fit: 1 succeeded"]
    assert titles(outbox, "fit") == ["load → fit → fit: 2 cancelled, 1 failed"]
    assert titles(outbox, "all") == ["load → fit → fit: 1 succeeded, 2 cancelled, 1 failed"]


def test_the_settings_and_a_narrower_rule_count_too(omega: Omega, outbox: Outbox) -> None:
    handle = job(omega)
    add(omega, "quiet", "never", job="job")
    group = handle.grid({"x": [1, 2]})
    for run in group.runs:
        end(omega, run)
    everybody = [
        Recipient(channel="email", address=f"{who}@example.org", on=Occasion.END)
        for who in ("quiet", "loud")
    ]
    outbox.fill(everybody)
    assert [each.address for each in outbox.page({}).items] == ["loud@example.org"]
