"""The callee: a process of a worker that performs calls, one after another.

Started by :mod:`.runtime.callees` as ``python -m omegaml_lab.callee <socket>``, with
the repository in its environment. Each line on that socket is a call, each line back what came
of it. It keeps the models that it loaded, and ends when the socket closes, in the midst of a
call too.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.config import Config
from omegaml_lab.core.calls import goes_beside
from omegaml_lab.core.metadata import Metadata
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.calls.calling import Caller, Target
from omegaml_lab.runtime.calls.parcels import opened, wrapped
from omegaml_lab.runtime.calls.reach import within_reach
from omegaml_lab.runtime.client.tracking import note_call
from omegaml_lab.runtime.client.value_writer import flush_all
from omegaml_lab.runtime.notebooks.log import LogTail

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["main"]


class _Tail(io.TextIOBase):
    """What is printed; only its end is kept."""

    def __init__(self) -> None:
        self.log = LogTail()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.log.write(text)
        return len(text)


class _Callee:
    def __init__(self, omega: Omega) -> None:
        calls = omega.runtime.calls
        self._runtime = omega.runtime
        self._stores = calls.stores
        self._caller = Caller(calls.stores, later=True)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what came of a call: its parcel or its error, and what it printed."""
        tail = _Tail()
        os.environ["OMEGA_RUN"] = request["run"]
        with contextlib.redirect_stdout(tail), contextlib.redirect_stderr(tail):
            try:
                answer = self._perform(request)
                flush_all()  # what was logged is on disk before the run says that it succeeded
            except (SystemExit, KeyboardInterrupt, Exception) as error:  # noqa: BLE001
                # The edge of this process: whatever the code raised is the answer.
                return {"error": _failure(error), "log": tail.log.text()}
        return {"answer": answer, "log": tail.log.text()}

    def settle(self) -> None:
        """Do what is left of a call once it is answered: while the worker writes that down."""
        self._caller.settle()

    def _perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        call, target = request["call"], Target(**request["target"])
        given = [*call["args"], *(parcel for _, parcel in call["kwargs"])]
        read = [parcel["name"] for parcel in given if "name" in parcel]
        beside = partial(goes_beside, target.kind, call["method"])
        args = [self._open(parcel, beside=beside(n)) for n, parcel in enumerate(call["args"])]
        kwargs = {k: self._open(parcel, beside=beside(k)) for k, parcel in call["kwargs"]}
        if request["kind"] == "script":
            result = self._caller.script(target, args, kwargs)
        else:
            result = self._caller.model(
                target, call["method"], args, kwargs, read=read, run=request["run"]
            )
        fitted = Target.of(result) if isinstance(result, Metadata) else target
        for name in request.get("experiments", ()):
            settings = self._caller.settings(fitted)
            method = "run" if request["kind"] == "script" else call["method"]
            with self._runtime.experiment(name) as exp:
                note_call(exp, method, settings, result)
        if isinstance(result, Metadata):
            result = result.to_dict()
        return wrapped(result, self._stores.calls, f"{request['run']}/answer")

    def _open(self, parcel: dict[str, Any], *, beside: bool) -> Any:
        if "name" in parcel:
            return self._caller.data(parcel["name"], beside=beside)
        return opened(parcel, self._stores.calls)


def _failure(error: BaseException) -> dict[str, Any]:
    lines = traceback.format_exception(error)
    return {"name": type(error).__name__, "message": str(error), "traceback": lines}


def _end_with(connection: socket.socket) -> None:
    """End this process, and what it started, when the other end hangs up."""
    hangup = getattr(select, "POLLRDHUP", 0) | select.POLLHUP
    poll = select.poll()
    poll.register(connection, hangup)
    poll.poll()
    os.killpg(0, signal.SIGKILL)


def main(path: str) -> None:
    """Serve the worker that listens at `path`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for the worker
    connection = socket.socket(socket.AF_UNIX)
    with within_reach(Path(path)) as near:
        connection.connect(near)
    faulthandler.enable()  # a crash says where, and the run shows that
    faulthandler.register(
        signal.SIGUSR1, all_threads=False
    )  # and so does what takes too long, before it is ended
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    callee = _Callee(Omega(config=Config.load()))
    with connection, connection.makefile("rb") as lines:
        owner = os.getpid()
        for line in lines:
            answer = callee.answer(json.loads(line))
            if os.getpid() != owner:  # a fork that the code has made, and that came back from it
                os._exit(0)
            connection.sendall(json.dumps(answer).encode() + b"\n")
            callee.settle()


if __name__ == "__main__":
    del sys.path[0]  # the folder it was started in, which `python -m` looks for modules in
    main(sys.argv[1])
