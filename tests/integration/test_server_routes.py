"""Every route of a running server refuses who is not signed in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
import requests

from tests.integration.routes import all_routes
from tests.integration.servers import Server, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# Who is not signed in may read these, and nothing else.
PUBLIC = {
    # What a login page and a report page load: files that ship with packages.
    "jupyter_server.base.handlers.FileFindHandler",
    "jupyter_server.base.handlers.PublicStaticFileHandler",
    "jupyterlab_server.themes_handler.ThemesHandler",
    "voila.static_file_handler.TemplateStaticFileHandler",
    "omegaml_lab.server.handlers.assets.AssetsHandler",
    # The login itself, and the version of the API.
    "jupyter_server.auth.login.LoginFormHandler",
    "jupyter_server.auth.logout.LogoutHandler",
    "jupyter_server.base.handlers.APIVersionHandler",
    # These only send on, to addresses that refuse.
    "jupyter_server.base.handlers.RedirectWithParams",
    "jupyter_server.base.handlers.TrailingSlashHandler",
    "jupyter_server.services.contents.handlers.NotebooksRedirectHandler",
    # There is nothing there.
    "jupyter_server.base.handlers.Template404",
}
# It refuses, but a fault of it keeps the connection open without an answer.
SILENT = {"jupyterlab_server.licenses_handler.LicensesHandler"}


@pytest.fixture(scope="module", params=["repository", "disk"])
def server(
    request: pytest.FixtureRequest, shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("routes")
    with jupyter_server(folder, shared.url, root=request.param) as server:
        yield server


def refused(server: Server, method: str, path: str) -> bool:
    answer = server.ask(method, path.lstrip("/"), anonymous=True, timeout=20)
    to_login = answer.status_code == 302 and answer.headers["Location"].startswith("/login")
    return answer.status_code in {403, 405} or to_login


def test_anonymous_requests_are_refused_everywhere(server: Server, shared: Omega) -> None:
    routes = all_routes(shared.url)
    let_in = Counter()
    for route in routes:
        if route["handler"] in SILENT:
            with pytest.raises(requests.Timeout):
                server.ask("GET", route["path"].lstrip("/"), anonymous=True, timeout=0.5)
            continue
        for method in METHODS:
            if not refused(server, method, route["path"]):
                let_in[route["handler"]] += 1
    assert set(let_in) <= PUBLIC, set(let_in) - PUBLIC
    ours = {r["handler"] for r in routes if r["handler"].startswith("omegaml_lab.")}
    assert len(ours) >= 14  # the walk has seen our handlers at all
    assert not ours & set(let_in) - PUBLIC


def test_our_routes_are_refused_with_every_method(server: Server, shared: Omega) -> None:
    ours = [r for r in all_routes(shared.url) if r["handler"].startswith("omegaml_lab.")]
    paths = [r["path"] for r in ours if r["handler"] not in PUBLIC]
    paths += ["/omega/api", "/omega/api/unknown", "/omega/api/objects/jobs/a%2Fb"]
    for path in paths:
        for method in METHODS:
            assert refused(server, method, path), (method, path)
        assert refused(server, "GET", f"{path}?token=wrong"), path
    answer = server.ask("GET", "omega/api/status", anonymous=True)
    assert answer.status_code == 403
    assert set(answer.json()) == {"message", "type"}


def test_images_on_the_disk_are_not_for_anybody(server: Server) -> None:
    """Voila's own handler would show them: the walk, which knows no file's name, misses that."""
    (server.root / ".hidden").mkdir(exist_ok=True)
    for name in ("plot.png", "plot.svg", ".hidden/plot.png", "table.csv"):
        (server.root / name).write_bytes(b"data")
        for method in METHODS:
            assert refused(server, method, f"voila/files/{name}"), (method, name)
    image = server.ask("GET", "voila/files/plot.svg")
    assert image.content == b"data"
    assert "sandbox" in image.headers["Content-Security-Policy"]
    assert server.ask("GET", "voila/files/.hidden/plot.png").status_code in {403, 404}
    assert server.ask("GET", "voila/files/table.csv").status_code == 403


def test_requests_of_other_sites_are_refused(server: Server) -> None:
    """A cookie alone is not enough to change anything: the XSRF token is needed."""
    session = requests.Session()
    entered = session.get(server.url + "lab?token=a-token-that-tests-know", timeout=60)
    assert entered.ok
    assert session.get(server.url + "omega/api/runs", timeout=60).ok
    answer = session.post(server.url + "omega/api/runs", json={"job": "x"}, timeout=60)
    assert answer.status_code == 403


def test_unknown_api_routes_are_json_404(server: Server) -> None:
    for path in ("omega/api", "omega/api/nothing", "omega/api/runs/x/y/z"):
        answer = server.ask("GET", path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"message", "type"}
