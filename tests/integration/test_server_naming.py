"""Names of new files, with several servers on one repository."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from omegaml_lab.server.contents.contents import OmegaContentsManager
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def test_a_name_that_another_server_took_meanwhile_is_left_to_it(
    omega: Omega, tmp_path: Path
) -> None:
    class Slow(OmegaContentsManager):
        async def increment_filename(self, *args: Any, **options: Any) -> str:
            name = str(await super().increment_filename(*args, **options))
            if name == "Untitled.ipynb":  # the other one is quicker
                omega.jobs.put(notebook("1"), "taken/Untitled.ipynb")
            return name

    manager = Slow(omega=omega, root="repository", root_dir=str(tmp_path))
    omega.jobs.make_folder("taken")
    new = asyncio.run(manager.new_untitled("taken", type="notebook"))
    assert new["name"] == "Untitled1.ipynb"
    assert omega.jobs.metadata("taken/Untitled.ipynb").revision == 1
