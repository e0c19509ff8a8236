"""The working copies of a server, on a real repository."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.modules import ModuleFolder
from omegaml_lab.server.kernels.workcopies import SharedCopy, WorkingCopies

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

ETL = ModuleFolder(bucket="default", folder="etl")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def copies(omega: Omega, tmp_path: Path, told: list[str]) -> WorkingCopies:
    omega.jobs.make_folder("etl")
    return WorkingCopies(
        tmp_path / "work",
        limit=1000,
        tell=lambda line, **where: told.append(" ".join([line, *where.values()])),
    )


def test_kernels_of_a_folder_share_it_until_the_last_one_ends(
    omega: Omega, copies: WorkingCopies
) -> None:
    first, second = (copies.open(k, ETL, lambda: omega.jobs, written=True) for k in "ab")
    assert first == second
    (first / "a.csv").write_text("1")
    copies.close("a")
    assert omega.jobs.get("etl/a.csv") == b"1"
    assert first.exists()
    copies.close("b")
    assert not first.exists()
    copies.close("b")
    assert not copies.has("b")


def test_two_may_close_the_same_one(
    copies: WorkingCopies, omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = copies.open("a", ETL, lambda: omega.jobs, written=True)
    both = threading.Barrier(2, timeout=30)
    monkeypatch.setattr(SharedCopy, "sync", lambda _: both.wait() >= 0)
    with ThreadPoolExecutor(2) as pool:
        for closing in [pool.submit(copies.close, "a") for _ in range(2)]:
            closing.result()
    assert not copies.has("a")
    assert not place.exists()


def test_what_is_only_looked_at_is_nobodys_and_not_kept(
    omega: Omega, copies: WorkingCopies
) -> None:
    omega.jobs.put(b"1", "etl/a.csv", kind="file")
    first, second = (copies.open(k, ETL, lambda: omega.jobs, written=False) for k in "ab")
    assert first != second
    (first / "a.csv").write_text("2")
    (first / "b.csv").write_text("2")
    copies.sync("a")
    copies.close("a")
    assert not first.exists()
    assert (second / "a.csv").read_text() == "1"
    assert omega.jobs.list() == ["etl/a.csv"]
    assert omega.jobs.metadata("etl/a.csv").revision == 1


def test_what_cannot_be_kept_stays_on_the_disk_and_is_told_once(
    omega: Omega, copies: WorkingCopies, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    place = copies.open("a", ETL, lambda: omega.jobs, written=True)
    (place / "big.bin").write_bytes(bytes(2000))
    copies.sync("a")
    copies.sync("a")
    copies.close("a")
    assert (place / "big.bin").exists()
    assert "big.bin (2 kB) is not kept beside the notebook" in caplog.text
    assert len(told) == 1
    assert "big.bin (2 kB) is not kept" in told[0]
    assert f"Files that are not in the repository stay in {place}" in caplog.text
    copies.end()
    assert (place / "big.bin").exists()
    assert [*place.parent.glob(".etl*")] == []


def test_a_rename_is_followed_in_its_bucket(omega: Omega, copies: WorkingCopies) -> None:
    omega.jobs.put(b"1", "etl/a.csv", kind="file")
    place = copies.open("a", ETL, lambda: omega.jobs, written=True)
    omega.jobs.rename("etl", "load")
    copies.follow("other", "etl", "x")
    copies.follow("default", "etl", "load")
    assert copies.concern("default", "load/a.csv", None)
    assert not copies.concern("default", "load/a.ipynb", "etl/a.csv")
    assert not copies.concern("other", "load/a.csv")
    copies.pull()
    (place / "b.csv").write_text("2")
    copies.sync("a")
    assert omega.jobs.list() == ["load/a.csv", "load/b.csv"]
    omega.jobs.put(b"new", "etl/new.csv", kind="file")
    other = copies.open("b", ETL, lambda: omega.jobs, written=True)
    assert other != place
    assert [path.name for path in other.iterdir()] == ["new.csv"]


def test_what_a_dead_server_left_goes_after_a_week(
    omega: Omega, copies: WorkingCopies, tmp_path: Path
) -> None:
    living = copies.open("a", ETL, lambda: omega.jobs, written=True).parent
    young, old = (tmp_path / "work" / f"server-{name}" for name in ("young", "old"))
    for folder in (young, old):
        folder.mkdir()
        (folder / ".lock").touch()
        (folder / "left.csv").write_text("1")
    long_ago = time.time() - 8 * 24 * 3600
    for folder in (living, old):
        os.utime(folder / ".lock", (long_ago, long_ago))
    other = WorkingCopies(tmp_path / "work", limit=1000)
    mine = other.open("b", ETL, lambda: omega.jobs, written=True).parent
    assert set((tmp_path / "work").iterdir()) == {living, young, mine}
    other.close("b")
    other.end()
    assert not mine.exists()


def test_a_file_that_is_no_notebook_keeps_none_from_being_kept(
    omega: Omega, copies: WorkingCopies, told: list[str]
) -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": [1, 2]}
    code = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [printed]}
    bad = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code]}
    place = copies.open("a", ETL, lambda: omega.jobs, written=True)
    (place / "bad.ipynb").write_text(json.dumps(bad))
    (place / "results.csv").write_text("1")
    copies.close("a")
    assert omega.jobs.list() == ["etl/bad.ipynb", "etl/results.csv"]
    assert told == []


def test_a_save_that_a_kernel_replaced_is_told_with_its_place(
    omega: Omega, copies: WorkingCopies, told: list[str]
) -> None:
    place = copies.open("a", ETL, lambda: omega.jobs, written=True)
    omega.jobs.put(b"theirs", "etl/a.csv", kind="file")
    (place / "a.csv").write_text("ours")
    copies.sync("a")
    copies.sync("a")
    (line,) = told
    assert "had not seen revision 1" in line
    assert line.endswith("etl/a.csv default")
    copies.close("a")
    assert not place.exists()  # for all is kept
