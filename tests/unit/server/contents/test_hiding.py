"""What mounts hide is told, with a way to reach it that works."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.hiding import Hiding, hidden_by_mounts

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def told(omega: Omega, folder: Path, root: str) -> list[str]:
    async def look() -> list[str]:
        buckets = {"team": "read"}
        return await hidden_by_mounts(
            OmegaContentsManager(omega=omega, root_dir=str(folder), root=root, buckets=buckets)
        )

    return asyncio.run(look())


@pytest.mark.parametrize("root", ["repository", "disk"])
def test_nothing_is_hidden(omega: Omega, tmp_path: Path, root: str) -> None:
    (tmp_path / "local").mkdir()  # of no mount where the disk is the root, and the reverse
    omega.jobs.make_folder("repo")
    assert told(omega, tmp_path, root) == []


def test_what_is_hidden_on_the_disk(omega: Omega, tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "team").write_text("x")
    repo, team = told(omega, tmp_path, "disk")
    assert repo.startswith(f"'repo' of {tmp_path} is not shown: the folder of this name shows the")
    assert "bucket 'default'" in repo
    assert "another name on the disk, or choose another OmegaContentsManager.repo" in repo
    assert "bucket 'team'" in team
    assert "take 'team' out of OmegaContentsManager.buckets" in team


def test_what_is_hidden_in_the_repository(omega: Omega, tmp_path: Path) -> None:
    omega.jobs.put(b"x", Name("local/a.txt"), kind="file")
    (line,) = told(omega, tmp_path, "repository")
    assert "'local' of the bucket 'default' is not shown" in line
    assert "shows the disk" in line
    assert "with `omega jobs move`, or choose another OmegaContentsManager.disk_name" in line
    omega.jobs.move("local", "elsewhere")
    assert told(omega, tmp_path, "repository") == []
    assert omega.jobs.read_bytes(Name("elsewhere/a.txt")) == b"x"


def test_it_is_not_looked_at_for_everybody_who_asks(omega: Omega, tmp_path: Path) -> None:
    async def polled(pause: float) -> list[list[str]]:
        manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="disk")
        hiding = Hiding(manager, pause=pause)
        hiding.tell()
        await asyncio.sleep(0.5)
        (tmp_path / "repo").mkdir()
        answers = []
        for _ in range(3):
            answers.append(hiding.tell())
            await asyncio.sleep(0.5)
        (tmp_path / "repo").rmdir()
        return answers

    assert asyncio.run(polled(pause=60)) == [[], [], []]
    assert any(asyncio.run(polled(pause=0)))
