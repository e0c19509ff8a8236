"""Naming: what a store understands by the names that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors import InvalidNameError
from omegaml_lab.core.names import Name, parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Naming"]


class Naming:
    """Names stand for themselves."""

    def parse(self, name: str | Name) -> Name:
        """Return `name` taken apart; a `Name` is meant literally."""
        return parse_name(name)

    def spellings(self, name: str | Name) -> Sequence[str]:
        """Return the paths that `name` may mean, best first."""
        return [self.parse(name).path]

    def path(self, name: str | Name, kind: str | None = None) -> str:  # noqa: ARG002
        """Return the path under which something is put, once its `kind` is known.

        Raises
        ------
        InvalidNameError
            If `name` says which revision.
        """
        parsed = self.parse(name)
        if parsed.pinned:
            reason = (
                "a put makes a new revision, it cannot name one. Is the @ part of the name, it is"
                f" Name({str(name)!r})"
            )
            raise InvalidNameError(str(name), reason)
        return parsed.path
