"""Two servers on one repository: what begins on one goes on on the other."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.server.events import OBJECT_EVENT
from tests.integration.notebooks import notebook
from tests.integration.processes import until
from tests.integration.servers import good, jupyter_server, quoted
from tests.integration.test_server_contents import Place
from tests.integration.test_server_events import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.omega import Omega

PIECE = 1 << 20


@dataclass
class Servers:
    """Two servers of one person, and how to start another one."""

    first: Place
    second: Place
    start: Callable[..., Place]


@pytest.fixture(scope="module")
def servers(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:

        def start(user: str = "ada") -> Place:
            folder = tmp_path_factory.mktemp("server")  # a home and a Jupyter of its own
            environ = {"OMEGA_SIGNING_KEY": "k" * 64, "OMEGA_USER": user}
            server = jupyter_server(folder, shared.url, environ=environ)
            return Place(stack.enter_context(server), "", "local/")

        yield Servers(start(), start(), start)


def put_piece(place: Place, path: str, number: int, data: bytes) -> Any:
    content = base64.b64encode(data).decode()
    return place.put(path, type="file", format="base64", chunk=number, content=content)


def test_an_upload_ends_on_another_server(servers: Servers) -> None:
    path = "begun [on] one.bin"
    pieces = [bytes([65 + number]) * PIECE for number in range(4)]
    for turn, piece in enumerate(pieces[:-1]):
        put_piece((servers.first, servers.second)[turn % 2], path, turn + 1, piece)
    assert servers.first.status("GET", path) == 404  # nobody sees a part of it
    put_piece(servers.second, path, -1, pieces[-1])
    for place in (servers.first, servers.second):
        answer = place.server.ask("GET", f"files/{quoted(path)}")
        assert answer.content == b"".join(pieces)


def with_script(text: str) -> Any:
    """A notebook that shows what runs in the browser of who trusts it."""
    content = notebook("1")
    shown = {"text/html": f"<script>{text}</script>"}
    output = {"output_type": "display_data", "data": shown, "metadata": {}}
    content.cells[0].outputs = [output]
    return content


def is_trusted(place: Place, path: str) -> bool:
    cell = place.server.contents(path)["content"]["cells"][0]
    return bool(cell["metadata"]["trusted"])


def test_what_one_trusts_the_other_trusts(servers: Servers) -> None:
    first, second = servers.first, servers.second
    first.put("trusted.ipynb", type="notebook", format="json", content=with_script("1"))
    assert not is_trusted(first, "trusted.ipynb")
    assert not is_trusted(second, "trusted.ipynb")
    good(first.server.ask("POST", "api/contents/trusted.ipynb/trust"))
    until(lambda: is_trusted(second, "trusted.ipynb"))
    assert is_trusted(servers.start(), "trusted.ipynb")  # after a restart, on a new machine
    assert not is_trusted(servers.start(user="eve"), "trusted.ipynb")

    mine = with_script("2")
    mine.cells[0].metadata.trusted = True  # as the Lab saves what its kernel has shown
    second.put("run.ipynb", type="notebook", format="json", content=mine)
    until(lambda: is_trusted(first, "run.ipynb"))
    first.put("run.ipynb", type="notebook", format="json", content=with_script("3"))
    assert not is_trusted(second, "run.ipynb")


def test_trust_goes_along_between_disk_and_repository(servers: Servers) -> None:
    place = servers.first
    for path, moved in (("a.ipynb", "local/b [1].ipynb"), ("local/c.ipynb", "d.ipynb")):
        place.put(path, type="notebook", format="json", content=with_script(path))
        assert not is_trusted(place, path)
        good(place.server.ask("POST", f"api/contents/{quoted(path)}/trust"))
        assert is_trusted(place, path)
        good(place.server.ask("PATCH", f"api/contents/{quoted(path)}", json={"path": moved}))
        assert is_trusted(place, moved)


def test_what_one_saves_the_other_shows(servers: Servers) -> None:
    listener = Listener(servers.second.server)
    for turn in range(20):
        servers.first.put_notebook("shown.ipynb", f"turn = {turn}")
        # At once, and told to who has it open.
        cell = servers.second.server.contents("shown.ipynb")["content"]["cells"][0]
        assert cell["source"] == f"turn = {turn}"
        stored = servers.second.server.contents("shown.ipynb", content=0, hash=1)["hash"]
        listener.wait_for(OBJECT_EVENT, path="shown.ipynb", change="put", hash=stored)
    listener.close()
