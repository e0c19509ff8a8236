"""A notebook that nobody has changed does not look changed when its kernel gets ready."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

DIRTY = ".lm-TabBar-tab.jp-mod-dirty"


@pytest.mark.timeout(180)
def test_a_kernel_that_gets_ready_changes_nothing(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"calm {secrets.token_hex(2)}.ipynb"
    lab.put_notebook(path, "first = 1")
    me = open_lab("calm", theme)
    me.go_to("")
    me.file(path).dblclick()
    me.wait_for_kernel()
    expect(me.page.locator(DIRTY)).to_have_count(0)
    me.shot("kernel-is-ready")

    # So what is saved elsewhere is shown, and is no conflict.
    lab.put_notebook(path, "second = 2")
    line = me.notebook.locator(".cm-line", has_text="second = 2")
    expect(line).to_be_visible()
    expect(me.page.locator(DIRTY)).to_have_count(0)

    line.click()
    me.page.keyboard.press("Control+a")
    me.page.keyboard.insert_text("third = 3")
    expect(me.page.locator(DIRTY)).to_have_count(1)
    me.page.keyboard.press("Control+s")
    me.expect_saved()
    saved = lab.get(f"api/contents/{path}")["content"]
    assert saved["cells"][0]["source"] == "third = 3"
    me.page.locator(".lm-TabBar-tab.jp-mod-current .lm-TabBar-tabCloseIcon").last.click()
    me.file(path).dblclick()
    me.wait_for_kernel()
    expect(me.page.locator(DIRTY)).to_have_count(0)
    lab.delete(path)
