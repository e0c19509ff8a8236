"""The command line of Jupyter, and where it listens."""

from __future__ import annotations

import socket

import pytest

from omegaml_lab.core.errors import ServiceError
from omegaml_lab.services.jupyter import (
    JupyterOptions,
    answers,
    choose_port,
    jupyter_service,
    new_token,
)


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_refused_when_it_was_asked_for(taken):
    with pytest.raises(ServiceError, match=f"port {taken} is taken.*--port"):
        choose_port(JupyterOptions(port=taken))


def test_else_a_free_port_is_found():
    port = choose_port(JupyterOptions())
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


def test_no_secret_is_in_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_TOKEN", "mine")
    assert new_token() == "mine"
    service = jupyter_service(
        JupyterOptions(folder=tmp_path),
        port=8888,
        log=tmp_path / "log",
        environment={"JUPYTER_TOKEN": "mine"},
        holds=None,
        browser=False,
    )
    assert not any("mine" in argument for argument in service.command)
    assert f"--ServerApp.root_dir={tmp_path}" in service.command


def test_nobody_answers(taken):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert not answers(f"http://127.0.0.1:{port}/")
