"""What became of each test, as Playwright reports it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALLOWED", "Outcome", "Outcomes", "read_report"]

_CRUMBS = (
    "test/jupyterlab/breadcrumbs-snapshot.test.ts / Adaptive Breadcrumbs Snapshots"
    " / should render correctly with wide sidebar"
)
_PATH = "its picture shows a path, which begins with the folder of the mount there"

ALLOWED: dict[tuple[str, str], str] = {
    (
        "mount",
        "test/galata/contents.spec.ts / Contents API Tests / Upload directory to server",
    ): "looks for its folder's whole path as one name, as it has at the root alone",
    (
        "mount",
        _CRUMBS,
    ): _PATH,
    (
        "mount",
        "test/jupyterlab/readonly.test.ts / test readonly status / test readonly status",
    ): _PATH,
}
"""Tests that may fail in a place, and why."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`status` is Playwright's word: `flaky` passed when it was tried again.

    `where` is the file and line by which Playwright finds the test, `why` what the first
    failure says.
    """

    status: str
    where: str
    why: str

    @property
    def good(self) -> bool:
        """Whether the test passed, at last, or did not apply."""
        return self.status != "unexpected"


Outcomes = dict[str, Outcome]
"""By the test's file and titles."""


def read_report(report: Path) -> Outcomes:
    """Return what a JSON report of Playwright says of each test; nothing if there is none."""
    found: Outcomes = {}
    if not report.exists():
        return found
    for suite in json.loads(report.read_text("utf-8"))["suites"]:
        for name, spec in _specs(suite):
            for test in spec["tests"]:
                errors = [e for result in test["results"] for e in result.get("errors", ())]
                found[name] = Outcome(
                    status=test["status"],
                    where=f"{spec['file']}:{spec['line']}",
                    why=_first_line(errors[0].get("message", "")) if errors else "",
                )
    return found


def _specs(suite: dict[str, Any], titles: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    titles = (*titles, suite["title"])
    for spec in suite.get("specs", ()):
        yield " / ".join([*titles, spec["title"]]), spec
    for inner in suite.get("suites", ()):
        yield from _specs(inner, titles)


def _first_line(message: str) -> str:
    return _COLOURS.sub("", message).partition("\n")[0]
