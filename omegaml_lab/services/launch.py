"""Become a program that ends with its parent; started by ``processes.py`` as a script.

The request must be made by the new process itself, and a hook between fork and exec is not
safe in a process with threads. Standard library only. Where the system knows no such request
(not Linux), the next start ends what is left.

LOCK, unless empty, is a file on which the program holds a shared lock for as long as it runs.

    launch.py PARENT SIGNAL LOCK PROGRAM [ARGUMENT]...
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys

_PR_SET_PDEATHSIG = 1


def launch(parent: int, signal: int, lock: str, command: list[str]) -> None:
    """Replace this process by `command`, which gets `signal` when `parent` ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(0)
    if lock:
        descriptor = os.open(lock, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - the program is to keep it
    os.execv(command[0], command)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    launch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
