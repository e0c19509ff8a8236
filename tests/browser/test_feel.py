"""What people stumbled over: clicks that hit something else, and things that were said twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


def test_a_double_click_is_about_the_row_that_was_clicked(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    with lab.omega("default") as om:
        for index in range(30):
            om.datasets.put({"a": index}, f"feel/many/d{index:02}")
    me = open_lab("feel-rows")
    me.page.set_viewport_size({"width": 1100, "height": 700})
    me.show_panel()
    me.panel.get_by_role("tab", name="Datasets").click()
    me.object("feel").dblclick()
    me.object("feel/many").dblclick()
    last = me.object("feel/many/d29")
    selected = me.panel.locator("tr[aria-selected='true']")
    # The second click comes when the details are where the row was.
    last.dblclick()
    for _ in range(2):
        expect(selected).to_have_attribute("data-name", "feel/many/d29")
        expect(last).to_be_in_viewport(ratio=1)
        expect(me.dialog).to_have_count(0)
        last.dblclick()
    me.page.keyboard.press("Escape")
    expect(selected).to_have_count(0)


def test_a_mount_among_what_is_deleted_or_moved_keeps_all(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("feel/one.ipynb", "a = 1")
    me = open_lab("feel-mount")
    me.go_to("")
    me.file("feel").click()
    me.file("local").click(modifiers=["Control"])
    me.page.keyboard.press("Delete")
    expect(me.dialog).to_have_count(1)
    expect(me.dialog).to_contain_text("“local” is where the disk is shown")
    expect(me.dialog).to_contain_text("Nothing was deleted")
    me.answer("Close")
    me.file("feel").click()
    me.file("local").click(modifiers=["Control"])
    me.page.keyboard.press("Control+x")
    me.file("examples").dblclick()
    expect(me.page.locator(".jp-BreadCrumbs-item", has_text="examples")).to_be_visible()
    me.page.locator(".jp-DirListing-item").first.click()
    me.page.keyboard.press("Control+v")
    expect(me.dialog).to_contain_text("Nothing was moved")
    me.answer("Close")
    assert lab.get("api/contents/feel/one.ipynb", content="0")["type"] == "notebook"


def test_what_has_schedules_goes_when_one_says_so(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("feel scheduled/daily.ipynb", "a = 1")
    about = {"path": "feel scheduled/daily.ipynb", "when": "daily at 6:00", "timezone": "UTC"}
    schedule = lab.post("omega/api/schedules", about)["id"]
    me = open_lab("feel-scheduled")
    me.go_to("")
    me.file("feel scheduled").drag_to(me.file("local"))
    expect(me.dialog).to_contain_text("A schedule could not run any more")
    expect(me.dialog).to_contain_text("daily.ipynb: At 06:00 every day, UTC")
    expect(me.dialog).to_contain_text("on the disk")
    me.shot("moved")
    me.answer("Keep")
    expect(me.dialog).to_have_count(0)
    expect(me.file("feel scheduled")).to_be_visible()

    # Of a deletion, one question says all.
    me.file("feel scheduled").click()
    me.page.keyboard.press("Delete")
    expect(me.dialog).to_contain_text("move to trash: feel scheduled?")
    expect(me.dialog).to_contain_text("in the trash is not run")
    me.shot("deleted")
    me.answer("Cancel")
    expect(me.file("feel scheduled")).to_be_visible()
    me.page.keyboard.press("Delete")
    me.answer("Move to Trash")
    expect(me.file("feel scheduled")).to_have_count(0)
    expect(me.dialog).to_have_count(0)
    lab.drop_schedule(schedule)


def test_an_overwrite_is_asked_for_once_and_replaces_only_then(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("overwritten.ipynb", "here = 1")
    lab.put_notebook("local/overwritten.ipynb", "there = 1")
    about = {"path": "overwritten.ipynb", "when": "daily at 6:00", "timezone": "UTC"}
    schedule = lab.post("omega/api/schedules", about)["id"]
    me = open_lab("feel-overwrite")
    me.go_to("")
    for answers in (["Keep"], ["Go on", "Cancel"], ["Go on", "Overwrite Existing File"]):
        assert source(lab, "local/overwritten.ipynb") == "there = 1"
        me.file("overwritten.ipynb").drag_to(me.file("local"))
        for answer in answers:
            me.answer(answer)
        if answers[-1] == "Cancel":  # JupyterLab's own question, and what it says then
            expect(me.dialog).to_contain_text("File not renamed")
            me.answer("Close")
    expect(me.file("overwritten.ipynb")).to_have_count(0)
    expect(me.dialog).to_have_count(0)
    assert source(lab, "local/overwritten.ipynb") == "here = 1"
    lab.drop_schedule(schedule)


def test_the_folder_of_a_mount_offers_no_other_name(open_lab: Callable[..., LabPage]) -> None:
    me = open_lab("feel-names")
    me.go_to("")
    for name, disabled in (("local", 1), ("examples", 0)):
        me.file(name).click(button="right")
        entry = me.menu_entry("Rename")
        expect(entry).to_be_visible()
        expect(entry.and_(me.page.locator(".lm-mod-disabled"))).to_have_count(disabled)
        me.page.keyboard.press("Escape")
    me.file("local").click()
    me.page.keyboard.press("F2")
    expect(me.page.locator(".jp-DirListing-editor")).to_have_count(0)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_run_is_one_message_and_its_result_has_a_tab_of_its_own(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("feel/runs.ipynb", "x = 1", "print(x)")
    me = open_lab("feel-runs")
    toasts = me.page.locator(".Toastify__toast")
    me.go_to("feel")
    me.choose("runs.ipynb", "Run on cluster")
    expect(toasts).to_contain_text("“feel/runs.ipynb” succeeded", timeout=60_000)
    expect(toasts).to_have_count(1)
    toasts.get_by_role("button", name="Open result").click()
    tab = me.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab[data-omega-result]")
    expect(tab).to_have_attribute("data-omega-result", re.compile(r"^runs · \d+:\d\d:\d\d"))
    shown = "tab => getComputedStyle(tab, '::after').content"
    assert "runs · " in tab.evaluate(shown)
    # The file is called as before.
    expect(tab.locator(".lm-TabBar-tabLabel")).to_have_text(re.compile(r"\.ipynb$"))

    me.show_panel()
    card = me.run("feel/runs")
    card.locator(".jp-Omega-entryHead").click()
    seconds = re.compile(r"\d+:\d\d:\d\d")
    expect(card.locator("dd[title]").first).to_have_attribute("title", seconds)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_run_that_waits_says_until_when_and_the_chosen_status_is_kept(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("feel/retried.ipynb", "x = 1", "1 / 0")
    limits = {"retries": 2, "retry_wait": 600}
    run = lab.post("omega/api/runs", {"path": "feel/retried.ipynb", "limits": limits})
    me = open_lab("feel-retried")
    me.show_panel()
    waits = re.compile(r"Queued · tried again at \d+:\d\d:\d\d.*, attempt 2 of 3")
    expect(me.run("feel/retried")).to_contain_text(waits, timeout=60_000)
    me.shot("waits")
    lab.post(f"omega/api/runs/{run['id']}/cancel", {})
    chosen = me.panel.get_by_label("Which runs are shown")
    chosen.select_option("cancelled")
    expect(me.run("feel/retried")).to_contain_text("Cancelled")
    me.page.wait_for_timeout(1500)  # it is kept, as is the panel that is open
    me.page.reload()
    expect(chosen).to_have_value("cancelled", timeout=60_000)
    expect(me.run("feel/retried")).to_be_visible()


def source(lab: Lab, path: str) -> str:
    return str(lab.get(f"api/contents/{path}")["content"]["cells"][0]["source"])
