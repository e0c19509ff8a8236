"""A plain `jupyter lab` with the extension installed, and no worker at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .page import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext

    from .lab import Lab

pytestmark = pytest.mark.long


@pytest.mark.timeout(240)
def test_runs_wait_until_there_is_a_worker(
    plain_lab: Lab, make_context: Callable[[], BrowserContext]
) -> None:
    plain_lab.put_notebook("repo/waiting.ipynb", "a = 1", "print(a + 1)")
    plain_lab.put_notebook("on disk.ipynb", "b = 1", "print(b + 2)")
    pages = {
        theme: LabPage(make_context().new_page(), plain_lab, story="plain", theme=theme)
        for theme in ("light", "dark")
    }
    for me in pages.values():
        me.open()
        me.show_panel()
        expect(me.panel.locator(".jp-Omega-health")).to_contain_text("No worker is alive")
        expect(me.panel.locator(".jp-Omega-health")).to_contain_text("omega worker")

    me = pages["light"]
    me.go_to("repo")
    me.choose("waiting.ipynb", "Run on cluster")
    me.go_to("")
    me.choose("on disk.ipynb", "Run on cluster")
    for me in pages.values():
        me.show_panel()
        expect(me.run("waiting")).to_have_attribute("data-status", "queued")
        expect(me.run("uploads/on disk")).to_contain_text("copy")
        me.shot("no-worker")

    plain_lab.start_worker()
    for me in pages.values():
        for name in ("waiting", "uploads/on disk"):
            expect(me.run(name)).to_have_attribute("data-status", "succeeded", timeout=60_000)
        expect(me.panel.locator(".jp-Omega-health")).to_contain_text("1 worker ready")
        me.shot("worker")
    run = plain_lab.runs("repo/waiting.ipynb")[0]
    assert run["result_path"].startswith("repo/results/")


@pytest.mark.timeout(180)
def test_a_schedule_of_a_notebook_on_the_disk_wants_a_scheduler(
    plain_lab: Lab, make_context: Callable[[], BrowserContext]
) -> None:
    plain_lab.put_notebook("daily.ipynb", "c = 1", "print(c + 3)")
    me = LabPage(make_context().new_page(), plain_lab, story="plain-schedule")
    me.open()
    me.go_to("")
    me.choose("daily.ipynb", "Schedule…")
    me.dialog.get_by_role("button", name="daily at 6:00").click()
    me.dialog.get_by_role("button", name="Schedule", exact=True).click()
    told = me.notification("uploads/daily.*next run at")
    expect(me.notification("its copy 'uploads/daily.ipynb' in your bucket is run")).to_be_visible()
    told.get_by_role("button", name="Show schedules").click()
    expect(me.schedule("uploads/daily")).to_be_visible()
    expect(me.panel).to_contain_text("No scheduler is alive")
    me.shot("no-scheduler")
