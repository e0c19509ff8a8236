"""The file browser on the repository: what it knows to do with files works on objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .lab import Lab
    from .page import LabPage


@pytest.mark.timeout(180)
def test_rename_copy_delete_and_upload(
    lab: Lab, open_lab: Callable[..., LabPage], tmp_path: Path
) -> None:
    lab.put_notebook("files/first.ipynb", "a = 1")
    me = open_lab("contents")
    me.go_to("files")

    me.choose("first.ipynb", "Rename")
    me.page.locator(".jp-DirListing-editor").fill("renamed.ipynb")
    me.page.keyboard.press("Enter")
    expect(me.file("renamed.ipynb")).to_be_visible()
    expect(me.file("first.ipynb")).to_have_count(0)

    me.choose("renamed.ipynb", "Duplicate")
    expect(me.file("renamed-Copy1.ipynb")).to_be_visible()

    me.choose("renamed.ipynb", "Move to Trash")
    me.answer("Move to Trash")
    expect(me.file("renamed-Copy1.ipynb")).to_be_visible()
    expect(me.file("renamed.ipynb")).to_have_count(0)

    upload = tmp_path / "notes é.txt"
    upload.write_text("kept as it is\n")
    with me.page.expect_file_chooser() as chooser:
        me.page.locator("[data-jp-item-name=uploader]").click()
    chooser.value.set_files(upload)
    expect(me.file("notes é.txt")).to_be_visible()
    me.file("notes é.txt").dblclick()
    expect(me.page.locator(".jp-FileEditor .cm-line").first).to_have_text("kept as it is")
    me.shot("files")

    names = [entry["name"] for entry in lab.get("api/contents/files")["content"]]
    assert sorted(names) == ["notes é.txt", "renamed-Copy1.ipynb"]


@pytest.mark.timeout(180)
def test_a_new_notebook_saves_straight_into_the_repository(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("new/other.ipynb", "a = 1")
    me = open_lab("new")
    me.go_to("new")
    me.page.locator(".jp-Launcher:visible [title^='Python 3']").first.click()
    expect(me.notebook.locator(".cm-content").first).to_be_visible(timeout=60_000)
    me.notebook.locator(".cm-content").first.click()
    me.page.keyboard.insert_text("import omegaml_lab as om")
    me.page.keyboard.press("Control+s")
    # Jupyter asks for the name of what has none.
    me.dialog.get_by_role("textbox").fill("fresh.ipynb")
    me.answer("Rename and Save")
    expect(me.file("fresh.ipynb")).to_be_visible()
    stored = lab.get("omega/api/objects/jobs", folder="new")["items"]
    assert sorted(item["name"] for item in stored) == ["new/fresh.ipynb", "new/other.ipynb"]
    saved = lab.get("api/contents/new/fresh.ipynb")["content"]
    assert saved["cells"][0]["source"] == "import omegaml_lab as om"
