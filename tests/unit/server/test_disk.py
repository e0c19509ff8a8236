"""Copies on the disk, and from it: what Jupyter can do there, ours can."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.server.contents import OmegaContentsManager

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
