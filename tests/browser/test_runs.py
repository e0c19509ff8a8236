"""Runs in the Lab: failures, cancelling, and a server that comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


@pytest.mark.timeout(180)
def test_open_the_failing_cell(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    path = f"failing/{theme}.ipynb"
    cells = [f"print({index})" for index in range(30)]
    lab.put_notebook(path, "a = 1", *cells, "flights = unknown_table", "print('never')")
    me = open_lab("failing", theme)
    me.go_to("failing")
    me.choose(f"{theme}.ipynb", "Run on cluster")
    toast = me.notification("failed: NameError")
    expect(toast).to_be_visible(timeout=60_000)
    me.show_panel()
    card = me.run(f"failing/{theme}")
    expect(card).to_have_attribute("data-status", "failed")
    expect(card).to_contain_text("unknown_table")
    me.shot("failed")
    card.get_by_role("button", name="Open the failing cell").click()
    active = me.notebook.locator(".jp-Cell.jp-mod-active")
    expect(active).to_contain_text("flights = unknown_table", timeout=30_000)
    expect(active).to_be_in_viewport()
    expect(active).to_contain_text("NameError")
    me.shot("failing-cell")
    # From the result, and from the message, to the same cell of the notebook, to be mended there.
    me.page.get_by_role("note").get_by_role("button", name="Open the notebook").click()
    tab = me.page.locator(".lm-TabBar-tab.jp-mod-current", has_text=f"{theme}.ipynb")
    expect(tab).to_be_visible()
    expect(active).to_contain_text("flights = unknown_table")
    expect(active).to_be_in_viewport()
    expect(active).not_to_contain_text("NameError")


@pytest.mark.timeout(180)
def test_cancel(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    path = f"slow/{theme}.ipynb"
    lab.put_notebook(path, "n = 600", "import time", "time.sleep(n)")
    me = open_lab("cancel", theme)
    me.go_to("slow")
    me.choose(f"{theme}.ipynb", "Run on cluster")
    me.show_panel()
    card = me.run(f"slow/{theme}")
    expect(card).to_contain_text("cell 3 of 3", timeout=60_000)
    card.get_by_role("button", name="Cancel").click()
    expect(me.dialog).to_contain_text("Cancel this run?")
    me.shot("asked")
    me.answer("Keep running")
    expect(card).to_have_attribute("data-status", "running")
    card.get_by_role("button", name="Cancel").click()
    me.answer("Cancel the run")
    expect(card).to_have_attribute("data-status", "cancelled", timeout=15_000)
    expect(card.get_by_role("button", name="Run again")).to_be_visible()
    me.shot("cancelled")


@pytest.mark.timeout(240)
def test_a_run_goes_on_while_the_server_is_away(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    path = "away/steps.ipynb"
    lab.put_notebook(path, "n = 12", *["import time; time.sleep(1)"] * 12, "print('done')")
    me = open_lab("away")
    me.go_to("away")
    me.choose("steps.ipynb", "Run on cluster")
    me.show_panel()
    card = me.run("away/steps")
    expect(card).to_contain_text("cell", timeout=60_000)
    lab.kill_jupyter()
    lab.wait_ready()
    # Without a reload: the window finds the server again and learns what it has missed.
    expect(card).to_have_attribute("data-status", "succeeded", timeout=90_000)
    me.shot("back")
    me.page.reload()
    me.wait_ready()
    me.show_panel()
    expect(me.run("away/steps")).to_have_attribute("data-status", "succeeded")
    me.run("away/steps").get_by_role("button", name="Open result").click()
    expect(me.notebook.get_by_text("done", exact=True)).to_be_visible(timeout=30_000)
    me.shot("result")


@pytest.mark.timeout(180)
def test_an_open_result_grows(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    path = "growing/steps.ipynb"
    steps = [f"import time; time.sleep(2); print('step {i} done')" for i in range(5)]
    lab.put_notebook(path, "n = 1", *steps)
    me = open_lab("growing")
    me.go_to("growing")
    me.choose("steps.ipynb", "Run on cluster")
    me.show_panel()
    card = me.run("growing/steps")
    expect(card.get_by_role("button", name="Open result")).to_be_visible(timeout=60_000)
    card.get_by_role("button", name="Open result").click()
    expect(me.notebook.get_by_text("step 0 done", exact=True)).to_be_visible(timeout=30_000)
    assert lab.runs(path)[0]["status"] == "running"
    me.shot("growing")
    expect(me.notebook.get_by_text("step 4 done", exact=True)).to_be_visible(timeout=30_000)
    # It is there to be read: nothing was started for it.
    assert [s["path"] for s in lab.get("api/sessions") if s["path"].startswith("results/")] == []
    origin = me.page.get_by_role("note").get_by_text(f"The result of a run of {path}")
    expect(origin).to_be_visible()
    me.shot("origin")
    lab.rename(path, "growing/renamed.ipynb")
    me.page.reload()
    origin = me.page.get_by_role("note").get_by_text("a run of growing/renamed.ipynb")
    expect(origin).to_be_visible(timeout=60_000)
    me.page.get_by_role("note").get_by_role("button", name="Open the notebook").click()
    expect(origin).to_be_hidden()
    expect(me.notebook.locator(".cm-line", has_text="step 4 done").first).to_be_visible()


@pytest.mark.timeout(180)
def test_the_toolbar_button_saves_first(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    path = "toolbar/one.ipynb"
    lab.put_notebook(path, "a = 1", "print('before')")
    me = open_lab("toolbar")
    me.go_to("toolbar")
    me.file("one.ipynb").dblclick()
    line = me.notebook.locator(".cm-line", has_text="print('before')")
    expect(line).to_be_visible(timeout=60_000)
    line.click()
    me.page.keyboard.press("Control+a")
    me.page.keyboard.insert_text("print('after')")
    me.notebook.locator(".jp-Toolbar [data-jp-item-name=omega-run]").click()
    run = lab.wait_run(path, "succeeded")
    result = lab.get(f"api/contents/{run['result_path']}")
    assert "after" in str(result["content"]["cells"][1]["outputs"])
    me.shot("toolbar")


@pytest.mark.timeout(180)
def test_an_end_is_told_once_even_after_a_reload(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("told/one.ipynb", "import time; time.sleep(6)")
    me = open_lab("told")
    me.go_to("told")
    me.choose("one.ipynb", "Run on cluster")
    lab.wait_run("told/one.ipynb", "running")
    me.page.reload()
    me.wait_ready()
    expect(me.notification("succeeded in")).to_have_count(1, timeout=30_000)
    me.page.reload()
    me.wait_ready()
    me.show_panel()
    expect(me.run("told/one")).to_have_attribute("data-status", "succeeded")
    expect(me.notification("succeeded in")).to_have_count(0)


@pytest.mark.timeout(180)
def test_cancelled_too_late(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    path = "slow/nearly done.ipynb"
    lab.put_notebook(path, "import time", "time.sleep(4)")
    me = open_lab("late")
    me.show_panel()
    run = lab.post("omega/api/runs", {"path": path})["id"]
    card = me.panel.locator(f'.jp-Omega-run[data-id="{run}"]')
    card.get_by_role("button", name="Cancel").click()
    expect(me.dialog).to_contain_text("Cancel this run?")
    lab.wait_run(path, "succeeded")
    me.answer("Cancel the run")
    expect(me.notification("had ended before it could be cancelled")).to_be_visible()
    expect(me.page.locator(".Toastify__toast--error")).to_have_count(0)


@pytest.mark.timeout(180)
def test_why_it_was_not_run_is_told_whole(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    julia = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("println(1)")])
    julia.metadata.kernelspec = {"name": "julia-1.9", "display_name": "Julia", "language": "julia"}
    with lab.omega("default") as omega:
        omega.jobs.put(julia, "foreign/julia.ipynb")
    me = open_lab("foreign")
    me.go_to("foreign")
    me.choose("julia.ipynb", "Run on cluster")
    toast = me.notification("“foreign/julia.ipynb” was not run")
    expect(toast).not_to_contain_text("'python3'")  # JupyterLab has cut it off
    toast.get_by_role("button", name="Why").click()
    expect(me.dialog).to_contain_text("They have: 'python3'")
    me.shot("why")
