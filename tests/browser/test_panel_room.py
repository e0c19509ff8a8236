"""The sections of the panel have the room that they need, however small the window is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

SIZES = [(1400, 900), (1100, 700), (1000, 600)]
MORE_THAN_A_PAGE = 33


@pytest.fixture
def many(lab: Lab) -> str:
    """A notebook with more runs than are listed at first; no worker spends time on them."""
    path = "room/many.ipynb"
    lab.put_notebook(path, "a = 1")
    for _ in range(MORE_THAN_A_PAGE):
        run = lab.post("omega/api/runs", {"path": path, "label": "nobody-has-it"})
        lab.post(f"omega/api/runs/{run['id']}/cancel", {})
    return path


@pytest.mark.timeout(180)
def test_each_section_can_be_worked_in(
    lab: Lab, many: str, open_lab: Callable[..., LabPage], theme: str
) -> None:
    about = {"path": many, "when": "daily at 6:00"}
    schedules = [lab.post("omega/api/schedules", about)["id"] for _ in range(3)]
    me = open_lab("room", theme)
    me.show_panel()
    runs, trash = me.panel.locator("#omega-runs"), me.panel.locator("#omega-trash")
    expect(me.run("room/many")).to_be_visible()
    try:
        me.panel.get_by_role("heading", name="Trash").click()
        expect(trash).to_be_in_viewport(ratio=0.6)
        for width, height in SIZES:
            me.page.set_viewport_size({"width": width, "height": height})
            me.run("room/many").scroll_into_view_if_needed()
            expect(me.run("room/many")).to_be_in_viewport(ratio=1)
            assert runs.evaluate("it => it.clientHeight") >= 250
            # What has the focus is in sight.
            for stop in (trash.get_by_role("tab", name="Jobs"), me.panel.get_by_role("searchbox")):
                stop.focus()
                expect(stop).to_be_in_viewport(ratio=1)
                me.shot(f"{width}")
    finally:
        for each in schedules:
            lab.drop_schedule(each)


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("many")
def test_show_more_is_at_the_end_of_the_list(open_lab: Callable[..., LabPage]) -> None:
    me = open_lab("more")
    me.show_panel()
    more = me.panel.locator("#omega-runs").get_by_role("button", name="Show more")
    expect(me.panel.locator(".jp-Omega-run")).to_have_count(30)
    expect(more).to_be_visible()
    expect(more).not_to_be_in_viewport()
    me.panel.locator(".jp-Omega-run").first.focus()
    me.page.keyboard.press("End")
    me.page.keyboard.press("Tab")
    for _ in range(8):
        if more.evaluate("it => it === document.activeElement"):
            break
        me.page.keyboard.press("Tab")
    expect(more).to_be_focused()
    expect(more).to_be_in_viewport(ratio=1)
    me.page.keyboard.press("Enter")
    expect(me.panel.locator(".jp-Omega-run").nth(30)).to_be_attached()
