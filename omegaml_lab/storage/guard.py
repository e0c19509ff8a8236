"""Run mongod for as long as somebody uses it; started by ``mongod.py`` as a script.

A user of the embedded server holds a shared lock on one file. The kernel drops the lock when
the user ends, however it ends, so the exclusive lock that this process waits for is granted
exactly when the last one is gone. Standard library only: it must start at once and stay small.

    guard.py USERS_FILE PROGRAM [ARGUMENT]...
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

PATIENCE = 60.0
"""Seconds for a checkpoint to a slow disk, before SIGKILL. The journal makes that safe too."""


def guard(users: Path, command: list[str]) -> None:
    """Start `command` and end it when nobody holds `users` any more; never returns."""
    child = subprocess.Popen(command)
    # Ctrl-C in a terminal is for the users; a plain kill of the guard ends the server cleanly.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_last_user_gone, args=(users, child), daemon=True).start()
    os._exit(child.wait() % 256)


def _last_user_gone(users: Path, child: subprocess.Popen[bytes]) -> None:
    with users.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
        # The lock is kept until the main thread exits: who comes now waits for the server's end.
        threading.Event().wait()


if __name__ == "__main__":
    guard(Path(sys.argv[1]), sys.argv[2:])
