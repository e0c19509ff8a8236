"""Settings that people have for Jupyter's own contents manager hold with ours too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from traitlets.config import Config as Settings

from omegaml_lab.server.contents import OmegaContentsManager

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

TEXT = {"type": "file", "format": "text", "content": "x"}


CALLED: list[tuple[str, Any]] = []


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    CALLED.clear()


def before(model: Any, path: str, contents_manager: Any) -> None:
    CALLED.append(("before", path))


def after(model: Any, os_path: str, contents_manager: Any) -> None:
    CALLED.append(("after", os_path))


def save(omega: Omega, folder: Path, settings: Settings) -> None:
    async def work() -> None:
        manager = OmegaContentsManager(
            omega=omega, root_dir=str(folder), root="repository", config=settings
        )
        await manager.save(dict(TEXT), "in-repository.txt")
        await manager.save(dict(TEXT), "local/on-disk.txt")

    asyncio.run(work())


def test_hooks_for_all_run_once_for_each_file(omega: Omega, tmp_path: Path) -> None:
    settings = Settings()
    settings.ContentsManager.pre_save_hook = before
    settings.ContentsManager.post_save_hook = after
    save(omega, tmp_path, settings)
    assert [
        ("before", "in-repository.txt"),
        ("after", "in-repository.txt"),
        ("before", "local/on-disk.txt"),
        ("after", str(tmp_path / "on-disk.txt")),
    ] == CALLED


def test_hooks_for_files_run_for_files_only(omega: Omega, tmp_path: Path) -> None:
    settings = Settings()
    settings.FileContentsManager.pre_save_hook = before
    settings.FileContentsManager.post_save_hook = after
    save(omega, tmp_path, settings)
    assert [
        ("before", "on-disk.txt"),
        ("after", str(tmp_path / "on-disk.txt")),
    ] == CALLED


def test_settings_for_files_are_heeded(omega: Omega, tmp_path: Path) -> None:
    settings = Settings()
    settings.FileContentsManager.allow_hidden = True
    settings.FileContentsManager.untitled_file = "nameless"
    manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path), config=settings)
    assert manager.allow_hidden
    assert manager.disk.manager.allow_hidden
    assert manager.untitled_file == "nameless"
    manager.allow_hidden = False
    assert not manager.disk.manager.allow_hidden
