"""Names of jobs are looked up once in a while, and are never many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.server.namings import Namings

if TYPE_CHECKING:
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega


class Lookups:
    """Counts what is looked up in a repository."""

    def __init__(self, omega: Omega) -> None:
        self._omega = omega
        self.asked: list[str] = []

    def __call__(self, run: Run) -> str:
        self.asked.append(run.job)
        return self._omega.runtime.runs.job_of(run)


def queued(omega: Omega, name: str) -> Run:
    omega.jobs.put("print(1)", name)
    return omega.runtime.job(name).run(label="nobody").run


def test_many_events_are_one_look_up_and_a_rename_shows_after_it(omega: Omega) -> None:
    now = [100.0]
    lookups = Lookups(omega)
    job_now = Namings(lookups, clock=lambda: now[0], fresh=1.0)
    run = queued(omega, "named/a")
    assert [job_now(run) for _ in range(50)] == ["named/a.ipynb"] * 50
    assert len(lookups.asked) == 1
    omega.jobs.rename("named/a.ipynb", "named/b.ipynb")
    now[0] += 1.0
    assert job_now(run) == "named/b.ipynb"
    assert len(lookups.asked) == 2


def test_no_more_are_remembered_than_is_said(omega: Omega) -> None:
    lookups = Lookups(omega)
    job_now = Namings(lookups, clock=lambda: 0.0, most=2)
    runs = [queued(omega, f"many/{index}") for index in range(3)]
    for run in runs:
        job_now(run)
    job_now(runs[2])
    job_now(runs[1])
    assert len(lookups.asked) == 3
    job_now(runs[0])  # the oldest was forgotten
    assert len(lookups.asked) == 4


def test_names_are_looked_up_again_after_they_were_forgotten(omega: Omega) -> None:
    lookups = Lookups(omega)
    job_now = Namings(lookups, clock=lambda: 0.0)
    run = queued(omega, "forgotten/a")
    assert job_now(run) == "forgotten/a.ipynb"
    omega.jobs.rename("forgotten/a.ipynb", "forgotten/b.ipynb")
    job_now.forget()
    assert job_now(run) == "forgotten/b.ipynb"


def test_what_is_looked_up_while_names_are_forgotten_is_not_remembered(omega: Omega) -> None:
    def rename_meanwhile(run: Run) -> str:
        name = omega.runtime.runs.job_of(run)
        if name == "meanwhile/a.ipynb":
            omega.jobs.rename(name, "meanwhile/b.ipynb")
            job_now.forget()
        return name

    job_now = Namings(rename_meanwhile, clock=lambda: 0.0)
    run = queued(omega, "meanwhile/a")
    assert [job_now(run), job_now(run)] == ["meanwhile/a.ipynb", "meanwhile/b.ipynb"]
