"""Omega Lab on one machine: MongoDB, a worker, the scheduler and Jupyter, kept running.

Labs of one home share its MongoDB, and one of them leads: it runs the worker and the scheduler
for all. When it ends, another takes the lead.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

from omegaml_lab.config import OF_SCHEDULERS
from omegaml_lab.core.errors import BrokerUnavailableError, OmegaError, ServiceError
from omegaml_lab.services import jupyter
from omegaml_lab.services.connection import check_servers, environment_of, held_file, resolve
from omegaml_lab.services.examples import put_examples
from omegaml_lab.services.labs import (
    end_leftovers,
    forget_lab,
    record_lab,
    record_service,
    running_labs,
    supervisor_id,
)
from omegaml_lab.services.processes import Service, last_lines
from omegaml_lab.services.supervisor import Supervisor
from omegaml_lab.storage import embedded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omegaml_lab.config import Config
    from omegaml_lab.services.jupyter import JupyterOptions
    from omegaml_lab.services.processes import Child

__all__ = ["Lab"]

_READY_SECONDS = 90.0
_LONGEST_PAUSE = 30.0
_LOOK_SECONDS, _LITTLE_SPACE = 5.0, 256 * 2**20
_OPTIONS = {"worker": ("--grace", "1")}  # Ctrl-C is prompt: what still goes is queued again


class Lab:
    """What `omega lab` runs.

    Parameters
    ----------
    config
        Without a MongoDB URL the embedded server of its home is used and kept running.
    options
        How the person wants Jupyter.
    say
        Told what happens, one line each, never a secret.
    ready
        Called with the URL that signs the person in: the one place where the token is shown.
    """

    def __init__(
        self,
        config: Config,
        options: JupyterOptions,
        *,
        say: Callable[[str], None],
        ready: Callable[[str], None],
    ) -> None:
        self._given = config
        self._config = config
        self._options = options
        self._say = say
        self._ready = ready
        self._supervisor = Supervisor(supervisor_id(), say=say, changed=self._record)
        self._port = 0
        self._url = ""
        self._lead: int | None = None
        self._pause, self._next_try = 0.5, 0.0
        self._warned, self._next_look = False, 0.0
        self._environment: dict[str, str] = {}

    def run(self) -> None:
        """Start everything, keep it running until a signal comes, and end it.

        Raises
        ------
        OmegaError
            If it cannot be started; nothing is left running then.
        """
        with self._supervisor.signals():
            try:
                self._start()
                while not self._supervisor.wait():
                    self._heal_mongod()
                    self._mind_disk()
                    self._take_lead()
                    self._supervisor.heal()
            finally:
                self._end()

    # -- starting ------------------------------------------------------------------------------

    def _start(self) -> None:
        home = self._given.home
        for name in end_leftovers(home):
            self._say(f"Ended a {name} that an earlier Lab had left running.")
        for lab in running_labs(home):
            where = f"at {lab.url}" if lab.url else f"as process {lab.pid}"
            self._say(f"Omega Lab already runs {where}: this one shares its services.")
        self._port = jupyter.choose_port(self._options)
        self._config = resolve(self._given)
        try:
            check_servers(self._config)
        except BrokerUnavailableError as error:
            self._say(str(error))
        token = jupyter.new_token()
        self._environment = {**environment_of(self._config), "JUPYTER_TOKEN": token}
        server = self._supervisor.add(self._jupyter(browser=self._options.browser))
        self._take_lead()
        self._put_examples()
        self._wait_ready(server)
        # A browser is opened once, not again when the server is.
        server.service = self._jupyter(browser=False)
        if not self._supervisor.stop.is_set():
            self._record()
            self._ready(f"{self._url}lab?token={token}")

    def _put_examples(self) -> None:
        try:
            for name in put_examples(self._config):
                self._say(f"Put the example {name} into the repository.")
        except OmegaError as error:  # a Lab without them is a Lab all the same
            self._say(str(error))

    def _jupyter(self, *, browser: bool) -> Service:
        return jupyter.jupyter_service(
            self._options,
            port=self._port,
            log=self._log(f"jupyter-{self._port}"),
            environment=self._environment,
            holds=held_file(self._given),
            browser=browser,
        )

    def _omega(self, name: str) -> Service:
        return Service(
            name=name,
            command=[sys.executable, "-m", "omegaml_lab.cli", name, *_OPTIONS.get(name, ())],
            log=self._log(name),
            environment={k: v for k, v in self._environment.items() if k != "JUPYTER_TOKEN"},
            holds=held_file(self._given),
            without=OF_SCHEDULERS if name == "worker" else (),
        )

    def _log(self, name: str) -> Path:
        return self._given.home / "logs" / f"{name}.log"

    def _wait_ready(self, server: Child) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._supervisor.wait(0.1):
            url = jupyter.server_url(server.pid) if server.pid else None
            if url is not None and jupyter.answers(url):
                self._url = url
                return
            code = server.ended()
            if code is not None and self._lost_port():
                server.service = self._jupyter(browser=self._options.browser)
                server.start()
            elif code is not None or time.monotonic() > deadline:
                log = server.service.log
                how = "does not answer" if code is None else f"ended with code {code}"
                raise ServiceError("jupyter", f"it {how}: {last_lines(log)}.", log=str(log))

    def _lost_port(self) -> bool:
        """Whether somebody took the port since we chose it; then there is another one."""
        if self._options.port is not None or jupyter.choose_port(self._options) == self._port:
            return False
        self._port = jupyter.choose_port(self._options)
        return True

    # -- keeping -------------------------------------------------------------------------------

    def _heal_mongod(self) -> None:
        if self._given.mongo_url is not None or time.monotonic() < self._next_try:
            return
        if embedded.status(self._given.home).running:
            self._pause = 0.5
            return
        self._say("MongoDB ended and is started again.")
        try:
            config = resolve(self._given)
        except OmegaError as error:
            self._say(str(error))
            self._next_try = time.monotonic() + self._pause
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            return
        if config.mongo_url != self._config.mongo_url:
            self._say("MongoDB has a new port: everything that uses it is started again.")
            self._config = config
            self._environment |= environment_of(config)
            for child in self._supervisor.children:
                child.service = (
                    self._jupyter(browser=False)
                    if child.service.name == "jupyter"
                    else self._omega(child.service.name)
                )
            self._supervisor.restart()

    def _mind_disk(self) -> None:
        """Warn, once, before the disk is full: MongoDB stops then."""
        if self._given.mongo_url is not None or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_SECONDS
        free = shutil.disk_usage(self._given.home).free
        if free < _LITTLE_SPACE and not self._warned:
            left = f"{free // 2**20} MiB are left on the disk of {self._given.home}"
            self._say(f"Only {left}. MongoDB stops when it is full: free some space.")
        self._warned = free < _LITTLE_SPACE

    def _take_lead(self) -> None:
        """Run the worker and the scheduler unless another Lab does so for the same servers."""
        if self._lead is not None:
            return
        servers = f"{self._config.mongo_url}|{self._config.broker_url}|{self._config.label}"
        # With the embedded server its port and secrets may change, and it is always the same.
        if self._given.mongo_url is None:
            servers = f"embedded|{self._config.broker_url}|{self._config.label}"
        key = hashlib.sha256(servers.encode()).hexdigest()[:12]
        folder = self._given.home / "labs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / f"lead-{key}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return
        self._lead = descriptor
        for name in ("worker", "scheduler"):
            self._supervisor.add(self._omega(name))

    def _record(self) -> None:
        found = [
            record_service(child.service.name, child.pid, child.service.log)
            for child in self._supervisor.children
            if child.pid is not None
        ]
        with contextlib.suppress(OSError):  # a full disk: what runs matters more than the note
            record_lab(
                self._given.home,
                url=self._url,
                leads=self._lead is not None,
                services=tuple(record for record in found if record is not None),
            )

    # -- ending --------------------------------------------------------------------------------

    def _end(self) -> None:
        self._supervisor.end()
        forget_lab(self._given.home, os.getpid())
        if self._lead is not None:
            os.close(self._lead)
            self._lead = None
        if self._given.mongo_url is None:
            embedded.release(self._given.home)
