"""Archives: what one repository writes another takes in, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import bson
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from omegaml_lab.core.archives import Imported
from omegaml_lab.core.errors import (
    InvalidArchiveError,
    InvalidNameError,
    ObjectExistsError,
    ObjectNotFoundError,
    OmegaError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.core.archives import TransferProgress

ODD = "a b/ü%+(1)[x]{$}.@3"
BIG = bytes(range(256)) * 20_000


@pytest.fixture
def other(mongo_server_url: str, omega: Omega) -> Iterator[Omega]:
    """Another repository."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    with Omega(url, config=omega.config) as other:
        yield other
        other.storage.erase()


def frame() -> pd.DataFrame:
    times = pd.date_range("2024-03-30", periods=300, freq="h", tz="Europe/Zurich").as_unit("ns")
    return pd.DataFrame(
        {
            "n": pd.array([1, None, 3] * 100, dtype="Int64"),
            ("a", 1): pd.Categorical(["x", "y", None] * 100),
            "f": np.linspace(0, 1, 300, dtype="float32"),
        },
        index=times,
    )


@pytest.fixture
def filled(omega: Omega) -> Omega:
    """A repository with something of everything."""
    omega.datasets.put(frame(), "flights", chunk_rows=100, attributes={"source": ["faa"]})
    omega.datasets.put(frame(), "flights", append=True, chunk_rows=100)
    for n in (1, 2, 3):
        omega.datasets.put({"n": n}, Name(ODD))
    omega.datasets.make_folder("empty")
    omega.jobs.put("print('ü')", "folder/report")
    omega.models.put(BIG, "folder/model", kind="file")
    omega.scripts.put("def f(): ...", "f.py")
    return omega


@pytest.fixture(scope="module")
def somewhere(mongo_server_url: str) -> Iterator[Omega]:
    """A repository for what is refused."""
    url = database_url(mongo_server_url, f"omega_test_{uuid.uuid4().hex[:12]}")
    with Omega(url) as omega:
        yield omega
        omega.storage.erase()


@pytest.fixture(scope="module")
def flights(somewhere: Omega, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one frame."""
    file = tmp_path_factory.mktemp("archive") / "flights.omega"
    somewhere.datasets.put(frame(), "flights")
    somewhere.export(file)
    somewhere.datasets.drop("flights", keep=False)
    return file


def contents(omega: Omega) -> dict[str, Any]:
    """Return the metadata of all revisions, without identities and places."""
    found = {}
    for store in ("datasets", "models", "jobs", "scripts"):
        for entry in omega.store(store).entries(recursive=True).items:
            kept = omega.store(store).metadata(Name(entry.name))
            known = [kept] if kept.is_folder else omega.store(store).history(Name(entry.name))
            for m in known:
                plain = m.to_dict()
                del plain["origin"], plain["bucket"]
                if m.is_folder:  # one that is there already stays
                    plain = {"kind": "folder"}
                found[f"{store}/{entry.name}@{m.revision}"] = plain
    return found


def test_a_bucket_goes_to_another_repository(filled: Omega, other: Omega, tmp_path: Path) -> None:
    file = tmp_path / "all.omega"
    entries = filled.export(file)
    assert [str(entry) for entry in entries if entry.revisions > 1] == [
        f"datasets/{ODD}",
        "datasets/flights",
    ]
    imported = other.import_(file)
    assert len(imported.taken) == len(entries)
    assert contents(other) == contents(filled)
    assert_frame_equal(other.datasets.get("flights@1"), frame())
    assert_frame_equal(other.datasets.get("flights"), filled.datasets.get("flights"))
    assert other.datasets.getl("flights").npartitions == 6
    assert [other.datasets.get(Name(ODD, revision=n))["n"] for n in (1, 2, 3)] == [1, 2, 3]
    assert other.models.get("folder/model") == BIG
    assert other.jobs.get("folder/report") == filled.jobs.get("folder/report")
    assert other.datasets.metadata("empty").is_folder
    origin = other.datasets.metadata("flights@1").origin
    assert origin is not None
    assert (origin.repository, origin.revision) == (filled.storage.address, 1)
    again = other.import_(file)
    assert not again.taken
    assert len(again.present) == len(entries)


def test_only_what_is_named_goes(filled: Omega, other: Omega, tmp_path: Path) -> None:
    file = tmp_path / "some.omega"
    filled.export(file, "jobs", "datasets/flights@1", history=False)
    other.import_(file)
    assert other.datasets.list() == ["flights"]
    assert [m.revision for m in other.datasets.history("flights")] == [1]
    assert_frame_equal(other.datasets.get("flights"), frame())
    assert other.jobs.list() == ["folder/report.ipynb"]
    file = tmp_path / "all.omega"
    filled.export(file, history=False)
    imported = other.import_(file, "models/folder", f"datasets/{ODD}")
    assert set(imported.taken) == {"models/folder", "models/folder/model", f"datasets/{ODD}"}
    assert other.datasets.metadata(Name(ODD)).revision == 3
    with pytest.raises(ObjectNotFoundError, match="fligths"):
        other.import_(file, "datasets/fligths")
    with pytest.raises(ObjectNotFoundError):
        filled.export(tmp_path / "x", "datasets/fligths")
    with pytest.raises(InvalidNameError, match="starts with the store"):
        filled.export(tmp_path / "x", "flights")
    with pytest.raises(InvalidNameError, match=r"is a list: names are texts.*export\(file, "):
        filled.export(tmp_path / "x", ["datasets/flights"])  # type: ignore[arg-type]
    assert not list(tmp_path.glob("x*"))
    with pytest.raises(FileExistsError):
        filled.export(file)


def test_conflicts_are_told_before_anything_is_written(
    filled: Omega, other: Omega, tmp_path: Path
) -> None:
    file = tmp_path / "all.omega"
    filled.export(file)
    other.scripts.put("mine", "f.py")
    with pytest.raises(ObjectExistsError, match=r"f\.py"):
        other.import_(file)
    assert other.datasets.list() == []
    would = other.import_(file, on_conflict="skip", dry_run=True)
    assert other.datasets.list() == []
    assert other.import_(file, on_conflict="skip") == would
    assert would.skipped == ("scripts/f.py",)
    assert other.scripts.get("f.py") == "mine"
    replaced = other.import_(file, on_conflict="replace")
    assert replaced.taken == ("scripts/f.py",)
    assert [other.scripts.get(f"f.py@{n}") for n in (1, 2)] == ["mine", "def f(): ..."]
    assert other.import_(file, on_conflict="replace").taken == ()
    other.datasets.drop("empty")
    other.datasets.put(1, "empty")
    with pytest.raises(ObjectExistsError):  # an object in the place of a folder
        other.import_(file, on_conflict="replace")


def test_the_progress_is_told(filled: Omega, other: Omega, tmp_path: Path) -> None:
    told: list[TransferProgress] = []
    entries = filled.export(tmp_path / "all.omega", progress=told.append)
    assert (told[-1].done, told[-1].total) == (len(entries), len(entries))
    written = told[-1].size
    assert written > len(BIG) / 2
    other.import_(tmp_path / "all.omega", progress=told.append)
    assert told[-1].done == len(entries)


def test_whatever_byte_is_changed_nothing_wrong_is_seen(
    filled: Omega, other: Omega, tmp_path: Path
) -> None:
    file, bad = tmp_path / "all.omega", tmp_path / "bad.omega"
    filled.export(file)
    data, good = file.read_bytes(), contents(filled)
    refused = 0
    for place in range(40, len(data), len(data) // 37):
        changed = bytearray(data)
        changed[place] ^= 0x55
        bad.write_bytes(changed)
        try:
            other.import_(bad)
        except InvalidArchiveError:
            refused += 1
        assert contents(other).items() <= good.items()
    assert refused > 30
    if "models/folder/model" in other.models.list():
        assert other.models.get("folder/model") == BIG
    other.import_(file)
    assert contents(other) == good


def test_an_archive_that_was_cut_is_refused(filled: Omega, other: Omega, tmp_path: Path) -> None:
    file, cut = tmp_path / "all.omega", tmp_path / "cut.omega"
    filled.export(file)
    data = file.read_bytes()
    for length in (0, 100, len(data) // 2, len(data) - 1):
        cut.write_bytes(data[:length])
        with pytest.raises(InvalidArchiveError, match="no archive, or only a part"):
            other.import_(cut)
    with pytest.raises(InvalidArchiveError):
        other.import_(tmp_path / "none.omega")
    assert contents(other) == {}


def rewritten(file: Path, new: Path, change: Any) -> Path:
    """Write an archive anew, each file as `change` returns it; None leaves it out."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(new, "w") as out:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                out.writestr(name, data)
    return new


def test_who_changes_an_archive_with_care_is_found_out(
    filled: Omega, other: Omega, tmp_path: Path
) -> None:
    file = tmp_path / "all.omega"
    filled.export(file, "datasets/flights", "models")

    def manifest(name: str, data: bytes, **changes: Any) -> bytes:
        if name != "omega.json":
            return data
        return json.dumps({**json.loads(data), **changes}).encode()

    def attempts() -> Iterator[tuple[str, Any]]:
        for kind in ("pieces/", "segments/", "objects/"):
            yield "missing", lambda n, d, k=kind: None if n.startswith(k) else d
            yield "has changed", lambda n, d, k=kind: d[:-1] + b"!" if n.startswith(k) else d
        yield "missing", lambda n, d: None if n == "omega.json" else d
        yield "version 2", lambda n, d: manifest(n, d, version=2)
        yield "not that of", lambda n, d: manifest(n, d, format="zip")
        yield "manifest is not one", lambda n, d: manifest(n, d, objects=[{"name": 1}])
        yield "manifest is not one", lambda n, d: manifest(n, d, segments=[1])
        yield "segment", lambda n, d: manifest(n, d, segments={})
        yield "no JSON", lambda n, d: b"{" if n == "omega.json" else d

    for number, (reason, change) in enumerate(attempts()):
        bad = rewritten(file, tmp_path / f"{number}.omega", change)
        with Omega(other.url, bucket=f"b{number}", config=other.config) as fresh:
            with pytest.raises(InvalidArchiveError, match=reason):
                fresh.import_(bad)
            assert fresh.models.list() == []
            if fresh.datasets.list():  # it came before the model, whole
                assert_frame_equal(fresh.datasets.get("flights@1"), frame())


def test_names_in_an_archive_are_data(filled: Omega, other: Omega, tmp_path: Path) -> None:
    file = tmp_path / "all.omega"
    filled.export(file, "scripts")
    for name in ("../../etc/passwd", "/etc/passwd", "a\x00b", "a//b", ""):

        def renamed(path: str, data: bytes, name: str = name) -> bytes:
            if path != "omega.json":
                return data
            plain = json.loads(data)
            plain["objects"][0]["name"] = name
            return json.dumps(plain).encode()

        bad = rewritten(file, tmp_path / "bad.omega", renamed)
        with pytest.raises(InvalidNameError):
            other.import_(bad)

    def elsewhere(path: str, data: bytes) -> bytes:
        return data.replace(b'"scripts"', b'"pages"') if path == "omega.json" else data

    with pytest.raises(OmegaError, match="starts with the store"):
        other.import_(rewritten(file, tmp_path / "bad.omega", elsewhere))


IMPORT = """
import os, signal, sys
from omegaml_lab.omega import Omega
steps = 0
def progress(state):
    global steps
    steps += 1
    if steps == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
Omega(sys.argv[1]).import_(sys.argv[2], progress=progress)
"""


def test_an_import_that_is_killed_goes_on(filled: Omega, other: Omega, tmp_path: Path) -> None:
    file = tmp_path / "all.omega"
    filled.export(file)
    good = contents(filled)
    for steps in (3, 9, 20):
        command = [sys.executable, "-c", IMPORT, other.url, str(file), str(steps)]
        done = subprocess.run(command, env={**os.environ}, check=False)
        assert done.returncode == -signal.SIGKILL
        assert contents(other).items() <= good.items()
    imported = other.import_(file)
    assert imported.present
    assert isinstance(imported, Imported)
    assert contents(other) == good
    assert_frame_equal(other.datasets.get("flights@1"), frame())


def _nested(*path: Any, value: Any) -> Any:
    """Return what sets a value deep inside the newest state of an archive."""

    def change(state: dict[str, Any]) -> None:
        at: Any = state
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def with_state(file: Path, new: Path, change: Any) -> Path:
    """Write an archive anew, with another newest state of its one object and all hashes right."""
    with zipfile.ZipFile(file) as old:
        told = json.loads(old.read("omega.json"))
        (entry,) = told["objects"]
        states = bson.decode_all(old.read(entry["file"]))
    change(states[-1])
    data = b"".join(bson.encode(state) for state in states)
    entry |= {"sha256": hashlib.sha256(data).hexdigest(), "revision": states[-1]["revision"]}
    manifest = json.dumps(told).encode()
    files = {"omega.json": manifest, entry["file"]: data}
    return rewritten(file, new, files.get)


SEGMENT = "payload", "segments", 0


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("lineage", _nested("lineage", value=[1])),
        ("lineage", _nested("lineage", value={"run": {"$gt": ""}})),
        ("payload", _nested("payload", "blob", value={"foo": 1})),
        ("payload", _nested("payload", "blob", "manifest", value=b"short")),
        ("payload", _nested("payload", "segments", value=[1])),
        ("payload", _nested(*SEGMENT, "id", value={"$gt": ""})),
        ("payload", _nested("payload", "meta", value=1)),
        ("tags", _nested("tags", value=[1])),
        ("tags", _nested("tags", value=5)),
        ("revision", _nested("revision", value=2**63 - 1)),
        ("rows came", _nested(*SEGMENT, "rows", value=1)),
        ("chunks came", _nested(*SEGMENT, "chunks", value=0)),
    ],
)
def test_states_that_are_none_are_refused(
    flights: Path, somewhere: Omega, tmp_path: Path, reason: str, change: Any
) -> None:
    bad = with_state(flights, tmp_path / "bad.omega", change)
    with pytest.raises(InvalidArchiveError, match=reason):
        somewhere.import_(bad)
    assert somewhere.datasets.list() == []


@pytest.mark.parametrize("told", [5, [5], [{"x": 1}], [{"name": {}, "revision": "1"}]])
def test_what_a_model_says_it_was_trained_on_may_be_anything(omega: Omega, told: Any) -> None:
    omega.models.put(b"", "model", kind="file")
    collection = omega.storage._connection.collection("objects")
    collection.update_one({}, {"$set": {"details.trained_on": told}})
    assert omega.gc().problems == ()
    assert not omega.models.lineage("model").links
