"""Schedules: made in words, looked at, changed and dropped, by mouse and by keyboard."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from .lab import Lab
    from .page import LabPage

NEXT = re.compile(r"Next in \d")
BEGIN = datetime(2040, 6, 1, tzinfo=ZoneInfo("America/New_York"))


def schedules(lab: Lab, path: str) -> list[dict[str, Any]]:
    return list(lab.get("omega/api/schedules", path=path)["items"])


def button(me: LabPage, label: str) -> Locator:
    return me.dialog.get_by_role("button", name=label, exact=True)


def drop(me: LabPage, job: str) -> None:
    me.schedule(job).get_by_role("button", name="Drop").click()
    me.answer("Drop")
    expect(me.schedule(job)).to_have_count(0)


def choose_more(me: LabPage) -> None:
    """Choose in the dialog what most leave as it is: when it begins, and what queues."""
    me.dialog.get_by_text("More", exact=True).click()
    me.dialog.get_by_label("If the last run still goes").select_option("queue")
    me.dialog.get_by_label("Begins").fill(f"{BEGIN:%Y-%m-%dT%H:%M}")
    expect(me.dialog.locator(".jp-Omega-preview li").first).to_contain_text(str(BEGIN.year))


def choose_schedule(me: LabPage, folder: str, name: str) -> Locator:
    """Open the dialog from the context menu; return the field that asks when."""
    me.go_to(folder)
    me.choose(name, "Schedule…")
    when = me.dialog.get_by_label("When", exact=True)
    expect(when).to_be_focused()
    return when


@pytest.mark.timeout(180)
def test_schedule_from_the_file_browser(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    folder, path = f"planned-{theme}", f"planned-{theme}/flights.ipynb"
    lab.put_notebook(path, "carrier = 'UA'  # whose flights\nmonth = 1", "carrier, month")
    me = open_lab("schedule", theme)
    when = choose_schedule(me, folder, "flights.ipynb")
    expect(button(me, "Schedule")).to_be_disabled()
    me.shot("dialog")

    when.fill("dayly at 6:00")
    expect(me.dialog.get_by_role("alert")).to_contain_text("Did you mean 'daily at 6:00'?")
    expect(button(me, "Schedule")).to_be_disabled()
    me.shot("not-understood")

    me.dialog.get_by_role("button", name="weekdays at 6:00").click()
    expect(when).to_have_value("weekdays at 6:00")
    zone = me.dialog.get_by_label("Time zone")
    zone.fill("Mars/Olympus")
    expect(me.dialog.get_by_role("alert")).to_contain_text("no such time zone")
    expect(button(me, "Schedule")).to_be_disabled()
    zone.fill("america/new_york")
    preview = me.dialog.locator(".jp-Omega-preview")
    expect(preview).to_contain_text("on Monday through Friday")
    expect(preview.locator("li")).to_have_count(5)
    expect(preview.locator("li").first).to_contain_text(re.compile(r"6:00.AM.E[SD]T"))
    me.dialog.get_by_label("month").fill("7")
    choose_more(me)
    me.shot("filled")
    button(me, "Schedule").click()
    expect(me.dialog).to_have_count(0)

    told = me.notification("Scheduled .*flights.*next run at .*6:00")
    expect(told).to_be_visible()
    me.shot("told")
    told.get_by_role("button", name="Show schedules").click()
    card = me.schedule(f"{folder}/flights")
    expect(card).to_contain_text("on Monday through Friday")
    expect(card).to_contain_text("America/New_York")
    expect(card.locator("time").first).to_have_text(NEXT)
    expect(card.locator("time").first).to_have_attribute("title", re.compile(r"6:00.AM.E[SD]T"))
    card.get_by_role("button", name="Details").click()
    expect(card.locator(".jp-Omega-details")).to_contain_text("month = 7")
    me.shot("details")
    [made] = schedules(lab, path)
    assert (made["parameters"], made["overlap"]) == ({"month": 7}, "queue")
    assert made["timezone"] == "America/New_York"
    assert datetime.fromisoformat(made["starts_at"]) == BEGIN

    card.get_by_role("button", name="Drop").click()
    expect(me.dialog).to_contain_text("Drop this schedule?")
    me.shot("drop")
    me.answer("Keep")
    expect(card).to_be_visible()
    drop(me, f"{folder}/flights")
    assert schedules(lab, path) == []


@pytest.mark.timeout(240)
def test_pause_resume_edit_and_run_now(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"managed-{theme}/monthly report.ipynb"
    lab.put_notebook(path, "month = 1", "print(month)")
    lab.put_notebook(f"managed-{theme}/other.ipynb", "1")
    me = open_lab("schedules", theme)
    me.show_panel()
    # What somebody else makes is shown without a reload.
    settings = {"when": "0 7 1 1 *", "timezone": "Europe/Zurich", "parameters": {"month": 3}}
    lab.post("omega/api/schedules", {"path": path, **settings})
    other = f"managed-{theme}/other.ipynb"
    lab.post("omega/api/schedules", {"path": other, "when": "daily at 6:00"})
    card = me.schedule(f"managed-{theme}/monthly report")
    expect(card.locator("time").first).to_have_text(NEXT)
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    expect(card).to_contain_text("Not due")
    me.shot("paused")
    card.get_by_role("button", name="Resume").click()
    expect(card.locator("time").first).to_have_text(NEXT)
    expect(card).not_to_contain_text("Paused")

    card.get_by_role("button", name="Edit").click()
    when = me.dialog.get_by_label("When", exact=True)
    expect(when).to_have_value("0 7 1 1 *")
    month = me.dialog.get_by_label("month", exact=True)
    expect(month).to_have_value("3")
    expect(me.dialog.locator(".jp-Omega-preview li")).to_have_count(5)
    me.shot("edit")
    when.fill("monthly on the last day at 7:00")
    month.fill("4")
    when.press("Enter")
    expect(me.dialog).to_have_count(0)
    expect(card).to_contain_text("on the last day of every month")

    card.get_by_role("button", name="Run now").click()
    expect(me.run(f"managed-{theme}/monthly report")).to_contain_text("by schedule")
    run = lab.wait_run(path, "succeeded")
    assert run["parameters"] == {"month": 4}
    expect(card).to_contain_text("Last run: succeeded")
    expect(me.notification("monthly report.*succeeded")).to_be_visible()
    me.shot("ran")
    card.get_by_role("button", name="Runs").click()
    chip = me.panel.locator(".jp-Omega-chipText")
    expect(chip).to_have_text(f"managed-{theme}/monthly report")
    assert chip.evaluate("chip => chip.clientWidth") > 150  # a line of its own: it can be read
    me.panel.get_by_role("button", name="Show all runs").click()
    me.panel.get_by_label("Sort schedules").select_option("job")
    names = me.panel.locator(".jp-Omega-scheduleCard .jp-Omega-entryName")
    expect(names.first).to_have_text(f"managed-{theme}/monthly report")
    me.panel.get_by_label("Sort schedules").select_option("next_due")
    expect(names.first).to_have_text(f"managed-{theme}/other")
    for name in ("monthly report", "other"):
        drop(me, f"managed-{theme}/{name}")


@pytest.mark.timeout(300)
def test_what_is_unsaved_is_saved_and_runs_by_itself(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("each minute.ipynb", "pass", "answer = 1")
    me = open_lab("each-minute")
    me.go_to("")
    me.file("each minute.ipynb").dblclick()
    me.wait_for_kernel()
    me.cell(1).locator(".cm-content").click()
    me.page.keyboard.press("Control+a")
    me.page.keyboard.type("print('changed')")
    me.notebook.locator("[data-jp-item-name=omega-schedule]").click()
    me.dialog.get_by_label("When", exact=True).fill("* * * * *")
    expect(me.dialog.locator(".jp-Omega-preview")).to_contain_text("Every minute")
    button(me, "Schedule").click()
    me.notification("next run at").get_by_role("button", name="Show schedules").click()
    expect(me.schedule("each minute")).to_contain_text("Last run: ", timeout=90_000)
    run = lab.wait_run("each minute.ipynb", "succeeded")
    assert run["schedule"] == schedules(lab, "each minute.ipynb")[0]["id"]
    expect(me.run("each minute")).to_contain_text("by schedule")
    result = lab.get(f"api/contents/{run['result_path']}")["content"]
    assert "changed" in str(result["cells"][-1]["outputs"])
    drop(me, "each minute")


@pytest.mark.timeout(180)
def test_by_keyboard_alone(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("typed/keys.ipynb", "month = 1", "month")
    me = open_lab("schedule-keys")
    press = me.page.keyboard.press
    when = choose_schedule(me, "typed", "keys.ipynb")
    press("Escape")
    expect(me.dialog).to_have_count(0)
    assert schedules(lab, "typed/keys.ipynb") == []

    when = choose_schedule(me, "typed", "keys.ipynb")
    press("Tab")
    expect(me.dialog.get_by_role("button", name="weekdays at 6:00")).to_be_focused()
    me.shot("focus-on-a-pick")
    press("Enter")
    expect(when).to_be_focused()
    expect(when).to_have_value("weekdays at 6:00")
    more = me.dialog.get_by_text("More", exact=True)
    tab_to(me, more)
    press("Enter")
    expect(me.dialog.get_by_label("Label")).to_be_visible()
    me.shot("focus-on-more")
    tab_to(me, button(me, "Schedule"))
    press("Tab")
    expect(when).to_be_focused()
    # Enter does not wait for the preview: it asks, and tells what is wrong.
    press("Control+a")
    me.page.keyboard.type("weekdays at 26:00")
    press("Enter")
    expect(me.dialog.get_by_role("alert")).to_contain_text("no time '26:00'")
    press("Control+a")
    me.page.keyboard.type("yearly")
    expect(me.dialog.get_by_role("alert")).to_contain_text("'yearly' is not understood")
    press("Control+a")
    me.page.keyboard.type("0 6 1 1 *")
    press("Enter")
    expect(me.dialog).to_have_count(0)
    expect(me.notification("next run at")).to_be_visible()

    press("Control+Alt+o")
    expect(me.schedule("typed/keys")).to_be_visible()
    tab_to(me, me.panel.locator(".jp-Omega-scheduleCard").first)
    me.shot("focus-on-a-schedule")
    press("Enter")
    expect(me.panel.locator(".jp-Omega-scheduleCard .jp-Omega-details").first).to_be_visible()
    tab_to(me, me.schedule("typed/keys").get_by_role("button", name="Drop"))
    press("Enter")
    expect(me.dialog).to_contain_text("Drop this schedule?")
    tab_to(me, button(me, "Drop"))
    press("Enter")
    expect(me.schedule("typed/keys")).to_have_count(0)


@pytest.mark.timeout(180)
def test_schedule_a_job_of_the_repository(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("schedulable.ipynb", "pass")
    me = open_lab("schedule-object")
    me.show_panel()
    expect(me.panel).to_contain_text("Schedules")
    me.object("schedulable.ipynb").click()
    me.shot("actions")
    me.panel.locator(".jp-Omega-card").get_by_role("button", name="Schedule", exact=True).click()
    expect(me.dialog).to_contain_text("Schedule schedulable.ipynb")
    expect(me.dialog.get_by_label("When", exact=True)).to_be_focused()
    me.page.keyboard.press("Escape")
    expect(me.dialog).to_have_count(0)


def tab_to(me: LabPage, wanted: Locator) -> None:
    """Press Tab until something is reached; it must not take for ever."""
    for _ in range(50):
        me.page.keyboard.press("Tab")
        if wanted.count() and wanted.evaluate("node => node === document.activeElement"):
            return
    msg = f"Tab does not reach {wanted}"
    raise AssertionError(msg)


@pytest.mark.timeout(180)
def test_a_schedule_whose_notebook_is_deleted_says_so(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    folder = f"lost-{theme}"
    lab.put_notebook(f"{folder}/daily 1.ipynb", "1")
    lab.post("omega/api/schedules", {"path": f"{folder}/daily 1.ipynb", "when": "daily at 6:00"})
    me = open_lab("schedule-lost", theme)
    me.show_panel()
    card = me.schedule(f"{folder}/daily")
    expect(card.locator("time").first).to_have_text(NEXT)
    lab.rename(f"{folder}/daily 1.ipynb", f"{folder}/daily [2].ipynb")
    expect(card).to_contain_text("daily [2]")
    lab.delete(f"{folder}/daily [2].ipynb")
    expect(card).to_contain_text("Its notebook is in the trash: restore it or drop the schedule.")
    expect(card).to_contain_text("Cannot run")
    expect(card.get_by_role("button", name="Run now")).to_have_count(0)
    me.shot("in-trash")
    card.get_by_role("button", name="Restore notebook").click()
    expect(card.locator("time").first).to_have_text(NEXT)
    expect(card).not_to_contain_text("trash")
    expect(card.get_by_role("button", name="Run now")).to_be_visible()
    me.shot("restored")
    drop(me, f"{folder}/daily")
