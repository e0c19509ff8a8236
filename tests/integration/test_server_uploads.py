"""Uploads in pieces over HTTP: several at once, and what they may replace."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.servers import jupyter_server, quoted
from tests.integration.test_server_contents import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def servers(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Place]]:
    """Two of one person."""
    folder, environ = tmp_path_factory.mktemp("lab"), {"OMEGA_USER": "ada"}
    with (
        jupyter_server(folder, shared.url, environ=environ) as first,
        jupyter_server(folder, shared.url, environ=environ) as second,
    ):
        yield [Place(first, "", "local/"), Place(second, "", "local/")]


@pytest.fixture
def place(servers: list[Place]) -> Place:
    return servers[0]


def piece(place: Place, path: str, number: int, text: str, **more: Any) -> Any:
    """Send a piece, and return the answer."""
    model = {"type": "file", "format": "text", "chunk": number, "content": text, **more}
    return place.server.ask("PUT", f"api/contents/{quoted(path)}", json=model)


def text(place: Place, path: str) -> str:
    return str(place.server.contents(path)["content"])


@pytest.mark.parametrize("seed", range(4))
def test_uploads_of_several_tabs_to_one_path_are_whole(servers: list[Place], seed: int) -> None:
    """In any order, on any server."""
    chance, path = random.Random(seed), f"tabs {seed}.txt"
    left = {tab: [1, 2, 3, -1] for tab in ("a", "b", "c")}
    wholes = []
    while left:
        tab = chance.choice(sorted(left))
        number = left[tab].pop(0)
        place = chance.choice(servers)
        assert piece(place, path, number, f"{tab}{number} ", upload=tab).ok
        if not left[tab]:
            del left[tab]
            wholes.append(f"{tab}1 {tab}2 {tab}3 {tab}-1 ")
            assert text(place, path) == wholes[-1]
    assert len(wholes) == 3


def test_what_does_not_say_which_upload_it_is_of_is_refused_out_of_step(
    place: Place,
) -> None:
    path = "unmarked.txt"
    answers = [
        piece(place, path, number, f"{who}{number}")
        for number, who in ((1, "a"), (2, "a"), (1, "b"), (3, "a"), (2, "b"), (3, "b"), (2, "a"))
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 400, 201, 201, 409]
    assert "never came" in answers[3].json()["message"]
    assert "upload the file again" in answers[-1].json()["message"]
    assert piece(place, path, 4, "b4").status_code == 400  # it has ended
    assert place.status("GET", path) == 404


def test_nothing_is_replaced_that_is_not_to_be(place: Place) -> None:
    path = "there.txt"
    assert piece(place, path, 1, "one ", upload="x", replace=False).ok
    assert piece(place, path, 1, "two ", upload="y", replace=False).ok
    assert piece(place, path, -1, "1", upload="x", replace=False).ok
    refused = piece(place, path, -1, "2", upload="y", replace=False)
    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "File already exists: there.txt",
    )
    assert piece(place, path, 1, "three ", upload="z", replace=False).status_code == 409
    assert piece(place, path, -1, "1", upload="x", replace=False).ok  # it was sent again
    assert text(place, path) == "one 1"
    assert piece(place, path, -1, "another", upload="x").status_code == 400


def test_an_upload_replaces_what_it_expects(place: Place) -> None:
    path = "expected.txt"
    before = place.put_text(path, "before")["hash"]
    for mark in ("x", "y"):
        assert piece(place, path, 1, f"{mark} ", upload=mark).ok
    assert piece(place, path, -1, "1", upload="x", expect=before).ok
    assert piece(place, path, -1, "1", upload="y", expect=before).status_code == 409
    assert text(place, path) == "x 1"


def test_an_upload_makes_no_folder_again(place: Place) -> None:
    place.put("gone", type="directory")
    assert piece(place, "gone/a.txt", 1, "x").ok
    place.server.ask("PATCH", "api/contents/gone", json={"path": "here"})
    assert piece(place, "gone/a.txt", -1, "x").status_code == 404
    assert place.status("GET", "gone") == 404


@pytest.mark.parametrize("mark", [{"$ne": 1}, 7, "x" * 101])
def test_a_mark_is_a_short_text(place: Place, mark: object) -> None:
    answer = piece(place, "mark.txt", 1, "x", upload=mark)
    assert answer.status_code == 400
    assert "'upload' says which upload" in answer.json()["message"]
