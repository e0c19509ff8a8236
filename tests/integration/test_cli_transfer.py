"""`omega … copy, move, promote, lineage`, `omega export` and `omega import`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Protocol

import pytest

from omegaml_lab.cli import main
from omegaml_lab.omega import Omega
from omegaml_lab.store.recording import recording
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = "a b/ü%+(1)[x]{$}."


class Call(Protocol):
    """Calls `omega` as a shell would: arguments to exit code, output and error output."""

    def __call__(self, *arguments: str) -> tuple[int, str, str]: ...


@pytest.fixture
def cli(
    omega: Omega,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Call:
    for name in [name for name in os.environ if name.startswith("OMEGA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)
    monkeypatch.setenv("OMEGA_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def other(omega: Omega, mongo_server_url: str) -> Iterator[Omega]:
    url = database_url(mongo_server_url, f"{omega.storage.database}_other")
    with Omega(url, config=omega.config) as other:
        yield other
        other.storage.erase()


def test_copies_moves_and_promotes(cli: Call, omega: Omega, other: Omega) -> None:
    for n in (1, 2):
        omega.datasets.put(n, ODD)
    code, out, err = cli("datasets", "copy", f"{ODD}@1", "copy", "--to-bucket", "prod")
    assert (code, out, err) == (0, f"datasets {ODD}@1 is copied to copy@1 in bucket prod\n", "")
    code, _, err = cli("datasets", "copy", ODD, "copy", "--to-bucket", "prod")
    assert code == 1
    assert "'copy' already exists" in err
    code, out, _ = cli("datasets", "promote", ODD, "--to-bucket", "prod", "--json")
    promoted = json.loads(out)
    assert (promoted["bucket"], promoted["origin"]["revision"]) == ("prod", 2)
    assert cli("datasets", "promote", ODD)[0] == 2  # it is not said where to
    assert cli("datasets", "move", ODD, "new", "--to-url", other.url)[0] == 0
    assert [m.revision for m in other.datasets.history("new")] == [2, 1]
    assert omega.datasets.list() == []
    _, out, _ = cli("--bucket", "prod", "datasets", "show", "copy")
    assert f"datasets {ODD}@1" in out


def test_an_archive_goes_there_and_back(
    cli: Call, omega: Omega, other: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put([1], ODD)
    omega.jobs.put("1", "job")
    file = str(tmp_path / "all.omega")
    code, out, err = cli("export", file)
    assert (code, err) == (0, "")
    assert f"{file} written: 3 objects" in out
    assert "--force" in cli("export", file)[2]
    assert len(json.loads(cli("export", file, f"datasets/{ODD}", "--force", "--json")[1])) == 1
    code, _, err = cli("export", file, "flights", "--force")
    assert code == 1
    assert "starts with the store" in err
    assert cli("export", file, "--force")[0] == 0
    monkeypatch.setenv("OMEGA_MONGO_URL", other.url)
    assert "3 objects would be taken in" in cli("import", file, "--dry-run")[1]
    assert other.datasets.list() == []
    assert json.loads(cli("import", file, "jobs", "--json")[1])["taken"] == ["jobs/job.ipynb"]
    assert "2 objects taken in, 1 were here already" in cli("import", file)[1]
    assert other.datasets.get(ODD) == [1]
    other.jobs.put("2", "job")
    assert "already exists" in cli("import", file)[2]
    assert "jobs/job.ipynb is skipped" in cli("import", file, "--on-conflict", "skip")[1]
    (tmp_path / "bad").write_bytes(b"no archive")
    code, out, err = cli("import", str(tmp_path / "bad"))
    assert (code, out) == (1, "")
    assert "cannot be taken in: it is no archive" in err


def test_lineage_is_shown(cli: Call, omega: Omega) -> None:
    omega.datasets.put(1, "raw")
    with recording("0123456789abcdef"):
        omega.models.put(b"%d" % omega.datasets.get("raw"), "m", kind="file")
    omega.models.promote("m", bucket="prod")
    code, out, _ = cli("--bucket", "prod", "models", "lineage", "m")
    assert code == 0
    assert out.splitlines() == [
        "prod: models m@1",
        "  copied from models m@1",
        "    made by run 01234567",
        "      read datasets raw@1",
    ]
    _, out, _ = cli("datasets", "lineage", "raw", "--depth", "1")
    assert out.splitlines() == [
        "datasets raw@1",
        "  read by run 01234567",
        "    wrote models m@1",
        "… and more: --depth looks further.",
    ]
    omega.datasets.put(1, "alone")
    assert "No run has made it" in cli("datasets", "lineage", "alone")[1]
    plain = json.loads(cli("datasets", "lineage", "raw", "--json")[1])
    assert plain["complete"]
    assert "no 'raww'" in cli("datasets", "lineage", "raww")[2]
