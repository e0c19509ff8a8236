"""The mongod program: find it, start it, make it a replica set with one user, explain it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from omegaml_lab.core.errors import MissingDependencyError, ServiceError
from omegaml_lab.storage.place import Place, free_port, replace_text

__all__ = ["USER", "Mongod", "find_mongod", "missing_library"]

USER = "omega"
_SET = "rs0"
_START_SECONDS = 60.0
_PORT_TAKEN = 48  # mongod's exit code EXIT_NET_ERROR
_FOLDER_TAKEN = 100  # mongod's exit code EXIT_UNCAUGHT: another mongod holds the folder, or worse
_NOT_AUTHENTICATED, _UNAUTHORIZED, _ALREADY_INITIATED = 18, 13, 23
_STARTING = 94  # the replica set's config is not loaded yet
_FULL_DISK = 32 * 2**20  # with less mongod cannot even start
# Nothing of the process that happens to be the first to need the server: neither its secrets
# nor what tells a supervisor that it may end it.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_LOG_LIMIT = 10 * 2**20
# An empty folder then takes 18 MB, not 400.
_SMALL_LOG = "log=(file_max=16MB,prealloc=false)"
# WiredTiger's own limits, 5 and 20 %, are for large caches: of this one 50 MB of changes would
# make each put write out pages, some of them twice, before it is answered.
_LATE_EVICTION = ",".join(
    f"eviction_{what}_target=50,eviction_{what}_trigger=75" for what in ("dirty", "updates")
)


def find_mongod() -> Path:
    """Return the mongod on PATH, else the one in the ``fiftyone`` wheel.

    Raises
    ------
    MissingDependencyError
        If there is neither.
    """
    if found := shutil.which("mongod"):
        return Path(found)
    name = "mongod.exe" if sys.platform == "win32" else "mongod"
    spec = importlib.util.find_spec("fiftyone")  # the top package only: nothing is imported
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if (program := Path(folder) / "db" / "bin" / name).is_file():
            return program
    raise MissingDependencyError(
        "MongoDB (mongod)",
        "Install `omegaml-lab[embedded]`, put a mongod on PATH, or set OMEGA_MONGO_URL to a"
        " server you have.",
    )


def arguments(program: Path, place: Place) -> list[str]:
    """Return the command line: a small, quiet server on loopback that asks for a password."""
    return [
        str(program),
        *("--dbpath", str(place.data), "--port", str(place.port), "--bind_ip", "127.0.0.1"),
        *("--replSet", _SET, "--oplogSize", "64", "--keyFile", str(place.folder / "keyfile")),
        *("--logpath", str(place.log), "--logappend", "--quiet", "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", "0.25", "--networkMessageCompressors", "disabled"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--wiredTigerEngineConfigString", f"{_SMALL_LOG},{_LATE_EVICTION}"),
    ]


@dataclass(slots=True)
class Mongod:
    """The embedded server of one place. Callers hold the place's start lock."""

    place: Place
    guard: subprocess.Popen[bytes] | None = None
    log_start: int = 0

    def process(self) -> psutil.Process | None:
        """Return the server's process when one runs on this place's data, whoever started it."""
        try:
            pid = int((self.place.data / "mongod.lock").read_text() or 0)
            process = psutil.Process(pid) if pid else None
            # A pid may have been given to a stranger since: the data folder makes it ours.
            ours = process is not None and str(self.place.data) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def start(self) -> None:
        """Start the server and wait until it takes writes; another port if ours is taken."""
        program = find_mongod()
        for _ in range(5):
            code = self._start(arguments(program, self.place))
            if code is None:
                return
            if code != _PORT_TAKEN:
                raise self._failure(code)
            replace_text(self.place.folder / "port", str(free_port()))
        raise self._failure(_PORT_TAKEN)

    def _start(self, command: list[str]) -> int | None:
        """Start it; return None when it is ready, or the code with which it ended."""
        if self.place.log.exists() and self.place.log.stat().st_size > _LOG_LIMIT:
            self.place.log.replace(self.place.log.with_suffix(".log.1"))
        self.log_start = self.place.log.stat().st_size if self.place.log.exists() else 0
        script = Path(__file__).with_name("guard.py")
        with self.place.output.open("wb") as output:
            self.guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script), str(self.place.users), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.place.folder,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                start_new_session=True,  # a Ctrl-C in the terminal is not for the server
            )
        return self.wait_ready()

    def wait_ready(self) -> int | None:
        """Wait until the server takes writes; return None, or the code with which it ended.

        Raises
        ------
        ServiceError
            If it runs but does not become ready.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.guard is not None and (code := self.guard.poll()) is not None:
                return code
            if self.guard is None and self.process() is None:
                return _FOLDER_TAKEN
            with contextlib.suppress(ConnectionFailure):
                if self._is_ready():
                    return None
            time.sleep(0.03)
        raise ServiceError(
            "mongod",
            f"it did not become ready within {_START_SECONDS:g} s{self._last_words()}",
            log=str(self.place.log),
        )

    def takes_writes(self) -> bool:
        """Whether the server is there for its user; nothing is changed to make it so."""
        try:
            if self._listens():
                with self._client(authenticated=True) as client:
                    return bool(client.admin.command("hello").get("isWritablePrimary"))
        except (ConnectionFailure, OperationFailure, OSError):
            pass
        return False

    def _listens(self) -> bool:
        """Whether it is our server that has the port: no stranger is to see the password."""
        try:
            process = self.process()
            sockets = process.net_connections("tcp4") if process else []
        except psutil.Error:
            return False
        return any(
            socket.status == psutil.CONN_LISTEN and socket.laddr.port == self.place.port
            for socket in sockets
        )

    def _is_ready(self) -> bool:
        if not self._listens():
            return False
        try:
            with self._client(authenticated=True) as client:
                hello = client.admin.command("hello")
                if hello.get("isreplicaset"):  # it does not find itself: the port has changed
                    self._adopt_port(client)
                return bool(hello.get("isWritablePrimary"))
        except OperationFailure as error:
            if error.code == _STARTING:
                return False
            if error.code != _NOT_AUTHENTICATED:
                raise
        # MongoDB lets whoever is local make the first user, and only the first.
        with self._client(authenticated=False) as client:
            self._create_user(client)
        return False

    def _client(self, *, authenticated: bool) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            "127.0.0.1",
            self.place.port,
            directConnection=True,
            serverSelectionTimeoutMS=1000,
            connectTimeoutMS=1000,
            username=USER if authenticated else None,
            password=self.place.password if authenticated else None,
        )

    def _create_user(self, client: MongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": f"127.0.0.1:{self.place.port}"}
        try:
            client.admin.command("replSetInitiate", {"_id": _SET, "members": [member]})
        except OperationFailure as error:
            if error.code not in {_ALREADY_INITIATED, _UNAUTHORIZED}:
                raise
        deadline = time.monotonic() + 20
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)
        try:
            client.admin.command("createUser", USER, pwd=self.place.password, roles=["root"])
        except OperationFailure as error:
            raise ServiceError(
                "mongod",
                f"its data in {self.place.data} has another password than the one in"
                f" {self.place.folder / 'password'} ({error.details and error.details['errmsg']})."
                " Restore that file, or move the folder away to begin with an empty repository.",
            ) from error

    def _adopt_port(self, client: MongoClient[dict[str, Any]]) -> None:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"][0]["host"] = f"127.0.0.1:{self.place.port}"
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)

    def stop(self) -> None:
        """End the server cleanly and wait for its end."""
        if (process := self.process()) is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
                try:
                    process.wait(60)
                except psutil.TimeoutExpired:
                    process.kill()
                    process.wait(10)
        if self.guard is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.guard.wait(5)

    def _failure(self, code: int) -> Exception:
        said = self._said()
        if error := missing_library(said):
            return error
        free = shutil.disk_usage(self.place.home).free
        if free < _FULL_DISK or "No space left on device" in said:
            reason = (
                f"the disk of {self.place.home} is full ({free // 2**20} MiB are left). What was"
                f" saved is kept: free some space and try again{self._last_words()}"
            )
        else:
            reason = f"it ended with code {code}{self._last_words()}"
        if code == _FOLDER_TAKEN and "DBPathInUse" in reason:
            reason += " Another mongod, perhaps in another container, uses this folder."
        return ServiceError("mongod", reason, log=str(self.place.log))

    def _said(self) -> str:
        """Return what the server has said since its start, in its log or before it had one."""
        try:
            logged = self.place.log.read_bytes()[self.log_start :].decode(errors="replace")
        except OSError:
            logged = ""
        return self.place.output.read_text(errors="replace") + "\n" + logged

    def _last_words(self) -> str:
        """Return the last errors of the server, or its last lines when it has none."""
        lines = [line for line in self._said().splitlines() if line.strip()]
        spoken = [_readable(line) for line in lines if "BACKTRACE" not in line]
        errors = [text for severity, text in spoken if severity in {"E", "F"}]
        words = list(dict.fromkeys(errors))[:3] or [text for _, text in spoken[-3:]]
        return f": {' / '.join(words)}." if words else "."


def missing_library(said: str) -> MissingDependencyError | None:
    """Return the error for what the loader of the system says, None if it says nothing of it."""
    match = re.search(r"loading shared libraries: ([\w.+-]+)", said)
    if match is None:
        return None
    package = "libcurl4" if "curl" in match[1] else f"the package that has {match[1]}"
    return MissingDependencyError(
        f"{match[1]}, which mongod needs,", f"Install it: `sudo apt-get install {package}`."
    )


def _readable(line: str) -> tuple[str, str]:
    """Return severity and text of one of mongod's JSON log lines."""
    try:
        entry = json.loads(line)
        attributes = entry.get("attr", {})
    except (ValueError, AttributeError):
        return "", line[:300]
    detail = attributes.get("message") or attributes.get("error") or attributes.get("msg") or ""
    if isinstance(detail, dict):  # WiredTiger's
        detail = detail.get("errmsg") or detail.get("msg") or json.dumps(detail)
    said = " ".join(f"{entry.get('msg', '')} {detail}".split())
    return entry.get("s", ""), said[:300]
