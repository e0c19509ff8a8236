"""What every command is given: the settings, and the repository when it asks for it."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.omega import Omega

__all__ = ["Session", "examples", "help_text", "json_option", "pass_session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One call of `omega`."""

    bucket: str | None = None

    def config(self, **arguments: Any) -> Config:
        """Return the settings; `arguments` win over file and environment."""
        return Config.load(bucket=self.bucket, **arguments)

    @contextlib.contextmanager
    def open(self) -> Iterator[Omega]:
        """Open the repository; the embedded server starts if it is used and does not run."""
        from omegaml_lab.omega import Omega

        with Omega(config=self.config()) as om:
            yield om


pass_session = click.make_pass_decorator(Session, ensure=True)


def examples(*lines: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add examples to the help of the command that is made of a function."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__doc__ = help_text(inspect.cleandoc(function.__doc__ or ""), *lines)
        return function

    return add


def help_text(text: str, *lines: str) -> str:
    """Return the help of a command with examples below it."""
    # The backspace tells click to leave the lines below it as they are.
    shown = "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
    return f"{text}\n\n{shown}"


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json`` to a command."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    return option(command)
