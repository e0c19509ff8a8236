"""A private RabbitMQ server in a folder of its own, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO = "RabbitMQ is not installed: `sudo apt-get install rabbitmq-server` gets it."
_PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def installed() -> bool:
    return Path(_PROGRAM).exists() and shutil.which("epmd") is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RabbitMQ:
    """Starts, kills and starts again a server on one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._epmd_port, self._dist_port = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self, *options: str) -> None:
        """Start it, with further options such as ``-rabbit consumer_timeout 5000``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("rabbitmq.conf", "enabled_plugins"):
            (self.folder / name).write_text("[].\n" if name == "enabled_plugins" else "")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"omega{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 " + " ".join(options)
            ),
        }
        epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        log = (self.folder / "output.log").open("ab")
        for command in (epmd, [_PROGRAM]):
            self._processes.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    cwd=self.folder,  # crash dumps are left there
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        try:
            self._wait()
        except RuntimeError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it as a crash would."""
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep its connections open, and answer on none of them."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        """Answer again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            os.killpg(process.pid, number)

    def _wait(self) -> None:
        import amqp

        deadline = time.monotonic() + 150  # a busy machine starts Erlang slowly
        while True:
            try:
                amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2).connect()
            except (OSError, amqp.AMQPError) as error:
                if time.monotonic() > deadline:
                    output = (self.folder / "output.log").read_text("utf-8", "replace")
                    raise RuntimeError(f"RabbitMQ did not start: {output[-2000:]}") from error
                time.sleep(0.2)
            else:
                return
