"""Versions: models are only sure to work with the library that made them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OtherVersionWarning", "warn_of_other_versions"]


class OtherVersionWarning(UserWarning):
    """A model is loaded with another major version of its library than it was put with."""


def warn_of_other_versions(
    name: str, kept: Mapping[str, str], installed: Mapping[str, str], *, stacklevel: int
) -> None:
    """Warn of each library whose major version is not the one that the model was put with."""
    for library, here in installed.items():
        then = kept.get(library)
        if then is None or _major(then) == _major(here):
            continue
        text = (
            f"{name!r} was put with {library} {then}, and {library} {here} is installed here: it"
            f" may fail to load, or give other results. Check it and put it again, or"
            f" `pip install '{library}=={then}'`."
        )
        warnings.warn(text, OtherVersionWarning, stacklevel=stacklevel + 1)


def _major(version: str) -> list[str]:
    """Return what stands for compatibility: the first number, below 1 the first two."""
    parts = version.split(".")
    return parts[: 2 if parts[0] == "0" else 1]
