"""The main job, end to end: from a notebook in the repository to a link that anybody can open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from .lab import Lab
    from .page import SCREENSHOTS, LabPage

from .page import SCREENSHOTS

NOTEBOOK = "examples/flights.ipynb"
RUN_SECONDS = 150


@pytest.mark.timeout(420)
def test_from_notebook_to_link(
    lab: Lab,
    open_lab: Callable[..., LabPage],
    make_context: Callable[[], BrowserContext],
    theme: str,
) -> None:
    me = open_lab("main", theme)
    change_a_cell_and_save(me, carrier={"light": "AA", "dark": "DL"}[theme])
    run_on_cluster_and_watch(me)
    open_result(me)
    link = publish_and_copy(me)

    reader = make_context()
    read_report(reader.new_page(), link, {"light": "American", "dark": "Delta"}[theme], theme)
    assert_stranger(reader, lab)


def change_a_cell_and_save(me: LabPage, *, carrier: str) -> None:
    me.shot("start")
    me.go_to("examples")
    expect(me.file("flights.ipynb")).to_be_visible()
    me.shot("files")
    me.file("flights.ipynb").dblclick()
    line = me.notebook.locator(".cm-line", has_text="carrier: str").first
    expect(line).to_be_visible(timeout=60_000)
    # A kernel that has started tells the notebook its language, which is a change like another:
    # on a slow machine it would come after our save.
    me.wait_for_kernel()
    line.click()
    me.page.keyboard.press("Home")
    me.page.keyboard.press("Shift+End")
    me.page.keyboard.insert_text(f'carrier: str = "{carrier}"  # Airline code')
    expect(me.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(1)
    me.page.keyboard.press("Control+s")
    me.expect_saved()
    saved = me.lab.get(f"api/contents/{NOTEBOOK}")
    assert f'"{carrier}"' in saved["content"]["cells"][1]["source"]
    me.shot("changed-and-saved")


def run_on_cluster_and_watch(me: LabPage) -> None:
    me.file("flights.ipynb").click(button="right")
    expect(me.menu_entry("Publish report…")).to_be_visible()
    me.shot("context-menu")
    me.menu_entry("Run on cluster").click()
    expect(me.notification("is queued")).to_be_visible()
    me.show_panel()
    card = me.run("examples/flights")
    expect(card).to_contain_text(re.compile("cell [2-9] of 9"), timeout=60_000)
    expect(card.locator("[role=progressbar]")).to_have_attribute(
        "aria-valuenow", re.compile(r"\d")
    )
    me.shot("running")
    expect(card).to_have_attribute("data-status", "succeeded", timeout=RUN_SECONDS * 1000)
    expect(me.notification("succeeded in")).to_be_visible()
    me.shot("succeeded")


def open_result(me: LabPage) -> None:
    me.run("examples/flights").get_by_role("button", name="Open result").click()
    expect(me.page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")
    me.scroll_to(me.notebook.locator(".jp-OutputArea img").first)
    me.shot("result")


def publish_and_copy(me: LabPage) -> str:
    card = me.run("examples/flights")
    card.get_by_role("button", name="Publish").or_(
        me.run("examples/flights").get_by_role("button", name="Copy report link")
    ).first.wait_for()
    me.page.evaluate("navigator.clipboard.writeText('')")
    me.show_files()
    me.choose("flights.ipynb", "Publish report…")
    expect(me.dialog).to_contain_text("Who can open the link")
    me.shot("publish")
    me.dialog.get_by_label("Anyone with the link").check()
    me.dialog.locator(".jp-Dialog-button.jp-mod-accept").click()
    expect(me.notification("is published")).to_be_visible(timeout=60_000)
    me.shot("published")
    me.choose("flights.ipynb", "Copy report link")
    expect(me.notification("copied")).to_be_visible()
    link = str(me.page.evaluate("navigator.clipboard.readText()"))
    assert link.startswith(f"{me.lab.url}/omega/reports/")
    return link


def read_report(page: Page, link: str, airline: str, theme: str) -> None:
    response = page.goto(link)
    assert response is not None
    assert response.status == 200
    expect(page.locator("h1").first).to_have_text("Can you rely on this airline?¶")
    expect(page.locator("body")).to_contain_text(airline)
    expect(page.locator("img").first).to_be_visible()
    SCREENSHOTS.joinpath(theme).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / theme / "main-99-report.png", full_page=True)


def assert_stranger(reader: BrowserContext, lab: Lab) -> None:
    """Who can read the report can read nothing else."""
    page = reader.new_page()
    page.goto(f"{lab.url}/lab")
    assert "/login" in page.url
    answer = reader.request.get(f"{lab.url}/omega/api/runs")
    assert answer.status in {401, 403}
