"""Run a program that ends with who started it, by whatever way that ends.

    python -I leash.py PROGRAM [ARGUMENT]...

It must lead a process group of its own. Its stdin is the leash: when that is closed, all of the
group are killed, with what the program has started. Standard library only: it starts at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

__all__ = ["main"]


def main(command: list[str]) -> None:
    """Run `command` and end with its exit code; never returns."""
    threading.Thread(target=_until_let_go, daemon=True).start()
    code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    os._exit(code if code >= 0 else 128 - code)


def _until_let_go() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
