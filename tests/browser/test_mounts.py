"""Repository and disk side by side in the file browser: what is moved and copied between them."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Response

    from .lab import Lab
    from .page import LabPage

NAME = "täble 100%+[x] {1} $.csv"


@pytest.mark.timeout(180)
def test_to_the_repository_and_back_to_the_disk(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    disk = lab.folder / "notebooks"
    (disk / "moved é").mkdir()
    (disk / "moved é" / NAME).write_text("x,y\n1,2\n")
    me = open_lab("mounts")

    me.go_to("local")
    me.file("moved é").drag_to(me.page.locator(".jp-BreadCrumbs-home"))
    expect(me.file("moved é")).to_have_count(0)
    assert not (disk / "moved é").exists()
    me.go_to("moved é")
    me.file(NAME).dblclick()
    expect(me.page.locator(".jp-CSVViewer:visible")).to_be_visible()

    with me.page.expect_download() as download:
        me.choose(NAME, "Download")
    assert download.value.suggested_filename == NAME
    assert Path(download.value.path()).read_text() == "x,y\n1,2\n"

    me.choose(NAME, "Copy")
    me.go_to("local")
    me.paste()
    expect(me.file(NAME)).to_be_visible()
    assert (disk / NAME).read_text() == "x,y\n1,2\n"

    me.go_to("")
    me.file("moved é").drag_to(me.file("local"))
    expect(me.file("moved é")).to_have_count(0)
    assert (disk / "moved é" / NAME).read_text() == "x,y\n1,2\n"
    me.shot("files")


@pytest.mark.timeout(180)
def test_a_large_file_is_sent_in_pieces_and_overwritten_when_told(
    lab: Lab, open_lab: Callable[..., LabPage], tmp_path: Path
) -> None:
    lab.put_notebook("large/other.ipynb")
    large = tmp_path / "large é.json"
    me = open_lab("large")
    me.go_to("large")
    for first in ("old", "new"):
        large.write_text(json.dumps([first, "x" * (3 << 20)]))  # a piece is 1 MiB
        with me.page.expect_file_chooser() as chooser:
            me.page.locator("[data-jp-item-name=uploader]").click()
        with me.page.expect_response(last_of(pieces=4)):
            chooser.value.set_files(large)
            if first == "new":
                me.dialog.locator(".jp-mod-accept").click()  # overwrite it
        expect(me.file("large é.json")).to_be_visible()
        kept = lab.get("api/contents/large/large é.json")
        assert json.loads(kept["content"])[0] == first
        assert kept["size"] == large.stat().st_size
    with lab.omega("default") as om:
        ended = om.storage.records("uploads").query()
    assert len({upload["id"].rpartition("\n")[2] for upload in ended} - {""}) == 2


def last_of(pieces: int) -> Callable[[Response], bool]:
    """Find the answer to the last piece of a file that is sent to the folder `large`."""
    left = count(pieces - 1, -1)

    def is_last(answer: Response) -> bool:
        sent = answer.request.method == "PUT" and "/api/contents/large/" in answer.url
        return sent and next(left) == 0

    return is_last
