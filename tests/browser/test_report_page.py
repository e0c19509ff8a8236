"""A report in a stranger's browser, where nothing but our server can be reached."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat
import pytest

from omegaml_lab.config import Config
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import database_url
from tests.integration.notebooks import notebook
from tests.integration.processes import worker
from tests.integration.servers import Server, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Route

pytestmark = pytest.mark.long

SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDGET = "import ipywidgets\nipywidgets.IntSlider(value=7, description='How many')"
SPY = """
from IPython.display import HTML
HTML('''<p id="spy">not run</p><script>
let told = 'origin ' + window.origin;
try { told += ', cookies ' + document.cookie; } catch (error) { told += ', no cookies'; }
try { window.parent.localStorage; told += ', storage'; } catch (error) { told += ', no storage'; }
document.getElementById('spy').textContent = told;
</script>''')
"""


@pytest.fixture(scope="module")
def omega(mongo_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Omega]:
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    home = tmp_path_factory.mktemp("home")
    with Omega(config=Config.load(environ={}, home=home, mongo_url=url)) as omega:
        yield omega


@pytest.fixture(scope="module")
def server(omega: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("report")
    content = notebook(WIDGET, SPY)
    content.cells.insert(0, nbformat.v4.new_markdown_cell("# A report\n\nArea: $\\pi r^2$"))
    omega.jobs.put(content, "shown")
    with worker(omega, folder):
        omega.runtime.job("shown").run().wait(120, check=True)
    omega.jobs.publish("shown")
    with jupyter_server(folder, omega.url, root="repository") as server:
        yield server


def test_widgets_and_formulas_without_internet_and_scripts_in_a_sandbox(
    server: Server, make_context: Callable[[], BrowserContext]
) -> None:
    context = make_context()
    # Somebody who is signed in: the page must not be able to make use of that.
    page = context.new_page()
    page.goto(f"{server.url}login?token=a-token-that-tests-know")
    elsewhere: list[str] = []

    def only_here(route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(server.url).netloc:
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    page.goto(f"{server.url}omega/reports/shown")
    page.locator(".widget-slider .noUi-handle").wait_for()
    assert page.locator(".widget-readout").text_content() == "7"
    page.locator("mjx-container svg").first.wait_for()
    assert page.locator("#spy").text_content() == "origin null, no cookies, no storage"
    assert elsewhere == []
    page.screenshot(path=SCREENSHOTS / "report-offline.png", full_page=True)
