"""Rendering: an executed notebook as a page that stands by itself."""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config as Traits

from omegaml_lab.reports.assets import placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omegaml_lab.core.runs import Run

__all__ = ["render"]

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_VALUE = 120
_one_at_a_time = threading.Lock()  # an exporter keeps the highlighter of what it renders


def render(
    notebook: Mapping[str, Any], run: Run, *, job: str | None = None, hide_code: bool = False
) -> str:
    """Return a page of the notebook that `run` executed, and that is called `job` now.

    The URLs of the scripts that it needs are placeholders, see :mod:`.assets`. Cells tagged
    ``remove-cell``, ``hide-input`` or ``hide-output`` (and Jupyter Book's other spellings of
    these) are shown without what the tag says.
    """
    node = nbformat.from_dict(dict(notebook))
    _hide(node)
    resources = {"page": _page(node, run, (job or run.job).removesuffix(".ipynb"))}
    with _one_at_a_time:
        body, _ = _exporter(hide_code=hide_code).from_notebook_node(node, resources=resources)
    return str(body)


@lru_cache(maxsize=2)
def _exporter(*, hide_code: bool) -> HTMLExporter:
    tags = Traits()
    tags.TagRemovePreprocessor.enabled = True
    tags.TagRemovePreprocessor.remove_cell_tags = {"remove-cell", "remove_cell", "hide-cell"}
    tags.TagRemovePreprocessor.remove_input_tags = {"remove-input", "remove_input", "hide-input"}
    tags.TagRemovePreprocessor.remove_all_outputs_tags = {"remove-output", "hide-output"}
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=tags,
        template_name="omega",
        extra_template_basedirs=[str(_TEMPLATES)],
        exclude_input=hide_code,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=False,
        widget_renderer_url=placeholder("embed-amd.js"),
    )


def _hide(node: Any) -> None:
    """Tag cells that JupyterLab shows collapsed, so that the page has them so too."""
    for cell in node.cells:
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
        if hidden or _is_injected(cell):
            cell.metadata.tags = [*cell.metadata.get("tags", []), "remove-input"]


def _is_injected(cell: Any) -> bool:
    # What was injected is told in the head of the page.
    return "injected-parameters" in cell.metadata.get("tags", [])


def _page(node: Any, run: Run, job: str) -> dict[str, Any]:
    first = _first_heading(node)
    title = node.metadata.get("title") or first or job
    moment = run.ended_at or run.queued_at
    texts = "".join(_texts(node))
    return {
        "title": title,
        "heading": None if first else title,
        "job": None if title == job and not first else job,  # which is the heading
        "run": run.id,
        "moment": f"{moment:%Y-%m-%d %H:%M} UTC",
        "moment_iso": moment.isoformat(),
        "elapsed": None if run.elapsed is None else _duration(run.elapsed),
        "parameters": [(name, _short(value)) for name, value in run.parameters.items()],
        "needs_require": "widgets" in node.metadata or "require" in texts,
        "needs_mathjax": any(mark in texts for mark in ("$", "\\(", "\\[", "\\begin{")),
        "needs_mermaid": "mermaid" in texts,
    }


def _first_heading(node: Any) -> str | None:
    for cell in node.cells:
        if cell.cell_type == "markdown":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            if lines and lines[0].startswith("# "):
                return str(lines[0][2:].strip())
            return None
    return None


def _texts(node: Any) -> Iterator[str]:
    """Yield what decides which scripts a page needs."""
    for cell in node.cells:
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in ("text/html", "text/markdown", "text/latex", "application/javascript"):
                yield str(data.get(kind, ""))
            yield "mermaid" if "text/vnd.mermaid" in data else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
