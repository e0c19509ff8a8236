"""Notebooks over HTTP, held against Jupyter's own manager on the local disk.

    python benchmarks/contents.py [mongodb://…/database] [--only TEXT]

Starts two Jupyter servers, one with our contents manager and one with AsyncLargeFileManager, and
a MongoDB of its own unless one is given. The two take turns; what is printed are medians, their
ratio and the target. Look at the load that it prints: on a busy machine ratios are worth little.

A save is what JupyterLab does until the document is saved. On a disk it asks whether the file has
changed, puts it, and asks what it has become. Of a notebook in the repository our extension knows
both: it puts it, and says what it expects to replace. What the put alone takes is printed beside.
"""

from __future__ import annotations

import base64
import json
import os
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from turns import TURNS, medians

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omegaml_lab.omega import Omega
    from tests.integration.servers import Server

ON_DISK = "jupyter_server.services.contents.largefilemanager.AsyncLargeFileManager"
BUCKET = "benchmark"
SIZES = {"20 KB": 20_000, "1 MB": 1_000_000, "20 MB": 20_000_000}
SAVE_AND_OPEN = {"20 KB": 1.0, "1 MB": 1.0, "20 MB": 1.3}


def notebook(size: int, seed: int) -> dict[str, Any]:
    """Return a notebook of about `size` bytes: text, a third in tables, the rest in pictures."""
    rng = random.Random(seed)
    built = nbformat.v4.new_notebook()
    cells = 10 if size < 100_000 else 40
    for number in range(cells):
        cell = nbformat.v4.new_code_cell(f"# {seed}\nplot(data[{number}], title='step {number}')")
        share = size // cells
        rows = [f"{rng.random():.6f}  {rng.random():.6f}  row {i}" for i in range(share // 90)]
        picture = base64.b64encode(rng.randbytes(share // 2)).decode()
        cell.outputs = [
            nbformat.v4.new_output("stream", text="\n".join(rows)),
            nbformat.v4.new_output("display_data", {"image/png": picture, "text/plain": "<f>"}),
        ]
        built.cells.append(cell)
    return built


def several(size: int, first: int) -> list[bytes]:
    """Return the JSON of as many notebooks as there are turns, the `first` of this number."""
    return [json.dumps(notebook(size, first + n)).encode() for n in range(TURNS + 1)]


def body(content: bytes, **more: str) -> bytes:
    """Return what JupyterLab sends to save a notebook, whose JSON is given."""
    model = json.dumps({"type": "notebook", "format": "json", **more}).encode()
    return model[:-1] + b', "content": ' + content + b"}"


def putting(server: Server, path: str, contents: Sequence[bytes]) -> Callable[[], Any]:
    """Return what puts one notebook after the other, without a look at what is there."""
    from tests.integration.servers import good

    turn = count()
    return lambda: good(
        server.ask("PUT", f"api/contents/{path}", data=body(contents[next(turn) % len(contents)]))
    )


def saving_unseen(server: Server, path: str, contents: Sequence[bytes]) -> Callable[[], Any]:
    """Return what saves as JupyterLab does by itself: with a look before and one after."""
    put, look = putting(server, path, contents), looking(server, path)

    def save() -> None:
        look()
        put()
        look()

    return save


def saving_expected(server: Server, path: str, contents: Sequence[bytes]) -> Callable[[], Any]:
    """Return what saves as JupyterLab does with our extension: over what it has seen."""
    from tests.integration.servers import good

    turn = count()
    seen = [looking(server, path)()["hash"]]

    def save() -> None:
        content = contents[next(turn) % len(contents)]
        sent = body(content, expect=seen[0])
        seen[0] = good(server.ask("PUT", f"api/contents/{path}", data=sent)).json()["hash"]

    return save


def looking(server: Server, path: str) -> Callable[[], Any]:
    """Return what asks for the hash of a notebook."""
    return lambda: server.get(f"api/contents/{path}?content=0&hash=1")


def opening(server: Server, path: str) -> Callable[[], Any]:
    """Return what opens a notebook as JupyterLab does."""
    return asking(server, f"{path}?content=1&hash=1")


def opening_first(server: Server, size: int, turns: int) -> Callable[[], Any]:
    """Return what opens another notebook each time, which nobody has opened before."""
    from tests.integration.servers import good

    paths = [f"first/{size}-{turn}.ipynb" for turn in range(turns + 1)]
    good(server.ask("PUT", "api/contents/first", data='{"type": "directory"}'))
    for seed, path in enumerate(paths, 1000):
        content = json.dumps(notebook(size, seed)).encode()
        good(server.ask("PUT", f"api/contents/{path}", data=body(content)))
    unopened = iter([opening(server, path) for path in paths])

    def open_next() -> None:
        next(unopened)()

    return open_next


def asking(server: Server, query: str) -> Callable[[], Any]:
    """Return what asks for something; its JSON is left as it is."""
    from tests.integration.servers import good

    return lambda: good(server.ask("GET", f"api/contents/{query}")).content


def saving(
    servers: Sequence[Server], path: str, contents: Sequence[bytes]
) -> Sequence[Callable[[], Any]]:
    """Return what saves one notebook after the other on ours and on the disk."""
    ours, disk = servers
    return [saving_expected(ours, path, contents), saving_unseen(disk, path, contents)]


def compare(
    what: str, target: float | None, sides: Sequence[Callable[[], Any]], turns: int = TURNS
) -> None:
    """Print the medians of ours and of the disk, their ratio and the target, if there is one."""
    times = medians(dict(zip(("ours", "disk"), sides, strict=True)), turns)
    ratio = times["ours"] / times["disk"]
    told = f"{times['ours']:8.1f} ms {times['disk']:8.1f} ms  {ratio:5.2f}x"
    verdict = "" if target is None else "ok " if ratio <= target else "MISS"
    print(f"{what:28} {told}  {verdict}" + ("" if target is None else f" (target {target}x)"))


def notebooks(servers: Sequence[Server], only: str) -> None:
    """Save, open, and save after an edit."""
    from tests.integration.servers import good

    for name, size in SIZES.items():
        if only not in f"save open edit {name}":
            continue
        path, target = f"n{size}.ipynb", SAVE_AND_OPEN[name]
        compare(f"put {name} alone", None, [putting(s, path, several(size, 0)) for s in servers])
        # Others, for what the repository has it does not write again.
        compare(f"save {name}", target, saving(servers, path, several(size, TURNS + 1)))
        turns = 20 * TURNS if size < 100_000 else TURNS  # a few milliseconds scatter widely
        compare(
            f"open {name} first", target, [opening_first(s, size, turns) for s in servers], turns
        )
        compare(f"open {name}", target, [opening(s, path) for s in servers], turns)
        for server in servers:
            good(server.ask("POST", f"api/contents/{path}/trust"))
        # As most are that somebody opens: whoever has run a notebook trusts it.
        compare(f"open {name}, trusted", target, [opening(s, path) for s in servers], turns)
        if name == "20 MB":
            edited = []
            for turn in range(TURNS + 1):
                node = notebook(size, 0)
                node["cells"][7]["source"] += f"\n# edit {turn}"
                edited.append(json.dumps(node).encode())
            compare("save 20 MB, one cell edited", 0.7, saving(servers, path, edited))


def listings(omega: Omega, servers: Sequence[Server], only: str) -> None:
    """List folders of many notebooks."""
    small = json.dumps(notebook(2_000, 0)).encode()
    for entries in (1_000, 10_000):
        if only not in f"list {entries}":
            continue
        names = [f"entries{entries}/notebook {i}.ipynb" for i in range(entries)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: omega.jobs.put(small, name), names))
        (servers[1].root / names[0]).parent.mkdir()
        for name in names:
            (servers[1].root / name).write_bytes(small)
        sides = [asking(server, f"entries{entries}?content=1") for server in servers]
        compare(f"list {entries:,} entries", 0.1, sides)


def main() -> None:
    """Run all comparisons, or those whose title holds the text after ``--only``."""
    from omegaml_lab.omega import Omega
    from omegaml_lab.storage import embedded
    from tests.integration.servers import jupyter_server

    arguments = sys.argv[1:]
    only = arguments.pop(arguments.index("--only") + 1) if "--only" in arguments else ""
    given = next((a for a in arguments if a.startswith("mongodb")), None)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ours, disk, ratio")
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        url = given or embedded.ensure(folder / "home")
        disk = (f"--ServerApp.contents_manager_class={ON_DISK}",)
        environ = {"OMEGA_BUCKET": BUCKET}
        servers = [
            stack.enter_context(jupyter_server(folder, url, root="repository", environ=environ)),
            stack.enter_context(jupyter_server(folder, url, root="disk", options=disk)),
        ]
        notebooks(servers, only)
        with Omega(url, bucket=BUCKET) as omega:
            listings(omega, servers, only)
            for path in omega.jobs.list():
                omega.jobs.drop(path, keep=False)
        if given is None:
            embedded.release(folder / "home")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
