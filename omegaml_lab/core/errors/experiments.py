"""Errors about experiments and what is logged to them."""

from __future__ import annotations

from omegaml_lab.core.errors.base import OmegaError

__all__ = [
    "ExperimentBusyError",
    "ExperimentNotFoundError",
    "InvalidMetricError",
    "NotTrackingError",
]


class ExperimentNotFoundError(OmegaError, LookupError):
    """There is no such experiment, or nothing of this name was logged to it."""

    def __init__(self, experiment: str, what: str | None = None) -> None:
        self.experiment = experiment
        self.what = what
        reason = f"has no {what}" if what else "has no runs"
        super().__init__(
            f"Experiment {experiment!r} {reason}."
            " `omega experiments list` shows which there are, `… show` what is in one."
        )


class ExperimentBusyError(OmegaError, RuntimeError):
    """An experiment cannot be dropped while runs log to it."""

    def __init__(self, experiment: str, runs: int) -> None:
        self.experiment = experiment
        self.runs = runs
        super().__init__(
            f"Experiment {experiment!r} cannot be dropped: {runs} of its runs wait or go on."
            " Cancel them, or wait for their end."
        )


class InvalidMetricError(OmegaError, ValueError):
    """What is to be logged is no value that an experiment keeps."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r}: {reason}.")


class NotTrackingError(OmegaError, RuntimeError):
    """Something was logged where no run is that it could belong to."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        super().__init__(
            f"Nothing is tracked here: log inside of `with om.runtime.experiment({experiment!r})"
            " as exp:`, or in a notebook or script that a worker runs."
        )
