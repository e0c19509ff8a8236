"""The one configuration: defaults < file < ``OMEGA_*`` environment < arguments.

The file is ``config.toml`` in the home folder, or the one that ``OMEGA_CONFIG`` names. Each
field below is a key of that file and, in capitals behind ``OMEGA_``, a variable.
"""

from __future__ import annotations

import getpass
import math
import os
import re
import shlex
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from omegaml_lab.core.errors import (
    ConfigError,
    InvalidAttributeError,
    InvalidLimitError,
    InvalidNameError,
    InvalidRecipientError,
    InvalidRetentionError,
)
from omegaml_lab.core.limits import Limits
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import check_bucket
from omegaml_lab.core.notifications import parse_recipients
from omegaml_lab.core.retention import Retention
from omegaml_lab.core.tags import check_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OF_SCHEDULERS", "OF_WORKERS", "Config"]

_KINDS: dict[str, type] = {
    "home": Path,
    "signing_key_file": Path,
    "concurrency": int,
    "kept_kernels": int,
    "lease_seconds": float,
    "trash_days": float,
    "call_days": float,
    "record_days": float,
    "grace_hours": float,
    "environment_days": float,
    "files_megabytes": float,
    "cache_megabytes": float,
}
_MAY_BE_NONE = {
    "mongo_url", "broker_url", "dask_url", "signing_key", "signing_key_file", "smtp_url",
}  # fmt: skip
OF_SCHEDULERS = ("OMEGA_SMTP_URL", "OMEGA_NOTIFY")
"""Variables that only schedulers need, and workers, which run people's code, must not have."""
OF_WORKERS = ("OMEGA_ENVIRONMENT_OPTIONS",)
"""Variables that may tell passwords of workers, which the code that they run must not have."""
_MAY_BE_ZERO = {"kept_kernels", "cache_megabytes", "record_days"}
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one process; see ``docs/reference/configuration.md`` for each."""

    home: Path
    """Folder of the embedded services: data, logs, keys. Only its user can read it."""
    mongo_url: str | None = field(default=None, repr=False)  # it may hold a password
    """MongoDB to use, with the database in its path. None starts the embedded one."""
    broker_url: str | None = field(default=None, repr=False)
    """Broker to use, e.g. ``amqp://``. None sends messages through MongoDB."""
    dask_url: str | None = None
    """Dask scheduler that computes lazy frames where asked to, or ``local`` for one in place."""
    signing_key: str | None = field(default=None, repr=False)
    """Key that vouches for what runs code when loaded, shared by those who share a repository."""
    signing_key_file: Path | None = None
    """File with that key, and below it older ones. None makes ``signing.key`` in `home`."""
    bucket: str = "default"
    """Partition of the repository that names are in."""
    user: str = ""
    """Who owns what this process writes."""
    public_url: str = ""
    """Where people reach the Jupyter server, used in report links, e.g. ``https://lab.x.org``."""
    label: str = "default"
    """What this worker offers, and what a run requires unless it says otherwise."""
    concurrency: int = 2
    """Runs that one worker performs at once."""
    autoscale: str = ""
    """``least,most``: as many runs at once as wait, within these bounds, instead of that."""
    lease_seconds: float = 20.0
    """How long a run may be silent before it counts as lost."""
    run_retries: int | None = None
    """How often a run of a notebook is tried again when it fails; see `core.limits`."""
    run_retry_wait: float | None = None
    """Seconds until the first of these."""
    run_timeout: float | None = None
    """Seconds that one attempt at a run may take. None sets no limit."""
    run_cell_timeout: float | None = None
    """Seconds that one of its cells may take."""
    run_memory: int | None = None
    """Bytes that its kernel, with all that it starts, may have in memory."""
    run_keep_kernel: float | None = None
    """Seconds that the kernel of a run is kept in which a cell failed; see `core.limits`."""
    run_priority: int | None = None
    """From 0 to 9: which of the runs that wait for a worker goes first; see `core.limits`."""
    kept_kernels: int = 2
    """Kernels of failed runs that one worker keeps at once; 0 keeps none."""
    environments: str = "install"
    """Whether this worker installs what notebooks require: ``install`` or ``refuse``."""
    environment_options: str = field(default="", repr=False)  # an index may have a password
    """Options of pip or uv for that, as ``--no-index --find-links /wheels``."""
    environment_days: float = 30.0
    """How long an environment that no run has used is kept."""
    files_megabytes: float = 256.0
    """Files beside a notebook that its kernel has on disk in all, and may leave there at once."""
    cache_megabytes: float = 64.0
    """Columns of frames that were read, kept in memory for who asks again; 0 keeps none."""
    retention_datasets: str = "all"
    """Which earlier revisions of datasets are kept, see `core.retention`."""
    retention_models: str = "all"
    """Which earlier revisions of models are kept."""
    retention_jobs: str = "all 1h, hourly 1d, daily 30d, monthly"
    """Which earlier revisions of jobs are kept: JupyterLab saves every two minutes."""
    retention_scripts: str = "all"
    """Which earlier revisions of scripts are kept."""
    trash_days: float = 30.0
    """How long what was dropped can be restored."""
    call_days: float = 30.0
    """How long a call that only asked a model something is on record once it has ended."""
    record_days: float = 0.0
    """How long any other run is on record, with its result, once it has ended; 0 for ever."""
    grace_hours: float = 24.0
    """How long what nobody needs any more stays readable for who reads it."""
    notify: str = field(default="", repr=False)  # addresses of chats are secret
    """Who is told of runs by default, see `core.notifications`; the scheduler reads it."""
    smtp_url: str | None = field(default=None, repr=False)  # it may hold a password
    """Server that takes the scheduler's mail, e.g. ``smtp://user:password@host:587``."""
    mail_from: str = ""
    """Address that mail is from."""
    webhook_hosts: str = ""
    """Hosts on private networks that notifications may go to, apart by spaces."""
    progress: bool = True
    """Whether long puts and gets show a bar in terminals and notebooks."""

    @property
    def slots(self) -> tuple[int, int]:
        """The least and the most runs that one worker performs at once."""
        if not self.autoscale:
            return self.concurrency, self.concurrency
        least, most = self.autoscale.split(",")
        return int(least), int(most)

    @property
    def limits(self) -> Limits:
        """The limits of runs that do not say otherwise."""
        return Limits(
            retries=self.run_retries,
            retry_wait=self.run_retry_wait,
            timeout=self.run_timeout,
            cell_timeout=self.run_cell_timeout,
            memory=self.run_memory,
            keep_kernel=self.run_keep_kernel,
            priority=self.run_priority,
        )

    @classmethod
    def load(cls, *, environ: Mapping[str, str] | None = None, **arguments: Any) -> Config:
        """Read the settings; arguments that are None count as not given.

        Raises
        ------
        ConfigError
            If ``OMEGA_CONFIG`` names no file, the file is not TOML, or a key is unknown or has
            a value that cannot be used.
        """
        environ = os.environ if environ is None else environ
        home = Path(arguments.get("home") or environ.get("OMEGA_HOME") or default_home())
        values: dict[str, Any] = {"home": home, "user": _login()}
        values |= _from_file(_file(home, environ.get("OMEGA_CONFIG")))
        for setting in fields(cls):
            if text := environ.get(f"OMEGA_{setting.name.upper()}"):
                values[setting.name] = text
        values |= {key: value for key, value in arguments.items() if value is not None}
        return cls(**{key: _typed(key, value) for key, value in values.items()})


def default_home() -> Path:
    """Return the folder for data of this user, by the platform's rules."""
    import platformdirs

    return Path(platformdirs.user_data_dir("omegaml-lab", appauthor=False))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container user without a passwd entry
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _file(home: Path, named: str | None) -> Path:
    if named and not Path(named).is_file():
        raise ConfigError("OMEGA_CONFIG", named, "there is no such file; make it, or unset this")
    return Path(named or home / "config.toml")


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("config file", str(path), str(error)) from error
    known = {setting.name for setting in fields(Config)}
    for key in values:
        if key not in known:
            # The value is not repeated: it may be a URL with a password, under a misspelt key.
            raise ConfigError(key, "…", f"{path} knows only {', '.join(sorted(known))}")
    return values


def _typed(key: str, value: Any) -> Any:
    if key == "progress":
        return _truth(key, value)
    if key.startswith("run_"):
        return _limit(key, value)
    return _plain(key, value)


def _plain(key: str, value: Any) -> Any:
    kind = _KINDS.get(key, str)
    if value is None and key in _MAY_BE_NONE:
        return None
    try:
        typed = kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(key, value, f"it must be a {kind.__name__}") from error
    if isinstance(typed, Path):
        return typed.expanduser().absolute()
    if check := _CHECKS.get(key):
        check(key, typed)
    if key == "signing_key" and len(typed) < _SHORTEST_KEY:
        reason = f"a key has at least {_SHORTEST_KEY} characters; `openssl rand -hex 32` makes one"
        raise ConfigError(key, "…", reason)
    if key in _MAY_BE_ZERO and typed == 0:
        return typed
    if kind in {int, float} and not 0 < typed < math.inf:  # nan is neither
        or_zero = ", or 0" if key in _MAY_BE_ZERO else ""
        raise ConfigError(key, value, f"it must be a number greater than zero{or_zero}")
    return typed


def _truth(key: str, value: Any) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    truth = known.get(str(value).lower())
    if truth is None:
        raise ConfigError(key, value, f"it must be one of {', '.join(known)}")
    return truth


def _limit(key: str, value: Any) -> Any:
    name = key.removeprefix("run_")
    try:
        return getattr(Limits.of({name: value}), name)
    except InvalidLimitError as error:
        raise ConfigError(key, value, error.reason) from error


def _check_bucket(key: str, bucket: str) -> None:
    try:
        check_bucket(bucket)
    except InvalidNameError as error:
        raise ConfigError(key, bucket, error.reason) from error


def _check_label(key: str, label: str) -> None:
    try:
        check_label(label)
    except InvalidAttributeError as error:
        raise ConfigError(key, label, error.reason) from error


def _check_smtp(key: str, url: str) -> None:
    if not _is_smtp(url):
        # Neither the URL nor what is said of it is repeated: both may tell the password.
        reason = (
            "it must be like smtp://user:password@host:587 (STARTTLS), smtps://… (TLS), or"
            " smtp+plain://host:25 (neither password nor TLS), with %40 for an @ in the user"
        )
        raise ConfigError(key, "…", reason) from None


def _check_sender(key: str, address: str) -> None:
    if address and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address):
        raise ConfigError(key, address, "it must be like omega@example.org")


def _check_recipients(key: str, text: str) -> None:
    try:
        parse_recipients(text)
    except InvalidRecipientError as error:  # addresses of chats are secret
        raise ConfigError(key, "…", error.reason) from None


def _is_smtp(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "smtp+plain" and parts.username is None
        known = plain or parts.scheme in {"smtp", "smtps"}
        return known and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_environments(key: str, policy: str) -> None:
    if policy not in {"install", "refuse"}:
        raise ConfigError(key, policy, "it must be install or refuse")


def _check_options(key: str, text: str) -> None:
    try:
        options = shlex.split(text)
    except ValueError as error:
        raise ConfigError(key, "…", f"it is no command line ({error})") from None
    if options and not options[0].startswith("-"):
        reason = "it must be like --index-url https://… or --no-index --find-links /wheels"
        raise ConfigError(key, "…", reason)


def _check_retention(key: str, text: str) -> None:
    try:
        Retention.parse(text)
    except InvalidRetentionError as error:
        raise ConfigError(key, text, error.reason) from error


def _check_dask(key: str, url: str) -> None:
    if url != "local" and not re.fullmatch(r"(tcp|tls|ucx|ws|wss)://[^\s@/]+/?", url):
        # Not repeated: there may be a password in what is no address of a scheduler.
        raise ConfigError(key, "…", "it must be like tcp://scheduler:8786, or `local`")


def _check_autoscale(key: str, text: str) -> None:
    found = re.fullmatch(r"\s*(\d{1,4})\s*,\s*(\d{1,4})\s*", text, re.ASCII)
    if text and (found is None or not 0 < int(found[1]) <= int(found[2])):
        raise ConfigError(key, text, "it must be like 2,8: the least and the most runs at once")


def _check_broker(key: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        well = parts.scheme in {"amqp", "amqps"} and parts.hostname and parts.port != 0
    except ValueError:
        well = False
    if not well:
        # Neither the URL nor what is said of it is repeated: both may tell the password.
        reason = (
            "it must be like amqp://user:password@host:5672//,"
            " with %2F for a slash in the password, %3A for a colon and so on"
        )
        raise ConfigError(key, "…", reason) from None


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "autoscale": _check_autoscale,
    "broker_url": _check_broker,
    "bucket": _check_bucket,
    "dask_url": _check_dask,
    "environment_options": _check_options,
    "environments": _check_environments,
    "label": _check_label,
    "mail_from": _check_sender,
    "notify": _check_recipients,
    "smtp_url": _check_smtp,
    **dict.fromkeys([f"retention_{store}" for store in STORES], _check_retention),
}
