"""What a file was, in one's own bucket and in others; and what others do to it meanwhile."""

from __future__ import annotations

import re
import secrets
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from omegaml_lab.core.names import Name
from tests.integration.processes import until

from .page import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator

    from omegaml_lab.omega import Omega

    from .lab import Lab

ODD = "ä %+[1]{2}$.md"


@pytest.fixture
def team(lab_of_buckets: Lab) -> Iterator[Omega]:
    with lab_of_buckets.omega("team") as omega:
        yield omega


@pytest.fixture
def archive(lab_of_buckets: Lab) -> Iterator[Omega]:
    with lab_of_buckets.omega("archive") as omega:
        yield omega


@pytest.fixture
def open_it(
    lab_of_buckets: Lab, make_context: Callable[[], BrowserContext]
) -> Callable[..., LabPage]:
    def open_page(story: str, theme: str = "light") -> LabPage:
        page = LabPage(make_context().new_page(), lab_of_buckets, story=story, theme=theme)
        page.open()
        return page

    return open_page


def keep(omega: Omega, path: str, *states: bytes) -> None:
    for state in states:
        omega.jobs.put(state, Name(path), kind="file")


def png(red: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = (b"\0" + bytes((red, 90, 160)) * 80) * 40
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 80, 40, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def history_of(me: LabPage, name: str) -> Locator:
    me.choose(name, "History")
    return me.page.locator(".jp-Omega-history:not(.lm-mod-hidden)")


@pytest.mark.timeout(240)
def test_a_text_is_looked_at_compared_pinned_and_restored(
    lab_of_buckets: Lab, team: Omega, open_it: Callable[..., LabPage], theme: str
) -> None:
    name = f"{theme} {ODD}"
    keep(team, f"notes/{name}", b"# Notes\n\nfirst\n", b"# Notes\n\nsecond\n\nmore\n")
    me = open_it("file-history", theme)
    me.go_to("team/notes")
    me.file(name).dblclick()
    editor = me.page.locator(".jp-FileEditor")
    expect(editor).to_contain_text("second")
    history = history_of(me, name)
    view = history.locator(".jp-Omega-revisionView")
    expect(view).to_contain_text("second")
    me.shot("newest")
    history.locator("tr[data-revision='1']").click()
    expect(view).to_contain_text("first")
    history.get_by_label("Compare with").select_option(label="Compare with the newest (2)")
    expect(history.locator(".cm-merge-a .cm-changedText").first).to_be_visible()
    expect(history.locator(".cm-merge-b")).to_contain_text("more")
    me.shot("compared")

    history.get_by_role("button", name="Tag…").click()
    me.dialog.get_by_role("textbox").fill("final")
    me.answer("Tag")
    expect(history.locator("tr[data-revision='1']")).to_contain_text("final")
    with me.page.expect_download() as download:
        history.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_bytes() == b"# Notes\n\nfirst\n"
    assert download.value.suggested_filename == name

    history.get_by_role("button", name="Restore…").click()
    me.answer("Restore")
    expect(history.locator("tr[data-revision='3']")).to_contain_text("newest")
    me.shot("restored")
    me.page.set_viewport_size({"width": 1100, "height": 700})
    # The older one: what can be done with it has the longest words.
    history.locator("tr[data-revision='1']").click()
    for width in (1100, 900, 757, 600):
        me.page.set_viewport_size({"width": width, "height": 700})
        expect(history.get_by_role("button", name="Copy name")).to_be_in_viewport(ratio=1)
        me.shot(f"at {width}")
    me.page.set_viewport_size({"width": 757, "height": 700})
    expect(history.get_by_label("Compare with")).to_be_in_viewport(ratio=1)
    expect(history.locator("tr[data-revision='3']")).to_contain_text("newest")
    me.shot("narrow")
    me.page.locator(".lm-TabBar-tab", has_text=name).first.click()
    expect(editor).to_contain_text("first")
    assert team.jobs.get(Name(f"notes/{name}")) == b"# Notes\n\nfirst\n"
    assert team.jobs.metadata(Name(f"notes/{name}", tag="final")).revision == 1


@pytest.mark.long
@pytest.mark.timeout(240)
def test_pictures_and_what_cannot_be_shown(
    team: Omega, open_it: Callable[..., LabPage], theme: str
) -> None:
    folder = f"kinds {theme}"
    keep(team, f"{folder}/plot.png", png(200), png(40))
    keep(team, f"{folder}/data.bin", bytes(range(256)), bytes(9))
    keep(team, f"{folder}/old.txt", "Größe\n".encode("latin-1"), "Größe\n".encode())
    keep(team, f"{folder}/empty.csv", b"", b"a,b\n")
    keep(team, f"{folder}/large.csv", b"a,b\n" * 15_000_000, b"a\n")
    me = open_it("file-kinds", theme)
    me.go_to(f"team/{folder}")
    expected = {
        "plot.png": ("img", "They differ, and", False),
        "data.bin": ("This is a binary file: 256 B", "no texts that could be compared", True),
        "old.txt": ("shown as Latin-1", "only their encoding differs", True),
        "empty.csv": ("This file is empty", "a,b", True),
        "large.csv": ("too large to be shown: 60.0 MB", "too large to be compared", True),
    }
    for name, (alone, compared, said) in expected.items():
        history = history_of(me, name)
        view = history.locator(".jp-Omega-revisionView")
        history.locator("tr[data-revision='1']").click()
        if said:
            expect(view).to_contain_text(alone)
        else:
            expect(view.locator("img")).to_have_count(1)
        me.shot(name.replace(".", "-"))
        history.get_by_label("Compare with").select_option(label="Compare with the newest (2)")
        if said:
            expect(view).to_contain_text(compared)
        else:
            expect(view.locator("img")).to_have_count(2)
        me.shot(f"{name.replace(chr(46), chr(45))}-compared")
    with me.page.expect_download() as download:
        history.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).stat().st_size == 60_000_000


@pytest.mark.timeout(240)
def test_what_is_read_only_is_looked_at_and_not_restored(
    lab_of_buckets: Lab, archive: Omega, open_it: Callable[..., LabPage], theme: str
) -> None:
    keep(archive, f"{theme}.csv", b"a\n1\n", b"a\n2\n")
    me = open_it("file-read-only", theme)
    me.go_to("archive")
    history = history_of(me, f"{theme}.csv")
    history.locator("tr[data-revision='1']").click()
    expect(history.locator(".jp-Omega-revisionView")).to_contain_text("1")
    restore = history.get_by_role("button", name="Restore…")
    expect(restore).to_be_disabled()
    expect(restore).to_have_attribute(
        "title", "The bucket “archive” is shown read-only: nothing is changed there."
    )
    expect(history.get_by_role("button", name="Tag…")).to_be_disabled()
    me.shot("read-only")
    (lab_of_buckets.folder / "notebooks" / f"{theme}.txt").write_text("on the disk")
    me.go_to("local")
    me.file(f"{theme}.txt").click(button="right")
    expect(me.menu_entry("Rename")).to_be_visible()
    expect(me.menu_entry("History")).to_be_hidden()


@pytest.mark.long
@pytest.mark.timeout(240)
def test_what_others_do_is_seen_at_once(team: Omega, open_it: Callable[..., LabPage]) -> None:
    mark = secrets.token_hex(2)  # it may be run again, on the same repository
    shared, ours = f"shared {mark}", f"ours {mark} (1)"
    keep(team, f"{shared}/{ODD}", b"first\n")
    me = open_it("elsewhere")
    me.go_to(f"team/{shared}")
    me.file(ODD).dblclick()
    editor = me.page.locator(".jp-FileEditor")
    expect(editor).to_contain_text("first")

    team.jobs.put(b"x", Name(f"{shared}/new.txt"), kind="file")
    expect(me.file("new.txt")).to_be_visible(timeout=5000)
    team.jobs.put(b"second\n", Name(f"{shared}/{ODD}"), kind="file")
    expect(editor).to_contain_text("second")
    me.page.wait_for_timeout(2000)  # or JupyterLab may look into the folder in that very moment
    team.jobs.rename(Name(shared), Name(ours))
    tab = me.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=ODD)
    expect(tab).to_have_attribute("title", re.compile(rf"Path: team/{re.escape(ours)}/"))

    # What is typed here is not lost by what is saved there: whoever saves is asked.
    editor.locator(".cm-content").click()
    me.page.keyboard.type("mine ")
    team.jobs.put(b"third\n", Name(f"{ours}/{ODD}"), kind="file")
    me.page.wait_for_timeout(1500)
    expect(editor).to_contain_text("mine")
    me.page.keyboard.press("Control+s")
    expect(me.dialog).to_contain_text("You saved this elsewhere meanwhile")
    me.answer("Discard mine")
    expect(editor).to_contain_text("third")

    team.jobs.drop(Name(f"{ours}/{ODD}"))
    expect(me.notification("was deleted elsewhere. It is still open here")).to_be_visible()
    me.shot("deleted")
    expect(editor).to_contain_text("third")


@pytest.mark.timeout(180)
def test_a_bucket_has_an_icon_and_what_is_read_only_is_trusted(
    lab_of_buckets: Lab, archive: Omega, open_it: Callable[..., LabPage]
) -> None:
    shown = {"text/html": "<b>shown</b><script>window.ran = true</script>"}
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", shown)])
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    put = archive.jobs.put(notebook, "trusted/page.ipynb")
    lab_of_buckets.put_notebook("deep/archive/a.ipynb", "1")
    me = open_it("bucket")
    bucket = me.file("archive").locator(".jp-Omega-bucketShape")
    expect(bucket).to_be_visible()
    me.shot("icon")
    me.go_to("deep")
    expect(me.file("archive").locator(".jp-Omega-folderShape")).to_be_visible()
    expect(bucket).to_be_hidden()

    me.go_to("archive/trusted")
    me.file("page.ipynb").dblclick()
    me.wait_for_kernel()
    assert me.page.evaluate("window.ran") is None
    me.command("Trust Notebook")
    me.answer("Confirm Trusting this notebook")
    me.page.wait_for_function("window.ran")
    until(lambda: is_trusted(lab_of_buckets, "archive/trusted/page.ipynb"))
    expect(me.dialog).to_have_count(0)
    assert archive.jobs.metadata("trusted/page").revision == put.revision


def is_trusted(lab: Lab, path: str) -> bool:
    (cell,) = lab.get(f"api/contents/{path}")["content"]["cells"]
    return bool(cell["metadata"]["trusted"])


@pytest.mark.long
@pytest.mark.timeout(180)
def test_what_was_deleted_in_another_bucket_comes_back(
    team: Omega, archive: Omega, open_it: Callable[..., LabPage]
) -> None:
    keep(team, "gone/mine.csv", b"a,b\n")
    keep(archive, "theirs.csv", b"a,b\n")
    archive.jobs.drop("theirs.csv")
    me = open_it("buckettrash")
    me.go_to("team/gone")
    me.choose("mine.csv", "Move to Trash")
    me.answer("Move to Trash")
    expect(me.file("mine.csv")).to_have_count(0)

    me.show_panel()
    me.panel.locator(".lm-AccordionPanel-title", has_text="Trash").click()
    cards = me.panel.locator(".jp-Omega-droppedCard")
    buckets = me.panel.get_by_label("Bucket whose trash is shown")
    expect(cards.filter(has_text="mine.csv")).to_have_count(0)
    buckets.select_option("archive")
    expect(cards.filter(has_text="theirs.csv")).to_be_visible()
    expect(cards.get_by_role("button", name="Restore")).to_have_count(0)
    buckets.select_option("team")
    card = cards.filter(has_text="mine.csv")
    expect(card).to_be_visible()
    me.shot("team")
    card.hover()
    card.get_by_role("button", name="Restore").click()
    expect(card).to_have_count(0)
    assert team.jobs.read_bytes(Name("gone/mine.csv")) == b"a,b\n"
