"""Kernels of a real server import the modules beside their notebook."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from omegaml_lab.server.events import NOTICE_EVENT
from tests.integration.processes import until
from tests.integration.servers import Server, good, jupyter_server, quoted
from tests.integration.test_server_contents import Place
from tests.integration.test_server_events import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def place(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with jupyter_server(tmp_path_factory.mktemp("lab"), shared.url, root="disk") as server:
        yield Place(server, "repo/", "")


def session(place: Place, path: str, kernel: str = "python3") -> Any:
    body = {"path": path, "name": "n", "type": "notebook", "kernel": {"name": kernel}}
    return place.server.post("api/sessions", body)


def connected(server: Server, kernel: str) -> BlockingKernelClient:
    client = BlockingKernelClient(
        connection_file=str(server.root.parent / "runtime" / f"kernel-{kernel}.json")
    )
    client.load_connection_file()
    client.start_channels(hb=False)  # which a busy machine is late with
    client.wait_for_ready(timeout=60)
    return client


def executed(server: Server, kernel: str, code: str) -> str:
    """What a kernel of the server prints, or the error that it shows."""
    client = connected(server, kernel)
    try:
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
    begun = session(place, f"{folder}/n.ipynb")
    kernel = begun["kernel"]["id"]
    look = "import sys\nprint('pymongo' in sys.modules, sys.path[-1] == '')"
    assert executed(place.server, kernel, look) == "False True\n"
    assert executed(place.server, kernel, "import omt_tools\nprint(omt_tools.value)") == "1\n"
    assert "why" in executed(place.server, kernel, "import omt_helper\nomt_helper.fail()")
    edited = "%load_ext autoreload\n%autoreload 2\nfrom omt_tools.inner import value"
    assert executed(place.server, kernel, edited) == ""
    place.put_text(f"{folder}/omt_tools/inner.py", "value = 10")
    assert executed(place.server, kernel, "print(omt_tools.inner.value)") == "10\n"
    good(place.server.ask("POST", f"api/kernels/{kernel}/restart"))
    assert executed(place.server, kernel, "import omt_tools\nprint(omt_tools.value)") == "10\n"
    assert "omega-modules-" in executed(place.server, kernel, "print(omt_tools.__file__)")
    place.server.ask("DELETE", f"api/sessions/{begun['id']}")


def test_a_kernel_imports_what_its_cell_has_written(place: Place) -> None:
    folder = f"{place.repository}[written] of ü"
    place.put(folder, type="directory")
    place.put_text(f"{folder}/omt_mine.py", "value = 'old'")
    begun = session(place, f"{folder}/n.ipynb")
    kernel = begun["kernel"]["id"]
    written = """
        from pathlib import Path
        _ = Path("omt_mine.py").write_text("value = 'new'")
        import omt_mine
        print(omt_mine.value)
    """
    assert executed(place.server, kernel, dedent(written)) == "new\n"
    client = connected(place.server, kernel)
    try:
        client.execute("import importlib; seen = []")
        for number in range(5):  # each cell is asked for before the one before has ended
            client.execute(f"%%writefile omt_mine.py\nvalue = {number}")
            client.execute("seen.append(importlib.reload(omt_mine).value)")
        answer = client.execute("1", reply=True, timeout=60)
        assert answer["content"]["status"] == "ok"
    finally:
        client.stop_channels()
    assert executed(place.server, kernel, "print(seen)") == "[0, 1, 2, 3, 4]\n"
    kept = f"{folder}/omt_mine.py"
    until(lambda: place.server.contents(kept)["content"] == "value = 4\n")
    place.put_text(kept, "value = 'of somebody else'")
    again = "print(importlib.reload(omt_mine).value)"
    until(lambda: executed(place.server, kernel, again) == "of somebody else\n")
    place.server.ask("DELETE", f"api/sessions/{begun['id']}")


def test_autoreload_goes_on_in_a_folder_that_was_renamed(place: Place) -> None:
    folder, renamed = (f"{place.repository}[{one}] of ü" for one in ("first", "second"))
    place.put(folder, type="directory")
    place.put_text(f"{folder}/omt_moved.py", "value = 1")
    begun = session(place, f"{folder}/n.ipynb")
    kernel = begun["kernel"]["id"]
    edited = "%load_ext autoreload\n%autoreload 2\nimport omt_moved\nprint(omt_moved.value)"
    assert executed(place.server, kernel, edited) == "1\n"
    good(place.server.ask("PATCH", f"api/contents/{quoted(folder)}", json={"path": renamed}))
    place.put_text(f"{renamed}/omt_moved.py", "value = 22")
    look = "print(omt_moved.value)"
    until(lambda: executed(place.server, kernel, look) == "22\n")
    follows = {"path": f"{renamed}/n.ipynb"}  # as the Lab does
    good(place.server.ask("PATCH", f"api/sessions/{begun['id']}", json=follows))
    good(place.server.ask("POST", f"api/kernels/{kernel}/restart"))
    place.put_text(f"{renamed}/omt_moved.py", "value = 333")
    assert executed(place.server, kernel, f"import omt_moved\n{look}") == "333\n"
    place.server.ask("DELETE", f"api/sessions/{begun['id']}")
    place.server.ask("DELETE", f"api/contents/{quoted(renamed)}")


def test_a_kernel_has_the_files_beside_its_notebook_and_leaves_its_own(place: Place) -> None:
    folder = f"{place.repository}[files] of ü"
    place.put(folder, type="directory")
    place.put_text(f"{folder}/prices 1.csv", "x\n1\n")
    first, second = (session(place, f"{folder}/{name}.ipynb") for name in "ab")
    kernel = first["kernel"]["id"]
    code = """
        from pathlib import Path
        print(Path("prices 1.csv").read_text())
        Path("figures").mkdir()
        _ = Path("figures/out.txt").write_text("made")
    """
    assert executed(place.server, kernel, dedent(code)) == "x\n1\n\n"
    until(lambda: "figures" in place.names(folder))
    until(lambda: "out.txt" in place.names(f"{folder}/figures"))
    look = "print(open('figures/out.txt').read())"
    assert executed(place.server, second["kernel"]["id"], look) == "made\n"
    place.put_text(f"{folder}/prices 1.csv", "x\n2\n")
    look = "print(open('prices 1.csv').read())"
    until(lambda: executed(place.server, kernel, look) == "x\n2\n\n")
    for one in (first, second):
        cwd = executed(place.server, one["kernel"]["id"], "import os; print(os.getcwd())").strip()
        place.server.ask("DELETE", f"api/sessions/{one['id']}")
    until(lambda: not Path(cwd).exists())
    assert place.names(folder) == {"prices 1.csv", "figures"}


def test_what_a_kernel_wrote_is_kept_when_the_server_stops(shared: Omega, tmp_path: Path) -> None:
    with jupyter_server(tmp_path, shared.url, root="repository") as server:
        place = Place(server, "", "local/")
        place.put("stopped", type="directory")
        begun = session(place, "stopped/n.ipynb")
        client = connected(server, begun["kernel"]["id"])
        client.execute("open('log.txt', 'w').write('half')\nimport time\ntime.sleep(600)")
        work = server.root.parent / "home" / "work"
        until(lambda: list(work.glob("*/stopped-*/log.txt")))
        client.stop_channels()
    assert shared.jobs.get("stopped/log.txt") == b"half"
    assert not list(work.iterdir())


def test_what_is_not_kept_is_told(shared: Omega, tmp_path: Path) -> None:
    small = {"OMEGA_FILES_MEGABYTES": "0.001"}
    with jupyter_server(tmp_path, shared.url, root="repository", environ=small) as server:
        place = Place(server, "", "local/")
        place.put("told", type="directory")
        listener = Listener(server)
        kernel = session(place, "told/n.ipynb")["kernel"]["id"]
        executed(server, kernel, "_ = open('big.bin', 'wb').write(bytes(2000))")
        message = listener.wait_for(NOTICE_EVENT)["message"]
        listener.close()
    assert "big.bin (2 kB) is not kept beside the notebook" in message


WHERE = "import os\nprint(sorted(os.listdir()))"


def test_a_save_that_a_kernel_replaces_is_told(place: Place) -> None:
    folder = f"{place.repository}replaced ü"
    place.put(folder, type="directory")
    begun = session(place, f"{folder}/n.ipynb")
    kernel, listener = begun["kernel"]["id"], Listener(place.server)
    client = connected(place.server, kernel)
    try:
        client.execute("open('a.csv', 'w').write('ours'); input()", allow_stdin=True)
        assert client.get_stdin_msg(timeout=60)["msg_type"] == "input_request"
        place.put_text(f"{folder}/a.csv", "theirs")  # while the cell runs
        client.input("")
        notice = listener.wait_for(NOTICE_EVENT, name="replaced ü/a.csv")
    finally:
        client.stop_channels()
        listener.close()
    assert "had not seen revision 1" in notice["message"]
    assert "bucket" not in notice
    assert place.server.contents(f"{folder}/a.csv")["content"] == "ours"
    place.server.ask("DELETE", f"api/sessions/{begun['id']}")


def test_a_moved_notebook_is_in_its_new_folder_when_its_kernel_is_restarted(place: Place) -> None:
    server, new = place.server, f"{place.repository}moved to"
    for folder, name in ((f"{place.repository}moved", "old"), (new, "new")):
        place.put(folder, type="directory")
        place.put_text(f"{folder}/{name}.csv", "x")
        place.put_text(f"{folder}/omt_where.py", f"where = '{name}'")
    begun = session(place, f"{place.repository}moved/n.ipynb")
    kernel = begun["kernel"]["id"]
    assert "old.csv" in executed(server, kernel, WHERE)
    before = executed(server, kernel, "print(os.getcwd())").strip()
    moves = [
        (f"{new}/n.ipynb", "['new.csv', 'omt_where.py']\n", "new\n"),
        (f"{place.disk}n.ipynb", "on disk.csv", "ModuleNotFoundError"),
        (f"{new}/n.ipynb", "['new.csv', 'omt_where.py']\n", "new\n"),
    ]
    (server.root / "on disk.csv").write_text("x")
    for path, there, module in moves:
        good(server.ask("PATCH", f"api/sessions/{begun['id']}", json={"path": path}))
        good(server.ask("POST", f"api/kernels/{kernel}/restart"))
        assert there in executed(server, kernel, WHERE)
        assert module in executed(server, kernel, "import omt_where\nprint(omt_where.where)")
    assert not Path(before).exists()
    executed(server, kernel, "_ = open('made.txt', 'w').write('made')")
    until(lambda: "made.txt" in place.names(new))
    server.ask("DELETE", f"api/sessions/{begun['id']}")
    assert place.names(f"{place.repository}moved") == {"old.csv", "omt_where.py"}


def test_a_kernel_that_cannot_restart_stays_where_it_was(place: Place) -> None:
    server, old, new = place.server, f"{place.repository}stays", f"{place.repository}goes"
    for folder in (old, new):
        place.put(folder, type="directory")
    python = fragile_kernel(server)
    begun = session(place, f"{old}/n.ipynb", kernel="fragile")
    kernel = begun["kernel"]["id"]
    work = server.root.parent / "home" / "work"
    executed(server, kernel, "_ = open('first.txt', 'w').write('first')")
    good(server.ask("PATCH", f"api/sessions/{begun['id']}", json={"path": f"{new}/n.ipynb"}))
    python.rename(python.with_name("gone"))
    assert server.ask("POST", f"api/kernels/{kernel}/restart").status_code == 500
    assert [copy.name.split("-")[0] for copy in work.glob("*/[!.]*-*")] == ["stays"]

    python.with_name("gone").rename(python)
    good(server.ask("POST", f"api/kernels/{kernel}/restart"))
    executed(server, kernel, "_ = open('second.txt', 'w').write('second')")
    until(lambda: "second.txt" in place.names(new))
    assert place.names(old) == {"first.txt"}
    server.ask("DELETE", f"api/sessions/{begun['id']}")


def fragile_kernel(server: Server) -> Path:
    """Install a kernel whose Python is a script, which can be taken away."""
    data = server.root.parent / "data"
    python = data / "python"
    folder = data / "kernels" / "fragile"
    folder.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "Fragile", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(told))
    return python


def test_a_kernel_that_dies_hands_over_what_it_left(place: Place) -> None:
    folder = f"{place.repository}died"
    place.put(folder, type="directory")
    begun = session(place, f"{folder}/n.ipynb")
    client = connected(place.server, begun["kernel"]["id"])
    client.execute("open('log.txt', 'w').write('half')\nimport os\nos._exit(1)")
    client.stop_channels()
    until(lambda: "log.txt" in place.names(folder))
    assert place.server.contents(f"{folder}/log.txt")["content"] == "half"
    place.server.ask("DELETE", f"api/sessions/{begun['id']}")
