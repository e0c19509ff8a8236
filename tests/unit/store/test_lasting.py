"""What is said of all revisions of an object outlives whatever replaces one of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.retention import lasting

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega
    from omegaml_lab.store.store import OmegaStore

SAID = {"checkpoints": [1, 2], "retention": "last 1"}


@pytest.fixture
def target(omega: Omega) -> OmegaStore:
    """The store of another bucket, with something that has a history."""
    store = omega.datasets.in_bucket("prod")
    for n in range(3):
        store.put(str(n), "x")
    store.annotate("x", {**SAID, "note": "old"})
    omega.datasets.put("new", "x", attributes={"note": "new"})
    omega.datasets.annotate("x", {"checkpoints": [77], "retention": "all"})
    return store


@pytest.mark.parametrize("how", ["promote", "copy", "import"])
def test_what_comes_from_elsewhere_leaves_it(
    omega: Omega, target: OmegaStore, tmp_path: Path, how: str
) -> None:
    if how == "promote":
        omega.datasets.promote("x", bucket="prod")
    elif how == "copy":
        omega.datasets.copy("x", bucket="prod", replace=True)
    else:
        omega.export(tmp_path / "a.zip", "datasets")
        target.move("x", bucket=omega.bucket, new="y")
        omega.datasets.rename("x", "away")
        omega.datasets.rename("y", "x")
        omega.import_(tmp_path / "a.zip", on_conflict="replace")
        target = omega.datasets
    there = target.metadata("x")
    assert (there.revision, there.attributes["note"]) == (4, "new")
    assert lasting(there.attributes) == SAID
    omega.gc(grace=timedelta(0))
    assert [m.revision for m in target.history("x")] == [4, 2, 1]
    assert target.get("x") == "new"


def test_a_copy_takes_none_along(omega: Omega, target: OmegaStore) -> None:
    assert lasting(omega.datasets.copy("x", "fresh").attributes) == {}
    assert lasting(target.copy("x@1", "first").attributes) == {}


def test_a_put_ends_what_it_names_only(omega: Omega) -> None:
    data = omega.datasets
    data.put(1, "x", attributes={**SAID, "note": "a"})
    assert data.put(2, "x").attributes.items() >= {**SAID, "note": "a"}.items()
    assert data.put(3, "x", attributes={}).attributes.items() >= SAID.items()
    ended = data.put(4, "x", attributes={"retention": None, "note": None, "checkpoints": [3]})
    assert lasting(ended.attributes) == {"checkpoints": [3]}
    assert ended.attributes["note"] is None


def test_a_checkpoint_is_kept_like_what_is_tagged(omega: Omega) -> None:
    data = omega.datasets
    data.put(1, "x", attributes={"checkpoints": [1]})
    data.put(2, "x", keep=False)
    data.put(3, "x", keep=False)
    assert [m.revision for m in data.history("x")] == [3, 1]
    assert data.get("x@1") == 1
