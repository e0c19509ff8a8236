"""A live report: controls that people move, and a kernel that answers."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import database_url
from tests.integration.notebooks import notebook
from tests.integration.processes import worker
from tests.integration.servers import Server, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.long

SCREENSHOTS = Path(__file__).parent / "screenshots"
DASHBOARD = """
import ipywidgets, omegaml_lab as om
def show(n):
    print('twice is', 2 * n, 'of', om.datasets.get('unit'))
ipywidgets.interact(show, n=ipywidgets.IntSlider(value=7, min=0, max=20, description='How many'))
"""


@pytest.fixture(scope="module")
def omega(mongo_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Omega]:
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    home = tmp_path_factory.mktemp("home")
    with Omega(config=Config.load(environ={}, home=home, mongo_url=url)) as omega:
        yield omega


@pytest.fixture(scope="module")
def server(omega: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("live")
    omega.datasets.put("apples", "unit", kind="python.value")
    omega.jobs.put(notebook(DASHBOARD), "dashboard")
    with worker(omega, folder):
        omega.runtime.job("dashboard").run().wait(120, check=True)
    omega.jobs.publish("dashboard", live=True)
    with jupyter_server(folder, omega.url, root="repository") as server:
        yield server


@pytest.mark.timeout(180)
def test_moving_a_slider_asks_the_kernel(
    server: Server, make_context: Callable[[], BrowserContext]
) -> None:
    page = make_context().new_page()
    page.goto(f"{server.url}omega/live/dashboard?token=a-token-that-tests-know")
    handle = page.locator(".widget-slider .noUi-handle")
    handle.wait_for(timeout=60_000)
    output = page.locator(".jp-OutputArea-output", has_text="twice is").last
    expect(output).to_contain_text("twice is 14 of apples")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(output).to_contain_text("twice is 16 of apples", timeout=20_000)
    page.screenshot(path=SCREENSHOTS / "live.png", full_page=True)
