"""A page holds what it needs and no more."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import nbformat
import pytest

from omegaml_lab.core.runs import Run, Status
from omegaml_lab.reports.render import render

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
CODE, TEXT = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def run(**values: Any) -> Run:
    return Run(
        id="abc123",
        job="team/daily.ipynb",
        revision=1,
        status=Status.SUCCEEDED,
        queued_at=NOW,
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=75),
        **values,
    )


def page(*cells: Any, hide_code: bool = False, **values: Any) -> str:
    return render(nbformat.v4.new_notebook(cells=list(cells)), run(**values), hide_code=hide_code)


def test_the_head_says_what_when_and_with_what() -> None:
    html = page(CODE("1"), parameters={"carrier": "<b>", "long": "x" * 500})
    assert "<h1>team/daily</h1>" in html
    assert "2026-03-01 06:31 UTC" in html
    assert "1 min 15 s" in html
    assert "&lt;b&gt;" in html
    assert "x" * 200 not in html


def test_a_heading_of_its_own_is_the_title() -> None:
    html = page(TEXT("# Mine & <yours>"))
    assert "<title>Mine &amp; &lt;yours&gt;</title>" in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize(
    ("cell", "asset"),
    [
        (TEXT("$x^2$"), "mathjax.js"),
        (TEXT("```mermaid\nflowchart\n```"), "mermaid.js"),
        (TEXT("plain"), None),
    ],
)
def test_scripts_are_named_only_where_they_are_needed(cell: Any, asset: str | None) -> None:
    html = page(cell)
    for name in ("mathjax.js", "mermaid.js", "require.js", "embed-amd.js"):
        assert (f"omega-asset:{name}" in html) is (name == asset)


def test_tags_and_collapsed_cells_hide_what_they_say() -> None:
    gone, hidden, collapsed = CODE("gone = 1"), CODE("hidden = 1"), CODE("collapsed = 1")
    gone.metadata.tags, hidden.metadata.tags = ["remove-cell"], ["hide-input"]
    collapsed.metadata.jupyter = {"source_hidden": True}
    hidden.outputs = [nbformat.v4.new_output("stream", text="shown")]
    html = page(gone, hidden, collapsed, CODE("plain"))
    assert "plain" in html
    assert "shown" in html
    for word in ("gone", "hidden", "collapsed"):
        assert word not in html.partition("<body>")[2]


def test_code_is_hidden_by_choice() -> None:
    cell = CODE("source_of_all = 1")
    cell.outputs = [nbformat.v4.new_output("stream", text="output")]
    assert "source_of_all" in page(cell)
    html = page(cell, hide_code=True)
    assert "source_of_all" not in html
    assert "output" in html


def test_two_languages_rendered_at_once_keep_their_colours() -> None:
    def coloured(lexer: str) -> str:
        cells = [CODE("lambda = begin 1 end def function", id=f"c{n}") for n in range(5)]
        language = {"name": lexer, "pygments_lexer": lexer}
        node = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": language})
        return render(node, run())

    alone = {lexer: coloured(lexer) for lexer in ("python", "ruby")}
    assert alone["python"] != alone["ruby"]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            lexers = ["python", "ruby"] * 10
            pages = list(pool.map(coloured, lexers))
    finally:
        sys.setswitchinterval(before)
    assert all(html == alone[lexer] for lexer, html in zip(lexers, pages, strict=True))
