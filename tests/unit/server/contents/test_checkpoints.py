"""Checkpoints that two people make and delete at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.storage.heads import Heads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something between somebody's look at attributes and the change of them."""

    def meanwhile(act: Callable[[], object]) -> None:
        def annotate(*args: Any) -> Any:
            monkeypatch.setattr(Heads, "annotate", true)
            act()
            return true(*args)

        true = Heads.annotate
        monkeypatch.setattr(Heads, "annotate", annotate)

    return meanwhile


def test_none_is_lost(
    omega: Omega, tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    manager = OmegaContentsManager(omega=omega, root_dir=str(tmp_path))
    points: Any = manager.checkpoints
    files = manager.repository.files
    jobs, name = omega.jobs, "odd ü%+[1]@2.txt"

    def another() -> None:
        jobs.put("2", name)
        points._create(files, name)

    name = jobs.put("1", name).name
    meanwhile(another)
    points._create(files, name)
    assert [point["id"] for point in points._list(files, name)] == ["1", "2"]
    jobs.put("3", name)
    meanwhile(lambda: points._delete(files, "1", name))
    points._create(files, name)
    assert [point["id"] for point in points._list(files, name)] == ["2", "3"]
    points.max_checkpoints = 1
    points._create(files, name)
    assert [point["id"] for point in points._list(files, name)] == ["3"]
