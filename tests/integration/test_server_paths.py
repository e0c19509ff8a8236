"""Paths as long as a disk allows: all that a notebook can do it can do there, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import MAX_LENGTH
from tests.integration.servers import good, jupyter_server, quoted
from tests.integration.test_server_api import Api
from tests.integration.test_server_api import quoted as quoted_whole
from tests.integration.test_server_contents import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

PART = "ünder [a] 100% " * 15  # 255 bytes, which is what a disk allows


@pytest.fixture(scope="module")
def place(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with jupyter_server(tmp_path_factory.mktemp("lab"), shared.url) as server:
        yield Place(server, "", "local/")


def deep(place: Place, top: str, length: int = MAX_LENGTH - 300) -> str:
    """Make folders in `top` until their path is about so long; return it."""
    path = top
    place.put(path, type="directory")
    while len(f"{path}/{PART}".encode()) < length:
        path = f"{path}/{PART.strip()}"
        place.put(path, type="directory")
    return path


def test_a_notebook_in_deep_folders(place: Place) -> None:
    api, ask = Api(place.server), place.server.ask
    path = f"{deep(place, 'top')}/a.ipynb"
    assert len(path.encode()) > MAX_LENGTH - 600
    place.put_notebook(path, "1")
    checkpoint = good(ask("POST", f"api/contents/{quoted(path)}/checkpoints")).json()["id"]
    place.put_notebook(path, "2")

    good(ask("PATCH", "api/contents/top", json={"path": "renamed"}))
    path = "renamed" + path.removeprefix("top")
    assert place.server.contents(path)["content"]["cells"][0]["source"] == "2"
    history = api.ask("GET", f"revisions/jobs/{quoted_whole(path)}", 200)
    assert history["total"] == 2
    good(ask("POST", f"api/contents/{quoted(path)}/checkpoints/{checkpoint}"))
    assert place.server.contents(path)["content"]["cells"][0]["source"] == "1"
    assert good(ask("GET", f"files/{quoted(path)}")).json()["cells"][0]["source"] == ["1"]

    good(ask("DELETE", "api/contents/renamed"))
    assert place.status("GET", path) == 404
    dropped = api.ask("GET", "trash/jobs", 200, search="renamed")["items"][0]
    api.ask("POST", "trash/jobs", 201, {"id": dropped["id"]})
    assert place.server.contents(path)["content"]["cells"][0]["source"] == "1"


def test_a_file_in_deep_folders_goes_to_the_disk_and_back(place: Place) -> None:
    there = f"{deep(place, 'going', 3000)}/a.txt"
    place.put_text(there, "x")
    good(place.server.ask("PATCH", "api/contents/going", json={"path": "local/going"}))
    assert place.server.contents(f"local/{there}")["content"] == "x"
    good(place.server.ask("PATCH", "api/contents/local/going", json={"path": "back"}))
    assert place.server.contents("back" + there.removeprefix("going"))["content"] == "x"


def test_a_kernel_works_in_deep_folders(place: Place) -> None:
    folder = deep(place, "kernels")
    place.put_text(f"{folder}/a.txt", "x")
    place.put_notebook("kernels/a.ipynb", "1")  # which has the deep ones beside it
    place.put_notebook(f"{folder}/b.ipynb", "1")
    for path in ("kernels/a.ipynb", f"{folder}/b.ipynb"):
        session = {"path": path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        started = place.server.post("api/sessions", session)
        good(place.server.ask("DELETE", f"api/sessions/{started['id']}"))


def test_what_is_too_long_says_so(place: Place) -> None:
    path = deep(place, "long", MAX_LENGTH)
    answer = place.server.ask(
        "PUT", f"api/contents/{quoted(path)}/{'x' * 500}", json={"type": "directory"}
    )
    assert answer.status_code == 400
    assert f"longer than {MAX_LENGTH} bytes" in answer.json()["message"]
    answer = place.server.ask("PUT", f"api/contents/{'x' * 513}", json={"type": "directory"})
    assert answer.status_code == 400
    assert "a part of it is longer than 512 bytes" in answer.json()["message"]
    moved = {"path": "y" * 500}
    answer = place.server.ask("PATCH", "api/contents/long", json=moved)
    assert answer.status_code == 400
    assert "moved there it would be longer" in answer.json()["message"]


def test_what_a_disk_has_no_room_for_says_so_and_stays(place: Place) -> None:
    name = "x" * 300
    place.put_text(name, "kept")
    answer = place.server.ask("PATCH", f"api/contents/{name}", json={"path": f"local/{name}"})
    assert answer.status_code == 400
    assert "A disk takes 255 bytes a name" in answer.json()["message"]
    assert place.server.contents(name)["content"] == "kept"
    assert place.names("local/") == set()
    place.put_text("local/short", "kept")
    answer = place.server.ask("PATCH", "api/contents/local/short", json={"path": f"local/{name}"})
    assert answer.status_code == 400
    assert "A disk takes 255 bytes a name" in answer.json()["message"]
    assert str(place.server.root) not in answer.text
