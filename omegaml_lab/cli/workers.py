"""`omega workers`: who performs runs, and what each has for them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click
from packaging.utils import canonicalize_name

from omegaml_lab.cli.output import ago, print_facts, print_json, print_table
from omegaml_lab.cli.session import Session, examples, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["workers"]


@click.group()
def workers() -> None:
    """See the workers: their labels, kernels and packages."""


@workers.command("list")
@json_option
@pass_session
@examples("omega workers list", "omega workers list --json")
def list_workers(session: Session, *, as_json: bool) -> None:
    """List the workers that are alive, with what they offer."""
    with session.open() as om:
        found = om.runtime.workers()
    if as_json:
        print_json([worker.to_dict() for worker in found])
        return
    print_table(
        ("worker", "label", "busy", "kernels", "requirements", "started"),
        (
            (
                worker.id,
                worker.label,
                f"{worker.busy} of {worker.concurrency}",
                ", ".join(worker.kernels or ()),
                {"install": "installed", "refuse": "refused"}.get(worker.environments or ""),
                ago(worker.started_at),
            )
            for worker in found
        ),
        empty="No worker is alive. `omega worker` starts one, and so does `omega lab`.",
    )


@workers.command()
@click.argument("worker")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@json_option
@pass_session
@examples("omega workers show lab-4711-a1b2", "omega workers show lab-4711-a1b2 'pandas*' numpy")
def show(session: Session, *, worker: str, packages: tuple[str, ...], as_json: bool) -> None:
    """Show a worker with all packages that it has, or with some."""
    with session.open() as om:
        found = om.runtime.worker(worker)
    if as_json:
        print_json(found.to_dict())
        return
    print_facts(
        {
            "worker": found.id,
            "host": f"{found.host} pid {found.pid}",
            "label": found.label,
            "busy": f"{found.busy} of {found.concurrency}",
            "kernels": ", ".join(found.kernels or ()),
            "requirements": {"install": "are installed", "refuse": "are refused"}.get(
                found.environments or ""
            ),
            "started": ago(found.started_at),
            "heard of": ago(found.heartbeat_at),
        }
    )
    print_table(
        ("package", "version"),
        _offered(found.packages, packages) if found.packages else (),
        empty="It does not tell its packages.",
    )


def _offered(packages: Iterable[str], patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield what a worker has of what is asked for, then what it has not."""
    has = {name: version for name, _, version in (each.partition("==") for each in packages)}
    named = {
        pattern: {name for name in has if fnmatchcase(name, canonicalize_name(pattern))}
        for pattern in patterns or ("*",)
    }
    shown = set().union(*named.values())
    yield from ((name, version) for name, version in has.items() if name in shown)
    yield from ((pattern, "not offered") for pattern, names in named.items() if not names)
