"""Files of kernels: whose start waits for them is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.modules import ModuleFolder
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.kernels.kernelfiles import KernelFiles
from omegaml_lab.server.threads import Threads

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.mark.parametrize(("patience", "lines"), [(60.0, 0), (0.0, 1)])
def test_a_start_that_waits_for_files_says_so(
    omega: Omega, tmp_path: Path, patience: float, lines: int
) -> None:
    for number in range(20):
        omega.jobs.put(bytes(100_000), Name(f"etl/{number}.bin"), kind="file")
    told: list[str] = []

    async def start() -> str | None:
        manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path))
        files = KernelFiles(omega.config, Threads(size=1))
        files.tell, files.patience = told.append, patience
        where = ModuleFolder(bucket=omega.bucket, folder="etl")
        place = await files.open("kernel", where, manager.repository, viewed=False)
        assert place is not None
        assert len([*(manager.omega.config.home / "work").glob("*/*/*.bin")]) == 20
        await files.close("kernel")
        await files.end()
        return place

    asyncio.run(start())
    assert len(told) == lines
    assert all("A kernel of etl starts as soon as" in line for line in told)
    assert all("256 MB (files_megabytes sets the limit)" in line for line in told)


def test_a_start_without_files_says_so(omega: Omega, tmp_path: Path) -> None:
    told: list[str] = []

    async def start() -> None:
        manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path))
        files = KernelFiles(omega.config, Threads(size=1))
        files.tell = told.append
        omega.config.home.mkdir(parents=True, exist_ok=True)
        (omega.config.home / "work").write_text("in the way of the folder")
        where = ModuleFolder(bucket=omega.bucket, folder="")
        assert await files.open("kernel", where, manager.repository, viewed=False) is None
        await files.end()

    asyncio.run(start())
    (line,) = told
    assert line.startswith("A kernel of the top of the repository starts without the files")
    assert "File exists. Start it again" in line
