"""The contents of a real server over HTTP, with the repository at the root and below it."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from omegaml_lab.core.names import Name
from tests.integration.notebooks import notebook
from tests.integration.servers import Server, good, jupyter_server, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

ODD_NAMES = [
    "with space.txt",
    "100% + [x] {y} $z (1).txt",
    "ünïcödé √ 漢字.txt",
    "a@3.txt",
    "a'b\"c`d.txt",
    "semi;colon,comma&and=is#hash?ask.txt",
    "back\\slash.txt",
    ".*regex^$.txt",
    "e\u0301 decomposed.txt",
]


@dataclass
class Place:
    """A server and where it shows what."""

    server: Server
    repository: str
    disk: str

    def put(self, path: str, **model: Any) -> Any:
        answer = self.server.ask("PUT", f"api/contents/{quoted(path)}", json=model)
        return good(answer).json()

    def put_text(self, path: str, text: str) -> Any:
        return self.put(path, type="file", format="text", content=text)

    def put_notebook(self, path: str, *cells: str) -> Any:
        return self.put(path, type="notebook", format="json", content=notebook(*cells))

    def names(self, path: str) -> set[str]:
        return {entry["name"] for entry in self.server.contents(path)["content"]}

    def status(self, method: str, path: str, **options: Any) -> int:
        return int(self.server.ask(method, f"api/contents/{quoted(path)}", **options).status_code)


@pytest.fixture(scope="module", params=["repository", "disk"])
def place(
    request: pytest.FixtureRequest, shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_server(folder, shared.url, root=request.param) as server:
        at_root = request.param == "repository"
        yield Place(server, "" if at_root else "repo/", "local/" if at_root else "")


@pytest.fixture
def folder(place: Place, request: pytest.FixtureRequest) -> str:
    """A new folder of the repository."""
    path = f"{place.repository}{request.node.name[:60]}"
    place.put(path, type="directory")
    return path


def test_root_shows_both_places(place: Place) -> None:
    place.put_text(f"{place.disk}on-disk.txt", "x")
    other = "local" if place.disk else "repo"
    assert other in place.names("")
    assert "on-disk.txt" in place.names(place.disk)
    entry = next(e for e in place.server.contents("")["content"] if e["name"] == other)
    assert (entry["type"], entry["path"]) == ("directory", other)
    assert place.server.contents(other, content=0)["path"] == other


def test_notebook_goes_into_the_jobs_store_and_back(
    place: Place, folder: str, shared: Omega
) -> None:
    saved = place.put_notebook(f"{folder}/a.ipynb", "1 + 1")
    assert (saved["type"], saved["content"], saved["writable"]) == ("notebook", None, True)
    name = f"{folder}/a.ipynb".removeprefix(place.repository)
    assert shared.jobs.metadata(name).kind == "notebook"
    assert shared.jobs.get(name).cells[0].source == "1 + 1"

    read = place.server.contents(f"{folder}/a.ipynb")
    assert read["content"]["cells"][0]["source"] == "1 + 1"
    assert read["last_modified"] == saved["last_modified"]
    assert (read["format"], read["mimetype"]) == ("json", None)

    shared.jobs.put("2 + 2", name)
    assert place.server.contents(f"{folder}/a.ipynb")["content"]["cells"][0]["source"] == "2 + 2"


def test_hash_tells_a_second_tab_of_a_change(place: Place, folder: str) -> None:
    path = f"{folder}/a.ipynb"
    place.put_notebook(path, "1")
    first = place.server.contents(path, content=0, hash=1)
    assert first["hash"]
    assert first["hash_algorithm"]
    assert place.server.contents(path, content=1, hash=1)["hash"] == first["hash"]
    changed = place.put_notebook(path, "2")
    assert changed["hash"] != first["hash"]
    assert place.server.contents(path, content=0, hash=1)["hash"] == changed["hash"]


@pytest.mark.parametrize("where", ["repository", "disk"])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(place: Place, where: str, name: str) -> None:
    base = place.disk if where == "disk" else place.repository
    path = f"{base}odd {where} {name}"
    place.put_text(path, "content of it")
    assert path.removeprefix(base) in place.names(base)
    assert place.server.contents(path)["content"] == "content of it"
    assert place.server.ask("GET", f"files/{quoted(path)}").text == "content of it"
    assert place.status("PATCH", path, json={"path": f"{path} moved"}) == 200
    assert place.status("GET", path) == 404
    assert place.status("DELETE", f"{path} moved") == 204


def test_new_files_are_numbered(place: Place, folder: str) -> None:
    url = f"api/contents/{quoted(folder)}"
    wanted = [
        ({"type": "notebook"}, ["Untitled.ipynb", "Untitled1.ipynb"]),
        ({"type": "file", "ext": ".py"}, ["untitled.py", "untitled1.py"]),
        ({"type": "directory"}, ["Untitled Folder", "Untitled Folder 1"]),
    ]
    for body, names in wanted:
        for name in names:
            answer = place.server.ask("POST", url, json=body)
            assert (answer.status_code, answer.json()["name"]) == (201, name)


def test_new_files_at_once_get_names_of_their_own(place: Place, folder: str) -> None:
    def create(_: int) -> str:
        return str(
            place.server.post(f"api/contents/{quoted(folder)}", {"type": "notebook"})["name"]
        )

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(create, range(8)))
    assert len(set(names)) == 8


def test_copy_and_its_numbers(place: Place, folder: str) -> None:
    place.put_notebook(f"{folder}/a.ipynb", "1")
    copies = [
        place.server.post(f"api/contents/{quoted(folder)}", {"copy_from": f"{folder}/a.ipynb"})
        for _ in range(2)
    ]
    assert [copy["name"] for copy in copies] == ["a-Copy1.ipynb", "a-Copy2.ipynb"]
    content = place.server.contents(copies[1]["path"])["content"]
    assert content["cells"][0]["source"] == "1"


def test_copies_at_once_get_names_of_their_own(place: Place, folder: str) -> None:
    place.put_text(f"{folder}/a.txt", "a")

    def copy(_: int) -> str:
        url = f"api/contents/{quoted(folder)}"
        return str(place.server.post(url, {"copy_from": f"{folder}/a.txt"})["name"])

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(copy, range(6)))) == 6


def test_copy_folder_with_all_below(place: Place, folder: str) -> None:
    place.put(f"{folder}/in", type="directory")
    place.put_text(f"{folder}/in/a.txt", "deep")
    copy = place.server.post(f"api/contents/{quoted(folder)}", {"copy_from": f"{folder}/in"})
    assert copy["name"] == "in-Copy1"
    assert place.server.contents(f"{copy['path']}/a.txt")["content"] == "deep"
    assert place.status("POST", f"{folder}/in", json={"copy_from": f"{folder}/in"}) == 400


@pytest.mark.parametrize("way", ["to the disk", "to the repository"])
def test_copy_between_places(place: Place, folder: str, way: str) -> None:
    tree = f"tree {way}"
    source, target = (folder + "/", place.disk) if way == "to the disk" else (place.disk, folder)
    place.put(f"{source}{tree}", type="directory")
    place.put_notebook(f"{source}{tree}/n.ipynb", "40 + 2")
    copy = place.server.post(
        f"api/contents/{quoted(target.strip('/'))}", {"copy_from": f"{source}{tree}"}
    )
    read = place.server.contents(f"{copy['path']}/n.ipynb")
    assert (read["type"], read["content"]["cells"][0]["source"]) == ("notebook", "40 + 2")
    assert place.status("GET", f"{source}{tree}/n.ipynb") == 200


@pytest.mark.parametrize("way", ["to the disk", "to the repository"])
def test_move_between_places_takes_hidden_files_along(
    place: Place, folder: str, shared: Omega, way: str
) -> None:
    name = f"moved {way}"
    inside = folder.removeprefix(place.repository)
    if way == "to the disk":
        shared.jobs.put(b"\x00\xff", Name(f"{inside}/{name}/sub/.hidden"), kind="file")
        old, new = f"{folder}/{name}", f"{place.disk}{name} {inside[-12:]}"
    else:
        (place.server.root / name / "sub").mkdir(parents=True)
        (place.server.root / name / "sub" / ".hidden").write_bytes(b"\x00\xff")
        old, new = f"{place.disk}{name}", f"{folder}/{name}"
    moved = good(
        place.server.ask("PATCH", f"api/contents/{quoted(old)}", json={"path": new})
    ).json()
    assert moved["path"] == new
    assert place.status("GET", old) == 404
    if way == "to the disk":
        there = place.server.root / f"{name} {inside[-12:]}" / "sub" / ".hidden"
        assert there.read_bytes() == b"\x00\xff"
    else:
        assert shared.jobs.read_bytes(Name(f"{inside}/{name}/sub/.hidden")) == b"\x00\xff"


def test_nothing_is_overwritten_by_a_move(place: Place, folder: str) -> None:
    place.put_text(f"{folder}/a.txt", "a")
    place.put_text(f"{folder}/b.txt", "b")
    place.put_text(f"{place.disk}a of {folder[-8:]}.txt", "disk")
    assert place.status("PATCH", f"{folder}/a.txt", json={"path": f"{folder}/b.txt"}) == 409
    disk = f"{place.disk}a of {folder[-8:]}.txt"
    assert place.status("PATCH", disk, json={"path": f"{folder}/b.txt"}) == 409
    assert place.server.contents(f"{folder}/b.txt")["content"] == "b"
    assert place.server.contents(disk)["content"] == "disk"


def test_a_folder_is_not_moved_into_itself(place: Place, folder: str) -> None:
    place.put(f"{folder}/in", type="directory")
    assert place.status("PATCH", folder, json={"path": f"{folder}/in/out"}) == 409
    assert place.status("GET", f"{folder}/in") == 200


def test_the_places_themselves_stay(place: Place) -> None:
    other = "local" if place.disk else "repo"
    assert place.status("DELETE", other) == 400
    assert place.status("PATCH", other, json={"path": "elsewhere"}) == 400
    assert place.status("PUT", other, json={"type": "directory"}) == 400
    assert place.status("DELETE", "") == 400


def test_upload_in_pieces(place: Place, folder: str) -> None:
    content = bytes(range(256)) * 9000
    size = 1_000_000
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    for number, part in enumerate(parts, start=1):
        model = place.put(
            f"{folder}/big.bin",
            type="file",
            format="base64",
            chunk=-1 if number == len(parts) else number,
            content=base64.b64encode(part).decode(),
        )
    assert model["size"] == len(content)
    assert place.server.ask("GET", f"files/{quoted(folder)}/big.bin").content == content
    assert place.names(folder) == {"big.bin"}


def test_notebook_uploaded_in_pieces_can_be_run(place: Place, folder: str, shared: Omega) -> None:
    text = json.dumps(notebook("1"))
    for number, part in ((1, text[:50]), (2, text[50:90]), (-1, text[90:])):
        place.put(f"{folder}/n.ipynb", type="file", format="text", chunk=number, content=part)
    inside = folder.removeprefix(place.repository)
    assert shared.jobs.metadata(f"{inside}/n.ipynb").kind == "notebook"


def test_upload_with_a_missing_piece_is_refused(place: Place, folder: str) -> None:
    def piece(number: int) -> int:
        body = {"type": "file", "format": "text", "chunk": number, "content": f"{number}"}
        return place.status("PUT", f"{folder}/gap.txt", json=body)

    assert piece(1) == 201
    assert piece(3) == 400
    assert place.status("GET", f"{folder}/gap.txt") == 404
    # Sent again, as after an answer that was lost, it is not added twice.
    assert [piece(number) for number in (2, 2, 3, -1, -1)] == [201, 201, 201, 201, 200]
    assert place.server.contents(f"{folder}/gap.txt")["content"] == "123-1"


def test_uploaded_notebook_can_be_run(place: Place, folder: str, shared: Omega) -> None:
    data = json.dumps(notebook("1")).encode()
    place.put(
        f"{folder}/up.ipynb",
        type="file",
        format="base64",
        content=base64.b64encode(data).decode(),
    )
    inside = folder.removeprefix(place.repository)
    assert shared.jobs.metadata(f"{inside}/up.ipynb").kind == "notebook"


def test_corrupt_notebook_is_400_but_readable_as_text(place: Place, folder: str) -> None:
    place.put_text(f"{folder}/bad.ipynb", "{ not json")
    answer = place.server.ask("GET", f"api/contents/{quoted(folder)}/bad.ipynb")
    assert answer.status_code == 400
    assert "Unreadable Notebook" in answer.json()["message"]
    assert place.server.contents(f"{folder}/bad.ipynb", type="file")["content"] == "{ not json"


def test_wrong_types_are_400(place: Place, folder: str) -> None:
    place.put_text(f"{folder}/a.txt", "a")
    answer = place.server.ask("GET", f"api/contents/{quoted(folder)}", params={"type": "file"})
    assert answer.status_code == 400
    path = f"api/contents/{quoted(folder)}/a.txt"
    assert place.server.ask("GET", path, params={"type": "directory"}).status_code == 400
    assert (
        place.status("PUT", folder, json={"type": "file", "format": "text", "content": ""}) == 400
    )


def test_hidden_files_are_hidden(place: Place, folder: str, shared: Omega) -> None:
    inside = folder.removeprefix(place.repository)
    shared.jobs.put(b"x", Name(f"{inside}/.secret"), kind="file")
    assert ".secret" not in place.names(folder)
    assert place.status("GET", f"{folder}/.secret") == 404
    assert place.status("DELETE", f"{folder}/.secret") == 400
    assert place.server.ask("GET", f"files/{quoted(folder)}/.secret").status_code == 404


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "local/../../x", "repo/../../x"])
def test_nothing_outside_the_root(place: Place, path: str) -> None:
    encoded = path.replace(".", "%2e").replace("/", "%2f")
    answer = place.server.ask("GET", f"api/contents/{encoded}")
    assert answer.status_code == 404


def test_checkpoints(place: Place, folder: str) -> None:
    path = f"{folder}/a.txt"
    url = f"api/contents/{quoted(path)}/checkpoints"
    place.put_text(path, "first")
    made = place.server.post(url)
    place.put_text(path, "second")
    assert place.server.get(url) == [made]
    place.status("PATCH", path, json={"path": f"{folder}/b.txt"})
    url = url.replace("a.txt", "b.txt")
    assert place.server.get(url) == [made]
    assert place.server.ask("POST", f"{url}/{made['id']}").status_code == 204
    assert place.server.contents(f"{folder}/b.txt")["content"] == "first"
    assert place.server.ask("DELETE", f"{url}/{made['id']}").status_code == 204
    assert place.server.get(url) == []
    assert place.server.ask("POST", f"{url}/99").status_code == 404


def line_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def test_kernels_start_beside_the_files_and_see_the_repository(
    place: Place, folder: str, shared: Omega
) -> None:
    (place.server.root / "sub").mkdir(exist_ok=True)
    copies, name = place.server.root.parent / "home" / "work", folder.rpartition("/")[2]
    wanted = {
        f"{folder}/n.ipynb": lambda: next(copies.glob(f"*/{name[:40]}-*")),
        f"{place.disk}sub/n.ipynb": lambda: place.server.root / "sub",
    }
    for path, cwd in wanted.items():
        session = place.server.post(
            "api/sessions",
            {"path": path, "name": "n", "type": "notebook", "kernel": {"name": "python3"}},
        )
        children = psutil.Process(place.server.process.pid).children(recursive=True)
        kernel = next(c for c in children if session["kernel"]["id"] in " ".join(line_of(c)))
        assert Path(kernel.cwd()).samefile(cwd())
        assert kernel.environ()["OMEGA_MONGO_URL"] == shared.url
        inside = f"default/{folder.removeprefix(place.repository)}"
        beside = inside if path.startswith(folder) else None
        assert kernel.environ().get("OMEGA_MODULES") == beside
        place.server.ask("DELETE", f"api/sessions/{session['id']}")


def test_downloads_know_their_names_and_types(place: Place, folder: str) -> None:
    place.put_notebook(f"{folder}/a.ipynb", "1")
    answer = place.server.ask("GET", f"files/{quoted(folder)}/a.ipynb?download=1")
    assert "a.ipynb" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"].startswith("application/x-ipynb+json")
    assert json.loads(answer.text)["cells"][0]["source"] == ["1"]  # in lines, as in files
    assert answer.text.startswith('{\n "cells"')
