"""Moves between the disk and the repository: whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.core.names import Name
from omegaml_lab.server.contents import jobmoves
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.diskmoves import MARK
from omegaml_lab.server.contents.transfer import move_tree
from tests.unit.server.contents.killed import POINTS, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from omegaml_lab.omega import Omega
    from omegaml_lab.server.contents.mounts import Mount


@dataclass
class Place:
    """The disk at the root of a tree, and the repository below ``repo``."""

    omega: Omega
    disk: Path

    def ask(self, question: Callable[[OmegaContentsManager], Coroutine[Any, Any, Any]]) -> Any:
        async def work() -> Any:
            return await question(self.manager())

        return asyncio.run(work())

    def manager(self) -> OmegaContentsManager:
        return OmegaContentsManager(omega=self.omega, root_dir=str(self.disk), allow_hidden=True)

    def write(self, path: str, text: str) -> None:
        if path.startswith("repo/"):
            self.omega.jobs.put(text.encode(), Name(path[5:]), kind="file")
        else:
            (self.disk / path).parent.mkdir(exist_ok=True)
            (self.disk / path).write_text(text)

    def remove(self, path: str) -> None:
        if path.startswith("repo/"):
            self.omega.jobs.drop(Name(path[5:]))
        else:
            (self.disk / path).unlink()

    def tree(self, path: str) -> dict[str, str]:
        """What is in a folder, as the file browser shows it."""

        async def look(manager: OmegaContentsManager) -> dict[str, str]:
            found = (await manager.get(path))["content"]
            models = [await manager.get(model["path"]) for model in found]
            return {model["name"]: model["content"] for model in models}

        return self.ask(look)  # type: ignore[no-any-return]

    def names(self) -> list[str]:
        """What is at the top of both."""

        async def look(manager: OmegaContentsManager) -> list[str]:
            found = [*(await manager.get(""))["content"], *(await manager.get("repo"))["content"]]
            return sorted(model["path"] for model in found if model["path"] != "repo")

        return self.ask(look)  # type: ignore[no-any-return]

    def hidden(self) -> list[str]:
        """What moves have left."""
        there = [entry.name for entry in self.disk.rglob(f"{MARK}*")]
        return there + self.omega.jobs.arriving().list()


@pytest.fixture
def place(omega: Omega, tmp_path: Path) -> Place:
    """An empty one."""
    (tmp_path / "disk").mkdir()
    return Place(omega, tmp_path / "disk")


WAYS = pytest.mark.parametrize(("old", "new"), [("tree", "repo/tree"), ("repo/tree", "tree")])


def ends(place: Place, old: str) -> tuple[Mount, Mount]:
    manager = place.manager()
    ends = (manager.disk, manager.repository)
    return ends[::-1] if old.startswith("repo/") else ends


@WAYS
def test_what_is_saved_at_the_end_of_a_move_comes_along(place: Place, old: str, new: str) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        place.write(f"{old}/{name}", "old")

    def save(number: int) -> None:
        if number == 1:
            place.write(f"{old}/a.txt", "saved")
            place.remove(f"{old}/b.txt")
            place.write(f"{old}/d.txt", "made")
        assert place.names() == [old]

    source, target = ends(place, old)
    move_tree(Watched(source.files, before=save), "tree", target.files, "tree")
    assert place.tree(new) == {"a.txt": "saved", "c.txt": "old", "d.txt": "made"}
    assert place.names() == [new]
    assert place.hidden() == []


@WAYS
def test_what_is_always_being_saved_stays(place: Place, old: str, new: str) -> None:
    place.write(f"{old}/a.txt", "0")

    def save(number: int) -> None:
        place.write(f"{old}/a.txt", str(number))

    source, target = ends(place, old)
    with pytest.raises(HTTPError, match="changed while") as caught:
        move_tree(Watched(source.files, before=save), "tree", target.files, "tree")
    assert caught.value.status_code == 409
    assert place.names() == [old]
    assert place.tree(old) == {"a.txt": "5"}
    assert place.hidden() == []


@WAYS
def test_what_cannot_be_shown_is_put_back(place: Place, old: str, new: str) -> None:
    place.write(f"{old}/a.txt", "mine")

    def take_the_name(number: int) -> None:
        place.write(f"{new}/a.txt", "of somebody else")

    source, target = ends(place, old)
    with pytest.raises(HTTPError, match="already exists") as caught:
        move_tree(Watched(source.files, after=take_the_name), "tree", target.files, "tree")
    assert caught.value.status_code == 409
    assert place.tree(old) == {"a.txt": "mine"}
    assert place.tree(new) == {"a.txt": "of somebody else"}
    assert place.hidden() == []


def test_what_is_put_back_finds_its_name_taken(place: Place) -> None:
    place.write("tree/a.txt", "mine")

    def take_the_names(number: int) -> None:
        place.write("repo/tree/a.txt", "of somebody else")
        place.write("tree/a.txt", "made anew")

    source, target = ends(place, "tree")
    with pytest.raises(HTTPError, match="already exists"):
        move_tree(Watched(source.files, after=take_the_names), "tree", target.files, "tree")
    assert place.tree("tree") == {"a.txt": "made anew"}
    assert place.tree("tree (moved back 1)") == {"a.txt": "mine"}
    assert place.hidden() == []


@pytest.mark.parametrize(("old", "point"), POINTS)
def test_who_is_killed_loses_nothing(place: Place, mongo_url: str, old: str, point: str) -> None:
    new = "tree" if old.startswith("repo/") else "repo/tree"
    content = {name: name for name in ("a.txt", "b.txt", "c.txt")}
    for name in content:
        place.write(f"{old}/{name}", name)
    command = [sys.executable, "-m", "tests.unit.server.contents.killed"]
    done = subprocess.run([*command, mongo_url, str(place.disk), old, point], check=False)
    assert done.returncode == -signal.SIGKILL
    if point == "departed" and old == "repo/tree":  # as after deleting it
        assert place.names() == []
        place.omega.jobs.restore("tree")
    shown = place.names()
    assert shown == {"shown": sorted([old, new]), "erasing": [new]}.get(point, [old])
    for path in shown:
        assert place.tree(path) == content
    if shown == [old]:
        place.ask(lambda manager: manager.rename_file(old, new))
        assert place.names() == [new]
        assert place.tree(new) == content
        assert place.hidden() == []
    assert not list(place.disk.rglob(f"{MARK}*"))


def test_what_was_left_elsewhere_is_forgotten_after_a_while(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = place.omega.jobs.arriving()
    waiting.put(b"left", Name("0123456789ab-of another machine-1/tree/a.txt"), kind="file")
    for name in ("one", "two"):
        place.write(f"{name}.txt", name)
    place.ask(lambda manager: manager.rename_file("one.txt", "repo/one.txt"))
    assert len(place.hidden()) == 1
    monkeypatch.setattr(jobmoves, "_ABANDONED", timedelta(0))
    place.ask(lambda manager: manager.rename_file("two.txt", "repo/two.txt"))
    assert place.hidden() == []
    assert waiting.trash().total == 0


def test_what_was_killed_is_moved_again_without_a_look(place: Place, mongo_url: str) -> None:
    place.write("tree/a.txt", "a")
    command = [sys.executable, "-m", "tests.unit.server.contents.killed"]
    subprocess.run([*command, mongo_url, str(place.disk), "tree", "departed"], check=False)
    assert not (place.disk / "tree").exists()
    place.ask(lambda manager: manager.rename_file("tree", "repo/tree"))
    assert place.tree("repo/tree") == {"a.txt": "a"}


@pytest.mark.parametrize(("old", "new"), [("large", "repo/large"), ("repo/large", "large")])
def test_a_large_file_is_not_held_in_memory(place: Place, old: str, new: str) -> None:
    size = 192 << 20
    with (place.disk / "large").open("wb") as file:
        file.truncate(size)
    if old.startswith("repo/"):
        with (place.disk / "large").open("rb") as stream:
            place.omega.jobs.put(stream, Name("large"), kind="file")
        (place.disk / "large").unlink()
    tracemalloc.start()
    try:
        place.ask(lambda manager: manager.rename_file(old, new))
        assert tracemalloc.get_traced_memory()[1] < size / 2
    finally:
        tracemalloc.stop()
    assert place.ask(lambda manager: manager.get(new, content=False))["size"] == size


@WAYS
def test_the_limit_of_copies_is_not_one_of_moves(place: Place, old: str, new: str) -> None:
    place.write(f"{old}/a.txt", "x" * 2_000_000)

    async def move(manager: OmegaContentsManager) -> None:
        manager.max_copy_folder_size_mb = 1
        await manager.rename_file(old, new)

    place.ask(move)
    assert len(place.tree(new)["a.txt"]) == 2_000_000


def test_links_with_relative_paths_are_moved(place: Place) -> None:
    (place.disk / "outside.txt").write_text("outside")
    place.write("tree/a.txt", "a")
    (place.disk / "tree" / "link").symlink_to("../outside.txt")
    place.ask(lambda manager: manager.rename_file("tree", "repo/tree"))
    assert place.tree("repo/tree") == {"a.txt": "a", "link": "outside"}
    assert (place.disk / "outside.txt").exists()


def test_what_moves_to_the_disk_leaves_its_history_in_the_trash(place: Place) -> None:
    jobs = place.omega.jobs
    for state in range(3):
        jobs.put(f"{state}".encode(), Name("folder/a.txt"), kind="file")
    jobs.tag(Name("folder/a.txt"), "final", 2)
    place.ask(lambda manager: manager.rename_file("repo/folder", "folder"))
    place.ask(lambda manager: manager.rename_file("folder", "repo/folder"))
    assert [state.tags for state in jobs.history(Name("folder/a.txt"))] == [()]  # it is new

    (dropped,) = [entry for entry in jobs.trash().items if entry.name == "folder"]
    jobs.restore(dropped, new="before")
    history = jobs.history(Name("before/a.txt"))
    assert [(state.revision, state.tags) for state in history] == [
        (3, ()),
        (2, ("final",)),
        (1, ()),
    ]
    assert jobs.read_bytes(Name("before/a.txt", tag="final")) == b"1"


def test_what_can_have_no_name_is_told_by_its_own(place: Place) -> None:
    place.write("folder/fine.txt", "x")
    (place.disk / "folder" / "line\nbreak").write_text("x")
    with pytest.raises(HTTPError) as caught:
        place.ask(lambda manager: manager.rename_file("folder", "repo/moved"))
    message = str(caught.value.get_message())
    assert message.startswith(r"'moved/line\nbreak' is not a valid name: control characters")
    assert place.tree("folder") == {"fine.txt": "x", "line\nbreak": "x"}
    assert place.hidden() == []


@pytest.mark.long
def test_a_folder_moves_that_is_deeper_than_python_goes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.disk)
    for _ in range(1100):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.txt").write_text("x")
    monkeypatch.chdir(place.disk)
    place.ask(lambda manager: manager.rename_file("d", "repo/d"))
    assert not (place.disk / "d").exists()
    assert place.omega.jobs.read_bytes(Name(f"{'d/' * 1100}a.txt")) == b"x"
    assert place.hidden() == []
