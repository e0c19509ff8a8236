"""Calls as a client sees them: methods of models, and scripts, performed by the workers."""

from __future__ import annotations

import contextlib
import copy
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    BrokerUnavailableError,
    OmegaError,
    RunFailedError,
    RunNotFoundError,
)
from omegaml_lab.core.limits import UNLIMITED
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.calls.ahead import told_ahead
from omegaml_lab.runtime.calls.answers import Answers
from omegaml_lab.runtime.calls.calling import Caller, Target
from omegaml_lab.runtime.calls.parcels import copied, opened, wrapped
from omegaml_lab.runtime.client.handles import RunHandle
from omegaml_lab.runtime.client.tracking import around

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from omegaml_lab.core.calls import CallKind
    from omegaml_lab.core.limits import Limits
    from omegaml_lab.core.runs import Run
    from omegaml_lab.runtime.calls.stores import Stores
    from omegaml_lab.runtime.client.runtime import OmegaRuntime

__all__ = ["CallHandle", "Calls"]

_FRESH = 1.0


class CallHandle(RunHandle):
    """A call to follow, and what it answers.

    Its run is `coming` when it has ended, which may be before somebody waits for it.
    """

    def __init__(self, runtime: OmegaRuntime, run: Run, coming: Future[Run]) -> None:
        super().__init__(runtime, run)
        self.coming = coming

    def get(self, timeout: float | None = None) -> Any:
        """Return what the call returned, when it has ended.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits for ever.

        Raises
        ------
        RunFailedError
            If it ended otherwise; the message is that of the error which ended it.
        RunTimeoutError
            If it has not ended in time; it goes on.
        ObjectNotFoundError
            If its answer was large, and is not kept any more.
        """
        if not self.run.final:
            self.run = self._runtime.calls.wait(self.run, timeout)
        return self._runtime.calls.answer(self.run)


class Calls:
    """Asks for calls, and waits for their answers."""

    def __init__(self, runtime: OmegaRuntime, stores: Stores, owner: str) -> None:
        self.stores = stores
        self.caller = Caller(stores)
        self.runtime = runtime
        self._owner = owner
        self._answers = Answers(runtime.runs.records)
        self._looked: tuple[Any, str, float] = (None, "", 0.0)

    def through(self, runtime: OmegaRuntime) -> Calls:
        """Return the same, asking as `runtime` does."""
        other = copy.copy(self)
        other.runtime = runtime
        return other

    def start(
        self,
        kind: CallKind,
        target: Target,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        limits: Limits = UNLIMITED,
        safely: bool = True,
    ) -> CallHandle:
        """Queue a call, and tell the workers.

        It is on the disk then, if `safely`.

        Raises
        ------
        UnsupportedObjectError
            If an argument is of a type that no kind keeps.
        """
        run_id = secrets.token_hex(8)
        parcels = [
            self._wrapped(value, kind, f"{run_id}/{number}")
            for number, value in enumerate([*args, *kwargs.values()])
        ]
        call = {
            "method": method,
            "target": {"kind": target.kind, "state": target.state},
            "args": parcels[: len(args)],
            # In pairs: what somebody calls an argument may be no name for a field.
            "kwargs": [list(pair) for pair in zip(kwargs, parcels[len(args) :], strict=True)],
        }
        return self._submit(run_id, kind, target.pinned, call, limits=limits, safely=safely)

    def again(self, before: Run) -> Run:
        """Queue a call again as it was.

        Raises
        ------
        ObjectNotFoundError
            If an argument was large, and is not kept any more.
        """
        run_id, call = secrets.token_hex(8), before.call or {}
        args, kwargs = call.get("args", []), call.get("kwargs", [])
        parcels = [
            # The run's own: those of the one before go when that has ended for long.
            copied(parcel, self.stores.calls, f"{run_id}/{number}")
            for number, parcel in enumerate([*args, *(value for _, value in kwargs)])
        ]
        named = zip((name for name, _ in kwargs), parcels[len(args) :], strict=True)
        call = {**call, "args": parcels[: len(args)], "kwargs": [list(pair) for pair in named]}
        return self._submit(
            run_id,
            before.kind,
            Name(self.runtime.runs.job_of(before), revision=before.revision),
            call,
            limits=before.limits,
            label=before.label,
            experiments=before.experiments,
        ).run

    def wait(self, run: Run, timeout: float | None) -> Run:
        """Return the run of a call when it has ended.

        Raises
        ------
        RunTimeoutError
            If it has not ended in time; it goes on.
        """
        return self._answers.wait(run.id, timeout)

    def now(
        self,
        kind: CallKind,
        target: Target,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        limits: Limits = UNLIMITED,
    ) -> Any:
        """Have something called, and return what it returns.

        Who loses patience and interrupts it cancels it. Nobody knows of the run before it has
        ended, which is on the disk together with all before it. So its beginning is not waited
        for; a database that dies and forgets it is asked again.

        Raises
        ------
        UnsupportedObjectError
            If an argument is of a type that no kind keeps.
        RunFailedError
            If it failed.
        """
        asked = partial(self.start, kind, target, method, args, kwargs, limits=limits)
        try:
            return self._patient(asked(safely=False))
        except RunNotFoundError:
            return self._patient(asked())

    def _patient(self, handle: CallHandle) -> Any:
        try:
            return handle.get()
        except KeyboardInterrupt:
            with contextlib.suppress(OmegaError):
                handle.cancel()
            raise

    def answer(self, run: Run) -> Any:
        """Return what is in the answer of a run that has ended.

        Raises
        ------
        RunFailedError
            If it did not succeed.
        """
        if run.status is not Status.SUCCEEDED or run.answer is None:
            error = run.error
            reason = f"{error.name}: {error.message}" if error else "it did not run to its end"
            raise RunFailedError(run.id, run.status, reason)
        return opened(run.answer, self.stores.calls)

    def close(self) -> None:
        """Listen for answers no more."""
        self._answers.close()

    def _submit(
        self,
        run_id: str,
        kind: str,
        target: Name,
        call: Any,
        *,
        limits: Limits,
        label: str | None = None,
        experiments: Sequence[str] = (),
        safely: bool = True,
    ) -> CallHandle:
        coming = self._answers.expect(run_id)
        records = self.runtime.runs.records
        with self._relying_on(kind, target, call["target"]["state"]) as kept:
            run = records.create(
                target.path,
                target.revision or 0,
                parameters={},
                id=run_id,
                bucket=self.runtime.runs.bucket,
                label=label or self.runtime.label,
                owner=self._owner,
                kind=kind,
                call=call,
                object=kept,
                limits=limits,
                max_attempts=limits.attempts,
                experiments=around(*experiments),
                safely=safely,
            )
        try:
            # No look for workers, which takes time: a run that waits is told so by the scheduler.
            self.runtime.broker.send(run, told=told_ahead(run))
        except BrokerUnavailableError as error:
            run = records.notify(run.id, str(error))
        return CallHandle(self.runtime, run, coming)

    @contextlib.contextmanager
    def _relying_on(self, kind: str, name: Name, state: str) -> Iterator[str]:
        """As `OmegaStore.relying_on`; a look at a `state` is good for a second.

        What is dropped, or replaced, in that second has the grace period before it is collected.
        """
        asked, kept, at = self._looked
        if asked == (kind, name, state) and time.monotonic() - at < _FRESH:
            yield kept
            return
        store = self.stores.scripts if kind == "script" else self.stores.models
        with store.relying_on(name, briefly=True) as kept:
            self._looked = (kind, name, state), kept, time.monotonic()
            yield kept

    def _wrapped(self, value: Any, kind: CallKind, name: str) -> dict[str, Any]:
        if kind == "model" and isinstance(value, str):
            return {"name": value}  # data that the worker is to read
        return wrapped(value, self.stores.calls, name)
