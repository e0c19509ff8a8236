"""What fails is told once, in a line, with the way to the run and to its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

ABSENT = "# requires: numpy, omt-absent>=2"


@pytest.mark.timeout(240)
def test_failures_of_one_job_are_one_message(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"often/broken {theme}.ipynb"
    lab.put_notebook(path, "a = 1", "unknown_name")
    me = open_lab("failures", theme)
    me.go_to("often")
    me.choose(f"broken {theme}.ipynb", "Run on cluster")
    expect(me.notification("failed: NameError")).to_be_visible(timeout=60_000)
    me.show_panel()
    card = me.run(f"often/broken {theme}")
    for times in (2, 3):
        card.get_by_role("button", name="Run again").click()
        told = me.notification(f"failed {times} times")
        expect(told).to_be_visible(timeout=60_000)
    toasts = me.page.locator(".Toastify__toast--error")
    expect(toasts).to_have_count(1)
    # It goes by itself; the bell in the status bar keeps it.
    expect(toasts.locator(".Toastify__progress-bar--animated")).to_have_count(1)
    me.shot("once")
    # What is shown of other runs does not hide it.
    me.panel.get_by_label("Which runs are shown").select_option("succeeded")
    expect(me.run(f"often/broken {theme}")).to_have_count(0)
    told.get_by_role("button", name="Open run").click()
    expect(me.run(f"often/broken {theme}")).to_be_focused()
    expect(toasts).to_have_count(0)
    me.shot("run")
    card.get_by_role("button", name="Run again").click()
    again = me.notification("failed: NameError")
    expect(again).to_be_visible(timeout=60_000)
    again.get_by_role("button", name=re.compile("Hide|Close|Dismiss", re.IGNORECASE)).click()
    expect(toasts).to_have_count(0)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_what_could_not_be_installed_is_named(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"needs/{theme}.ipynb"
    lab.put_notebook(path, "a = 1", ABSENT)
    me = open_lab("requires", theme)
    me.go_to("needs")
    me.choose(f"{theme}.ipynb", "Run on cluster")
    me.show_panel()
    card = me.run(f"needs/{theme}")
    expect(card).to_contain_text("omt-absent", timeout=90_000)
    expect(card).to_contain_text("omt-absent>=2 could not be installed:")
    expect(card).not_to_contain_text("Its last words")
    card.get_by_role("button", name="Details").click()
    expect(card.locator(".jp-Omega-details")).to_contain_text("Its last words")
    card.get_by_role("button", name="Open log").click()
    log = me.page.locator(".jp-Omega-log:visible")
    expect(log).to_contain_text("omt-absent>=2 is prepared")
    expect(log).to_contain_text("error:")
    expect(me.page.locator(".jp-Omega-groupPage:visible [role=alert]")).to_have_count(0)
    me.shot("log")


def test_the_panel_fits_a_narrow_window(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    name = "a name that is longer than the panel is wide, by far " * 2
    lab.put_notebook(f"narrow/{name}.ipynb", "x: int = 1", "1")
    where = {"path": f"narrow/{name}.ipynb"}
    schedule = lab.post("omega/api/schedules", {**where, "when": "weekdays at 6:00"})
    lab.post("omega/api/groups", {**where, "grid": {"x": [1, 2]}})
    me = open_lab("narrow")
    me.page.set_viewport_size({"width": 757, "height": 900})
    me.show_panel()
    expect(me.schedule("narrow/")).to_be_visible()
    try:
        assert_it_fits(me)
    finally:
        lab.drop_schedule(schedule["id"])


def assert_it_fits(me: LabPage) -> None:
    """Fail if something in the panel is wider than it."""
    me.panel.get_by_role("heading", name="Experiments").click()
    me.panel.get_by_role("heading", name="Trash").click()
    me.shot("panel")
    wide = me.panel.evaluate(
        """panel => [panel, ...panel.querySelectorAll('*')].filter(it =>
             it.getBoundingClientRect().right > panel.getBoundingClientRect().right + 0.5 &&
             getComputedStyle(it).visibility !== 'hidden' && it.clientWidth > 0 &&
             !it.closest('bdi, time, svg') && !it.matches('bdi, span, strong')
           ).map(it => it.className || it.tagName)"""
    )
    assert wide == []
    assert me.panel.evaluate("it => it.scrollWidth <= it.clientWidth")
