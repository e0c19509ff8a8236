"""What something refers to is kept, whatever it is called by now and whenever it is said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.store.gc import Collector
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.store import OmegaStore

RULE = {"retention": "last 1"}


def put(store: OmegaStore, name: str) -> str:
    """Put something four times, of which only the last is kept; return what it is called."""
    for n in range(4):
        name = store.put(str(n), name, attributes=RULE).name
    return name


def kept(store: OmegaStore, name: str) -> list[int]:
    return [metadata.revision for metadata in store.history(name)]


def submit(omega: Omega, job: str, revision: int) -> str:
    return omega.runtime.submit(job, revision, parameters={}).id


def test_a_run_keeps_what_it_runs_wherever_that_goes(omega: Omega) -> None:
    jobs, prod = omega.jobs, omega.jobs.in_bucket("prod")
    for name in ("twice", "folder/x", "moved", "replaced"):
        submit(omega, put(jobs, name), 2)
    jobs.rename("twice", "once")
    jobs.rename("once", "renamed")
    jobs.rename("folder/x", "folder/y")
    jobs.rename("folder", "other")
    jobs.move("moved", bucket="prod")
    jobs.drop("replaced", keep=False)
    put(jobs, "replaced")  # another object, which was not run
    omega.gc(grace=timedelta(0))
    assert kept(jobs, "renamed") == kept(jobs, "other/y") == kept(prod, "moved") == [4, 2]
    assert kept(jobs, "replaced") == [4]


def test_a_schedule_keeps_what_it_is_pinned_to_wherever_that_goes(omega: Omega) -> None:
    for n in range(4):
        omega.jobs.put(notebook(str(n)), "due", attributes=RULE)
    omega.runtime.schedules.add("due@2", "daily at 3:00")
    others = omega.jobs.in_bucket("default")  # that rename without a word to schedules
    others.rename("due", "once")
    others.rename("once", "twice")
    omega.gc(grace=timedelta(0))
    assert kept(omega.jobs, "twice") == [4, 2]


def test_a_call_keeps_what_it_calls(omega: Omega) -> None:
    put(omega.scripts, "f")
    script = omega.runtime.script("f@2")
    script.start()
    omega.scripts.rename("f", "g")
    omega.scripts.rename("g", "h")
    omega.gc(grace=timedelta(0))
    assert kept(omega.scripts, "h") == [4, 2]


def test_what_is_queued_while_garbage_is_collected_is_kept(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [put(omega.jobs, name) for name in ("before", "after")]
    empty, superfluous = Collector._empty_trash, Collector._superfluous

    def early(self: Collector, *args: object, **options: object) -> None:
        submit(omega, jobs[0], 2)  # when it is known what is old enough
        empty(self, *args, **options)  # type: ignore[arg-type]

    def late(self: Collector, head: object, *args: object) -> set[int]:
        if head.metadata.name == jobs[1]:  # type: ignore[attr-defined]
            submit(omega, jobs[1], 2)  # when it is known what is used
        return superfluous(self, head, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Collector, "_empty_trash", early)
    monkeypatch.setattr(Collector, "_superfluous", late)
    omega.gc(grace=timedelta(0))
    assert kept(omega.jobs, jobs[0]) == kept(omega.jobs, jobs[1]) == [4, 2]


def test_what_is_gone_cannot_be_run(omega: Omega) -> None:
    job = put(omega.jobs, "x")
    handle = omega.runtime.job("x@2")
    omega.gc(grace=timedelta(0))
    with pytest.raises(ObjectNotFoundError, match=r"x\.ipynb@2"):
        handle.run()
    with pytest.raises(ObjectNotFoundError):
        submit(omega, job, 9)
    assert omega.runtime.runs.list().total == 0


def test_a_model_keeps_its_data_from_the_trash_and_elsewhere(omega: Omega) -> None:
    data, models = omega.datasets, omega.models
    for name, revision in (("dropped", 1), ("renamed", 2), ("promoted", 3)):
        put(data, name)
        models.put(b"model", name, kind="file", trained_on=f"{name}@{revision}")
    models.drop("dropped")
    data.rename("renamed", "a")
    data.rename("a", "b")
    models.promote("promoted", bucket="prod")
    models.drop("promoted", keep=False)
    link = ("datasets b@2", "trained", "models renamed@1")
    for lineage in (models.lineage("renamed"), data.lineage("b@2")):
        assert [(str(k.source), k.relation, str(k.target)) for k in lineage.links] == [link]
    omega.gc(grace=timedelta(0))
    models.restore("dropped")
    assert (kept(data, "dropped"), kept(data, "b")) == ([4, 1], [4, 2])
    assert kept(data, "promoted") == [4, 3]
