"""Metadata: the record about an object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidAttributeError
from omegaml_lab.core.shown import facts, size

if TYPE_CHECKING:
    from datetime import datetime

    from omegaml_lab.core.lineage import Reference

__all__ = ["FOLDER", "STORES", "Child", "Metadata", "check_attributes"]

STORES = ("datasets", "models", "jobs", "scripts")
"""The four stores of a repository, in the order in which they are shown."""

FOLDER = "folder"
"""The kind of a folder: an object without payload that holds names below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What a file browser shows of something in a folder."""

    name: str
    kind: str
    created: datetime
    modified: datetime
    size: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.kind == FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known about one revision of an object; values only, it never changes.

    Times are aware and in UTC. ``size`` is the stored payload in bytes, ``hash`` a hex digest
    of its content, equal for equal content. `tags` are those of this revision, sorted. `run` is
    the id of the run that wrote it, and `origin` what it is a copy of.
    """

    store: str
    name: str
    kind: str
    revision: int
    created: datetime
    modified: datetime
    bucket: str = "default"
    owner: str = ""
    size: int = 0
    hash: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    run: str | None = None
    origin: Reference | None = None

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder."""
        return self.kind == FOLDER

    def _repr_html_(self) -> str:
        attributes = {key: value for key, value in self.attributes.items() if key != "dtypes"}
        known = {
            "kind": self.kind, "size": size(self.size), "created": self.created,
            "modified": self.modified, "owner": self.owner, "tags": self.tags,
            "written by run": self.run, "copied from": self.origin, **attributes,
        }  # fmt: skip
        return facts(f"{self.store} {self.name}@{self.revision}", known)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        return {
            "store": self.store,
            "name": self.name,
            "kind": self.kind,
            "revision": self.revision,
            "created": self.created.isoformat(),
            "modified": self.modified.isoformat(),
            "bucket": self.bucket,
            "owner": self.owner,
            "size": self.size,
            "hash": self.hash,
            "attributes": dict(self.attributes),
            "tags": list(self.tags),
            "run": self.run,
            "origin": self.origin.to_dict() if self.origin else None,
        }


_LONGEST = 1024 * 1024


def check_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `attributes` as plain JSON values: tuples as lists, all keys strings.

    Raises
    ------
    InvalidAttributeError
        If one is no JSON value, an integer of more than 64 bits, or all are over 1 MiB.
    """
    given: Any = attributes  # anything may come from a caller without types
    if not isinstance(given, Mapping):
        reason = f"attributes are a dict of names and values, not {given!r:.100}"
        raise InvalidAttributeError("attributes", reason)
    checked: dict[str, Any] = {}
    size = 0
    for key, value in attributes.items():
        try:
            text = json.dumps({key: value}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidAttributeError(str(key), f"it must be JSON ({error})") from error
        size += len(text)
        checked.update(json.loads(text))
        _check_plain(str(key), checked[str(key)], str(key))
    if size > _LONGEST:
        raise InvalidAttributeError(next(iter(checked)), "all together are longer than 1 MiB")
    return checked


def _check_plain(attribute: str, value: Any, *keys: str) -> None:
    if any("\x00" in key for key in keys):
        raise InvalidAttributeError(attribute, "a key holds a NUL character")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InvalidAttributeError(attribute, f"{value} has more than 64 bits")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_plain(attribute, inner, key)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(attribute, inner)
