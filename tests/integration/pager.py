"""A repository at a time that a test sets, with a channel that remembers what it was given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.runs import Failure, Progress, Status
from omegaml_lab.notifiers.notifier import Notifier
from omegaml_lab.runtime.notifications.outbox import Outbox
from omegaml_lab.runtime.records.run_records import utcnow
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from datetime import datetime

    from omegaml_lab.core.notifications import Notification
    from omegaml_lab.core.runs import Run
    from omegaml_lab.omega import Omega

NAME = "folder/a % ü.ipynb"


class Pager(Notifier):
    """A channel that remembers, and fails as it is told to."""

    channel = "pager"

    def __init__(self) -> None:
        self.got: list[Notification] = []
        self.errors: list[Exception] = []

    def check(self, address: str) -> str:
        return address

    def shown(self, address: str) -> str:
        return address[:1] + "…"

    def send(self, notification: Notification) -> None:
        if self.errors:
            raise self.errors.pop()
        self.got.append(notification)


class Bench:
    """A repository at a time that a test sets, with a channel of its own."""

    def __init__(self, omega: Omega) -> None:
        self.omega = omega
        self.now: datetime = utcnow()
        self.pager = Pager()
        self.told = omega.notifications
        self.told.notifiers.add(self.pager)
        self.told.outbox = self.outbox()
        omega.jobs.put(notebook("print(1)"), NAME)

    def outbox(self) -> Outbox:
        records = self.omega.runtime.runs.records
        return Outbox(self.omega.storage, records, clock=lambda: self.now)

    def end(self, status: Status = Status.FAILED, **values: Any) -> Run:
        """Let a run end as if a worker had performed it."""
        records = self.omega.runtime.runs.records
        run = records.create(NAME, 1, parameters={}, owner="ada", **values)
        claim = records.claim(run.id, worker="w", result=lambda run: f"results/{run.id}.ipynb")
        error = Failure(name="ValueError", message="no\r\nflights", cell=2)
        ended = records.finish(
            claim, status, progress=Progress(), log="",
            error=error if status is Status.FAILED else None,
        )  # fmt: skip
        time.sleep(0.002)  # times are kept in milliseconds
        return ended

    def deliver(self) -> list[str]:
        self.told.postman().deliver()
        return [each.title for each in self.pager.got]
