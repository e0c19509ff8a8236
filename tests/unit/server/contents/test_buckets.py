"""Other buckets beside the user's own, and those that are only to be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.core.errors import ConfigError
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.targets import contents_path, target_of
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omegaml_lab.omega import Omega

TEXT = {"type": "file", "format": "text", "content": "new"}


@pytest.fixture(params=["repository", "disk"])
def manager(request: pytest.FixtureRequest, omega: Omega, tmp_path: Path) -> OmegaContentsManager:
    for bucket in ("team", "archive"):
        jobs = omega.in_bucket(bucket).jobs
        jobs.put(notebook(f"print('{bucket}')"), "folder/n.ipynb")
        jobs.put(b"old", "a.txt")
    (tmp_path / "files").mkdir()

    async def make() -> OmegaContentsManager:
        return OmegaContentsManager(
            omega=omega,
            root_dir=str(tmp_path / "files"),
            root=request.param,
            buckets={"team": "write", "archive": "read"},
        )

    return asyncio.run(make())


def own(manager: OmegaContentsManager, name: str) -> str:
    path = contents_path(manager, name)
    assert path is not None
    return path


def does(work: Callable[[], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        return await work()

    return asyncio.run(run())


def refused(status: int, work: Callable[[], Awaitable[Any]]) -> str:
    with pytest.raises(HTTPError) as caught:
        does(work)
    assert caught.value.status_code == status
    return str(caught.value)


def test_they_are_folders_of_the_root(manager: OmegaContentsManager) -> None:
    top = does(lambda: manager.get(""))
    assert {"team": True, "archive": False}.items() <= {
        entry["name"]: entry["writable"] for entry in top["content"]
    }.items()
    listed = does(lambda: manager.get("team"))["content"]
    assert [entry["path"] for entry in listed] == ["team/folder", "team/a.txt"]
    model = does(lambda: manager.get("archive/folder/n.ipynb"))
    assert model["content"].cells[0].source == "print('archive')"
    assert model["path"] == "archive/folder/n.ipynb"


def test_what_is_saved_is_in_that_bucket(manager: OmegaContentsManager, omega: Omega) -> None:
    does(lambda: manager.save(dict(TEXT), "team/a.txt"))
    team = omega.in_bucket("team").jobs
    assert team.read_bytes("a.txt") == b"new"
    assert not omega.jobs.exists("a.txt")
    point = does(lambda: manager.create_checkpoint("team/a.txt"))
    does(lambda: manager.save({**TEXT, "content": "newer"}, "team/a.txt"))
    assert does(lambda: manager.list_checkpoints("team/a.txt")) == [point]
    does(lambda: manager.restore_checkpoint(point["id"], "team/a.txt"))
    assert team.read_bytes("a.txt") == b"new"
    does(lambda: manager.delete("team/folder"))
    assert team.list("folder", recursive=True) == []
    assert [entry.name for entry in team.trash().items] == ["folder"]


def test_what_is_only_shown_is_not_changed(manager: OmegaContentsManager, omega: Omega) -> None:
    does(lambda: manager.save(dict(TEXT), own(manager, "mine.txt")))
    there = omega.in_bucket("archive").jobs
    before = [meta.to_dict() for meta in there.entries(recursive=True).items]
    for work in (
        lambda: manager.save(dict(TEXT), "archive/a.txt"),
        lambda: manager.save({**TEXT, "chunk": 1}, "archive/big.txt"),
        lambda: manager.save({"type": "directory"}, "archive/new"),
        lambda: manager.new_untitled("archive", type="notebook"),
        lambda: manager.delete("archive/a.txt"),
        lambda: manager.delete("archive/folder"),
        lambda: manager.rename("archive/a.txt", "archive/b.txt"),
        lambda: manager.rename("archive/a.txt", own(manager, "a.txt")),
        lambda: manager.rename("archive/folder", "team/moved"),
        lambda: manager.rename(own(manager, "mine.txt"), "archive/mine.txt"),
        lambda: manager.copy(own(manager, "mine.txt"), "archive"),
        lambda: manager.copy("archive/a.txt", "archive"),
        lambda: manager.create_checkpoint("archive/a.txt"),
    ):
        assert "read-only" in refused(403, work)
    assert [meta.to_dict() for meta in there.entries(recursive=True).items] == before
    assert omega.jobs.read_bytes("mine.txt") == b"new"
    assert not does(lambda: manager.exists(own(manager, "a.txt")))
    copied = does(lambda: manager.copy("archive/folder", own(manager, "")))
    assert omega.jobs.exists("folder/n.ipynb")
    assert copied["writable"]


def test_a_move_to_another_bucket_takes_the_revisions_along(
    manager: OmegaContentsManager, omega: Omega
) -> None:
    for text in ("1", "2"):
        does(lambda text=text: manager.save({**TEXT, "content": text}, own(manager, "mine.txt")))
    does(lambda: manager.rename(own(manager, "mine.txt"), "team/folder/theirs.txt"))
    team = omega.in_bucket("team").jobs
    assert team.read_bytes("folder/theirs.txt@1") == b"1"
    refused(409, lambda: manager.rename("team/folder/theirs.txt", "team/a.txt"))
    refused(409, lambda: manager.rename("team/folder", own(manager, "") or "team"))
    does(lambda: manager.rename("team/folder", own(manager, "folder")))
    assert omega.jobs.read_bytes("folder/theirs.txt@1") == b"1"
    refused(400, lambda: manager.rename("team", own(manager, "x")))


def test_a_notebook_of_another_bucket_is_run_as_a_copy(
    manager: OmegaContentsManager, omega: Omega
) -> None:
    target = target_of(manager, path="archive/folder/n.ipynb")
    assert target.bring(omega) == Name("uploads/archive/folder/n.ipynb")
    assert "in the bucket 'archive'" in target.notice("x")
    assert omega.jobs.get("uploads/archive/folder/n.ipynb").cells[0].source == "print('archive')"
    with pytest.raises(HTTPError, match="no notebook"):
        target_of(manager, path="team/missing.ipynb").bring(omega)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("default", "anyway"), ("local", "another folder"), ("a/b", "a/b"), ("", "buckets")],
)
def test_what_cannot_be_shown_is_refused(
    omega: Omega, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        OmegaContentsManager(
            omega=omega, root_dir=str(tmp_path), root="repository", buckets={name: "read"}
        )
