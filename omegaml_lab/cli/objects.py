"""The commands that all four stores share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from omegaml_lab.cli.carrying import copy_command, move_command, promote_command
from omegaml_lab.cli.lineage import lineage_command
from omegaml_lab.cli.output import ago, print_facts, print_json, print_table, size, text
from omegaml_lab.cli.revisions import revision_commands
from omegaml_lab.cli.session import Session, help_text, json_option, pass_session

if TYPE_CHECKING:
    from omegaml_lab.core.metadata import Metadata

__all__ = ["print_put", "store_group"]

_COLUMNS = ("name", "kind", "revision", "size", "modified", "owner", "tags")


def store_group(store: str, about: str, example: str) -> click.Group:
    """Return the group of commands of one store; `example` is a name for the help texts."""
    group = click.Group(store, help=about)
    for make in (_list, _show, _history, _rename, _drop):
        group.add_command(make(store, example))
    for command in revision_commands(store, example):
        group.add_command(command)
    for make in (copy_command, move_command, promote_command, lineage_command):
        group.add_command(make(store, example))
    return group


def print_put(metadata: Metadata, *, as_json: bool) -> None:
    """Say what a put has kept."""
    if as_json:
        print_json(metadata.to_dict())
        return
    kept = f"{metadata.kind}, {size(metadata.size)}"
    click.echo(f"{metadata.store} {metadata.name}@{metadata.revision} ({kept})")


def _list(store: str, example: str) -> click.Command:
    @click.command(
        "list",
        help=help_text(
            "List what there is.",
            f"omega {store} list",
            f"omega {store} list {example.rpartition('/')[0] or 'folder'} --search 20",
        ),
    )
    @click.argument("folder", default="")
    @click.option("--search", metavar="TEXT", help="Only names with this text in them.")
    @click.option(
        "--limit",
        type=click.IntRange(0),
        default=200,
        show_default=True,
        help="At most so many.",
    )
    @json_option
    @pass_session
    def command(
        session: Session, *, folder: str, search: str | None, limit: int, as_json: bool
    ) -> None:
        with session.open() as om:
            page = om.store(store).entries(folder, recursive=True, search=search, limit=None)
        objects = [entry for entry in page.items if not entry.is_folder]
        if as_json:
            print_json([entry.to_dict() for entry in objects[:limit]])
            return
        hidden = len(objects) - limit
        print_table(
            _COLUMNS,
            (_row(entry) for entry in objects[:limit]),
            empty=f"There is nothing in {store}{f' under {folder}' if folder else ''} yet.",
            more=f"… and {hidden} more: --limit {len(objects)} shows all." if hidden > 0 else "",
        )

    return command


def _show(store: str, example: str) -> click.Command:
    @click.command(
        "show",
        help=help_text(
            "Show the metadata of one object.",
            f"omega {store} show {example}",
            f"omega {store} show {example}@3",
        ),
    )
    @click.argument("name")
    @json_option
    @pass_session
    def command(session: Session, *, name: str, as_json: bool) -> None:
        with session.open() as om:
            metadata = om.store(store).metadata(name)
        if as_json:
            print_json(metadata.to_dict())
            return
        print_facts(
            {
                "name": metadata.name,
                "kind": metadata.kind,
                "revision": metadata.revision,
                "size": size(metadata.size),
                "created": metadata.created.isoformat(" ", "seconds"),
                "modified": metadata.modified.isoformat(" ", "seconds"),
                "owner": metadata.owner,
                "tags": ", ".join(metadata.tags),
                "hash": metadata.hash,
                "written by run": metadata.run,
                "copied from": metadata.origin,
                **{f"attribute {key}": text(value) for key, value in metadata.attributes.items()},
            }
        )

    return command


def _history(store: str, example: str) -> click.Command:
    @click.command(
        "history",
        help=help_text(
            "List the revisions of one object, newest first.", f"omega {store} history {example}"
        ),
    )
    @click.argument("name")
    @json_option
    @pass_session
    def command(session: Session, *, name: str, as_json: bool) -> None:
        with session.open() as om:
            history = om.store(store).history(name)
        if as_json:
            print_json([metadata.to_dict() for metadata in history])
            return
        print_table(_COLUMNS, (_row(metadata) for metadata in history), empty="No revisions.")

    return command


def _rename(store: str, example: str) -> click.Command:
    @click.command(
        "rename",
        help=help_text(
            "Give an object or a folder another name.",
            f"omega {store} rename {example} archive/{example}",
        ),
    )
    @click.argument("name")
    @click.argument("new")
    @pass_session
    def command(session: Session, *, name: str, new: str) -> None:
        with session.open() as om:
            metadata = om.store(store).rename(name, new)
        click.echo(f"{store} {name} is now {metadata.name}")

    return command


def _drop(store: str, example: str) -> click.Command:
    @click.command(
        "drop",
        help=help_text(
            "Move objects or folders to the trash, from where restore brings them back.",
            f"omega {store} drop {example}",
            f"omega {store} drop folder --recursive",
        ),
    )
    @click.argument("names", nargs=-1, required=True, metavar="NAME...")
    @click.option("--recursive", is_flag=True, help="A folder with all that is in it.")
    @click.option("--missing-ok", is_flag=True, help="Succeed when it is not there.")
    @pass_session
    def command(
        session: Session, *, names: tuple[str, ...], recursive: bool, missing_ok: bool
    ) -> None:
        with session.open() as om:
            for name in names:
                dropped = om.store(store).drop(name, recursive=recursive, missing_ok=missing_ok)
                click.echo(f"{store} {name} {'is dropped' if dropped else 'was not there'}")

    return command


def _row(metadata: Metadata) -> list[Any]:
    return [
        metadata.name,
        metadata.kind,
        metadata.revision,
        size(metadata.size),
        ago(metadata.modified),
        metadata.owner,
        ", ".join(metadata.tags),
    ]
