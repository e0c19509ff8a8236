"""Modules of a working copy: what a kernel imports while repository and disk are not in step."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.code.copynote import CopyNote
from omegaml_lab.code.importing import install, refresh_modules
from omegaml_lab.core.modules import ModuleFolder
from omegaml_lab.core.names import Name
from omegaml_lab.kernel import ModulesBeside
from omegaml_lab.store.recording import recording
from omegaml_lab.store.workcopy import WorkingCopy
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture
def copy(omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkingCopy]:
    """A working copy of `etl`, in which this process finds modules as a kernel does."""
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    known = set(sys.modules)
    place, modules = tmp_path / "etl-1", tmp_path / "modules"
    place.mkdir()
    monkeypatch.chdir(place)
    omega.jobs.make_folder("etl")
    where = ModuleFolder(bucket=omega.bucket, folder="etl")
    install(ModulesBeside(where, CopyNote(place)), modules)
    yield WorkingCopy(omega.jobs, "etl", place, limit=1e6)
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    for path in [path for path in sys.path_importer_cache if path.startswith(str(tmp_path))]:
        del sys.path_importer_cache[path]


def imported(name: str) -> Any:
    """Return the value in a module as it is now."""
    module = sys.modules.get(name)
    module = importlib.import_module(name) if module is None else importlib.reload(module)
    return module.value


def put(omega: Omega, path: str, value: str) -> None:
    omega.jobs.put(f"value = {value!r}".encode(), Name(f"etl/{path}"), kind="file")


def write(copy: WorkingCopy, path: str, value: str) -> None:
    file = copy.place / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"value = {value!r}")


def test_what_is_not_pushed_yet_goes_before_and_what_is_pushed_does_not(
    omega: Omega, copy: WorkingCopy
) -> None:
    put(omega, "omt_a.py", "old")
    copy.pull()
    assert imported("omt_a") == "old"
    write(copy, "omt_a.py", "new")
    assert imported("omt_a") == "new"
    assert copy.push() == []
    put(omega, "omt_a.py", "elsewhere")
    assert imported("omt_a") == "elsewhere"
    write(copy, "omt_a.py", "mine")
    assert imported("omt_a") == "mine"
    (copy.place / "omt_a.py").unlink()  # what is deleted on the disk stays in the repository
    assert imported("omt_a") == "elsewhere"


def test_what_was_pulled_is_asked_for_in_the_repository(omega: Omega, copy: WorkingCopy) -> None:
    put(omega, "omt_pack/__init__.py", "one")
    put(omega, "omt_b.py", "one")
    copy.pull()
    for name in ("omt_pack", "omt_b"):
        assert imported(name) == "one"
    put(omega, "omt_pack/__init__.py", "two")
    put(omega, "omt_b.py", "two")
    for name in ("omt_pack", "omt_b"):
        assert imported(name) == "two"


def test_packages_may_be_in_step_in_part(omega: Omega, copy: WorkingCopy) -> None:
    put(omega, "omt_pack/__init__.py", "package")
    put(omega, "omt_pack/kept.py", "old")
    copy.pull()
    write(copy, "omt_pack/kept.py", "new")
    write(copy, "omt_pack/added.py", "added")
    write(copy, "omt_pack.py", "a package goes before a module")
    assert imported("omt_pack") == "package"
    assert imported("omt_pack.kept") == "new"
    assert imported("omt_pack.added") == "added"
    write(copy, "omt_pack/__init__.py", "package of the disk")
    assert imported("omt_pack") == "package of the disk"


def test_links_are_what_no_repository_gets(
    omega: Omega, copy: WorkingCopy, tmp_path: Path
) -> None:
    put(omega, "omt_link.py", "repository")
    put(omega, "omt_links/inner.py", "repository")
    copy.pull()
    (copy.place / "omt_link.py").unlink()
    (copy.place / "omt_links/inner.py").unlink()
    (copy.place / "omt_links").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/inner.py").write_text("value = 'link'")
    (copy.place / "omt_link.py").symlink_to(tmp_path / "elsewhere/inner.py")
    (copy.place / "omt_links").symlink_to(tmp_path / "elsewhere")
    assert imported("omt_link") == "repository"
    assert imported("omt_links.inner") == "repository"


def test_a_folder_that_was_renamed_is_followed_by_what_was_imported(
    omega: Omega, copy: WorkingCopy
) -> None:
    put(omega, "omt_c.py", "one")
    copy.pull()
    assert imported("omt_c") == "one"
    omega.jobs.rename("etl", "etl2")
    copy.follow("etl", "etl2")
    omega.jobs.put(b"value = 'two'", Name("etl2/omt_c.py"), kind="file")
    refresh_modules()
    assert Path(sys.modules["omt_c"].__file__ or "").read_text() == "value = 'two'"


def test_a_push_makes_nothing_look_changed(omega: Omega, copy: WorkingCopy) -> None:
    copy.pull()
    write(copy, "omt_d.py", "one")
    assert imported("omt_d") == "one"
    file = Path(sys.modules["omt_d"].__file__ or "")
    before = file.stat().st_mtime_ns
    copy.push()
    refresh_modules()
    assert file.stat().st_mtime_ns == before
    write(copy, "omt_d.py", "two")
    refresh_modules()
    assert file.stat().st_mtime_ns != before


def test_lineage_tells_of_no_revision_that_was_not_imported(
    omega: Omega, copy: WorkingCopy
) -> None:
    put(omega, "omt_e.py", "old")
    put(omega, "omt_other.py", "other")
    copy.pull()
    write(copy, "omt_e.py", "new")
    with recording("a" * 16):
        assert imported("omt_e") == "new"
        assert imported("omt_other") == "other"
    links = omega.storage.lineage
    until(lambda: links.read_by(["a" * 16], limit=10))
    noted = [str(link.source) for link in links.read_by(["a" * 16], limit=10)]
    assert noted == ["jobs etl/omt_other.py@1"]


def test_a_repository_that_is_away_hides_nothing_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "mongodb://127.0.0.1:9/nobody?serverSelectionTimeoutMS=100"
    monkeypatch.setenv("OMEGA_MONGO_URL", url)
    place = tmp_path / "etl-1"
    place.mkdir()
    (place / "omt_f.py").write_text("value = 1")
    note = CopyNote(place)
    modules = ModulesBeside(ModuleFolder.parse("default/etl"), note)
    with pytest.warns(RuntimeWarning, match="cannot be told"):
        assert modules.find("", "omt_f") is None  # nothing is known of the copy
    note.write("etl", {})
    found = modules.find("", "omt_f")
    assert found is not None
    assert found.source == b"value = 1"
    for odd in ("", "omt\0", "omt\ud800", "om" * 300):
        assert note.unkept("", odd) is None
    note.remove()
    assert modules.find("", "omt_f") is None
    assert [path.name for path in tmp_path.iterdir()] == ["etl-1"]
