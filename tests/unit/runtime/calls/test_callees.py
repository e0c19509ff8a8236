"""Callees that do not come up: told at once and with the reason, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import CalleeDiedError
from omegaml_lab.runtime.calls import callees as module
from omegaml_lab.runtime.calls.callees import Callee, Callees
from omegaml_lab.runtime.kernels import warm
from omegaml_lab.runtime.kernels.warm import ForkedProcess, Nursery, available

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for what is temporary, with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="omega-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def test_one_that_cannot_start_says_why() -> None:
    with pytest.raises(CalleeDiedError, match="ended with code 1") as caught:
        Callees(limit=1).take({"PYTHONHOME": "/nowhere"}, fresh=False)
    assert "encodings" in caught.value.said


def test_one_that_ends_at_once_says_why() -> None:
    callees = Callees(limit=1)
    callee = callees.take({"OMEGA_LEASE_SECONDS": "soon"}, fresh=False)
    with pytest.raises(CalleeDiedError) as caught:
        callee.ask({})
    assert "lease_seconds" in caught.value.said
    callees.give_back(callee, {}, fresh=False)
    assert not callee.alive


def test_a_successor_that_cannot_start_is_no_failure_of_the_call() -> None:
    callees = Callees(limit=1)
    callee = callees.take({"OMEGA_LEASE_SECONDS": "soon"}, fresh=True)
    callees.give_back(callee, {"PYTHONHOME": "/nowhere"}, fresh=True)
    assert not callee.alive


def test_a_folder_for_temporary_files_may_have_any_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    callee = Callees(limit=1).take({}, fresh=False)
    assert callee.alive
    callee.close()
    assert list(long.iterdir()) == []


def test_nothing_is_left_of_one_that_has_ended(temporary: Path) -> None:
    callees = Callees(limit=1)
    callee = callees.take({}, fresh=False)
    [folder] = temporary.iterdir()
    (folder / "tmp" / "left").touch()
    assert callee.process.pid
    callee.close()
    with pytest.raises(CalleeDiedError):
        callees.take({"PYTHONHOME": "/nowhere"}, fresh=False)
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not available(), reason="processes are forked on Linux only")
def test_one_whose_keeper_was_stopped_is_ended_all_the_same() -> None:
    nursery = Nursery("calls")
    try:
        callee = forked(nursery)
        os.kill(callee.process.keeper, signal.SIGSTOP)  # as the code that it calls can do
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(callee.close)
            try:
                ending.result(30)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(callee.process.keeper, signal.SIGCONT)
        assert not callee.alive
    finally:
        nursery.stop()


def test_a_line_that_is_held_by_what_it_left_behind_keeps_nobody_waiting() -> None:
    callee = Callees(limit=1).take({}, fresh=True)
    ours, theirs = socket.socketpair()
    callee._connection.close()
    callee._connection = ours  # the other end of which outlives it
    with theirs, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(callee.ask, {})
        callee.kill()
        with pytest.raises(CalleeDiedError):
            asked.result(30)
    callee.close()


def test_what_is_slow_to_start_but_works_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STARTS", 0.2)
    callee = Callees(limit=1).take({}, fresh=False)
    assert callee.alive
    callee.close()
    monkeypatch.setattr(module, "_started", lambda *_: subprocess.Popen(["sleep", "1000"]))
    with pytest.raises(CalleeDiedError):
        Callees(limit=1).take({}, fresh=False)


def test_one_that_is_slow_to_start_is_given_up_when_nobody_wants_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("while True: pass  # it works, and never comes")
    slow, looks = {"PYTHONPATH": str(tmp_path)}, iter([True, True, False])
    with pytest.raises(CalleeDiedError):
        Callees(limit=1).take(slow, fresh=False, wanted=lambda: next(looks, False))


@pytest.mark.skipif(not available(), reason="processes are forked on Linux only")
def test_a_nursery_that_does_not_answer_keeps_nobody_waiting_who_goes(tmp_path: Path) -> None:
    nursery, looks = Nursery("calls"), iter([True, False])
    where = {"environment": dict(os.environ), "folder": tmp_path, "log": tmp_path / "log"}
    nursery.start()
    os.kill(nursery.pid or 0, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            nursery.spawn([], **where, wanted=lambda: next(looks, False))
        assert next(looks, None) is None
    finally:
        os.kill(nursery.pid or 0, signal.SIGCONT)
        nursery.stop()


@pytest.mark.skipif(not available(), reason="processes are forked on Linux only")
def test_a_nursery_that_is_slow_to_load_but_works_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(warm, "_PATIENCE", 0.2)
    nursery = Nursery("calls")
    where = {"environment": dict(os.environ), "folder": tmp_path, "log": tmp_path / "log"}
    try:
        assert nursery.execute(["true"], **where).wait(60) == 0
        os.kill(nursery.pid or 0, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            nursery.execute(["true"], **where)
    finally:
        os.kill(nursery.pid or 0, signal.SIGCONT)
        nursery.stop()


def test_a_large_request_to_one_that_hangs_can_be_given_up() -> None:
    callee = Callees(limit=1).take({}, fresh=False)
    os.kill(callee.process.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(callee.begin, {"large": "x" * 3_000_000})
        try:
            asked.result(30)
            with pytest.raises(CalleeDiedError):
                callee.answer(callee.kill, after=0.1)
        finally:
            callee.close()


def test_a_large_request_arrives_as_it_is() -> None:
    callee = Callees(limit=1).take({"OMEGA_MONGO_URL": "mongodb://127.0.0.1:1/x"}, fresh=False)
    ours, theirs = socket.socketpair()
    ours.settimeout(0.0)
    callee._connection.close()
    callee._connection = ours
    request = {"large": "x" * 3_000_000}
    with theirs, theirs.makefile("rwb") as line, ThreadPoolExecutor(1) as pool:
        callee.begin(request)
        answered = pool.submit(callee.answer)
        assert json.loads(line.readline()) == request
        line.write(b'{"answer": 1}\n')
        line.flush()
        assert answered.result(30) == {"answer": 1}
    callee.close()


def forked(nursery: Nursery) -> Callee:
    """A forked process; where the nursery is slow to start, a cold one comes at first."""
    for _ in range(5):
        callee = Callees(limit=1, nursery=nursery).take({}, fresh=False)
        if isinstance(callee.process, ForkedProcess):
            return callee
        callee.close()
    raise AssertionError("the nursery forks nothing")
