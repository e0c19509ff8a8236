"""A working copy between a real repository and a real disk."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.store import budget
from omegaml_lab.store.recording import recording
from omegaml_lab.store.workcopy import WorkingCopy, replaced_line

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Jobs, Omega


@pytest.fixture
def jobs(omega: Omega) -> Jobs:
    return omega.jobs


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere") / "data"


@pytest.fixture
def copy(jobs: Jobs, tmp_path: Path) -> WorkingCopy:
    jobs.make_folder("etl")
    return WorkingCopy(jobs, "etl", tmp_path, limit=1e6)


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_the_folder_is_copied_with_folders_that_hold_no_notebooks(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    for name in ("etl/a b.csv", "etl/data/deep/ü.bin", "etl/.env", "etl/other/x.csv", "top.csv"):
        jobs.put(name.encode(), Name(name), kind="file")
    jobs.put("1", "etl/report")
    jobs.put("1", "etl/other/work")
    assert copy.pull() == []
    assert files(tmp_path) == {"a b.csv", "data/deep/ü.bin", ".env"}
    assert (tmp_path / "data/deep/ü.bin").read_bytes() == "etl/data/deep/ü.bin".encode()


def test_at_the_top_only_what_belongs_there_is_copied(jobs: Jobs, tmp_path: Path) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    jobs.put("1", "etl/report")
    jobs.put(b"1", "top.csv", kind="file")
    WorkingCopy(jobs, "", tmp_path, limit=1e6).pull()
    assert files(tmp_path) == {"top.csv"}


def test_what_a_kernel_leaves_is_kept_and_the_same_again_is_no_revision(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/a@2x.png").write_bytes(b"png")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x.pyc").write_bytes(b"")
    (tmp_path / ".cache").write_bytes(b"")
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    assert copy.push() == []
    assert jobs.list() == ["etl/figures/a@2x.png"]
    (tmp_path / "figures/a@2x.png").write_bytes(b"png")
    copy.push()
    assert jobs.metadata(Name("etl/figures/a@2x.png")).revision == 1
    (tmp_path / "figures/a@2x.png").write_bytes(b"png 2")
    copy.push()
    assert jobs.get(Name("etl/figures/a@2x.png")) == b"png 2"
    assert copy.pull() == []


def test_a_notebook_that_a_kernel_writes_is_one(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put("1 + 1", "source")
    (tmp_path / "made.ipynb").write_bytes(jobs.read_bytes("source"))
    (tmp_path / "broken.ipynb").write_text("{")
    assert copy.push() == []
    assert jobs.metadata(Name("etl/made.ipynb")).kind == "notebook"
    assert jobs.get(Name("etl/broken.ipynb")) == b"{"


def test_changes_go_both_ways_and_nothing_is_lost(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    jobs.put(b"2", "etl/a.csv", kind="file")
    copy.pull()
    assert (tmp_path / "a.csv").read_bytes() == b"2"
    jobs.put(b"theirs", "etl/a.csv", kind="file")
    (tmp_path / "a.csv").write_bytes(b"ours")
    copy.pull()
    assert (tmp_path / "a.csv").read_bytes() == b"ours"
    copy.push()
    assert [jobs.get(f"etl/a.csv@{n}") for n in (2, 3, 4)] == [b"2", b"theirs", b"ours"]


def test_what_a_kernel_has_not_seen_and_replaced_is_told_once(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    (tmp_path / "a.csv").write_bytes(b"ours")
    copy.push()
    (tmp_path / "a.csv").write_bytes(b"ours again")
    copy.push()
    assert copy.take_replaced() == []
    for name in ("etl/a.csv", "etl/new.csv", "etl/made.ipynb"):
        jobs.put(b"theirs", Name(name), kind="file")
        (tmp_path / name.removeprefix("etl/")).write_bytes(b"ours, the newest")
    jobs.put(b"same", "etl/same.csv", kind="file")
    (tmp_path / "same.csv").write_bytes(b"same")
    copy.push()
    told = copy.take_replaced()
    assert {(each.name, each.revision) for each in told} == {
        ("etl/a.csv", 4),
        ("etl/new.csv", 1),
        ("etl/made.ipynb", 1),
    }
    line = replaced_line(told[0])
    assert "etl/a.csv is now what a kernel has written" in line
    assert f"revision 4, which {told[0].owner} saved" in line
    assert jobs.get("etl/a.csv@4") == b"theirs"
    copy.push()
    assert copy.take_replaced() == []


def test_what_is_deleted_on_the_disk_stays_in_the_repository(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path, elsewhere: Path
) -> None:
    for name in ("a.csv", "b.csv", ".env", "data/c.csv"):
        jobs.put(b"1", f"etl/{name}", kind="file")
    copy.pull()
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").unlink()
    (tmp_path / "b.csv").symlink_to(tmp_path / ".env")
    (tmp_path / "data").rename(elsewhere)
    (tmp_path / "data").symlink_to(elsewhere)
    assert copy.push() == []
    copy.pull()
    assert not (tmp_path / "a.csv").exists()
    assert jobs.list() == ["etl/.env", "etl/a.csv", "etl/b.csv", "etl/data/c.csv"]
    assert jobs.trash().items == []


def test_what_is_dropped_in_the_repository_goes_unless_it_is_the_kernels(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    for name in "abc":
        jobs.put(b"1", f"etl/{name}.csv", kind="file")
    jobs.put(b"1", "etl/data/d.csv", kind="file")
    copy.pull()
    (tmp_path / "b.csv").write_bytes(b"changed here")
    (tmp_path / "own.csv").write_bytes(b"made here")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/own.txt").write_bytes(b"made here")
    copy.push()
    for name in ("a", "b", "own"):
        jobs.drop(f"etl/{name}.csv")
    jobs.put("1", "etl/data/work")  # now the folder is the place of other work
    copy.pull()
    assert files(tmp_path) == {"b.csv", "c.csv", "own.csv", "results/own.txt", "data/d.csv"}


def test_a_pull_overwrites_nothing_that_is_written_meanwhile(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    jobs.put(b"2", "etl/a.csv", kind="file")
    copyfileobj = shutil.copyfileobj

    def slowly(*args: Any) -> None:
        copyfileobj(*args)
        (tmp_path / "a.csv").write_bytes(b"ours")

    monkeypatch.setattr(shutil, "copyfileobj", slowly)
    copy.pull()
    assert (tmp_path / "a.csv").read_bytes() == b"ours"
    copy.push()
    assert jobs.get("etl/a.csv") == b"ours"


def test_what_is_written_as_it_was_is_no_change(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    jobs.put(b"theirs", "etl/a.csv", kind="file")
    (tmp_path / "a.csv").write_bytes(b"1")
    copy.push()
    copy.pull()
    assert (tmp_path / "a.csv").read_bytes() == b"theirs"
    assert jobs.metadata("etl/a.csv").revision == 2


def test_a_folder_that_went_takes_nothing_and_gets_nothing(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    jobs.rename("etl", "load")  # and nobody tells
    (tmp_path / "b.csv").write_text("2")
    assert "is not in the repository any more" in copy.push()[0]
    copy.pull()
    assert files(tmp_path) == {"a.csv", "b.csv"}
    assert not copy.is_kept()
    assert jobs.list() == ["load/a.csv"]
    copy.push(anyway=True)
    assert jobs.get("etl/b.csv") == b"2"


def test_what_is_too_much_is_left_out_and_named(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.put(os.urandom(2_000_000), "etl/big.bin", kind="file")
    jobs.put(b"1", "etl/small.bin", kind="file")
    (told,) = copy.pull()
    assert "etl/big.bin (2 MB)" in told
    assert "om.jobs.open('etl/big.bin')" in told
    assert files(tmp_path) == {"small.bin"}
    (tmp_path / "out.bin").write_bytes(bytes(2_000_000))
    (told,) = copy.push()
    assert "out.bin (2 MB)" in told
    monkeypatch.setattr(budget, "MOST", 10)
    for number in range(30):
        (tmp_path / f"many{number:02}").write_text(str(number))
    for _ in range(2):
        told = "\n".join(copy.push())
        assert "more than 10 files" in told
        assert "16 more" in told
        assert len(jobs.list("etl")) == 12


def test_what_a_kernel_cannot_see_it_does_not_replace(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put("1", "etl/other/work")
    jobs.put(b"theirs", "etl/other/prices.csv", kind="file")
    jobs.put(os.urandom(2_000_000), "etl/big.bin", kind="file")
    copy.pull()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/prices.csv").write_text("ours")
    (tmp_path / "big.bin").write_text("ours")
    told = "\n".join(copy.push())
    assert "other/prices.csv is not kept" in told
    assert "big.bin is not kept" in told
    assert not copy.is_kept()
    assert jobs.get("etl/other/prices.csv") == b"theirs"
    told = "\n".join(copy.push(anyway=True))
    assert told == ""
    assert {before.name for before in copy.take_replaced()} == {
        "etl/other/prices.csv",
        "etl/big.bin",
    }
    assert jobs.get("etl/other/prices.csv@1") == b"theirs"
    jobs.put(b"theirs", "etl/new.csv", kind="file")  # which a pull would bring
    (tmp_path / "new.csv").write_text("ours")
    copy.push()
    assert jobs.get("etl/new.csv") == b"ours"


def test_empty_folders_are_there(jobs: Jobs, copy: WorkingCopy, tmp_path: Path) -> None:
    jobs.make_folder("etl/plots/deep")
    (tmp_path / "taken").write_text("x")
    jobs.make_folder("etl/taken/inside")
    copy.pull()
    assert (tmp_path / "plots/deep").is_dir()
    assert (tmp_path / "taken").read_text() == "x"


def test_a_name_that_nothing_can_be_kept_under_is_named(copy: WorkingCopy, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("x")
    (tmp_path / os.fsdecode(b"\xff\xfe.txt")).write_text("x")
    (told,) = copy.push()
    assert "is not kept beside the notebook" in told


def test_reads_are_noted_where_they_happened(
    omega: Omega, jobs: Jobs, copy: WorkingCopy, tmp_path: Path
) -> None:
    jobs.put(b"1", "etl/read.csv", kind="file")
    jobs.put(b"1", "etl/unread.csv", kind="file")
    copy.pull()
    (tmp_path / "read.csv").read_bytes()
    with recording("a" * 16):
        copy.note_reads()
        jobs.put("1", "etl/result")  # which waits for the notes
    links = omega.storage.lineage.read_by(["a" * 16], limit=10)
    assert [str(link.source) for link in links] == ["jobs etl/read.csv@1"]


def test_nothing_is_written_through_a_link(
    jobs: Jobs, copy: WorkingCopy, tmp_path: Path, elsewhere: Path
) -> None:
    jobs.put(b"1", "etl/data/a.csv", kind="file")
    copy.pull()
    (tmp_path / "data").rename(elsewhere)
    (tmp_path / "data").symlink_to(elsewhere)
    jobs.put(b"2", "etl/data/deep/b.csv", kind="file")
    (told,) = copy.pull()
    assert "a link is in the place of its folder" in told
    assert files(elsewhere) == {"a.csv"}
    assert not (elsewhere / "deep").exists()


def test_what_cannot_be_looked_at_is_told(jobs: Jobs, copy: WorkingCopy, tmp_path: Path) -> None:
    jobs.put(b"1", "etl/a.csv", kind="file")
    copy.pull()
    shutil.rmtree(tmp_path)
    (told,) = copy.push()
    assert "cannot be looked at" in told
    jobs.put(b"2", "etl/a.csv", kind="file")
    (told,) = copy.pull()
    assert "the folder of the kernel is gone" in told
    assert not tmp_path.exists()
    assert jobs.list() == ["etl/a.csv"]


def test_a_renamed_folder_is_followed(jobs: Jobs, tmp_path: Path) -> None:
    jobs.put(b"1", "etl/in/a.csv", kind="file")
    copy = WorkingCopy(jobs, "etl/in", tmp_path, limit=1e6)
    copy.pull()
    jobs.rename("etl", "load")
    copy.follow("et", "x")
    copy.follow("etl", "load")
    (tmp_path / "b.csv").write_text("2")
    copy.push()
    copy.pull()
    assert jobs.list() == ["load/in/a.csv", "load/in/b.csv"]
    assert files(tmp_path) == {"a.csv", "b.csv"}
