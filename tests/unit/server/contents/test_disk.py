"""Copies on the disk, and from it: what Jupyter can do there, ours can."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.server.contents.contents import OmegaContentsManager

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from omegaml_lab.omega import Omega

    Ask = Callable[[Callable[[OmegaContentsManager], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def ask(omega: Omega, tmp_path: Path) -> Ask:
    """Asks a manager whose disk is the root."""

    def ask(question: Callable[[OmegaContentsManager], Coroutine[Any, Any, Any]]) -> Any:
        async def work() -> Any:
            return await question(OmegaContentsManager(omega=omega, root_dir=str(tmp_path)))

        return asyncio.run(work())

    return ask


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a script, a hidden file, a link to a folder and checkpoints."""
    top = tmp_path / "tree"
    for folder in ("real", ".ipynb_checkpoints"):
        (top / folder).mkdir(parents=True)
    (top / "real" / "a.txt").write_text("a")
    (top / ".hidden").write_text("h")
    (top / "run.sh").write_text("#!/bin/sh")
    (top / "run.sh").chmod(0o755)
    (top / ".ipynb_checkpoints" / "old").write_text("old")
    (top / "link").symlink_to(top / "real")
    return top


def test_a_folder_is_copied_on_the_disk(ask: Ask, tree: Path) -> None:
    copy = tree.parent / ask(lambda manager: manager.copy("tree"))["path"]
    assert (copy / "link" / "a.txt").read_text() == "a"
    assert (copy / ".hidden").read_text() == "h"
    assert os.access(copy / "run.sh", os.X_OK)
    assert not (copy / ".ipynb_checkpoints").exists()


def test_a_link_to_a_folder_does_not_go_into_the_repository(ask: Ask, tree: Path) -> None:
    with pytest.raises(HTTPError, match="link to a folder") as caught:
        ask(lambda manager: manager.rename("tree", "repo/tree"))
    assert caught.value.status_code == 400
    assert (tree / "link").exists()
    assert ask(lambda manager: manager.exists("repo/tree")) is False


def test_a_large_folder_is_not_copied(ask: Ask, tree: Path) -> None:
    (tree / "large").write_bytes(b"x" * 3_000_000)
    (tree / "link").unlink()

    async def copy(manager: OmegaContentsManager, target: str) -> None:
        manager.max_copy_folder_size_mb = 2
        await manager.copy("tree", target)

    for target in ("", "repo"):
        with pytest.raises(HTTPError, match=r"2 ?MB") as caught:
            ask(lambda manager, target=target: copy(manager, target))
        assert caught.value.status_code == 400


def test_what_cannot_be_read_is_not_half_moved(ask: Ask, tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "dangling").symlink_to(tree / "nowhere")
    with pytest.raises(HTTPError) as caught:
        ask(lambda manager: manager.rename("tree", "repo/tree"))
    assert caught.value.status_code == 404
    assert ask(lambda manager: manager.exists("repo/tree")) is False
    assert (tree / "real" / "a.txt").exists()


def test_a_folder_that_cannot_be_read_is_not_left_out(ask: Ask, tree: Path) -> None:
    (tree / "link").unlink()

    async def walk(manager: OmegaContentsManager) -> None:
        found = manager.disk.files.walk("tree")
        while next(found).path != "real":
            pass
        shutil.rmtree(tree / "real")  # the walk knows of it
        list(found)

    with pytest.raises(FileNotFoundError):
        ask(walk)


def test_a_file_that_does_not_fit_leaves_nothing(ask: Ask, tmp_path: Path) -> None:
    content = {"type": "file", "format": "text", "content": "x" * 100_000}
    ask(lambda manager: manager.save(content, "repo/large"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    action = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(HTTPError, match="too large"):
            ask(lambda manager: manager.rename("repo/large", "large"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, action)
    assert list(tmp_path.iterdir()) == []
    ask(lambda manager: manager.rename("repo/large", "large"))
    assert (tmp_path / "large").stat().st_size == 100_000


@pytest.mark.parametrize("target", ["", "repo"])
@pytest.mark.parametrize("path", ["tree", "tree/pipe"])
def test_a_pipe_is_not_waited_for(ask: Ask, tree: Path, path: str, target: str) -> None:
    os.mkfifo(tree / "pipe")
    (tree / "link").unlink()
    names = sorted(entry.name for entry in tree.parent.iterdir())
    with pytest.raises(HTTPError, match="pipe is neither a file nor a folder") as caught:
        ask(lambda manager: asyncio.wait_for(manager.copy(path, target), 20))
    assert caught.value.status_code == 400
    assert sorted(entry.name for entry in tree.parent.iterdir()) == names
    assert ask(lambda manager: manager.exists("repo/tree")) is False
