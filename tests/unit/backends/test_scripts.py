"""Scripts: nothing runs when they are read, and what runs is what was put."""

from __future__ import annotations

import asyncio
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import (
    InvalidOptionError,
    InvalidScriptError,
    MissingDependencyError,
)
from omegaml_lab.core.names import Name
from tests.unit.code import examples

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package that has a relative import, data and a test."""
    write(
        tmp_path / "proj",
        {
            "pyproject.toml": "[project]\nname = 'Toolbox'\nversion = '1'\n"
            "dependencies = ['pandas>=2']\n",
            "src/toolbox/__init__.py": "from toolbox.deep import answer\n\n"
            "def run(n=1):\n    return answer() * n\n",
            "src/toolbox/deep.py": "from . import data\n\ndef answer():\n    return data.VALUE\n",
            "src/toolbox/data.py": "VALUE = 42\n",
            "tests/test_x.py": "raise RuntimeError\n",
        },
    )
    (tmp_path / "proj" / "src" / "toolbox" / "__pycache__").mkdir()
    (tmp_path / "proj" / "src" / "toolbox" / "__pycache__" / "x.pyc").write_bytes(b"x")
    yield tmp_path / "proj"
    for name in [n for n in sys.modules if n.partition(".")[0] == "toolbox"]:
        del sys.modules[name]


def test_a_function_is_read_and_runs_when_told(omega: Omega) -> None:
    stored = omega.scripts.put(examples.plain, "a b/ü%.x", requires=["pandas >= 2"])
    assert stored.kind == "python.function"
    assert stored.attributes["signature"] == "(a: int, b: float=2.5, *, word: str='x')"
    script = omega.scripts.get("a b/ü%.x")
    assert script.requires == ("pandas>=2",)
    assert script.run(2) == "x5.0"
    assert script.load()(1, b=1, word="y") == "y1"
    assert [(p.name, p.type, p.default) for p in script.parameters()] == [
        ("a", "int", None),
        ("b", "float", 2.5),
        ("word", "str", "x"),
    ]
    # It can be put again, as it came, or as what it loads.
    assert omega.scripts.put(script, "copy").hash == stored.hash
    assert omega.scripts.put(script.load(), "copy", requires="pandas>=2").hash == stored.hash


def test_all_sorts_of_functions_run(omega: Omega) -> None:
    for function, args, result in [
        (examples.nested, (3,), [0, 4]),  # 1 and 2 of 0, 1, 2 with 2 left out
        (examples.recursive, (5,), 120),
        (examples.slow, (1,), 2),
        (examples.own_global, (), 1),
    ]:
        omega.scripts.put(function, "f")
        got = omega.scripts.get("f").run(*args)
        assert got == (function(*args) if function is not examples.slow else result)
    omega.scripts.put(examples.numbers, "f")
    assert list(omega.scripts.get("f").run(3)) == [0, 1, 2]
    omega.scripts.put(examples.slow, "f")

    async def in_a_loop() -> int:
        return omega.scripts.get("f").run(1)

    assert asyncio.run(in_a_loop()) == 2
    omega.scripts.put(examples.annotated, "f")  # what annotates it is nowhere to be found
    import pandas as pd

    assert len(omega.scripts.get("f").run(pd.DataFrame({"n": [1, 2]}))) == 1


def test_reading_runs_nothing(omega: Omega, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    source = f"open({str(flag)!r}, 'w')\ndef run():\n    return 1\n"
    (tmp_path / "bad.py").write_text(source)
    omega.scripts.put(tmp_path / "bad.py", "bad")
    script = omega.scripts.get("bad")
    assert script.source == source
    assert omega.scripts.read_bytes("bad") == source.encode()
    assert script.parameters() == []
    assert not flag.exists()
    assert script.run() == 1
    assert flag.exists()


def test_errors_show_the_lines_of_the_script(omega: Omega) -> None:
    import traceback

    def broken():
        return 1 / 0

    omega.scripts.put(broken, "broken")
    try:
        omega.scripts.get("broken").run()
    except ZeroDivisionError:
        shown = traceback.format_exc()
    assert "<script broken" in shown
    assert "return 1 / 0" in shown


def test_a_module_runs_its_main(omega: Omega, tmp_path: Path) -> None:
    path = tmp_path / "my-tool.py"
    path.write_text(
        "from __future__ import annotations\nimport dataclasses\n\n"
        "@dataclasses.dataclass\nclass P:\n    n: int\n\n"
        "def main(n: int = 1):\n    return P(n).n + 1\n\ndef other():\n    return 'other'\n"
    )
    stored = omega.scripts.put(path, "tool")
    assert (stored.kind, stored.attributes["module"]) == ("python.module", "my_tool")
    script = omega.scripts.get("tool")
    assert [p.name for p in script.parameters()] == ["n"]
    assert script.run(n=4) == 5
    assert script.load().other() == "other"
    omega.scripts.put(path, "tool", main="other")
    assert omega.scripts.get("tool").run() == "other"
    omega.scripts.put(path, "tool", main="nothing")
    with pytest.raises(InvalidScriptError, match="no function 'nothing'"):
        omega.scripts.get("tool").run()
    path.write_text("def broken(:\n")
    with pytest.raises(InvalidScriptError, match="Python cannot read it"):
        omega.scripts.put(path, "tool")
    assert omega.scripts.metadata("tool").revision == 3


def test_what_is_required_and_missing_is_said(omega: Omega) -> None:
    omega.scripts.put(examples.recursive, "f", requires=["no-such-package>=1", "pandas"])
    script = omega.scripts.get("f")
    assert script.missing == ["no-such-package>=1"]
    with pytest.raises(MissingDependencyError, match=r'pip install "no-such-package>=1"'):
        script.run(1)
    with pytest.raises(InvalidScriptError, match="no requirements"):
        omega.scripts.put(examples.recursive, "f", requires=["not a requirement!"])
    with pytest.raises(InvalidScriptError, match="'math'"):
        omega.scripts.put(examples.uses_module, "f")
    assert omega.scripts.metadata("f").revision == 1


def test_a_package_is_taken_from_its_project(omega: Omega, project: Path) -> None:
    stored = omega.scripts.put(project, "tools")
    assert stored.kind == "python.package"
    assert stored.attributes["requires"] == ["pandas>=2"]
    script = omega.scripts.get("tools")
    assert sorted(script.files) == [
        "toolbox/__init__.py",
        "toolbox/data.py",
        "toolbox/deep.py",
    ]
    assert [p.name for p in script.parameters()] == ["n"]
    assert "toolbox" not in sys.modules
    assert script.run(n=2) == 84
    assert script.load() is sys.modules["toolbox"]
    # Another revision takes its place.
    (project / "src" / "toolbox" / "data.py").write_text("VALUE = 1\n")
    assert omega.scripts.put(project, "tools").revision == 2
    assert omega.scripts.get("tools").run() == 1
    assert omega.scripts.get("tools@1").run() == 42
    assert omega.scripts.put(omega.scripts.get("tools"), "copy").hash == (
        omega.scripts.metadata("tools").hash
    )


def test_folders_sdists_and_wheels_are_the_same(omega: Omega, project: Path) -> None:
    wanted = omega.scripts.put(project, "x")
    only = omega.scripts.put(project / "src" / "toolbox", "x", requires=["pandas>=2"])
    sdist, wheel = project.parent / "toolbox-1.tar.gz", project.parent / "toolbox-1-any.whl"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(project, "toolbox-1")
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in (project / "src" / "toolbox").glob("*.py"):
            archive.write(path, f"toolbox/{path.name}")
        told = "Name: toolbox\nRequires-Dist: pandas>=2\nRequires-Dist: x; extra == 'dev'\n"
        archive.writestr("toolbox-1.dist-info/METADATA", told)
    for path in (sdist, wheel):
        put = omega.scripts.put(path, "x")
        assert put.attributes["package"] == "toolbox"
        if path is wheel:
            assert put.hash == wanted.hash == only.hash


def test_what_is_no_package_is_refused(omega: Omega, tmp_path: Path, project: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidScriptError, match="no package in it"):
        omega.scripts.put(empty, "x")
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"no zip")
    with pytest.raises(InvalidScriptError, match="cannot be read"):
        omega.scripts.put(broken, "x")
    two = write(tmp_path / "two", {"one/__init__.py": "", "other/__init__.py": ""})
    with pytest.raises(InvalidScriptError, match=r"one, other; say which .*entry='one'"):
        omega.scripts.put(two, "x")
    assert omega.scripts.put(two, "x", entry="other").attributes["package"] == "other"
    with pytest.raises(InvalidScriptError, match="Python itself has it"):
        omega.scripts.put(write(tmp_path / "json", {"__init__.py": ""}), "x")
    (project / "src" / "toolbox" / "fast.so").write_bytes(b"x")
    with pytest.raises(InvalidScriptError, match="compiled"):
        omega.scripts.put(project, "x")


def test_a_package_does_not_take_the_place_of_another(omega: Omega, tmp_path: Path) -> None:
    write(tmp_path / "pandas", {"__init__.py": "raise RuntimeError"})
    import pandas as pd

    omega.scripts.put(tmp_path / "pandas", "pandas")
    with pytest.raises(InvalidScriptError, match="imported already"):
        omega.scripts.get("pandas").load()
    assert sys.modules["pandas"] is pd


def test_files_outside_of_the_package_are_not_written(omega: Omega, tmp_path: Path) -> None:
    from omegaml_lab.code.script import Script

    planted = Script(
        name="x",
        form="package",
        entry="evil",
        files={"evil/__init__.py": b"", "../../evil.py": b"x = 1"},
    )
    omega.scripts.put(planted, "evil")
    with pytest.raises(InvalidScriptError, match="outside of its folder"):
        omega.scripts.get("evil").load()


def test_options_that_the_kind_lacks_are_refused(omega: Omega) -> None:
    omega.scripts.put(examples.plain, Name("f@3"))
    with pytest.raises(InvalidOptionError, match="takes no options"):
        omega.scripts.get(Name("f@3"), month=3)
