"""The side panel: the repository at a glance, by mouse and by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


@pytest.mark.timeout(180)
def test_browse_the_repository(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    for name in ("a", "b", "long name of a notebook that does not fit into the panel at all"):
        lab.put_notebook(f"browse/deep/{name}.ipynb", "a = 1")
    # The other sections have something to show: empty ones leave their room to the repository.
    about = {"path": "browse/deep/b.ipynb"}
    lab.post("omega/api/runs", about)
    schedule = lab.post("omega/api/schedules", {**about, "when": "daily at 6:00"})["id"]
    me = open_lab("panel", theme)
    me.show_panel()
    expect(me.panel.locator(".jp-Omega-health")).to_contain_text("worker ready")
    expect(me.object("browse")).to_be_visible()
    me.shot("top")
    me.object("browse").dblclick()
    me.object("browse/deep").dblclick()
    expect(me.object("browse/deep/a.ipynb")).to_be_visible()
    me.object("browse/deep/a.ipynb").click()
    card = me.panel.locator(".jp-Omega-card")
    expect(card).to_contain_text("notebook")
    expect(card).to_contain_text("Revision")
    # What can be done, and what it is, without scrolling; what was clicked stays where it is.
    expect(me.object("browse/deep/a.ipynb")).to_be_in_viewport(ratio=1)
    expect(card.get_by_role("button", name="Drop")).to_be_in_viewport(ratio=1)
    expect(card.get_by_text("Revision")).to_be_in_viewport(ratio=1)
    me.shot("details")
    repository = me.panel.locator("#omega-repository")
    height = "it => it.clientHeight"
    high = repository.evaluate(height)
    becomes = """([low, high]) => {
        const now = document.querySelector('#omega-repository').clientHeight;
        return low < now && now < high;
    }"""
    card.get_by_role("button", name="Close the details").click()
    expect(card).to_have_count(0)
    me.page.wait_for_function(becomes, arg=[0, high - 50])
    low = repository.evaluate(height)
    lab.drop_schedule(schedule)
    expect(me.panel.locator(".jp-Omega-scheduleCard")).to_have_count(0)
    me.page.wait_for_function(becomes, arg=[low + 20, 900])

    me.panel.get_by_role("navigation", name="Folder").get_by_text("Jobs").click()
    me.panel.get_by_role("searchbox").fill("does not fit")
    expect(me.panel.locator(".jp-Omega-objects tbody tr")).to_have_count(1)
    me.shot("search")
    me.panel.get_by_role("searchbox").fill("nowhere to be found")
    expect(me.panel).to_contain_text("has “nowhere to be found” in its name")
    me.panel.get_by_role("tab", name="Models").click()
    me.shot("store")


def test_a_change_elsewhere_is_shown_without_a_reload(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    me = open_lab("live")
    me.show_panel()
    expect(me.panel.locator(".jp-Omega-objects tbody tr").first).to_be_visible()
    lab.put_notebook("appears by itself.ipynb", "a = 1")
    expect(me.object("appears by itself.ipynb")).to_be_visible(timeout=5000)
    # Nor does its age stand still while it is looked at.
    age = me.object("appears by itself.ipynb").locator("time")
    expect(age).not_to_contain_text("2h")
    me.page.evaluate("const now = Date.now; Date.now = () => now() + 7_300_000")
    expect(age).to_contain_text("2h", timeout=15_000)


@pytest.mark.timeout(180)
def test_drop_asks_first(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("droppable.ipynb", "a = 1")
    me = open_lab("drop")
    me.show_panel()
    me.object("droppable.ipynb").click()
    me.panel.get_by_role("button", name="Drop").click()
    expect(me.dialog).to_contain_text("Drop “droppable.ipynb”?")
    me.shot("asked")
    me.answer("Keep")
    expect(me.object("droppable.ipynb")).to_be_visible()
    me.panel.get_by_role("button", name="Drop").click()
    me.answer("Drop")
    expect(me.object("droppable.ipynb")).to_have_count(0)


@pytest.mark.timeout(180)
def test_by_keyboard_alone(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("keys/one.ipynb", "a = 1")
    lab.put_notebook("keys/two.ipynb", "a = 1")
    lab.post("omega/api/runs", {"path": "keys/one.ipynb"})
    lab.wait_run("keys/one.ipynb", "succeeded")
    me = open_lab("keyboard")
    press = me.page.keyboard.press
    press("Control+Alt+o")
    expect(me.panel).to_be_visible()
    tab = me.panel.get_by_role("tab", name="Jobs")
    expect(tab).to_be_focused()
    press("Control+Shift+f")
    press("Control+Alt+o")
    expect(tab).to_be_focused()

    press("ArrowRight")
    expect(me.panel.get_by_role("tab", name="Scripts")).to_have_attribute("aria-selected", "true")
    press("ArrowLeft")
    expect(me.object("keys")).to_be_visible()
    tab_to(me, ".jp-Omega-objects tbody tr")
    press("End")
    press("Home")
    while not me.object("keys").evaluate("row => row === document.activeElement"):
        press("ArrowDown")
    press("Enter")
    expect(me.object("keys/two.ipynb")).to_be_visible()
    tab_to(me, ".jp-Omega-objects tbody tr")
    press("ArrowDown")
    press("Space")
    expect(me.panel.locator(".jp-Omega-card")).to_contain_text("keys/two.ipynb")
    press("Backspace")
    expect(me.object("keys")).to_be_visible()

    tab_to(me, ".jp-Omega-run")
    me.shot("focus-on-a-run")
    press("Enter")
    expect(me.panel.locator(".jp-Omega-run .jp-Omega-details").first).to_be_visible()
    tab_to(me, ".jp-Omega-run button", "Run again")
    before = len(lab.runs("keys/one.ipynb"))
    press("Enter")
    lab.wait_run("keys/one.ipynb", "succeeded", "running", "queued")
    expect(me.notification("is queued")).to_be_visible()
    assert len(lab.runs("keys/one.ipynb")) == before + 1


def tab_to(me: LabPage, selector: str, text: str = "") -> None:
    """Press Tab until something is reached; it must not take for ever."""
    for _ in range(40):
        me.page.keyboard.press("Tab")
        if me.page.locator(f"{selector}:focus", has_text=text).count():
            return
    msg = f"Tab does not reach {selector}"
    raise AssertionError(msg)
