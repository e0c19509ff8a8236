"""Calls from the command line: what `omega models` and `omega scripts` have in common."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.output import print_json
from omegaml_lab.cli.run import needs_worker
from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.runtime.calls.plain import from_plain, to_plain

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.calls import CallHandle

__all__ = ["data_argument", "print_answer"]


def data_argument(text: str) -> Any:
    """Return the data that was typed: JSON where it begins like that, else a dataset's name.

    Raises
    ------
    click.UsageError
        If it begins like JSON, and is none.
    """
    if text[:1] not in {"[", "{"}:
        return text
    try:
        return from_plain(json.loads(text))
    except ValueError as error:
        raise click.UsageError(f"{text[:80]!r} is no JSON that holds data: {error}") from error


def print_answer(om: Omega, call: CallHandle, *, put: str | None, as_json: bool) -> None:
    """Wait for a call, with a worker for that long if there is none, and print its answer."""
    helper: Any = contextlib.nullcontext()
    if needs_worker(om, call.run.label):
        from omegaml_lab.services.connection import temporary_worker

        helper = temporary_worker(replace(om.config, label=call.run.label))
    with helper:
        answer = call.get()
    if put is not None:
        stored = _kept(om, answer, put)
        answer = {"dataset": stored.name, "revision": stored.revision}
    plain = to_plain(answer)
    if as_json:
        print_json({"run": call.run.to_dict(), "answer": plain})
    elif isinstance(plain, str):
        click.echo(plain)
    else:
        click.echo(json.dumps(plain, ensure_ascii=False))


def _kept(om: Omega, answer: Any, name: str) -> Metadata:
    if isinstance(answer, str):  # which must be no path or URL that is followed
        return om.datasets.put(answer, name, kind="python.value")
    try:
        return om.datasets.put(answer, name)
    except UnsupportedObjectError:  # an array, say, where no kind takes it by itself
        return om.datasets.put(answer, name, kind="python.value")
