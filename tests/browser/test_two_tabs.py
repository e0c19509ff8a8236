"""Two browsers on one notebook: no save is lost in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

pytestmark = pytest.mark.long


def write(page: LabPage, old: str, new: str) -> None:
    page.notebook.locator(".cm-line", has_text=old).click()
    page.page.keyboard.press("Control+a")
    page.page.keyboard.insert_text(new)


def edit(page: LabPage, old: str, new: str) -> None:
    write(page, old, new)
    page.page.keyboard.press("Control+s")


@pytest.mark.timeout(240)
def test_the_second_save_asks(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("tabs/shared.ipynb", "start = 1")
    first, second = open_lab("tab-one"), open_lab("tab-two")
    for page in (first, second):
        page.go_to("tabs")
        page.file("shared.ipynb").dblclick()
        expect(page.notebook.locator(".cm-line", has_text="start = 1")).to_be_visible(
            timeout=60_000
        )
    write(second, "start = 1", "theirs = 2")
    edit(first, "start = 1", "mine = 1")
    first.expect_saved()
    saved = lab.get("api/contents/tabs/shared.ipynb")["content"]["cells"][0]["source"]
    assert saved == "mine = 1"

    second.page.keyboard.press("Control+s")
    expect(second.dialog).to_contain_text("You saved this elsewhere meanwhile")
    saved = lab.get("api/contents/tabs/shared.ipynb")["content"]["cells"][0]["source"]
    assert saved == "mine = 1"
    second.answer("Discard mine")
    expect(second.notebook.locator(".cm-line", has_text="mine = 1")).to_be_visible()

    # One after the other there is nothing to ask.
    edit(second, "mine = 1", "ours = 3")
    second.expect_saved()
    edit(second, "ours = 3", "ours = 4")
    second.expect_saved()
    expect(second.dialog).to_have_count(0)
    saved = lab.get("api/contents/tabs/shared.ipynb")["content"]["cells"][0]["source"]
    assert saved == "ours = 4"
    # Who has changed nothing sees it.
    expect(first.notebook.locator(".cm-line", has_text="ours = 4")).to_be_visible()
