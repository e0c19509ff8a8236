"""Resuming in the Lab: the cell is mended, and the run goes on there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


@pytest.mark.long
@pytest.mark.timeout(240)
def test_resume(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    path = f"resumed/{theme}.ipynb"
    lab.put_notebook(path, "rows = [1, 2, 3]", "total = sum(row)", "print('total', total)")
    me = open_lab("resume", theme)
    me.go_to("resumed")
    me.choose(f"{theme}.ipynb", "Run on cluster")
    me.show_panel()
    card = me.run(f"resumed/{theme}")
    resume = card.get_by_role("button", name="Resume", exact=True)
    expect(resume).to_be_visible(timeout=60_000)
    me.shot("failed")

    # What was run has changed: the refusal says what to do, and the kernel stays.
    lab.put_notebook(path, "rows = [4]", "total = sum(rows)", "print('total', total)")
    told = me.notification("failed: NameError")
    told.get_by_role("button", name="Resume", exact=True).click()
    expect(me.notification("cell 1 is not as it was")).to_be_visible()
    me.shot("refused")

    lab.put_notebook(path, "rows = [1, 2, 3]", "total = sum(rows)", "print('total', total)")
    resume.focus()
    me.page.keyboard.press("Enter")
    expect(card).to_have_attribute("data-status", "succeeded", timeout=60_000)
    run = lab.runs(path)[0]
    result = lab.get(f"api/contents/{run['result_path']}")["content"]["cells"]
    assert "".join(result[-1]["outputs"][0]["text"]) == "total 6\n"
    old = me.panel.locator(f".jp-Omega-run[data-id='{run['resumes']}']")
    expect(old.get_by_role("button", name="Run again")).to_be_visible()
    expect(old.get_by_role("button", name="Resume", exact=True)).to_have_count(0)
    card.locator(".jp-Omega-entryHead").click()
    expect(card).to_contain_text("Resumes")
    me.shot("resumed")

    me.go_to("resumed")
    me.choose(f"{theme}.ipynb", "Run with parameters…")
    me.dialog.get_by_text("Limits, retries and priority").click()
    expect(me.dialog.get_by_label("Keep the kernel", exact=True)).to_be_visible()
    me.dialog.get_by_label("Keep the kernel", exact=True).scroll_into_view_if_needed()
    me.shot("form")
    me.answer("Cancel")
