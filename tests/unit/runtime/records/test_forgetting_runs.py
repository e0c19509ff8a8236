"""Runs are forgotten with their results where somebody wants it; what is referred to stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.groups import Group
from omegaml_lab.core.lineage import Reference
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.records.run_records import utcnow
from omegaml_lab.storage.lineage import Read
from omegaml_lab.store.recording import recording
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from datetime import datetime

    from omegaml_lab.core.gc import Collected
    from omegaml_lab.omega import Omega

CALL = {"method": "fit", "target": {"kind": "sklearn.skops"}, "args": [], "kwargs": []}


def ended(omega: Omega, id: str, job: str = "n", *, days: float = 40, **changed: Any) -> str:  # noqa: A002
    """A run that has ended as many days ago, and left its notebook as its result."""
    runs, result = omega.runtime.runs.records, f"results/{job}/{id}.ipynb"
    given = {key: changed.pop(key) for key in ("group", "schedule", "kind") if key in changed}
    call = {"call": CALL} if "kind" in given else {}
    runs.create(job, 1, parameters={}, id=id, object=f"id of {job}", **given, **call)
    at = days_ago(days)
    told = {"status": Status.SUCCEEDED.value, "queued_at": at, "ended_at": at, "untold": False}
    omega.storage.records("runs").update(id, set={**told, "result": result, **changed})
    with recording(id):
        omega.jobs.put(notebook(), Name(result))
    return id


def days_ago(days: float) -> datetime:
    return utcnow() - timedelta(days=days)


def gc(omega: Omega, **options: Any) -> Collected:
    omega.config = replace(omega.config, record_days=30.0)
    return omega.gc(**options)


def left(omega: Omega) -> set[str]:
    return {record["id"] for record in omega.storage.records("runs").query()}


def results(omega: Omega) -> set[str]:
    return {name.rpartition("/")[2].removesuffix(".ipynb") for name in omega.jobs.list("results")}


def test_nothing_goes_unless_somebody_wants_it(omega: Omega) -> None:
    ended(omega, "old", days=4000)
    ended(omega, "new", days=0)
    assert omega.gc().runs == 0
    assert left(omega) == {"old", "new"}


def test_runs_of_long_ago_go_with_their_results(omega: Omega) -> None:
    gone = {ended(omega, f"gone {n}", days=90 - n) for n in range(3)}
    gone.add(ended(omega, "failed", days=41, status=Status.FAILED.value, publish=True))
    gone.add(ended(omega, "script", "s", kind="script"))
    gone.add(ended(omega, "fit", "m", kind="model"))
    stays = {
        ended(omega, "last", days=35),
        ended(omega, "young", "m", days=20, kind="model"),
        ended(omega, "newer", "s", days=20, kind="script"),
        ended(omega, "only good", "g", days=50),
        ended(omega, "then bad", "g", days=40, status=Status.FAILED.value),
        ended(omega, "tagged", tags=["keep"]),
        ended(omega, "good tagged"),
        ended(omega, "tracked", experiments=["e"]),
        ended(omega, "wrote"),
        ended(omega, "unpublished", unpublished=True),
        ended(omega, "is tried again", status=Status.LOST.value, attempt=1),
        ended(omega, "may be resumed", kept_until=utcnow()),
        ended(omega, "is followed"),
        ended(omega, "is shown"),
    }
    pages = omega.reports.stores[1]
    pages.put(b"a page", Name("gone 1/code-1.html"), kind="file")
    omega.jobs.tag("results/n/good tagged", "march")
    with recording("wrote"):
        omega.datasets.put([1], "made")
    omega.runtime.runs.records.create("n", 1, parameters={}, id="follows")
    omega.storage.records("runs").update("follows", set={"waits_for": ["is followed"]})
    omega.storage.records("reports").insert({"id": "r", "bucket": "default", "run": "is shown"})
    read = Reference(id="o", bucket="default", store="datasets", name="d", revision=1)
    lineage = omega.storage.lineage
    lineage.note([Read(run=run, what=read) for run in ("gone 1", "last")])
    assert gc(omega, dry_run=True).runs == len(gone)
    assert gone < left(omega)
    assert gc(omega).runs == len(gone)
    assert left(omega) == stays | {"follows"}
    assert results(omega) == stays
    assert [link.target.id for link in lineage.read_by(["gone 1", "last"], limit=9)] == ["last"]
    assert not pages.exists(Name("gone 1/code-1.html"))
    assert gc(omega).runs == 0


def test_where_no_scheduler_is_to_tell_of_them_runs_go_a_month_after_their_end(
    omega: Omega,
) -> None:
    ended(omega, "old", days=40, untold=True)
    ended(omega, "kept by a worker that died", days=39, untold=True, kept_until=days_ago(39))
    ended(omega, "to be told", days=20, untold=True)
    ended(omega, "told", days=19)
    ended(omega, "last", days=0)
    omega.config = replace(omega.config, record_days=7.0)
    assert omega.gc().runs == 3
    assert left(omega) == {"to be told", "last"}


def test_what_a_schedule_keeps_stays(omega: Omega) -> None:
    put = omega.jobs.put(notebook("1"), "due")
    schedule = omega.runtime.schedules.add("due", "daily at 3:00", keep=2).id
    for number in range(5):
        ended(omega, str(number), put.name, days=90 - number, schedule=schedule)
    ended(omega, "by hand", put.name, days=40)
    assert gc(omega).runs == 3
    assert left(omega) == {"3", "4", "by hand"}


@pytest.mark.parametrize(
    ("stays", "changed"),
    [
        (False, {}),
        (True, {"days": 20}),
        (True, {"tags": ["keep"]}),
        (True, {"on_failure": "ask"}),  # only a newer version understands it
        (True, {"status": Status.QUEUED.value, "ended_at": None}),
    ],
)
def test_a_group_goes_as_a_whole_or_not(
    omega: Omega, *, stays: bool, changed: dict[str, Any]
) -> None:
    groups = omega.storage.records("groups")
    omega.jobs.put(notebook("1"), "each")
    group = omega.runtime.job("each").map([{}]).id
    made = omega.runtime.groups.get(group).runs[0].id
    omega.storage.records("runs").delete(made)
    first = ended(omega, "first", "each", days=50, group=group)
    second = ended(omega, "second", "each", group=group, **changed)
    newer = ended(omega, "newer", "each", days=1)
    assert gc(omega).runs == (0 if stays else 2)
    assert left(omega) == ({first, second, newer} if stays else {newer})
    assert (groups.find(group) is not None) is stays


def test_a_group_stays_for_the_sake_of_one_of_its_runs(omega: Omega) -> None:
    group = omega.runtime.groups.records.start(
        Group(id="g", title="g", jobs=(), count=2, created_at=utcnow()), [], shared={}
    )
    omega.storage.records("groups").update(group.id, set={"plan": None})
    mine = {ended(omega, name, "each", group=group.id) for name in ("first", "second")}
    ended(omega, "newer", "each", days=1)
    omega.jobs.tag("results/each/first", "march")
    assert gc(omega).runs == 0
    assert left(omega) == mine | {"newer"}


def test_who_dies_over_a_group_leaves_runs_that_the_next_one_removes(omega: Omega) -> None:
    ended(omega, "left over", group="of a group that is gone")
    ended(omega, "newer", days=1)
    assert gc(omega).runs == 1
    assert left(omega) == {"newer"}
