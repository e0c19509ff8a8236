"""What a person does in the Lab, in their words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import Lab

from .lab import TOKEN

SCREENSHOTS = Path(__file__).parent / "screenshots"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class LabPage:
    """One browser window with the Lab in it."""

    def __init__(self, page: Page, lab: Lab, *, story: str, theme: str = "light") -> None:
        self.page = page
        self.lab = lab
        self._folder = SCREENSHOTS / theme
        self._story = story
        self._theme = theme
        self._shots = 0

    def open(self) -> None:
        """Open the Lab, signed in, with an empty desktop."""
        folder = self.lab.folder / "settings" / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"theme": THEMES[self._theme]}
        (folder / "themes.jupyterlab-settings").write_text(json.dumps(settings))
        url = f"{self.lab.url}/lab/workspaces/{self._story}-{self._theme}"
        self.page.goto(f"{url}?reset&token={TOKEN}")
        self.wait_ready()

    def wait_ready(self) -> None:
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=60_000)
        expect(self.page.locator(".jp-DirListing-content").first).to_be_visible(timeout=60_000)

    def shot(self, name: str) -> None:
        """Keep a picture to be looked at."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        self.page.wait_for_timeout(700)  # what slides in has come to rest
        path = self._folder / f"{self._story}-{self._shots:02}-{name}.png"
        self.page.screenshot(path=path)

    # -- the file browser -----------------------------------------------------------------------

    def file(self, name: str) -> Locator:
        return self.page.locator(".jp-DirListing-item").filter(
            has=self.page.locator(".jp-DirListing-itemText", has_text=name)
        )

    def go_to(self, folder: str) -> None:
        """Look at a folder from the top."""
        self.show_files()
        self.page.locator(".jp-BreadCrumbs-home").click()
        for part in filter(None, folder.split("/")):
            self.file(part).dblclick()
            expect(self.page.locator(".jp-BreadCrumbs-item", has_text=part).last).to_be_visible()

    def show_files(self) -> None:
        if not self.page.locator("#filebrowser").is_visible():
            self.page.locator(".jp-SideBar [data-id=filebrowser]").click()

    def choose(self, name: str, command: str) -> None:
        """Right-click an entry of the file browser and choose a command."""
        self.file(name).click(button="right")
        self.menu_entry(command).click()

    def paste(self) -> None:
        """Paste into the folder that is shown: a right-click below its entries."""
        listing = self.page.locator("#filebrowser .jp-DirListing-content")
        box = listing.bounding_box()
        assert box is not None
        listing.click(button="right", position={"x": 60, "y": box["height"] - 20})
        self.menu_entry("Paste").click()

    def menu_entry(self, label: str) -> Locator:
        return self.page.locator(".lm-Menu-item").filter(
            has=self.page.get_by_text(label, exact=True)
        )

    def command(self, name: str) -> None:
        """Give a command by the palette, which goes when anything else takes the focus."""
        palette = self.page.locator("#modal-command-palette")
        for _ in range(3):
            self.page.keyboard.press("Control+Shift+c")
            try:
                palette.locator(".lm-CommandPalette-input").fill(name, timeout=5_000)
                palette.locator(".lm-CommandPalette-item").first.click(timeout=5_000)
            except PlaywrightTimeoutError:
                continue
            return
        raise AssertionError(f"the palette did not stay for {name!r}")

    # -- documents ------------------------------------------------------------------------------

    @property
    def notebook(self) -> Locator:
        """The notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def wait_for_kernel(self) -> None:
        """Wait until the notebook in front has a kernel that has nothing to do."""
        indicator = self.notebook.locator(".jp-Notebook-ExecutionIndicator")
        expect(indicator).to_have_attribute("data-status", "idle", timeout=60_000)

    def expect_saved(self) -> None:
        """Wait until all is saved. Lab ignores Ctrl+S while an earlier save is being finished:
        press it again, as people do.
        """
        dirty = self.page.locator(".lm-TabBar-tab.jp-mod-dirty")
        for _ in range(5):
            if dirty.count() == 0:
                break
            self.page.wait_for_timeout(2000)
            if dirty.count() and self.dialog.count() == 0:
                self.page.keyboard.press("Control+s")
        expect(dirty).to_have_count(0)

    def cell(self, index: int) -> Locator:
        return self.notebook.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def scroll_to(self, wanted: Locator) -> None:
        """Scroll the notebook down to something; it draws only what is near."""
        self.notebook.locator(".jp-WindowedPanel-outer").hover()
        for _ in range(60):
            if wanted.count():
                wanted.scroll_into_view_if_needed()
                break
            self.page.mouse.wheel(0, 400)
            self.page.wait_for_timeout(250)
        expect(wanted).to_be_in_viewport()

    # -- the panel ------------------------------------------------------------------------------

    @property
    def panel(self) -> Locator:
        return self.page.locator("#omega-panel")

    def show_panel(self) -> None:
        if not self.panel.is_visible():
            self.page.locator(".jp-SideBar [data-id=omega-panel]").click()
        expect(self.panel).to_be_visible()

    def run(self, job: str) -> Locator:
        """The card of the newest run of a job."""
        return self.panel.locator(".jp-Omega-run").filter(has_text=job).first

    def schedule(self, job: str) -> Locator:
        """The card of a schedule of a job."""
        return self.panel.locator(".jp-Omega-scheduleCard").filter(has_text=job).first

    def object(self, name: str) -> Locator:
        return self.panel.locator(f".jp-Omega-objects tr[data-name={json.dumps(name)}]")

    # -- dialogs and notifications --------------------------------------------------------------

    @property
    def dialog(self) -> Locator:
        return self.page.locator(".jp-Dialog")

    def answer(self, label: str) -> None:
        self.dialog.get_by_role("button", name=label, exact=True).click()

    def notification(self, text: str) -> Locator:
        return self.page.locator(".Toastify__toast").filter(has_text=re.compile(text))
