"""The reference pages name everything that the code has."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from omegaml_lab.core import errors
from omegaml_lab.server.errors import status_of

DOCS = Path(__file__).parents[2] / "docs"
ERRORS = sorted(set(errors.__all__) - {"OmegaError"})


def rows(page: str) -> dict[str, list[str]]:
    """Return the table rows of a reference page by the name in their first cell."""
    table = {}
    for line in (DOCS / "reference" / page).read_text("utf-8").splitlines():
        if found := re.match(r"\| `([^`]+)` \|", line):
            table[found[1]] = [cell.strip() for cell in line.strip("|").split("|")]
    return table


@pytest.mark.parametrize("name", ERRORS)
def test_error_is_documented(name: str) -> None:
    row = rows("errors.md")[name]
    cls = getattr(errors, name)
    assert row[1].strip("`") in {
        base.__name__ for base in cls.__mro__ if base not in {cls, Exception}
    }
    assert row[2].startswith(f"{status_of(cls.__new__(cls))} ")
    assert row[3]


def test_no_other_errors_are_documented() -> None:
    assert sorted(rows("errors.md")) == ERRORS


def test_every_kind_is_documented() -> None:
    kinds = {point.name for point in entry_points(group="omegaml_lab.backends")}
    assert kinds, "the package is not installed"
    assert kinds - set(rows("kinds.md")) == set()


def markdown_pages() -> list[Path]:
    root = DOCS.parent
    return [*sorted(root.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


# Not called `page`: that is Playwright's fixture.
@pytest.mark.parametrize(
    "source", markdown_pages(), ids=lambda path: str(path.relative_to(DOCS.parent))
)
def test_links_lead_somewhere(source: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", source.read_text("utf-8"))
    assert [link for link in links if not (source.parent / link).exists()] == []
