"""Downloads from both places: whole, in parts, and only when they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import Name
from tests.integration.servers import Server, good, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

LARGE = bytes(range(256)) * 20_000


@pytest.fixture(scope="module", params=["repository", "disk"])
def server(
    request: pytest.FixtureRequest, shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    shared.jobs.put(LARGE, Name("large.bin"), kind="file")
    shared.jobs.put(b"<script>1</script>", Name("page.html"), kind="file")
    shared.jobs.put(b"x", Name("in/.hidden"), kind="file")
    with jupyter_server(
        tmp_path_factory.mktemp("files"), shared.url, root=request.param
    ) as server:
        (server.root / "large.bin").write_bytes(LARGE)
        (server.root / ".hidden").write_bytes(b"x")
        yield server


@pytest.fixture(params=["repository", "disk"])
def base(request: pytest.FixtureRequest, server: Server) -> str:
    """Where the server has one of the places, with a slash when it is below the root."""
    mount = server.get("omega/api/status")["mount"]
    if request.param == "repository":
        return f"{mount}/" if mount else ""
    return "" if mount else "local/"


def test_large_files_are_whole(server: Server, base: str) -> None:
    answer = good(server.ask("GET", f"files/{base}large.bin"))
    assert answer.content == LARGE
    assert answer.headers["Content-Length"] == str(len(LARGE))
    download = server.ask("GET", f"files/{base}large.bin?download=1")
    assert download.headers["Content-Disposition"].startswith("attachment")


def test_head_tells_without_sending(server: Server, base: str) -> None:
    answer = good(server.ask("HEAD", f"files/{base}large.bin"))
    assert answer.headers["Content-Length"] == str(len(LARGE))
    assert answer.content == b""


def test_what_is_hidden_or_missing_is_404(server: Server, base: str) -> None:
    for path in ("in/.hidden", "missing", ".hidden"):
        assert server.ask("GET", f"files/{base}{path}").status_code == 404


def test_folders_are_not_files(server: Server, base: str) -> None:
    (server.root / "in").mkdir(exist_ok=True)
    assert server.ask("GET", f"files/{base}in").status_code == 403


def test_strangers_get_nothing(server: Server, base: str) -> None:
    answer = server.ask("GET", f"files/{base}large.bin", anonymous=True)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")


def test_parts_of_files(server: Server, base: str) -> None:
    for asked, wanted in (
        ("bytes=10-19", LARGE[10:20]),
        ("bytes=3000000-5119999", LARGE[3_000_000:]),
        ("bytes=5119990-", LARGE[-10:]),
        ("bytes=-3", LARGE[-3:]),
    ):
        part = server.ask("GET", f"files/{base}large.bin", headers={"Range": asked})
        assert (part.status_code, part.content) == (206, wanted)
        assert part.headers["Content-Range"].endswith(f"/{len(LARGE)}")


def test_a_part_that_is_not_there(server: Server, base: str) -> None:
    answer = server.ask("GET", f"files/{base}large.bin", headers={"Range": "bytes=5120000-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(LARGE)}"


def test_a_part_of_another_state_is_the_whole(server: Server) -> None:
    base = "repo/" if server.get("omega/api/status")["mount"] else ""
    headers = {"Range": "bytes=10-19", "If-Range": '"other"'}
    whole = server.ask("GET", f"files/{base}large.bin", headers=headers)
    assert (whole.status_code, whole.content) == (200, LARGE)
    headers["If-Range"] = whole.headers["Etag"]
    part = server.ask("GET", f"files/{base}large.bin", headers=headers)
    assert (part.status_code, part.content) == (206, LARGE[10:20])


def test_what_has_not_changed_is_not_sent_again(server: Server, shared: Omega) -> None:
    base = "repo/" if server.get("omega/api/status")["mount"] else ""
    etag = server.ask("GET", f"files/{base}page.html").headers["Etag"]
    again = server.ask("GET", f"files/{base}page.html", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_are_in_a_sandbox(server: Server) -> None:
    base = "repo/" if server.get("omega/api/status")["mount"] else ""
    answer = server.ask("GET", f"files/{base}page.html")
    assert answer.headers["Content-Type"] == "text/html"
    assert "sandbox allow-scripts" in answer.headers["Content-Security-Policy"]
