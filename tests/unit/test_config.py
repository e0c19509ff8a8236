"""The configuration: where settings come from, and what is never shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_precedes_the_file_and_arguments_both(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('bucket = "file"\nlabel = "file"\nuser = "file"\n')
    environ = {"OMEGA_HOME": str(tmp_path), "OMEGA_LABEL": "env", "OMEGA_USER": "env"}
    config = Config.load(environ=environ, user="argument")
    assert (config.bucket, config.label, config.user) == ("file", "env", "argument")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("concurrency", "0"),
        ("concurrency", "two"),
        ("lease_seconds", "-1"),
        ("lease_seconds", "nan"),
        ("lease_seconds", "inf"),
        ("bucket", "a/b"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        Config.load(environ={f"OMEGA_{key.upper()}": value}, home=tmp_path)


def test_passwords_are_shown_nowhere(tmp_path: Path) -> None:
    # A configuration is soon printed, in a notebook whose output becomes a report.
    url = "mongodb://me:secret@host/db"
    config = Config.load(environ={}, home=tmp_path, mongo_url=url, broker_url="amqp://u:secret@h")
    assert "secret" not in repr(config)
    (tmp_path / "config.toml").write_text(f'mongo_ulr = "{url}"\n')
    with pytest.raises(ConfigError, match="mongo_ulr") as caught:
        Config.load(environ={}, home=tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["amqp://u:secret@h:x//", "amqp://u:secret/x@h:1//", "rabbit://u:secret@h", "secret"]
)
def test_a_broker_that_cannot_be_used_is_refused_without_its_password(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(ConfigError, match="amqp://user:password@host") as caught:
        Config.load(environ={"OMEGA_BROKER_URL": url}, home=tmp_path)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "url", ["amqp://h", "amqps://u:p%2Fq@h:5671/vhost", "amqp://u:p@[::1]:5672//"]
)
def test_a_broker_that_can_be_used_is_taken(tmp_path: Path, url: str) -> None:
    assert Config.load(environ={}, home=tmp_path, broker_url=url).broker_url == url


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"OMEGA_CONFIG.*there is no such file"):
        Config.load(environ={"OMEGA_CONFIG": str(tmp_path / "typo.toml")}, home=tmp_path)
    (tmp_path / "mine.toml").write_text('bucket = "mine"')
    environ = {"OMEGA_CONFIG": str(tmp_path / "mine.toml")}
    assert Config.load(environ=environ, home=tmp_path).bucket == "mine"
