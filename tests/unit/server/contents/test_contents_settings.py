"""Settings that people have for Jupyter's own contents manager hold with ours too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError
from traitlets.config import Config as Settings

from omegaml_lab.core.errors import ConfigError
from omegaml_lab.server.contents.contents import OmegaContentsManager
from tests.integration.notebooks import notebook

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


@pytest.mark.parametrize("name", ["a/b", "..", ".", "line\nbreak"])
def test_what_is_beside_has_the_name_of_a_folder(omega: Omega, tmp_path: Path, name: str) -> None:
    for root, setting in (("repository", "disk_name"), ("disk", "repository_name")):
        with pytest.raises(ConfigError, match=setting):
            OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root=root, **{setting: name})


def test_the_repository_is_listed_where_the_folder_of_the_disk_is_gone(
    omega: Omega, tmp_path: Path
) -> None:
    omega.jobs.put(b"x", "a.txt", kind="file")
    (tmp_path / "files").mkdir()

    async def work() -> None:
        manager = OmegaContentsManager(
            omega=omega, root_dir=str(tmp_path / "files"), root="repository"
        )
        (tmp_path / "files").rmdir()
        top = await manager.get("")
        assert sorted(entry["path"] for entry in top["content"]) == ["a.txt", "local"]
        with pytest.raises(HTTPError, match="No such file or directory"):
            await manager.get("local")

    asyncio.run(work())


def test_nothing_is_replaced_that_is_not_to_be(omega: Omega, tmp_path: Path) -> None:
    async def work() -> None:
        manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="repository")
        folder = {"type": "directory"}
        await manager.save({**folder, "replace": False}, "folder")
        await manager.save(dict(folder), "folder")
        with pytest.raises(HTTPError, match="already exists") as caught:
            await manager.save({**folder, "replace": False}, "folder")
        assert caught.value.status_code == 409

    asyncio.run(work())


def test_a_notebook_with_another_ending_is_a_file_with_lines(omega: Omega, tmp_path: Path) -> None:
    async def work() -> None:
        manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="repository")
        await manager.save(
            {"type": "notebook", "format": "json", "content": notebook("1")}, "a.txt"
        )
        text = (await manager.get("a.txt"))["content"]
        assert text.startswith('{\n "cells": [\n')
        model = await manager.get("a.txt", type="notebook")
        assert model["content"].cells[0].source == "1"

    asyncio.run(work())
