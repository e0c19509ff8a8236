"""Runs in the Lab say what was executed: calls are told from notebooks, parameters are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


@pytest.mark.timeout(240)
def test_calls_and_notebooks(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    def double(number, times=2):
        return number * times

    name = f"double {theme}"
    with lab.omega("default") as omega:
        omega.scripts.put(double, name)
    path = f"given/{theme}.ipynb"
    lab.put_notebook(path, 'month: int = 1\ncarrier: str = "UA"', "print(month)")
    lab.post("omega/api/runs", {"path": path, "parameters": {"month": 6, "carrier": "AA"}})
    lab.wait_run(path, "succeeded")
    lab.post("omega/api/calls", {"script": name, "args": [21], "kwargs": {"times": 3}})
    me = open_lab("calls", theme)
    me.show_panel()
    call, notebook = me.run(f"run {name}"), me.run(f"given/{theme}")
    expect(call).to_contain_text("21, times=3")
    expect(call.get_by_title("Script")).to_be_visible()
    given = notebook.locator(".jp-Omega-given")
    expect(given).to_have_text('month=6, carrier="AA"')
    expect(given).to_have_attribute("title", 'month=6, carrier="AA"')
    me.shot("both")

    kinds = me.panel.get_by_label("Notebooks or calls")
    kinds.select_option("Notebooks")
    expect(call).to_have_count(0)
    expect(notebook).to_be_visible()
    me.page.wait_for_timeout(1500)  # the Lab keeps its state a moment later
    me.page.reload()
    expect(me.panel).to_be_visible(timeout=60_000)
    expect(kinds).to_have_value("false")
    expect(notebook).to_be_visible()
    expect(call).to_have_count(0)
    kinds.select_option("Calls")
    expect(call).to_be_visible()
    expect(notebook).to_have_count(0)
    kinds.select_option("All")

    notebook.get_by_role("button", name="Open result").click()
    expect(me.page.get_by_role("note")).to_contain_text('month=6, carrier="AA"')
    me.shot("result")
