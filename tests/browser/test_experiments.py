"""Experiments in the Lab: what runs have logged is listed, compared and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from .lab import Lab
    from .page import LabPage

SOURCE = """\
import omegaml_lab as om
with om.runtime.experiment("{name}") as exp:
    exp.log_param("data", "flights@3")
    for step in range(20):
        exp.log_metric("loss", 1 / (depth + step), step=step)
    exp.log_metric("accuracy", 0.8 + depth / 100)"""


def sort_by_keyboard(me: LabPage, page: Locator) -> None:
    # One stop for Tab in the head, the arrows go along it.
    page.get_by_role("button", name="Run", exact=True).focus()
    for _ in range(4):
        me.page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="loss")).to_be_focused()
    me.page.keyboard.press("ArrowLeft")
    me.page.keyboard.press("Enter")
    me.page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("0.88")
    expect(page.locator("th button[tabindex='0']")).to_have_text("accuracy")


def scroll_sideways(me: LabPage, page: Locator) -> None:
    first = page.locator("td[data-column='job']").first
    me.page.set_viewport_size({"width": 700, "height": 900})
    page.locator(".jp-Omega-compared").evaluate("it => it.scrollTo(10_000, 0)")
    expect(first).to_be_in_viewport()
    table, cell = page.locator(".jp-Omega-compared").bounding_box(), first.bounding_box()
    assert table is not None
    assert cell is not None
    assert table["x"] == cell["x"]
    me.shot("scrolled sideways")
    me.page.set_viewport_size({"width": 1400, "height": 900})


@pytest.mark.timeout(240)
def test_runs_are_compared_by_what_they_logged(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path, name = f"tuned/{theme}.ipynb", f"tuning {theme}"
    lab.put_notebook(path, "depth: int = 3", SOURCE.format(name=name))
    me = open_lab("experiments", theme)
    me.show_panel()
    me.panel.get_by_role("heading", name="Experiments").click()
    section = me.page.locator("#omega-experiments")
    if theme == "light":
        expect(section).to_contain_text("No experiments yet")
        me.shot("none yet")
    lab.post("omega/api/groups", {"path": path, "grid": {"depth": [3, 5, 8]}})
    card = section.locator(f"[data-id='{name}']")
    expect(card).to_contain_text("3 runs", timeout=60_000)
    expect(card).to_contain_text("all ended", timeout=60_000)
    card.get_by_role("button", name="Compare").click()

    page = me.page.locator(".jp-Omega-experimentPage:visible")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    drawn = page.get_by_label("Metric that is drawn")
    expect(drawn).to_have_value("loss")  # accuracy was logged once: it has no course
    expect(page.locator(".jp-Omega-chart polyline")).to_have_count(3)
    drawn.select_option("accuracy")
    expect(page).to_contain_text("No run has logged it more than once")
    page.get_by_label("Metric that is drawn").select_option("loss")
    expect(page.locator(".jp-Omega-chart polyline")).to_have_count(3)
    sort_by_keyboard(me, page)
    scroll_sideways(me, page)

    # The keyboard: Space picks, the arrows go on.
    rows.first.focus()
    me.page.keyboard.press("Space")
    me.page.keyboard.press("ArrowDown")
    me.page.keyboard.press("Space")
    differing = page.locator("td[data-differs][data-column='parameter']")
    expect(differing).to_have_text(["8", "5"])
    me.shot("compared")
    page.get_by_label("Only the 2 that are compared").check()
    expect(rows).to_have_count(2)
    expect(page.locator(".jp-Omega-chart polyline")).to_have_count(2)

    elsewhere = open_lab("experiments-elsewhere", theme)
    elsewhere.show_panel()
    elsewhere.panel.get_by_role("heading", name="Experiments").click()
    far = elsewhere.page.locator("#omega-experiments").locator(f"[data-id='{name}']")
    far.get_by_role("button", name="Compare").click()
    gone = elsewhere.page.locator(".jp-Omega-experimentPage:visible")
    expect(gone.locator("tbody tr")).to_have_count(3)
    card.get_by_role("button", name="Forget…").click()
    expect(me.dialog).to_contain_text("stay")
    me.answer("Forget")
    expect(card).to_have_count(0)
    for each in (page, gone):
        expect(each).to_contain_text(f"There is no experiment “{name}” (any more)")
    elsewhere.shot("forgotten")


LOCAL = """\
import omegaml_lab as om
with om.runtime.experiment({name!r}) as exp:
    exp.log_metric("loss", 0.5)"""


@pytest.mark.timeout(180)
def test_local_runs_are_listed_by_themselves(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    name = f"mine/at home {theme}"
    me = open_lab("local", theme)
    me.show_panel()
    lab.python(LOCAL.format(name=name))
    me.panel.get_by_role("heading", name="Experiments").click()
    expect(me.page.locator("#omega-experiments")).to_contain_text(name, timeout=60_000)
    expect(me.run(name)).to_have_count(0)
    me.panel.get_by_label("Which runs are shown").select_option("local")
    card = me.run(name)
    expect(card).to_contain_text("Local")
    expect(card).to_contain_text("Succeeded")
    expect(card.get_by_role("button", name="Run again")).to_have_count(0)
    card.get_by_role("button", name="Details").click()
    expect(card).to_contain_text("By who asked for it")
    me.shot("listed")
