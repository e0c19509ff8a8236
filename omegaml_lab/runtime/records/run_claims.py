"""Claims: which run a worker takes, and that no other one takes it too."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import CALLS, check_call
from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.core.runs import Progress, Run, Status
from omegaml_lab.runtime.records.run_documents import WAITING, run_of
from omegaml_lab.runtime.records.run_reader import RunReader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Claim", "RunClaims"]

_TRIES = 20
_PAUSES = (0.01, 0.04, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right of one worker to perform one attempt of a run; `token` is unique to it."""

    run: Run
    token: str


class RunClaims(RunReader):
    """Runs in a repository, as those see them that take them."""

    def claim(
        self,
        run_id: str,
        *,
        worker: str,
        result: Callable[[Run], str | None],
        kernels: Collection[str] = (),
    ) -> Claim | None:
        """Take a queued run for `worker`, or the one to go before it; None when there is none.

        A message is leave to take one job. Where the one that it names does not wait any more,
        for it went before another, that other one is taken: each has its turn.
        `result` names the notebook that the attempt will write, given the run as started.
        What needs another kernel than one of `kernels` waits for a worker that has it.
        """
        to_be_had = {"needs": {"$in": [None, *(name.lower() for name in kernels)]}}
        passed: set[str] = set()
        for _ in range(_TRIES):
            record = self._foremost(run_id, passed, to_be_had)
            if record is None or record["id"] in passed:
                return None
            try:
                if (claim := self._take(record, worker, result, to_be_had)) is not None:
                    return claim
            except IntegrityError:  # of a later version, say: that is in nobody's way
                if record["id"] == run_id:
                    raise
            passed.add(record["id"])  # or another worker was faster, or it may not start yet
        return None

    def _foremost(
        self, run_id: str, without: Collection[str], to_be_had: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the record of the run to take for the message about another one."""
        named = self._records.find(run_id)
        if named is None:
            return None
        waits = named["status"] == Status.QUEUED.value
        if named.get("kind", "job") != "job" or named.get("held_by") is not None:
            return named if waits else None
        own = (named.get("limits") or {}).get("priority") or 0
        others = {"status": Status.QUEUED.value, "label": named["label"], "kind": "job"}
        more = {"limits.priority": {"$gt": own}} if waits else {}
        found = self._records.query(
            {
                **others,
                **to_be_had,
                "id": {"$nin": [*without]},
                "held_by": None,
                **more,
                **self.may_start(),
            },
            sort=[("limits.priority", -1), ("queued_at", 1)],
            limit=1,
        )
        return found[0] if found else named if waits else None

    def claim_call(self, run_id: str, *, worker: str) -> Claim | None:
        """Take a queued call for `worker`, in one round trip; None when it does not wait.

        Calls have no priorities: each is taken by its own message. One that was sent without
        waiting may come later than that, and is waited for a moment. A claim that the database
        forgets when it dies is void, as one whose worker was given up for lost.

        Raises
        ------
        IntegrityError
            If this version does not understand it; it waits on for a worker that does.
        """
        token = secrets.token_hex(8)
        taken = self._take_call(run_id, worker, token)
        for pause in _PAUSES:
            if taken is not None or not self._may_come(run_id):
                break
            time.sleep(pause)
            taken = self._take_call(run_id, worker, token)
        if taken is None:
            return None
        try:
            return Claim(run=_performable(taken), token=token)
        except IntegrityError:  # it is known only now, and was in one round trip for that
            back = {**WAITING, "hints": taken.get("hints", 0)}
            self._records.update(run_id, where={"claim": token}, set=back)
            raise

    def _take_call(self, run_id: str, worker: str, token: str) -> dict[str, Any] | None:
        return self._records.update(
            run_id,
            where={"kind": {"$in": [*CALLS]}, **self._waits(worker)},
            set=self._started(worker, token, None),
            inc={"beat": 1},
            safely=False,
        )

    def _may_come(self, run_id: str) -> bool:
        """Say whether there is no run of that id, or one that came since it was looked for."""
        record = self._records.find(run_id)
        return record is None or record["status"] == Status.QUEUED.value

    def _take(
        self,
        record: Mapping[str, Any],
        worker: str,
        result: Callable[[Run], str | None],
        to_be_had: Mapping[str, Any],
    ) -> Claim | None:
        now, token = self._now(), secrets.token_hex(8)
        started = _performable({**record, "started_at": now})
        taken = self._records.update(
            record["id"],
            where={"attempt": record["attempt"], **to_be_had, **self._waits(worker)},
            set={**self._started(worker, token, result(started)), "started_at": now},
            inc={"beat": 1},
        )
        return Claim(run=run_of(taken), token=token) if taken else None

    def _waits(self, worker: str) -> dict[str, Any]:
        """Return the condition that a run is to be had by a worker."""
        held_by = {"$in": [None, worker]}
        return {"status": Status.QUEUED.value, "held_by": held_by, **self.may_start()}

    def _started(self, worker: str, token: str, result: str | None) -> dict[str, Any]:
        now = self._now()
        return {
            "retry_at": None,
            "usage": None,
            "status": Status.RUNNING.value,
            "claim": token,
            "worker": worker,
            "started_at": now,
            "heartbeat_at": now,
            "result": result,
            "progress": asdict(Progress()),
            "notice": None,
            "error": None,
            "log": "",
        }


def _performable(record: Mapping[str, Any]) -> Run:
    """Return the run of a record that is to be performed, not only to be shown.

    Raises
    ------
    IntegrityError
        If this version does not understand it.
    """
    run = run_of(record)
    if run.kind in CALLS:
        try:
            check_call(run.call)
        except (LookupError, TypeError, ValueError) as error:
            raise IntegrityError(f"run {run.id}", str(error)) from error
    return run
