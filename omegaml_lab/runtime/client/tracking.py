"""Tracking: an experiment as who logs to it holds it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
from contextvars import ContextVar
from numbers import Real
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import (
    ExperimentNotFoundError,
    InvalidMetricError,
    NotTrackingError,
    RunFailedError,
    UnsupportedObjectError,
)
from omegaml_lab.core.experiments import (
    Best,
    Kept,
    check_experiment,
    check_logged,
    metric_value,
    parameter_text,
    step_number,
)
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Failure, Progress, Run, Status
from omegaml_lab.runtime.client.value_writer import ValueWriter, flush_all
from omegaml_lab.runtime.records.patience import patiently
from omegaml_lab.store.recording import recording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import pandas as pd

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.runtime.client.runtime import OmegaRuntime
    from omegaml_lab.runtime.records.run_records import Claim
    from omegaml_lab.store.store import OmegaStore

__all__ = ["ExperimentHandle", "around", "joined", "note_call"]

_log = logging.getLogger(__name__)
_around: ContextVar[tuple[ExperimentHandle, ...]] = ContextVar("omega_experiments", default=())
_MOST_SETTINGS = 200


class ExperimentHandle:
    """An experiment: to log to, and to read and compare.

    In a run on a worker what is logged belongs to that run. Elsewhere each ``with`` makes a run
    of its own, of the kind ``local``, which ends as the block does; jobs, models and scripts
    that are run in the block become part of the experiment too.
    """

    def __init__(self, runtime: OmegaRuntime, name: str) -> None:
        self.name = check_experiment(name)
        self._runtime = runtime
        self._records = runtime.runs.records
        self._depth = 0
        self._block = contextlib.ExitStack()
        self._run: Run | None = None
        self._claim: Claim | None = None
        self._writer: ValueWriter | None = None
        self._cancelled = False

    def __repr__(self) -> str:
        return f"<ExperimentHandle {self.name}>"

    def __enter__(self) -> ExperimentHandle:
        self._depth += 1
        if self._depth == 1:
            try:
                if not self._attached():
                    self._begin()
            except BaseException:
                self._depth = 0
                raise
            token = _around.set((*_around.get(), self))
            self._block.callback(_around.reset, token)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        self._block.close()
        if self._claim is None:
            self._patiently_flush()
            self._writer = self._run = None
        else:
            self._end(self._claim, error)

    # -- logging -------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The run that is logged for, as it was when that began.

        Raises
        ------
        NotTrackingError
            If there is none here.
        """
        self._ready()
        if self._run is None:
            raise NotTrackingError(self.name)
        return self._run

    def log_metric(self, name: str, value: Any, step: int | None = None) -> None:
        """Log a value of a metric; by default its step is the one after the last, from 0.

        It is on disk within about a second, and for certain when the block, the cell or the
        script ends, or after :meth:`flush`.

        Raises
        ------
        InvalidMetricError
            If it is not a number; NaN and infinity are kept as they are.
        NotTrackingError
            If there is no run here that it could belong to.
        RunFailedError
            If somebody cancelled the run.
        """
        number = metric_value(check_logged(name), value)
        place = None if step is None else step_number(name, step)
        self._ready().metric(name, number, place)

    def log_metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log values of several metrics at the same step, all or, when one is wrong, none."""
        place = None if step is None else step_number("metrics", step)
        numbers = {name: metric_value(check_logged(name), v) for name, v in values.items()}
        writer = self._ready()
        for name, number in numbers.items():
            writer.metric(name, number, place)

    def log_param(self, name: str, value: Any) -> None:
        """Log a parameter; of one that is logged again the last value holds.

        Raises
        ------
        InvalidMetricError
            If it cannot be written as JSON, or is larger than 20,000 characters.
        """
        self.log_params({name: value})

    def log_params(self, values: Mapping[str, Any]) -> None:
        """Log parameters, all or, when one is wrong, none."""
        self._note(Kept.PARAMETER, values)

    def tag(self, name: str, value: Any = True) -> None:  # noqa: FBT002 - a tag is just there
        """Tag the run: a word to tell it from others, with or without a value."""
        self._note(Kept.TAG, {name: value})

    def log_artifact(self, obj: Any, name: str, *, kind: str | None = None) -> Metadata:
        """Keep an object of the run, as an ordinary object of a kind that takes it.

        It is in the datasets, or in the models when those take it, below
        ``experiments/<experiment>/<run>/``, and :meth:`artifact` gets it.

        Raises
        ------
        UnsupportedObjectError
            If no kind takes it.
        """
        writer, run = self._ready(), self.run
        stored = Name(f"experiments/{self.name}/{run.id}/{check_logged(name)}")
        store = self._store_for(obj, stored, kind)
        with recording(run.id):
            metadata = store.put(obj, stored, kind=kind)
        where = {"store": metadata.store, "name": metadata.name, "revision": metadata.revision}
        writer.fact(Kept.ARTIFACT, name, json.dumps(where))
        writer.flush()
        return metadata

    def flush(self) -> None:
        """Return when all that was logged up to now is on disk.

        Raises
        ------
        StorageUnavailableError
            If the repository does not answer; it is kept later.
        """
        if self._writer is not None:
            self._writer.flush()

    # -- reading -------------------------------------------------------------------------------

    def data(self, *, run: str | None = None, metric: str | None = None) -> pd.DataFrame:
        """Return all values, one a row: run, metric, step, value, at (UTC)."""
        self.flush()
        return self._runtime.experiments.data(self.name, run=run, metric=metric)

    def compare(
        self, metrics: Sequence[str] | None = None, *, by: Best | str = Best.LAST
    ) -> pd.DataFrame:
        """Return one row for each run: what it was, its parameters, and its metrics.

        Parameters
        ----------
        metrics
            Which ones; by default all.
        by
            Which value of a metric stands for the run: ``last``, ``min`` or ``max``.
        """
        self.flush()
        return self._runtime.experiments.compare(self.name, metrics, by=by)

    @property
    def runs(self) -> list[Run]:
        """Its runs, the newest first."""
        return self._runtime.experiments.runs(self.name)

    def artifact(self, name: str, *, run: str | None = None) -> Any:
        """Return an object that a run has logged; by default the newest run that has one.

        Raises
        ------
        ExperimentNotFoundError
            If no run has.
        """
        rows = self._runtime.experiments.rows(self.name)
        for row in rows:
            if name in row.artifacts and run in {None, row.run}:
                store, _, path = row.artifacts[name].partition("/")
                stores = self._runtime.calls.stores
                found: OmegaStore = stores.models if store == "models" else stores.datasets
                base, _, revision = path.rpartition("@")
                return found.get(Name(base, revision=int(revision)))
        raise ExperimentNotFoundError(self.name, f"artifact {name!r}")

    def to_mlflow(self, tracking_uri: str) -> list[str]:
        """Copy its runs that have ended to MLflow, each once; return their ids there.

        Raises
        ------
        ExperimentNotFoundError
            If the experiment has no runs.
        MissingDependencyError
            If MLflow is not installed.
        """
        from omegaml_lab.runtime.client.mlflow_export import to_mlflow

        return to_mlflow(self._runtime.experiments, self.name, tracking_uri)

    # -- the run -------------------------------------------------------------------------------

    def _ready(self) -> ValueWriter:
        if self._cancelled and self._claim is not None:
            reason = "somebody cancelled it"
            raise RunFailedError(self._claim.run.id, Status.CANCELLED, reason)
        writer = self._writer if self._claim is not None else self._attached()
        if writer is None:
            raise NotTrackingError(self.name)
        return writer

    def _attached(self) -> ValueWriter | None:
        """Return what logs for the run that this code is in, if it is in one of this bucket."""
        run_id = self._runtime.calls.stores.datasets.recorder.run
        if self._writer is not None and self._run is not None:
            # A thread need not know of the run; a process of a worker goes on to the next call.
            if run_id in {None, self._run.id}:
                return self._writer
            self._writer.flush()
        if run_id is None:
            return None
        self._run = self._records.join(run_id, self.name, bucket=self._runtime.runs.bucket)
        if self._run is None:
            return None
        self._writer = ValueWriter(self._runtime.values, self._run, self.name)
        _flush_after_cells()
        return self._writer

    def _begin(self) -> None:
        names = dict.fromkeys((*(handle.name for handle in _around.get()), self.name))
        self._claim = self._records.begin(
            self.name,
            worker=f"{socket.gethostname()}-{os.getpid()}",
            bucket=self._runtime.runs.bucket,
            owner=self._runtime.owner,
            experiments=tuple(names),
        )
        self._run = self._claim.run
        self._cancelled = False
        self._writer = ValueWriter(self._runtime.values, self._run, self.name, beat=self._beat)
        self._block.enter_context(recording(self._run.id))

    def _beat(self) -> None:
        if self._claim is not None:
            run = self._records.beat(self._claim)
            self._cancelled = self._cancelled or (run is not None and run.cancel_requested)

    def _end(self, claim: Claim, error: BaseException | None) -> None:
        self._patiently_flush()
        status, failure = _outcome(error, cancelled=self._cancelled)
        ended = patiently(
            lambda: self._records.finish(
                claim, status, progress=Progress(), log="", error=failure
            ),
            what=f"run {claim.run.id}",
            hurried=lambda: False,
        )
        if ended is None:
            _log.warning("run %s was not heard of for long, and is lost", claim.run.id)
        self._claim = self._writer = self._run = None

    def _patiently_flush(self) -> None:
        writer = self._writer
        if writer is None:
            return
        if self._claim is not None:
            writer.close()
        patiently(writer.flush, what=f"experiment {self.name}", hurried=lambda: False)

    def _note(self, kind: Kept, values: Mapping[str, Any]) -> None:
        texts = {name: parameter_text(check_logged(name), v) for name, v in values.items()}
        writer = self._ready()
        for name, text in texts.items():
            writer.fact(kind, name, text)

    def _store_for(self, obj: Any, name: Name, kind: str | None) -> OmegaStore:
        stores = self._runtime.calls.stores
        if kind is not None:
            takes = stores.registry.backend(kind).stores
            return stores.datasets if "datasets" in takes else stores.models
        try:
            stores.registry.choose(obj, "datasets", name.path)
        except UnsupportedObjectError:
            return stores.models
        return stores.datasets


def around(*given: str) -> tuple[str, ...]:
    """Return the experiments that a run is part of which is asked for here and now."""
    names = [handle.name for handle in _around.get()]
    return tuple(dict.fromkeys([*names, *(check_experiment(name) for name in given)]))


def joined() -> ExperimentHandle | None:
    """Return the innermost experiment whose block this is in."""
    handles = _around.get()
    return handles[-1] if handles else None


def note_call(
    exp: ExperimentHandle, method: str, settings: Mapping[str, Any], result: Any
) -> None:
    """Log what a call tells of itself: settings of the model, its score, figures of a script.

    What of that cannot be logged is left out: the call is done, and good.
    """
    exp.log_params({"method": method})
    for name, value in list(settings.items())[:_MOST_SETTINGS]:
        with contextlib.suppress(InvalidMetricError):
            exp.log_params({name: value})
    found = result if isinstance(result, dict) else {method: result}
    for name, value in found.items() if method in {"score", "run"} else ():
        with contextlib.suppress(InvalidMetricError):
            if not isinstance(value, bool) and isinstance(value, Real):
                exp.log_metric(str(name), value)


def _outcome(error: BaseException | None, *, cancelled: bool) -> tuple[Status, Failure | None]:
    if cancelled or isinstance(error, KeyboardInterrupt):
        return Status.CANCELLED, None
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return Status.SUCCEEDED, None
    import traceback

    lines = tuple(traceback.format_exception(error))
    return Status.FAILED, Failure(name=type(error).__name__, message=str(error), traceback=lines)


def _flush_after_cells() -> None:
    """In a notebook, let all be on disk when a cell has ended: a kernel may be killed then."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        with contextlib.suppress(ValueError):
            shell.events.unregister("post_run_cell", _after_cell)
        shell.events.register("post_run_cell", _after_cell)


def _after_cell(*_: Any) -> None:
    flush_all()
