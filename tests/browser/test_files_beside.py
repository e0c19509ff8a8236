"""Files beside a notebook: read and left by its kernel, in the Lab and by a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

SOURCE = """\
from pathlib import Path
rows = Path("prices.csv").read_text().splitlines()
Path("figures").mkdir(exist_ok=True)
_ = Path("figures/out.txt").write_text(rows[-1])
_ = Path("summary.csv").write_text(f"rows\\n{len(rows)}\\n")
print("rows:", len(rows))"""


@pytest.mark.timeout(180)
def test_a_file_is_uploaded_read_and_another_one_left(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    path = "beside/report.ipynb"
    lab.put_notebook(path, "", SOURCE)
    me = open_lab("beside")
    me.go_to("beside")
    with me.page.expect_file_chooser() as chooser:
        me.page.get_by_role("button", name="Upload Files").click()
    upload = {"name": "prices.csv", "mimeType": "text/csv", "buffer": b"day,price\n1,9.5\n2,9.7\n"}
    chooser.value.set_files([upload])  # type: ignore[list-item] # a file that is on no disk
    expect(me.file("prices.csv")).to_be_visible()
    # JupyterLab shows what was uploaded, a little later.
    expect(me.page.locator(".lm-DockPanel-tabBar", has_text="prices.csv")).to_be_visible()

    me.file("report.ipynb").dblclick()
    # What is run before that is not run.
    status = me.page.locator("#jp-main-statusbar")
    expect(status.get_by_text("| Idle")).to_be_visible(timeout=60_000)
    me.cell(1).locator(".cm-content").click()
    me.page.keyboard.press("Shift+Enter")
    expect(me.notebook.get_by_text("rows: 3", exact=True)).to_be_visible(timeout=30_000)
    expect(me.file("summary.csv")).to_be_visible(timeout=30_000)
    expect(me.file("figures")).to_be_visible()
    me.shot("left")

    me.choose("summary.csv", "Move to Trash")
    me.answer("Move to Trash")
    expect(me.file("summary.csv")).to_have_count(0)
    me.choose("report.ipynb", "Run on cluster")
    lab.wait_run(path, "succeeded")
    expect(me.file("summary.csv")).to_be_visible(timeout=30_000)


WRITING = """\
from pathlib import Path
_ = Path("shared.csv").write_text("the kernel's")
print("written")
while not Path("go.txt").exists():
    import time; time.sleep(0.1)"""


@pytest.mark.timeout(180)
def test_a_save_that_a_kernel_has_not_seen_is_told(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("unseen/report.ipynb", "", WRITING)
    me = open_lab("unseen")
    me.go_to("unseen")
    me.file("report.ipynb").dblclick()
    status = me.page.locator("#jp-main-statusbar")
    expect(status.get_by_text("| Idle")).to_be_visible(timeout=60_000)
    me.cell(1).locator(".cm-content").click()
    me.page.keyboard.press("Shift+Enter")
    expect(me.notebook.get_by_text("written", exact=True)).to_be_visible(timeout=30_000)
    with lab.omega("default") as somebody:
        somebody.jobs.put(b"somebody's", "unseen/shared.csv", kind="file")
        somebody.jobs.put(b"", "unseen/go.txt", kind="file")
    told = me.notification("had not seen revision 1")
    expect(told).to_be_visible(timeout=30_000)
    me.shot("told")
    told.get_by_role("button", name="Show history").click()
    expect(me.page.locator(".lm-DockPanel-tabBar", has_text="shared.csv")).to_be_visible()
    history = me.page.locator(".jp-Omega-history:not(.lm-mod-hidden)")
    expect(history).to_contain_text("the kernel's")
