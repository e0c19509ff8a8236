"""Errors of data that is kept elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors.base import OmegaError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InvalidSourceError", "SourceChangedError", "SourceUnavailableError"]


class InvalidSourceError(OmegaError, ValueError):
    """What is said of data elsewhere cannot be kept, followed or read.

    It is raised too where text that names it would be kept in its place.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source} cannot be used as a source: {reason}.")


class SourceUnavailableError(OmegaError, ConnectionError):
    """Data that is kept elsewhere cannot be read from there."""

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source} cannot be read: {reason}.")


class SourceChangedError(OmegaError, RuntimeError):
    """Data that is kept elsewhere is not what it was when it was put.

    `before` and `now` hold what is known of it: size, etag, modified.
    """

    def __init__(
        self, name: str, source: str, *, before: Mapping[str, object], now: Mapping[str, object]
    ) -> None:
        self.name = name
        self.source = source
        self.before = dict(before)
        self.now = dict(now)
        told = ", ".join(
            f"its {key} was {before[key]} and is {now[key]}"
            for key in before
            if key in now and before[key] != now[key]
        )
        super().__init__(
            f"{source}, which {name!r} refers to, was changed since it was put: {told}. Put it"
            " again to make that a new revision, or get it with check=False."
        )
