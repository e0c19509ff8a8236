"""By keyboard: what had the focus may go, but the focus stays where somebody works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


@pytest.fixture
def me(lab: Lab, open_lab: Callable[..., LabPage]) -> LabPage:
    for name in ("folder/first.ipynb", "folder/second.ipynb"):
        lab.put_notebook(f"focus/{name}", "number = 1")
    return open_lab("focus")


@pytest.mark.timeout(180)
def test_the_focus_stays_in_the_repository(me: LabPage) -> None:
    press = me.page.keyboard.press
    me.show_panel()
    me.object("focus").dblclick()
    me.object("focus/folder").focus()
    press("Enter")
    expect(me.object("focus/folder/first.ipynb")).to_be_focused()
    press("ArrowDown")
    press("Space")
    card = me.panel.locator(".jp-Omega-card")
    card.get_by_role("button", name="Close the details").focus()
    press("Enter")
    expect(card).to_have_count(0)
    expect(me.object("focus/folder/second.ipynb")).to_be_focused()
    press("Space")
    expect(card).to_be_visible()
    press("Escape")
    expect(card).to_have_count(0)
    press("Backspace")
    expect(me.object("focus/folder")).to_be_focused()


@pytest.mark.timeout(180)
def test_the_focus_stays_at_the_schedules(lab: Lab, me: LabPage) -> None:
    press = me.page.keyboard.press
    ids = [
        lab.post("omega/api/schedules", {"path": f"focus/folder/{name}.ipynb", "when": when})["id"]
        for name, when in (("first", "daily at 6:00"), ("second", "daily at 7:00"))
    ]
    try:
        me.show_panel()
        first, second = me.schedule("focus/folder/first"), me.schedule("focus/folder/second")
        first.get_by_role("button", name="Pause").focus()
        press("Enter")
        expect(first.get_by_role("button", name="Resume")).to_be_focused()
        press("Enter")
        expect(first.get_by_role("button", name="Pause")).to_be_focused()
        first.get_by_role("button", name="Drop").focus()
        press("Enter")
        expect(me.dialog).to_be_visible()
        press("Tab")
        press("Enter")
        expect(first).to_have_count(0)
        expect(me.panel.locator(".jp-Omega-scheduleCard:focus")).to_have_count(1)
        # It has little room when nothing is in it.
        others = me.panel.locator(".jp-Omega-scheduleCard")
        section = me.panel.locator("#omega-schedules")
        high = section.evaluate("it => it.clientHeight")
        if others.count() == 1:
            second.get_by_role("button", name="Drop").click()
            me.answer("Drop")
            expect(section).to_contain_text("Nothing is scheduled yet")
            expect(section).to_have_attribute("style", re.compile("max-height"))
            me.shot("empty")
            assert section.evaluate("it => it.clientHeight") < high
            assert section.evaluate("it => it.scrollHeight <= it.clientHeight + 1")
    finally:
        for one in lab.get("omega/api/schedules")["items"]:
            if one["id"] in ids:
                lab.drop_schedule(one["id"])


@pytest.mark.timeout(180)
def test_a_form_is_gone_round_by_tab(me: LabPage) -> None:
    press = me.page.keyboard.press
    me.go_to("focus/folder")
    me.file("first.ipynb").click()
    me.choose("first.ipynb", "Run with parameters…")
    field = me.dialog.locator("#jp-Omega-parameter-number")
    expect(field).to_be_focused()
    press("Shift+Tab")
    expect(me.dialog.get_by_label("Vary number")).to_be_focused()
    press("Shift+Tab")
    expect(me.dialog.get_by_role("button", name="Run", exact=True)).to_be_focused()
    press("Tab")
    expect(me.dialog.get_by_label("Vary number")).to_be_focused()
    # What is refused is where somebody types next, whatever was on the screen.
    me.dialog.get_by_text("Limits, retries and priority").click()
    me.dialog.get_by_label("Priority").fill("99")
    field.focus()
    press("Enter")
    refused = me.dialog.get_by_label("Priority")
    expect(refused).to_be_focused()
    expect(refused).to_have_attribute("aria-invalid", "true")
    expect(me.dialog.get_by_text("a whole number from 0 to 9").last).to_be_in_viewport()
    press("Escape")
    expect(me.dialog).to_have_count(0)
    assert me.page.evaluate("document.activeElement.closest('.jp-FileBrowser') !== null")


@pytest.mark.timeout(180)
def test_the_titles_stay_in_sight_when_more_is_said_above(me: LabPage) -> None:
    me.show_panel()
    health = me.panel.locator(".jp-Omega-health")
    expect(health).to_contain_text("ready")
    trash = me.panel.get_by_role("heading", name="Trash")
    expect(me.object("focus")).to_be_visible()
    expect(trash).to_be_in_viewport(ratio=1)
    me.page.context.set_offline(True)
    expect(health).to_contain_text("The Jupyter server is not reached.", timeout=40_000)
    expect(trash).to_be_in_viewport(ratio=1)
    expect(me.object("focus")).to_be_visible()
    me.page.context.set_offline(False)
