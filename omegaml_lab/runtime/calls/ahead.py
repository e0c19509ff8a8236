"""Ahead: what a model is asked while the run that asks it is still being claimed.

A message about a call that only reads carries the call itself. A worker with a warm process for
it passes it on at once, and claims the run meanwhile. What comes of it counts if the run was
claimed and asks just that; else nobody hears of it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import READING, VIRTUAL
from omegaml_lab.core.errors import CalleeDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.calls.callees import Callee, Callees

__all__ = ["Ahead", "ask_ahead", "request_of", "told_ahead"]

_SMALL = 64 * 1024
_PATIENCE = 1.0


def request_of(run: Run) -> dict[str, Any]:
    """Return what the process of a call is asked for a run."""
    call = run.call or {}
    target = call["target"]
    return {
        "run": run.id,
        "kind": run.kind,
        "target": {
            "kind": target["kind"],
            "state": target["state"],  # and what newer versions say is left out
            "name": run.job,
            "revision": run.revision,
            "object": run.object,
        },
        "call": call,
        "experiments": list(run.experiments),
    }


def told_ahead(run: Run) -> dict[str, Any] | None:
    """Return what a message tells of a run beside its id; None if that has to be looked up."""
    if (
        run.kind != "model"
        or run.limits.memory is not None
        or not _only_reads(request := request_of(run))
    ):
        return None
    call = request["call"]
    given = [*call["args"], *(parcel for _, parcel in call["kwargs"])]
    if sum(len(text) for parcel in given for text in parcel.values()) > _SMALL:
        return None
    return {"bucket": run.bucket, "owner": run.owner, "request": request}


@dataclass(frozen=True, slots=True)
class Ahead:
    """A process that was asked `request`: hear its answer, or `leave` it."""

    callee: Callee
    request: Mapping[str, Any]
    environment: Mapping[str, str]
    callees: Callees

    def leave(self) -> None:
        """Hear the answer, which nobody wants, so that the process can be asked again.

        One that does not come soon costs more than the process is worth: nobody could cancel it.
        """
        with contextlib.suppress(CalleeDiedError):
            self.callee.answer(self.callee.kill, after=_PATIENCE)
        self.callees.give_back(self.callee, self.environment, fresh=False)


def ask_ahead(
    callees: Callees,
    run_id: str,
    told: Mapping[str, Any],
    *,
    environment: Callable[[str, str], Mapping[str, str]],
) -> Ahead | None:
    """Ask a process that is there already what a message has `told` of a run.

    None when there is no process, when it may not be asked yet, and when this version does not
    understand what is told: another one may have sent it, and the run itself says it too.
    """
    try:
        request, place = told["request"], (told["bucket"], told["owner"])
        if request["run"] != run_id or not _only_reads(request):
            return None
    except (LookupError, TypeError):
        return None
    whole = environment(*place)
    callee = callees.warm(whole)
    if callee is None:
        return None
    callee.begin(request)
    return Ahead(callee, request, whole, callees)


def _only_reads(request: Mapping[str, Any]) -> bool:
    return (
        request["kind"] == "model"
        and request["call"]["method"] in READING
        and request["target"]["kind"] != VIRTUAL
        and not request["experiments"]
    )
