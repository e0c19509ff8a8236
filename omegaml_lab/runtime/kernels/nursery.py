"""The nursery: a process that has loaded what every Python kernel loads, and forks kernels.

It forks the processes that perform calls as well, for which a request names their `module`, and
those that become another program, for which it has a `command`.

Started by :mod:`.warm` as ``python -m omegaml_lab.runtime.kernels.nursery <file descriptor>
<of>``. Each line on that socket is a request; each kernel is a fork that has run no code of
anybody. When the socket closes, because the worker has ended in whatever way, all kernels are
killed with everything that they started.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.runtime.kernels.keeper import adopt_orphans, children, die_with, keep

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TOO_LATE", "main"]

TOO_LATE = "it was asked for too long ago"
"""Why what was asked for is not forked: who asked goes another way by now."""

_KERNELS = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.ipkernel",
    "IPython.core.completer",
    "ipykernel.debugger",
    "comm",
    "sqlite3",
    "ipywidgets",
    "numpy",
    "pandas",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
)
_CALLS = (
    "numpy",
    "pandas",
    "omegaml_lab.callee",
    "omegaml_lab.runtime.client.runtime",
    "omegaml_lab.code.requirements",
    "omegaml_lab.backends.sklearn_skops",
    "skops.io",
)
PRELOADED = {"kernels": _KERNELS, "calls": _CALLS}
"""Modules that are slow to load and keep no state of who uses them; each one is optional.

Not among them is what looks for the running shell when it is loaded, and finds none here:
``matplotlib_inline`` would never show a figure. What performs calls has a nursery of its own:
skops loads all of scikit-learn, with pytest, which is for no kernel to find.
"""


class _Nursery:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._alarm, self._sender = socket.socketpair()
        os.set_blocking(self._sender.fileno(), False)
        os.set_blocking(self._alarm.fileno(), False)
        signal.set_wakeup_fd(self._sender.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._unread = b""
        self._keepers: dict[int, _Kept] = {}  # by the pid of the keeper
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Fork and bury until the worker is gone."""
        self._selector.register(self._connection, selectors.EVENT_READ)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if isinstance(key.data, _Kept):
                    self._hear(key.data)
                elif key.fileobj is self._alarm:
                    self._bury()
                elif not self._receive():
                    return

    def _receive(self) -> bool:
        try:
            data = self._connection.recv(65536)
        except ConnectionResetError:
            return False
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._fork(json.loads(line))
        return bool(data)

    def _fork(self, request: dict[str, Any]) -> None:
        if time.monotonic() > request["until"]:
            self._tell({"id": request["id"], "failed": TOO_LATE})
            return
        nursery, (line, theirs) = os.getpid(), os.pipe()
        try:
            pid = os.fork()
        except OSError as error:  # no more processes, or no memory
            os.close(line)
            os.close(theirs)
            self._tell({"id": request["id"], "failed": str(error)})
            return
        if pid == 0:
            die_with(nursery)
            self._let_go()
            os.close(line)
            keep(theirs, lambda: _become(request))
        os.close(theirs)
        kept = self._keepers[pid] = _Kept(number=request["id"], keeper=pid, line=line)
        self._selector.register(line, selectors.EVENT_READ, kept)

    def _let_go(self) -> None:
        """Close what is the nursery's own, in a fork of it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for end in (self._connection, self._alarm, self._sender):
            end.close()
        for kept in self._keepers.values():
            os.close(kept.line)

    def _hear(self, kept: _Kept) -> None:
        """Pass on what a keeper says of its kernel."""
        data = os.read(kept.line, 65536)
        *lines, kept.unread = (kept.unread + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            kept.pid, kept.ended = message["pid"], "code" in message
            born = {"id": kept.number, "keeper": kept.keeper}
            self._tell(message if kept.ended else {**message, **born})
        if data:
            return
        self._selector.unregister(kept.line)
        os.close(kept.line)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(kept.keeper, 0)
        self._bury()
        del self._keepers[kept.keeper]
        if not kept.ended:
            self._lament(kept)
        self._end_strays()

    def _lament(self, kept: _Kept) -> None:
        """Tell of a kernel whose keeper was killed; the system has killed it then."""
        if kept.pid is None:
            self._tell({"id": kept.number, "failed": "its keeper ended"})
        else:
            self._tell({"pid": kept.pid, "code": -signal.SIGKILL, "orphaned": True})

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._alarm.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                if pid not in self._keepers:
                    self._end_strays()

    def _end_strays(self) -> None:
        """End what was left behind by a kernel whose keeper was killed."""
        for pid in set(children()) - self._keepers.keys():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the worker is gone: serve() will see
            self._connection.sendall(json.dumps(message).encode() + b"\n")


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A kernel, its keeper, and the line on which that tells of it."""

    number: int
    keeper: int
    line: int
    pid: int | None = None
    ended: bool = False
    unread: bytes = b""


def _become(request: dict[str, Any]) -> None:
    """Turn this fork into a process like one that was started cold; never return."""
    code, module, command = 1, request.get("module"), request.get("command")
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        _redirect(request["log"])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        os.chdir(request["folder"])
        if command is not None:
            _execute(command, request["lock"])
        _forget()
        if module is None:
            _be_kernel(request["arguments"])
        else:
            sys.argv = [module, *request["arguments"]]
            importlib.import_module(module).main(*request["arguments"])
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        if module is None and command is None:
            _let_go_of_channels()
        _leave(code)


def _execute(command: list[str], lock: str | None) -> None:
    """Become a program; return only by an error."""
    if lock is not None:
        descriptor = os.open(lock, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # who asked holds it as well
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it knows no other way
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and programs do not
        signal.signal(number, signal.SIG_DFL)
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - the kernel that was asked for


def _be_kernel(arguments: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp

    # ipykernel read its parent from the environment when it was loaded, before the fork.
    arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.argv = ["ipykernel_launcher", *arguments]

    # Not named like one of ipykernel's own classes: the settings of that would be taken
    # for this one's, and each run would be warned of them.
    class WarmKernelApp(IPKernelApp):
        """Loses nothing of what is printed faster than it can be sent."""

        def init_iopub(self, context: Any) -> None:
            context.sndhwm = 0
            super().init_iopub(context)  # type: ignore[no-untyped-call]

    WarmKernelApp.launch_instance(argv=arguments)


def _redirect(log: str) -> None:
    for path, flags, targets in (
        (os.devnull, os.O_RDONLY, (0,)),
        (log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags, 0o600)
        for target in targets:
            os.dup2(opened, target)
        os.close(opened)


def _forget() -> None:
    """Drop what a fork inherits and a fresh process would not have."""
    import random
    import tempfile
    import time

    random.seed()
    tempfile.tempdir = None
    tempfile._name_sequence = None  # type: ignore[attr-defined]  # noqa: SLF001
    time.tzset()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _let_go_of_channels() -> None:
    import atexit

    from ipykernel.kernelapp import IPKernelApp

    # ipykernel closes its channels when it ends, while its control thread may still write to
    # one of them: now and then both then wait for ever. The end of the process closes them too.
    atexit.unregister(IPKernelApp.instance().close)


def _leave(code: int) -> None:
    """End as an interpreter does: threads joined, exit handlers run, streams flushed."""
    import atexit
    import threading
    import traceback

    if sys.exc_info()[0] not in {None, SystemExit}:
        traceback.print_exc()
    with contextlib.suppress(AttributeError):
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code)


def _preload(names: Iterable[str]) -> None:
    # The debugger's advice about frozen modules would be in every log.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    # matplotlib looks here once, when it is loaded; a kernel started cold sets it before that.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is shared with the forks is not touched again


def _end_all() -> None:
    import psutil

    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=1)


def main(descriptor: int, of: str) -> None:
    """Serve the worker at the other end of a socket, with what ``kernels`` or ``calls`` need."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # it ends with its worker
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    connection.set_inheritable(False)
    # `python -m` looks for modules in the folder it was started in; a kernel does not.
    del sys.path[0]
    adopt_orphans()
    _preload(PRELOADED[of])
    try:
        _Nursery(connection).serve()
    finally:
        signal.set_wakeup_fd(-1)
        _end_all()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
