"""Groups of runs in the Lab: vary parameters, compare what came out, run again, cancel."""

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
from IPython.display import display
scrap = "application/scrapbook.scrap.json+json"
display({scrap: {"name": "twice", "data": 2 * x}}, raw=True)
if x == 10 and y == "b": raise ValueError("no luck with 10 and b")"""


@pytest.mark.timeout(240)
def test_a_grid_from_the_form_to_the_table(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"grids/{theme}.ipynb"
    lab.put_notebook(path, "x: int = 1  # How many\ny: str = 'a'\nz: bool = False", SOURCE)
    me = open_lab("grid", theme)
    me.go_to("grids")
    me.choose(f"{theme}.ipynb", "Run with parameters…")
    expect(me.dialog.get_by_label("x", exact=True)).to_be_focused()
    for label in ("Vary y", "y", "Vary z", "z"):  # as they are read
        me.page.keyboard.press("Tab")
        expect(me.dialog.get_by_label(label, exact=True)).to_be_focused()
    me.dialog.get_by_label("Vary x").check()
    me.dialog.get_by_label("x", exact=True).fill("9\n10\n\nten")
    expect(me.dialog.get_by_text("Line 4: Enter a whole number")).to_be_visible()
    expect(me.dialog).not_to_contain_text("1 run")
    me.dialog.get_by_label("x", exact=True).fill("9\n10")
    me.dialog.get_by_label("Vary y").check()
    me.dialog.get_by_label("y", exact=True).fill("a\nb")
    expect(me.dialog.get_by_text("4 runs", exact=True)).to_be_visible()
    me.dialog.get_by_label("At once, at most").fill("2")
    me.shot("vary")
    me.answer("Run")
    expect(me.dialog).to_have_count(0)
    expect(me.notification(f"4 runs of “grids/{theme}” are queued")).to_be_visible()

    me.page.get_by_role("button", name="Compare").first.click()  # of the message
    table = me.page.locator(".jp-Omega-groupPage table")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.locator("tbody tr[data-status='succeeded']")).to_have_count(3, timeout=60_000)
    expect(table.locator("tbody tr[data-status='failed']")).to_contain_text("no luck")
    # Four ends are one message.
    expect(me.notification("has ended: 3 succeeded · 1 failed")).to_be_visible()
    expect(me.page.locator(".Toastify__toast--error, .Toastify__toast--success")).to_have_count(1)
    table.get_by_role("button", name="x", exact=True).click()
    table.get_by_role("button", name="x", exact=True).click()
    expect(table.locator("tbody tr").first).to_contain_text("20")
    me.show_panel()
    card = me.page.locator(".jp-Omega-runGroup").first
    expect(card).to_contain_text("3 succeeded · 1 failed")
    bar = card.get_by_role("progressbar", name="Runs that have ended")
    expect(bar).to_have_attribute("aria-valuenow", "4")
    assert shares(bar) == {"succeeded": 75, "failed": 25}
    me.shot("compared")

    # The keyboard: Tab stops at one row and its button, and Enter opens the result of the row.
    expect(table.locator("tbody [tabindex='0']")).to_have_count(2)
    failed = table.locator("tbody tr[data-status='failed']")
    failed.focus()
    failed.press("Enter")
    expect(me.page.locator(".jp-NotebookPanel:visible")).to_contain_text(
        "no luck with 10", timeout=30_000
    )
    lab.put_notebook(path, "x: int = 1\ny: str = 'a'", "import time; time.sleep(600)")
    run_again_and_cancel(me, card)


def run_again_and_cancel(me: LabPage, card: Locator) -> None:
    bar = card.get_by_role("progressbar", name="Runs that have ended")
    card.get_by_role("button", name="Run 1 again").click()
    expect(card).to_contain_text("running", timeout=30_000)
    expect(bar).to_have_attribute("aria-valuenow", "3")  # what only has begun is not done
    assert shares(bar) == {"succeeded": 75}
    card.get_by_role("button", name="Cancel all").click()
    expect(me.dialog).to_contain_text("Cancel 1 run?")
    me.shot("cancel")
    me.answer("Cancel the runs")
    expect(card).to_contain_text("3 succeeded · 1 cancelled", timeout=30_000)


def test_a_group_of_one_is_told_as_one(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("grids/alone.ipynb", "x = 1", "import time; time.sleep(600)")
    lab.post("omega/api/groups", {"path": "grids/alone.ipynb", "grid": {"x": [7]}})
    me = open_lab("grid-of-one")
    me.show_panel()
    card = me.panel.locator(".jp-Omega-runGroup", has_text="grids/alone")
    expect(card.locator(".jp-Omega-badge")).to_have_text("1 run")
    card.get_by_role("button", name="Cancel all").click()
    expect(me.dialog).to_contain_text("Cancel 1 run?")
    me.answer("Cancel the runs")
    expect(card).to_contain_text("1 cancelled", timeout=30_000)


def shares(bar: Locator) -> dict[str, int]:
    """Return how many of a hundred of a group's bar are of each status."""
    widths = "bar => [...bar.children].map(it => [it.dataset.status, parseInt(it.style.width)])"
    return dict(bar.evaluate(widths))
