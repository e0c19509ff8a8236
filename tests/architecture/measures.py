"""How big things are: the numbers behind the measures of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "omegaml_lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function, method or nested function: where it is and how many lines it spans."""

    where: str
    lines: int
    takes_kwargs: bool = False


def project_files() -> list[Path]:
    """Return what is or would be committed: nothing that Git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    paths = (ROOT / name for name in listed.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def python_files(folder: Path = PACKAGE) -> list[Path]:
    """Return the project's Python files below `folder`."""
    return [p for p in project_files() if p.suffix == ".py" and p.is_relative_to(folder)]


def typescript_files() -> list[Path]:
    """Return the TypeScript sources of the JupyterLab extension."""
    return [p for p in project_files() if p.suffix in {".ts", ".tsx"}]


def line_count(path: Path) -> int:
    """Return the number of lines, comments and blank ones included."""
    return len(path.read_text("utf-8").splitlines())


def percentile(values: list[int], share: float) -> int:
    """Return the value that `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def python_functions(paths: list[Path]) -> Iterator[Function]:
    """Yield every function of these files."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(
                    where=f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                    lines=(node.end_lineno or node.lineno) - node.lineno + 1,
                    takes_kwargs=node.args.kwarg is not None,
                )


_SPANS = """
const ts = require('typescript');
const fs = require('fs');
const spans = [];
for (const file of process.argv.slice(1)) {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), 9, true, kind);
  const visit = node => {
    if (ts.isFunctionLike(node) && node.body) {
      const line = position => source.getLineAndCharacterOfPosition(position).line;
      const start = line(node.getStart());
      const name = node.name ? node.name.getText() : 'anonymous';
      spans.push({ file, name, start: start + 1, lines: line(node.getEnd()) - start + 1 });
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const start = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      spans.push({ file, name: 'any', start, lines: 0 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}
console.log(JSON.stringify(spans));
"""


def typescript_functions() -> tuple[list[Function], list[str]]:
    """Return every function of the TypeScript sources, and every place that says ``any``.

    TypeScript's own parser reads them, so `node` and `node_modules` must be there.
    """
    node = shutil.which("node")
    assert node, "node is needed to measure TypeScript: `make test` installs it"
    done = subprocess.run(
        [node, "-e", _SPANS, *map(str, typescript_files())],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    functions, anys = [], []
    for span in json.loads(done.stdout):
        where = f"{Path(span['file']).relative_to(ROOT)}:{span['start']}"
        if span["lines"]:
            functions.append(Function(where=f"{where} {span['name']}", lines=span["lines"]))
        else:
            anys.append(where)
    return functions, anys
