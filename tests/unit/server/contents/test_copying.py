"""Copies and names in the repository, as a contents manager makes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.printing import printed
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture
def manager(omega: Omega, tmp_path: Path) -> OmegaContentsManager:
    manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="repository")
    model = {"type": "notebook", "format": "json", "content": notebook("x = 1")}
    omega.jobs.make_folder("f")
    asyncio.run(manager.save(model, "f/a.ipynb"))
    return manager


def test_a_copy_knows_what_it_is_a_copy_of(manager: OmegaContentsManager, omega: Omega) -> None:
    asyncio.run(manager.copy("f/a.ipynb"))
    asyncio.run(manager.copy("f", "g"))
    for name in ("f/a-Copy1.ipynb", "g/f/a.ipynb"):
        found = omega.jobs.read_found(Name(name))
        assert found is not None
        assert found.metadata.origin is not None
        assert found.metadata.origin.name == "f/a.ipynb"


def test_a_folder_that_is_too_large_is_not_copied(
    manager: OmegaContentsManager, omega: Omega
) -> None:
    manager.max_copy_folder_size_mb = 1
    omega.jobs.put(bytes(2 << 20), "f/large.bin")
    with pytest.raises(HTTPError, match="larger than 1 MB"):
        asyncio.run(manager.copy("f", "g"))
    assert not omega.jobs.exists("g")


def test_a_new_name_says_what_is_kept(manager: OmegaContentsManager, omega: Omega) -> None:
    for path, kind in (
        ("f/a.json", "file"),
        ("f/b.ipynb", "notebook"),
    ):
        before = next(iter(omega.jobs.list("f")))
        asyncio.run(manager.rename_file(before, path))
        assert omega.jobs.metadata(Name(path)).kind == kind
    asyncio.run(manager.copy("f/b.ipynb", "f/c.txt"))
    assert omega.jobs.metadata(Name("f/c.txt")).kind == "file"
    assert omega.jobs.read_bytes(Name("f/c.txt")) == printed(omega.jobs.read_bytes("f/b.ipynb"))


@pytest.mark.parametrize("folder", ["f", "local"])
def test_hooks_see_copies_of_files(
    manager: OmegaContentsManager, omega: Omega, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "a.ipynb").write_bytes(omega.jobs.read_bytes("f/a.ipynb"))

    def strip(model: Any, **_: Any) -> None:
        model["content"]["cells"] = []

    manager.register_pre_save_hook(strip)
    copied = asyncio.run(manager.copy(f"{folder}/a.ipynb"))
    assert copied["name"] == "a-Copy1.ipynb"
    for name, cells in (("a.ipynb", 1), ("a-Copy1.ipynb", 0)):
        model = asyncio.run(manager.get(f"{folder}/{name}"))
        assert len(model["content"]["cells"]) == cells


def test_a_new_file_on_the_disk_waits_for_none_of_the_repository(
    manager: OmegaContentsManager,
) -> None:
    async def work() -> list[str]:
        repository, _ = manager._find("f")
        async with manager._naming[repository]:  # somebody waits for MongoDB
            models = [await manager.new_untitled("local", type="file") for _ in range(2)]
        return [model["name"] for model in models]

    assert asyncio.run(asyncio.wait_for(work(), 30)) == ["untitled", "untitled1"]
