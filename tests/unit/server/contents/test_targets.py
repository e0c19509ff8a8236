"""Which job a path means, and which path a job has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.targets import contents_path, files_of_bucket, target_of

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def manager(omega: Omega, folder: Path, **settings: Any) -> OmegaContentsManager:
    async def make() -> OmegaContentsManager:
        return OmegaContentsManager(omega=omega, root_dir=str(folder), **settings)

    return asyncio.run(make())


def test_what_is_hidden_on_the_disk_is_not_run(omega: Omega, tmp_path: Path) -> None:
    (tmp_path / ".secret").mkdir()
    (tmp_path / ".secret" / "a.ipynb").write_bytes(b"secret")
    contents = manager(omega, tmp_path)
    target = target_of(contents, path=".secret/a.ipynb")
    with pytest.raises(HTTPError, match="no notebook") as caught:
        target.bring(omega)
    assert caught.value.status_code == 404
    contents.allow_hidden = True
    assert target.read() == b"secret"


@pytest.mark.parametrize("root", ["repository", "disk"])
def test_a_job_and_its_path_lead_to_each_other(omega: Omega, tmp_path: Path, root: str) -> None:
    contents = manager(omega, tmp_path, root=root)
    for name in ("a.ipynb", "folder/a.ipynb", "locality/a.ipynb", "repo/a.ipynb"):
        path = contents_path(contents, name)
        assert target_of(contents, path=path).job == Name(name)


def test_a_job_where_the_disk_is_has_no_path(omega: Omega, tmp_path: Path) -> None:
    """Else the disk's notebook of that path would be opened, or run, in its place."""
    contents = manager(omega, tmp_path, root="repository")
    assert contents_path(contents, "local/a.ipynb") is None
    assert contents_path(contents, "local") is None
    assert contents_path(contents, "") == ""
    unseen = manager(omega, tmp_path, root="disk", repository_name="")
    assert contents_path(unseen, "a.ipynb") is None


def test_files_beside_a_notebook_of_another_bucket_come_along(
    omega: Omega, tmp_path: Path
) -> None:
    contents = manager(omega, tmp_path, root="repository", buckets={"team": "read"})
    team = omega.in_bucket("team").jobs
    odd = "etl [1] ü%"
    team.put("a = 1", Name(f"{odd}/report.ipynb"), kind="notebook")
    team.put("a = 1", Name(f"{odd}/other.ipynb"), kind="notebook")
    for name in ("prices.csv", "data/deep.csv", "helper.py"):
        team.put(b"1", Name(f"{odd}/{name}"), kind="file")
    team.make_folder(Name(f"{odd}/empty"))
    target = target_of(contents, path=f"team/{odd}/report.ipynb")
    place = f"uploads/team/{odd}"
    for _ in range(2):
        assert target.bring(omega) == Name(f"{place}/report.ipynb")
    names = {meta.name: meta.revision for meta in omega.jobs.entries(place, recursive=True).items}
    assert names.keys() == {
        f"{place}/{name}"
        for name in ("report.ipynb", "prices.csv", "data", "data/deep.csv", "helper.py", "empty")
    }
    assert names[f"{place}/prices.csv"] == 1  # what is as it was is not copied again

    omega.jobs.put(b"by a run", Name(f"{place}/prices.csv"), kind="file")
    team.put(b"2", Name(f"{odd}/data/deep.csv"), kind="file")
    target.bring(omega)
    assert omega.jobs.get(Name(f"{place}/prices.csv")) == b"1"
    assert omega.jobs.get(Name(f"{place}/prices.csv", revision=2)) == b"by a run"
    assert omega.jobs.get(Name(f"{place}/data/deep.csv")) == b"2"


def test_paths_of_buckets_that_are_shown(omega: Omega, tmp_path: Path) -> None:
    contents = manager(omega, tmp_path, root="repository", buckets={"team": "read"})
    assert contents_path(contents, "a.csv", "team") == "team/a.csv"
    assert contents_path(contents, "a.csv", omega.bucket) == "a.csv"
    for hidden in ("other", "local"):
        assert contents_path(contents, "a.csv", hidden) is None
        with pytest.raises(HTTPError, match="does not show the bucket"):
            files_of_bucket(contents, hidden)
