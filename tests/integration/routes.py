"""Print all routes of the server that ``jupyter lab`` starts here, as JSON; see `all_routes`.

Run as a script, so that no server is left behind in the process of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def all_routes(mongo_url: str, *arguments: str) -> list[dict[str, Any]]:
    """Return what each route is: an example of its path, its pattern and its handler."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("OMEGA_", "JUPYTER_"))},
            **{f"JUPYTER_{name}_DIR": folder for name in ("CONFIG", "DATA", "RUNTIME")},
            "OMEGA_HOME": folder,
            "OMEGA_MONGO_URL": mongo_url,
        }
        done = subprocess.run(
            [sys.executable, __file__, *arguments],
            env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    routes: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return routes


def example(pattern: str) -> str:
    """Return a text that a regular expression matches."""
    return "".join(_example(parser.parse(pattern)))


def _example(tokens: Any) -> list[str]:
    found: list[str] = []
    for kind, value in tokens:
        if kind is code.LITERAL:
            found.append(chr(value))
        elif kind in {code.ANY, code.NOT_LITERAL}:
            found.append("x")
        elif kind is code.IN:
            found.append(_of_class(value))
        elif kind in {code.MAX_REPEAT, code.MIN_REPEAT}:
            least, most, inner = value
            found += _example(inner) * max(least, min(1, most))
        elif kind is code.SUBPATTERN:
            found += _example(value[-1])
        elif kind is code.BRANCH:
            found += _example(value[1][0])
        elif kind not in {code.AT, code.ASSERT, code.ASSERT_NOT}:
            raise ValueError(kind)
    return found


def _of_class(members: Any) -> str:
    for kind, value in members:
        if kind is code.LITERAL:
            return chr(value)
        if kind is code.RANGE:
            return chr(value[0])
        if kind is code.CATEGORY:
            return "1" if value is code.CATEGORY_DIGIT else "x"
    return "x"  # a negated class


def main() -> None:
    """Start nothing, but let Jupyter and all extensions set up their routes."""
    from jupyterlab.labapp import LabApp

    server = LabApp.initialize_server(
        ["--allow-root", "--no-browser", "--ServerApp.port=0", *sys.argv[1:]]
    )
    routes = []
    for host in server.web_app.default_router.rules:
        for rule in getattr(host.target, "rules", []):
            pattern = rule.matcher.regex.pattern
            handler = rule.target
            routes.append(
                {
                    "path": example(pattern),
                    "pattern": pattern,
                    "handler": f"{handler.__module__}.{handler.__qualname__}",
                }
            )
    print(json.dumps(routes), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
