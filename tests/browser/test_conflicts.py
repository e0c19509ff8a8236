"""Somebody else saves what is open here: both states are kept, and whoever saves is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

FOLDER = "shared"
STEM = "a notebook of 100% [many] people with a very long name that goes on and on √"
NAME = f"{STEM}.ipynb"


def source(lab: Lab, name: str) -> str:
    return str(lab.get(f"api/contents/{FOLDER}/{name}")["content"]["cells"][0]["source"])


def write(page: LabPage, old: str, new: str) -> None:
    page.notebook.locator(".cm-line", has_text=old).click()
    page.page.keyboard.press("Control+a")
    page.page.keyboard.insert_text(new)


def edit(page: LabPage, old: str, new: str) -> None:
    write(page, old, new)
    page.page.keyboard.press("Control+s")


def expect_saved(page: LabPage) -> None:
    """Wait until the document in front is saved; the copy's kernel may just have got ready."""
    expect(page.page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty")).to_have_count(0)


def test_save_as_copy_and_overwrite_keep_both(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    name = f"{theme} {NAME}"
    lab.put_notebook(f"{FOLDER}/{name}", "start = 1")
    page = open_lab("conflicts", theme)
    page.go_to(FOLDER)
    page.file(name).dblclick()
    expect(page.notebook.locator(".cm-line", has_text="start = 1")).to_be_visible(timeout=60_000)

    write(page, "start = 1", "mine = 1")
    lab.put_notebook(f"{FOLDER}/{name}", "theirs = 2", "more = 3")
    page.page.keyboard.press("Control+s")
    expect(page.dialog).to_contain_text("You saved this elsewhere meanwhile")
    expect(page.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.shot("asked")
    page.answer("Cancel")
    expect(page.page.locator("#jp-main-statusbar")).to_contain_text("Saving failed")
    expect(page.page.locator(".jp-Omega-transfer")).to_be_hidden()
    page.page.keyboard.press("Control+s")
    page.answer("Show differences")
    expect(page.dialog.locator(".jp-Omega-conflictDiff")).to_contain_text("theirs")
    page.shot("differences")
    assert source(lab, name) == "theirs = 2"

    page.answer("Save as copy")
    copy = f"{theme} {STEM}-Copy1.ipynb"
    expect(page.notebook.locator(".cm-line", has_text="mine = 1")).to_be_visible()
    expect(page.page.locator("#jp-main-statusbar")).not_to_contain_text("Saving started")
    page.shot("copied")
    assert (source(lab, name), source(lab, copy)) == ("theirs = 2", "mine = 1")

    page.page.locator(".lm-TabBar-tab", has_text=name).click()
    expect(page.notebook.locator(".cm-line", has_text="theirs = 2")).to_be_visible()
    write(page, "theirs = 2", "mine = 5")
    lab.put_notebook(f"{FOLDER}/{name}", "theirs = 4")
    page.page.keyboard.press("Control+s")
    page.answer("Overwrite")
    expect_saved(page)
    assert source(lab, name) == "mine = 5"
    edit(page, "mine = 5", "mine = 6")
    expect_saved(page)
    expect(page.dialog).to_have_count(0)
    assert source(lab, name) == "mine = 6"
    history = lab.get(f"omega/api/revisions/jobs/{FOLDER}/{name}")
    assert history["total"] >= 5
