"""The commands of all stores that carry objects: copy, move, promote."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.output import print_json
from omegaml_lab.cli.session import Session, help_text, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.store.store import OmegaStore

__all__ = ["copy_command", "move_command", "promote_command"]


def _places(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where something goes."""
    bucket = click.option("--to-bucket", metavar="BUCKET", help="Into this bucket.")
    url = click.option(
        "--to-url",
        metavar="URL",
        envvar="OMEGA_TO_URL",
        help="Into the repository of this mongodb:// URL. OMEGA_TO_URL keeps its password out"
        " of the list of processes.",
    )
    return bucket(url(command))


def copy_command(store: str, example: str) -> click.Command:
    """Return the command that copies objects of a store."""

    @click.command(
        "copy",
        help=help_text(
            "Copy an object or a folder.",
            f"omega {store} copy {example} backup/{example}",
            f"omega {store} copy {example}@3 --to-bucket prod",
        ),
    )
    @click.argument("name")
    @click.argument("new", required=False)
    @_places
    @click.option("--replace", is_flag=True, help="Make a new revision of what is there.")
    @json_option
    @pass_session
    def command(
        session: Session,
        *,
        name: str,
        new: str | None,
        to_bucket: str | None,
        to_url: str | None,
        replace: bool,
        as_json: bool,
    ) -> None:
        with _stores(session, store, to_bucket=to_bucket, to_url=to_url) as (source, target):
            copied = source.copy(name, new, to=target, replace=replace)
        _say(f"{store} {name} is copied to", copied, as_json=as_json)

    return command


def move_command(store: str, example: str) -> click.Command:
    """Return the command that moves objects of a store."""

    @click.command(
        "move",
        help=help_text(
            "Move an object or a folder, with all revisions.",
            f"omega {store} move {example} --to-bucket archive",
        ),
    )
    @click.argument("name")
    @click.argument("new", required=False)
    @_places
    @json_option
    @pass_session
    def command(
        session: Session,
        *,
        name: str,
        new: str | None,
        to_bucket: str | None,
        to_url: str | None,
        as_json: bool,
    ) -> None:
        with _stores(session, store, to_bucket=to_bucket, to_url=to_url) as (source, target):
            moved = source.move(name, new, to=target)
        _say(f"{store} {name} is moved to", moved, as_json=as_json)

    return command


def promote_command(store: str, example: str) -> click.Command:
    """Return the command that promotes objects of a store."""

    @click.command(
        "promote",
        help=help_text(
            "Make a revision the newest one of that name elsewhere.",
            f"omega {store} promote {example}@3 --to-bucket prod",
        ),
    )
    @click.argument("name")
    @_places
    @json_option
    @pass_session
    def command(
        session: Session,
        *,
        name: str,
        to_bucket: str | None,
        to_url: str | None,
        as_json: bool,
    ) -> None:
        if to_bucket is None and to_url is None:
            raise click.UsageError("Say where: --to-bucket, --to-url or both.")
        with _stores(session, store, to_bucket=to_bucket, to_url=to_url) as (source, target):
            promoted = source.promote(name, to=target)
        _say(f"{store} {name} is promoted to", promoted, as_json=as_json)

    return command


@contextlib.contextmanager
def _stores(
    session: Session, store: str, *, to_bucket: str | None, to_url: str | None
) -> Iterator[tuple[OmegaStore, OmegaStore]]:
    """Open the store that something comes from, and the one that it goes to."""
    from omegaml_lab.omega import Omega

    with session.open() as om, contextlib.ExitStack() as stack:
        there = om
        if to_url is not None:
            there = stack.enter_context(Omega(to_url, bucket=om.bucket, config=om.config))
        target = there.store(store)
        yield om.store(store), target if to_bucket is None else target.in_bucket(to_bucket)


def _say(what: str, metadata: Metadata, *, as_json: bool) -> None:
    if as_json:
        print_json(metadata.to_dict())
        return
    where = "" if metadata.bucket == "default" else f" in bucket {metadata.bucket}"
    click.echo(f"{what} {metadata.name}@{metadata.revision}{where}")
