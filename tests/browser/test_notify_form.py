"""Who is told of runs is said where a run or a schedule is asked for."""

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
def test_who_is_told(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    path = f"telling/{theme}.ipynb"
    lab.put_notebook(path, "1")
    me = open_lab("notify", theme)
    me.go_to("telling")
    me.choose(f"{theme}.ipynb", "Run with parameters…")
    me.dialog.get_by_text("Notifications", exact=True).click()
    me.dialog.get_by_label("Tell", exact=True).fill("nowhere")
    me.shot("form")
    me.answer("Run")
    expect(me.dialog.get_by_label("Tell", exact=True)).to_have_attribute("aria-invalid", "true")
    me.shot("refused")
    assert lab.get("omega/api/runs", job=path)["items"] == [], "it is refused before it starts"
    assert lab.get("omega/api/recipients", path=path)["items"] == []

    me.dialog.get_by_label("Tell", exact=True).fill("lab:owner")
    me.dialog.get_by_label("Tell when").select_option("change")
    me.answer("Run")
    expect(me.dialog).to_have_count(0)
    (told,) = lab.get("omega/api/recipients", path=path)["items"]
    assert (told["channel"], told["address"], told["on"]) == ("lab", "owner", "change")
    me.choose(f"{theme}.ipynb", "Run with parameters…")
    expect(me.dialog.get_by_role("list", name="Who is told")).to_contain_text("lab:owner")
    me.shot("known")
    me.dialog.get_by_role("button", name="Tell lab:owner no more").press("Enter")
    me.answer("Run")
    expect(me.dialog).to_have_count(0)
    assert lab.get("omega/api/recipients", path=path)["items"] == []

    me.choose(f"{theme}.ipynb", "Schedule…")
    me.dialog.get_by_label("When", exact=True).fill("daily at 6:00")
    me.dialog.get_by_text("Notifications", exact=True).click()
    me.dialog.get_by_label("Tell", exact=True).fill("ann@example.org")
    me.dialog.get_by_label("Tell", exact=True).scroll_into_view_if_needed()
    me.shot("schedule")
    me.answer("Schedule")
    expect(me.dialog).to_have_count(0)
    (schedule,) = lab.get("omega/api/schedules", path=path)["items"]
    (told,) = lab.get("omega/api/recipients", schedule=schedule["id"])["items"]
    assert (told["channel"], told["on"]) == ("email", "failure")
    me.show_panel()
    me.schedule(f"telling/{theme}").get_by_role("button", name="Edit").click()
    expect(me.dialog.get_by_role("list", name="Who is told")).to_contain_text("ann@example.org")
    me.dialog.get_by_role("list", name="Who is told").scroll_into_view_if_needed()
    me.shot("edit")
    me.answer("Cancel")
