"""Files and functions stay small enough to be read at a sitting."""

from __future__ import annotations

import statistics

import pytest

from . import measures


def report(what: str, values: list[int]) -> None:
    """Print one line of the table that `pytest -s tests/architecture` shows."""
    median = statistics.median(values) if values else 0
    p90 = measures.percentile(values, 0.9)
    print(f"{what}: {len(values)}, median {median:g}, p90 {p90}, longest {max(values, default=0)}")


def too_long(functions: list[measures.Function], ceiling: int) -> list[str]:
    """Return those over the ceiling, with their length."""
    return [f"{f.where}: {f.lines} lines" for f in functions if f.lines > ceiling]


def test_python_files_are_short() -> None:
    sizes = {path: measures.line_count(path) for path in measures.python_files()}
    report("Python files", list(sizes.values()))
    assert [str(path) for path, lines in sizes.items() if lines > 400] == []
    assert statistics.median(sizes.values()) <= 120
    assert measures.percentile(list(sizes.values()), 0.9) <= 300


def test_test_files_are_short() -> None:
    sizes = {path: measures.line_count(path) for path in measures.python_files(measures.ROOT)}
    report("Python files with tests and benchmarks", list(sizes.values()))
    assert [str(path) for path, lines in sizes.items() if lines > 400] == []


def test_python_functions_are_short() -> None:
    functions = list(measures.python_functions(measures.python_files()))
    report("Python functions", [f.lines for f in functions])
    assert too_long(functions, 50) == []
    assert measures.percentile([f.lines for f in functions], 0.9) <= 25


def test_few_functions_take_any_keyword() -> None:
    functions = list(measures.python_functions(measures.python_files()))
    takers = [f.where for f in functions if f.takes_kwargs]
    share = len(takers) / len(functions)
    print(f"Functions with **kwargs: {len(takers)} of {len(functions)} = {share:.1%}")
    assert share <= 0.03, takers


def test_typescript_files_are_short() -> None:
    sizes = {path: measures.line_count(path) for path in measures.typescript_files()}
    report("TypeScript files", list(sizes.values()))
    assert [str(path) for path, lines in sizes.items() if lines > 400] == []
    assert measures.percentile(list(sizes.values()), 0.9) <= 300


def test_typescript_functions_are_short_and_nothing_is_any() -> None:
    if not (measures.ROOT / "node_modules" / "typescript").is_dir():
        pytest.fail("node_modules is missing: `make test` installs it")
    functions, anys = measures.typescript_functions()
    report("TypeScript functions", [f.lines for f in functions])
    assert too_long(functions, 60) == []
    assert measures.percentile([f.lines for f in functions], 0.9) <= 30
    assert anys == []
