"""What a run may take, as options of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.core.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["call_limits_options", "limits_options", "taken_limits"]

_OPTIONS = {
    "retries": ("N", "Try again so many times if it fails or is lost."),
    "retry_wait": ("TIME", "Wait before the first of these, then twice as long each: 10 s."),
    "timeout": ("TIME", "Time that an attempt may take: 90, 10 min, 2 h."),
    "cell_timeout": ("TIME", "Time that one cell may take."),
    "memory": ("SIZE", "Memory that it may have, with all that it starts: 500 MB, 2 GiB."),
    "keep_kernel": ("TIME", "Keep the kernel so long when a cell fails, to resume the run; or 0."),
    "priority": ("0-9", "Go before runs with less that wait for the same workers."),
}


_OF_CALLS = ("retries", "retry_wait", "timeout", "memory")


def limits_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each limit to a command; :func:`taken_limits` reads them."""
    return _with_options(command, _OPTIONS)


def call_limits_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each limit of a call; :func:`taken_limits` reads them."""
    return _with_options(command, _OF_CALLS)


def _with_options(command: Callable[..., Any], names: Iterable[str]) -> Callable[..., Any]:
    for name in reversed([*names]):
        metavar, told = _OPTIONS[name]
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, metavar=metavar, help=told)(command)
    return command


def taken_limits(options: dict[str, Any]) -> Limits:
    """Take the limits out of the options of a command.

    Raises
    ------
    InvalidLimitError
        If one is not understood.
    """
    return Limits.of({name: options.pop(name) for name in _OPTIONS if name in options})
