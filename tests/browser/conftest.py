"""One Lab and one Chromium for all browser tests; a clean browser context for each."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from omegaml_lab.testing.fixtures import mongo_url

from .lab import Lab
from .page import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext

__all__ = ["mongo_url"]  # a new one for each test: processes may outlive theirs for a while

HOW_TO = "There is no Chromium: `sudo apt-get install chromium`, or `playwright install chromium`."
# Machines that run tests are slow at times; what does not come at all fails all the same.
expect.set_options(timeout=20_000)
FLAGS = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running `omega lab`."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


@pytest.fixture(scope="module")
def plain_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A plain `jupyter lab` that has the extension, and no worker at first."""
    lab = Lab(tmp_path_factory.mktemp("plain"), plain=True)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium: the system's, else the one that Playwright has downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        except Error as error:
            if program is not None or os.environ.get("CI"):
                raise
            pytest.skip(f"{HOW_TO} ({error})")
        yield started
        started.close()


@pytest.fixture
def make_context(chromium: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Makes contexts that know nothing of each other: other people's browsers."""
    made: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = chromium.new_context(
            viewport={"width": 1400, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(20_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture(params=os.environ.get("OMEGA_TEST_THEMES", "light dark").split())
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def lab_of_buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """An `omega lab` that shows other buckets too: one to be written and one to be read."""
    lab = Lab(tmp_path_factory.mktemp("buckets"), buckets={"team": "write", "archive": "read"})
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


@pytest.fixture
def open_lab(lab: Lab, make_context: Callable[[], BrowserContext]) -> Callable[..., LabPage]:
    """Opens the Lab in a browser of its own; `story` names its pictures."""

    def open_it(story: str, theme: str = "light") -> LabPage:
        page = LabPage(make_context().new_page(), lab, story=story, theme=theme)
        page.open()
        return page

    return open_it
