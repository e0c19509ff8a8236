"""Modules beside a notebook: imported from a real repository by this very process."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.code.copynote import CopyNote
from omegaml_lab.code.importing import install, refresh_modules
from omegaml_lab.core.modules import ModuleFolder
from omegaml_lab.core.names import Name
from omegaml_lab.kernel import ModulesBeside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.omega import Omega

FOLDER = "etl (1) [ü]/100% +$.@"


@pytest.fixture(params=["", FOLDER], ids=["top", "folder"])
def put(
    request: pytest.FixtureRequest,
    omega: Omega,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str, str], Any]]:
    """Puts a file beside the notebook, whose modules this process finds."""
    folder = request.param
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    known = set(sys.modules)
    place = tmp_path / "modules"
    where = ModuleFolder(bucket=omega.bucket, folder=folder)
    install(ModulesBeside(where, CopyNote(tmp_path / "none")), place)
    yield lambda path, text: omega.jobs.put(
        text.encode(), Name(f"{folder}/{path}".lstrip("/")), kind="file"
    )
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(place)):
            del sys.modules[name]
    for path in [path for path in sys.path_importer_cache if path.startswith(str(place))]:
        del sys.path_importer_cache[path]


def test_a_module_and_a_package_are_imported(put: Callable[[str, str], Any]) -> None:
    put("omt_plain.py", "import omt_other\nvalue = omt_other.value + 1")
    put("omt_other.py", "value = 41")
    put("omt_pack/__init__.py", "from .inner import deep as deep\nfrom . import inner")
    put("omt_pack/inner/__init__.py", "from .leaf import deep")
    put("omt_pack/inner/leaf.py", "from omt_pack.inner import __name__ as up\ndeep = up")
    put("omt_space/leaf.py", "value = 7")  # a namespace package, as on a disk
    put("omt_pack.py", "raise AssertionError('a package goes before a module')")
    assert importlib.import_module("omt_plain").value == 42
    assert importlib.import_module("omt_pack").deep == "omt_pack.inner"
    assert importlib.import_module("omt_space.leaf").value == 7
    pack = importlib.import_module("omt_pack")
    assert [m.name for m in pkgutil.iter_modules(pack.__path__)] == ["inner"]


def test_source_and_tracebacks_are_those_of_a_file(put: Callable[[str, str], Any]) -> None:
    put("omt_bad.py", "def fail():\n    # a reason\n    return 1 / 0  # here\n")
    module = importlib.import_module("omt_bad")
    assert inspect.getsource(module.fail).startswith("def fail():")
    with pytest.raises(ZeroDivisionError) as caught:
        module.fail()
    shown = "".join(traceback.format_exception(caught.value))
    assert "return 1 / 0  # here" in shown
    assert Path(module.__file__).name == "omt_bad.py"


def test_a_changed_module_is_seen_by_reload(put: Callable[[str, str], Any]) -> None:
    for number in range(10, 16):  # of the same length, and within one tick of a coarse clock
        put("omt_again.py", f"def value():\n    return {number}")
        if number == 10:
            module = importlib.import_module("omt_again")
        else:
            importlib.reload(module)
        assert module.value() == number
        assert f"return {number}" in inspect.getsource(module.value)
    put("omt_again.py", "def value():\n    return 99")
    before = Path(module.__file__).stat().st_mtime_ns
    time.sleep(0.002)
    refresh_modules()  # what autoreload looks at
    assert "99" in Path(module.__file__).read_text()
    assert Path(module.__file__).stat().st_mtime_ns > before


def test_what_is_missing_can_be_made_and_then_imported(put: Callable[[str, str], Any]) -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'omt_later'"):
        importlib.import_module("omt_later")
    put("omt_later.py", "value = 1")
    assert importlib.import_module("omt_later").value == 1
    for odd in ("omt\n", "omt/x", "omt\ud800", "omt\0", "om" * 300):
        assert importlib.util.find_spec(odd) is None
    put("omt_wrong.py", "def f(:\n    pass")
    with pytest.raises(SyntaxError) as caught:
        importlib.import_module("omt_wrong")
    assert caught.value.text == "def f(:\n"


def test_what_is_installed_goes_before_and_the_folder_of_the_process_after(
    put: Callable[[str, str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("colorsys.py", "raise AssertionError")
    put("omt_both.py", "where = 'repository'")
    (tmp_path / "omt_both.py").write_text("where = 'disk'")
    (tmp_path / "omt_disk.py").write_text("where = 'disk'")
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert importlib.import_module("colorsys").rgb_to_hsv
    assert importlib.import_module("omt_both").where == "repository"
    assert importlib.import_module("omt_disk").where == "disk"
    del sys.modules["omt_disk"]


def test_processes_that_python_starts_find_what_was_imported(
    put: Callable[[str, str], Any],
) -> None:
    put("omt_child.py", "def triple(x):\n    return 3 * x")
    triple = importlib.import_module("omt_child").triple
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(triple, [1, 2])) == [3, 6]


def test_an_installed_module_that_probes_for_another_one_asks_nobody(
    put: Callable[[str, str], Any], tmp_path: Path
) -> None:
    put("omt_optional.py", "value = 1")
    code = "try:\n    import omt_optional\nexcept ImportError:\n    omt_optional = None\n"
    from omegaml_lab.code import importing

    installed = importing._INSTALLED[1] + "probing.py"
    found: dict[str, Any] = {}
    exec(compile(code, installed, "exec"), found)
    assert found["omt_optional"] is None
    exec(compile(code, str(tmp_path / "cell.py"), "exec"), found)
    assert found["omt_optional"].value == 1


def test_a_repository_that_does_not_answer_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "mongodb://127.0.0.1:9/nobody?serverSelectionTimeoutMS=100"
    monkeypatch.setenv("OMEGA_MONGO_URL", url)
    modules = ModulesBeside(ModuleFolder.parse("default/folder"), CopyNote(tmp_path / "none"))
    with pytest.warns(RuntimeWarning, match="'omt_x' cannot be told: .*127.0.0.1"):
        assert modules.find("", "omt_x") is None
    started = time.process_time()
    for _ in range(100):
        assert modules.find("", "omt_x") is None
    assert time.process_time() - started < 1  # it was not asked again
    assert not list(tmp_path.iterdir())
    assert os.environ["OMEGA_MONGO_URL"] == url
