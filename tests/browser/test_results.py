"""What runs have left, opened to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

WIDGETS = """\
import ipywidgets
from IPython.display import display
printed = ipywidgets.Output()
with printed:
    print("printed into it")
display(ipywidgets.VBox([ipywidgets.IntSlider(value=43, description="Chosen"), printed]))"""


STATELESS = """\
from IPython.display import display
view = {"model_id": "of another kernel", "version_major": 2, "version_minor": 0}
display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "a text"}, raw=True)"""


def results_with_kernels(lab: Lab) -> list[str]:
    return [s["path"] for s in lab.get("api/sessions") if s["path"].startswith("results/")]


@pytest.mark.timeout(180)
def test_a_result_shows_the_widgets_that_its_run_has_left(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("widgets/one.ipynb", "", WIDGETS)
    lab.post("omega/api/runs", {"path": "widgets/one.ipynb"})
    lab.wait_run("widgets/one.ipynb", "succeeded")
    me = open_lab("widgets")
    errors: list[str] = []
    me.page.on("pageerror", lambda error: errors.append(str(error)))
    me.show_panel()
    me.run("widgets/one").get_by_role("button", name="Open result").click()
    slider = me.notebook.locator(".widget-slider", has_text="43")
    # What runs scripts does so where one trusts it.
    show = me.page.get_by_role("note").get_by_role("button", name="Show its widgets…")
    show.click()
    me.dialog.get_by_role("button", name="Trust").click()
    expect(slider).to_be_visible()
    expect(me.notebook).to_contain_text("printed into it")
    expect(show).to_have_count(0)
    me.shot("shown")
    expect(me.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)

    me.page.reload()
    expect(slider).to_be_visible(timeout=60_000)
    expect(me.page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")
    assert results_with_kernels(lab) == []

    # Who wants to work with them has them made anew.
    me.notebook.get_by_role("button", name="No Kernel").click()
    me.dialog.get_by_role("button", name="Select").click()
    me.wait_for_kernel()
    assert len(results_with_kernels(lab)) == 1
    me.cell(1).locator(".cm-content").click()
    me.page.keyboard.press("Control+Enter")
    expect(
        me.notebook.locator(".jupyter-widgets:not(.jupyter-widgets-disconnected)")
    ).not_to_have_count(0)
    me.shot("with a kernel")
    assert errors == []


@pytest.mark.long
def test_a_widget_without_a_saved_state_is_said_to_have_none(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("widgets/none.ipynb", "", STATELESS)
    lab.post("omega/api/runs", {"path": "widgets/none.ipynb"})
    lab.wait_run("widgets/none.ipynb", "succeeded")
    me = open_lab("stateless")
    me.show_panel()
    me.run("widgets/none").get_by_role("button", name="Open result").click()
    me.page.get_by_role("note").get_by_role("button", name="Show its widgets…").click()
    me.dialog.get_by_role("button", name="Trust").click()
    none = me.notebook.get_by_text("The run has saved no state of this widget.")
    expect(none).to_be_visible()
    me.page.reload()
    expect(none).to_be_visible(timeout=60_000)
    expect(me.notebook).not_to_contain_text("Loading widget")


def test_a_notebook_of_ones_own_among_results_has_a_kernel(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("results/mine.ipynb", "a = 1")
    me = open_lab("own-result")
    me.go_to("results")
    me.file("mine.ipynb").dblclick()
    me.wait_for_kernel()
