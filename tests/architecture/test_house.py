"""The house: layers, edges, words, and what no file may say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import grimp

from omegaml_lab.config import Config

from . import measures

# Where a last resort is right, because it logs and answers: the worker, the handlers, the CLI.
EDGES = {
    "omegaml_lab/worker.py",
    "omegaml_lab/callee.py",
    "omegaml_lab/scheduler.py",
    "omegaml_lab/server/handlers/base.py",
    "omegaml_lab/cli/__init__.py",
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
# In pieces, so that this file does not name what no file may name.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("yarnpkg", "com"), ("npmmirror", "com"), ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"), ("anaconda", "org"), ("crates", "io"),
        ("proxy", "golang", "org"), ("rubygems", "org"),
    ]
]  # fmt: skip


def relative(path: Path) -> str:
    """Return the path as people write it."""
    return path.relative_to(measures.ROOT).as_posix()


def broad_handlers(tree: ast.AST) -> list[int]:
    """Return the lines that catch everything: bare, ``Exception`` or ``BaseException``.

    What cleans up and raises again, as it came, catches nothing.
    """
    broad = {"Exception", "BaseException"}

    def names(node: ast.expr | None) -> set[str]:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        return {part.id for part in parts if isinstance(part, ast.Name)}

    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or names(node.type) & broad):
            last = node.body[-1]
            if node.type is None or not (isinstance(last, ast.Raise) and last.exc is None):
                lines.append(node.lineno)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            lines += [node.lineno for arg in node.args if names(arg) & broad]
    return lines


def test_layers_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=measures.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_linter_has_no_exceptions() -> None:
    project = tomllib.loads((measures.ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    assert [c["name"] for c in contracts if c.get("ignore_imports")] == []


def test_no_import_cycles() -> None:
    graph = grimp.build_graph("omegaml_lab", exclude_type_checking_imports=True, cache_dir=None)
    # Python runs the root package before any of its modules, whoever asks: no news for anyone.
    for importer in graph.find_modules_that_directly_import("omegaml_lab"):
        graph.remove_import(importer=importer, imported="omegaml_lab")
    cycles = [
        f"{module} -> {imported} -> … -> {module}"
        for module in sorted(graph.modules)
        for imported in graph.find_modules_directly_imported_by(module)
        # A package and its own modules are one room: its __init__ may name what is inside.
        if not f"{module}.".startswith(f"{imported}.") and graph.chain_exists(imported, module)
    ]
    assert cycles == []


def test_broad_handlers_only_at_the_edges() -> None:
    found = {
        f"{relative(path)}:{line}"
        for path in measures.python_files()
        for line in broad_handlers(ast.parse(path.read_text("utf-8")))
        if relative(path) not in EDGES
    }
    assert found == set()


def test_no_vague_module_names() -> None:
    names = [relative(p) for p in measures.project_files() if p.suffix in {".py", ".ts", ".tsx"}]
    assert [name for name in names if VAGUE & set(re.split(r"[/._-]", name))] == []


def test_nothing_is_left_to_do() -> None:
    marker = re.compile("|".join([r"\bTO" + "DO\\b", r"\bFIX" + "ME\\b", r"\bX" + "XX\\b"]))
    sources = {".py", ".ts", ".tsx", ".md", ".toml", ".css", ".json", ".ipynb"}
    found = [
        f"{relative(path)}:{number}"
        for path in measures.project_files()
        if path.suffix in sources
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marker.search(line)
    ]
    assert found == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{relative(path)} names {host}"
        for path in measures.project_files()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_every_setting_is_documented() -> None:
    page = (measures.ROOT / "docs/reference/configuration.md").read_text("utf-8")
    wanted = {f"OMEGA_{field.name.upper()}" for field in fields(Config)}
    for path in measures.python_files():
        wanted |= set(re.findall(r"\bOMEGA_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
    assert {name for name in wanted if f"`{name}`" not in page} == set()


def test_no_test_is_left_out() -> None:
    project = tomllib.loads((measures.ROOT / "pyproject.toml").read_text("utf-8"))
    named = set(project["tool"]["pytest"]["ini_options"]["testpaths"])
    tests = [relative(p) for p in measures.project_files() if p.name.startswith("test_")]
    folders = {"/".join(name.split("/")[:2]) for name in tests if name.endswith(".py")}
    assert folders == named
