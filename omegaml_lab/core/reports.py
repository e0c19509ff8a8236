"""Reports: what a run leaves to read, published under a stable link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["Access", "Report", "publish_options"]


class Access(StrEnum):
    """Who may read a report."""

    ANYONE = "anyone"
    """Whoever can reach the server with the link."""

    SIGNED_IN = "signed-in"
    """Only people whom the server knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A published job, as that is called now. `run` is the succeeded run that the link shows now.

    `object` is the id of its notebook, None where an earlier version did not note that.

    `url` can be sent to somebody when the setting `public_url` of who asks says where people
    reach the server. Else it starts with a slash: what the browser shows before ``/lab`` goes
    before it.
    """

    name: str
    job: str
    run: str
    created: datetime
    modified: datetime
    bucket: str = "default"
    owner: str = ""
    access: Access = Access.SIGNED_IN
    hide_code: bool = False
    live: bool = False
    url: str = ""
    object: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, times as ISO 8601."""
        plain = asdict(self)
        plain["access"] = self.access.value
        plain["created"] = self.created.isoformat()
        plain["modified"] = self.modified.isoformat()
        del plain["object"]  # outside, things have names
        return plain

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Report:
        """Build a report from its stored record; keys this version does not know are ignored."""
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in record.items() if key in known}
        values["access"] = Access(values.get("access", Access.SIGNED_IN))
        return cls(**values)


def publish_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run keeps of how its report is to be published, checked.

    Raises
    ------
    ValueError
        If there is something else than `access`, `hide_code` and `live`, or a wrong value.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"publish is true, false or options of a report, not {given!r}")  # noqa: TRY004
    if unknown := set(given) - {"access", "hide_code", "live"}:
        raise ValueError(f"a report has no {', '.join(sorted(unknown))} to choose")
    options: dict[str, Any] = {}
    if "access" in given:
        options["access"] = Access(given["access"]).value
    for key in ("hide_code", "live"):
        if key in given:
            if not isinstance(given[key], bool):
                raise ValueError(f"{key} is true or false, not {given[key]!r}")
            options[key] = given[key]
    return options
