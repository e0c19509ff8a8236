"""Live reports: Voila on notebooks of the repository, images and all."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import nbformat
import pytest

from omegaml_lab.core.names import Name
from tests.integration.notebooks import notebook
from tests.integration.processes import worker
from tests.integration.servers import Server, good, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module", params=["repository", "disk"])
def server(
    request: pytest.FixtureRequest, shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("live")
    with jupyter_server(folder, shared.url, root=request.param) as server:
        yield server


@pytest.fixture(scope="module")
def published(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A live report with an image beside the notebook; its name."""
    content = notebook("print('it', 'runs')")
    text = "# Live\n\n![a pixel](img/one%20pixel.png) ![gone](img/gone.png)"
    content.cells.insert(0, nbformat.v4.new_markdown_cell(text))
    shared.jobs.put(content, "live/app")
    shared.jobs.put(PIXEL, Name("live/img/one pixel.png"), kind="file")
    shared.jobs.put(notebook("carrier = 'UA'"), "live/error")
    with worker(shared, tmp_path_factory.mktemp("worker")):
        for name in ("live/app", "live/error"):
            shared.runtime.job(name).run().wait(60, check=True)
    return shared.jobs.publish("live/app", live=True).name


def embedded(page: str) -> bool:
    return base64.b64encode(PIXEL).decode() in page.replace("\n", "")


def test_live_report_runs_with_its_images(server: Server, published: str) -> None:
    page = good(server.ask("GET", f"omega/live/{published}")).text
    assert "it runs" in page
    assert embedded(page)
    assert "@jupyter-widgets/jupyterlab-manager" in page
    assert "omegaml-lab" not in page  # it is of the Lab: on the page of a report it fails


@pytest.mark.usefixtures("published")
def test_an_error_is_shown_as_in_the_notebook(server: Server, shared: Omega) -> None:
    with_error = shared.jobs.publish("live/error", live=True).name
    shared.jobs.put(notebook("raise ValueError('no flights of ' + 'UA')"), "live/error")
    page = good(server.ask("GET", f"omega/live/{with_error}")).text
    assert "no flights of UA" in page
    assert "show_tracebacks" not in page


def test_voila_itself_shows_images_too(server: Server, published: str) -> None:
    mount = server.get("omega/api/status")["mount"]
    path = f"{mount}/live/app.ipynb".lstrip("/")
    page = good(server.ask("GET", f"voila/render/{path}")).text
    assert "it runs" in page
    assert embedded(page)


def test_others_are_answered_while_a_page_renders(server: Server, published: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        rendering = pool.submit(server.ask, "GET", f"omega/live/{published}")
        answered = 0
        while not rendering.done():
            assert server.ask("GET", "omega/api/objects/jobs").ok
            answered += 1
            time.sleep(0.01)
    assert good(rendering.result()).text
    assert answered > 3


def test_only_live_reports_and_only_for_people_signed_in(
    server: Server, published: str, shared: Omega
) -> None:
    answer = server.ask("GET", f"omega/live/{published}", anonymous=True)
    assert answer.status_code == 403
    assert "<h1>This report is for people signed in</h1>" in answer.text
    assert "for people with an account on this server only" in answer.text
    assert f"/login?next=%2Fomega%2Flive%2F{published.replace('/', '%2F')}" in answer.text
    answer = server.ask("GET", "omega/live/unknown")
    assert answer.status_code == 404
    assert "<h1>There is no such live report</h1>" in answer.text
    shared.jobs.publish("live/app", live=False)
    answer = server.ask("GET", f"omega/live/{published}")
    assert answer.status_code == 404
    assert f'<a href="/omega/reports/{published}">Show the page</a>' in answer.text
    shared.jobs.publish("live/app", live=True)
