"""Kernels of a real server import the modules beside their notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.integration.servers import Server, good, jupyter_server
from tests.integration.test_server_contents import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def place(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with jupyter_server(tmp_path_factory.mktemp("lab"), shared.url, root="disk") as server:
        yield Place(server, "repo/", "")


def executed(server: Server, kernel: str, code: str) -> str:
    """What a kernel of the server prints, or the error that it shows."""
    client = BlockingKernelClient(
        connection_file=str(server.root.parent / "runtime" / f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    client.start_channels(hb=False)  # which a busy machine is late with
    try:
        client.wait_for_ready(timeout=60)
        shown: list[Any] = []
        client.execute_interactive(code, timeout=60, output_hook=shown.append)
        contents = [message["content"] for message in shown]
        return "".join(c.get("text") or "\n".join(c.get("traceback", ())) for c in contents)
    finally:
        client.stop_channels()


def test_a_kernel_imports_what_is_beside_its_notebook(place: Place) -> None:
    folder = f"{place.repository}[ü] 100% +$.@"
    place.put(folder, type="directory")
    place.put(f"{folder}/omt_tools", type="directory")
    raising = "def fail():\n    why = 'x'\n    raise ValueError(why)"
    place.put_text(f"{folder}/omt_helper.py", raising)
    place.put_text(f"{folder}/omt_tools/__init__.py", "from .inner import value")
    place.put_text(f"{folder}/omt_tools/inner.py", "value = 1")
    (place.server.root / "omt_helper.py").write_text("raise AssertionError")
    (place.server.root / "omt_local.py").write_text("value = 2")
    body = {"path": f"{folder}/n.ipynb", "name": "n", "type": "notebook"}
    session = place.server.post("api/sessions", {**body, "kernel": {"name": "python3"}})
    kernel = session["kernel"]["id"]
    look = "import sys\nprint('pymongo' in sys.modules, sys.path[-1] == '')"
    assert executed(place.server, kernel, look) == "False True\n"
    code = "import omt_tools, omt_local\nprint(omt_tools.value + omt_local.value)"
    assert executed(place.server, kernel, code) == "3\n"
    assert "why" in executed(place.server, kernel, "import omt_helper\nomt_helper.fail()")
    edited = "%load_ext autoreload\n%autoreload 2\nfrom omt_tools.inner import value"
    assert executed(place.server, kernel, edited) == ""
    place.put_text(f"{folder}/omt_tools/inner.py", "value = 10")
    assert executed(place.server, kernel, "print(omt_tools.inner.value)") == "10\n"
    good(place.server.ask("POST", f"api/kernels/{kernel}/restart"))
    assert executed(place.server, kernel, "import omt_tools\nprint(omt_tools.value)") == "10\n"
    assert "omega-modules-" in executed(place.server, kernel, "print(omt_tools.__file__)")
    place.server.ask("DELETE", f"api/sessions/{session['id']}")
