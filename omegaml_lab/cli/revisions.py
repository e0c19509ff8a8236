"""The commands for tags, earlier states and the trash, which all four stores share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import ago, print_json, print_table, size
from omegaml_lab.cli.session import Session, help_text, json_option, pass_session
from omegaml_lab.cli.values import the_one

if TYPE_CHECKING:
    from omegaml_lab.core.trash import Dropped
    from omegaml_lab.store.states import TrashSort
    from omegaml_lab.store.store import OmegaStore

__all__ = ["revision_commands"]

_SORTS = ("dropped", "name", "size", "kind")


def revision_commands(store: str, example: str) -> list[click.Command]:
    """Return these commands for one store; `example` is a name for the help texts."""
    return [make(store, example) for make in (_compare, _tag, _untag, _trash, _restore)]


def _compare(store: str, example: str) -> click.Command:
    @click.command(
        "compare",
        help=help_text(
            "Show how the metadata of two states differ.",
            f"omega {store} compare {example}@2 {example}@5",
            f"omega {store} compare {example}@prod",
        ),
    )
    @click.argument("before")
    @click.argument("after", required=False)
    @json_option
    @pass_session
    def command(session: Session, *, before: str, after: str | None, as_json: bool) -> None:
        with session.open() as om:
            found = om.store(store).compare(before, after)
        if as_json:
            print_json(found.to_dict())
            return
        rows = [(name, _text(old), _text(new)) for name, (old, new) in found.fields.items()]
        rows += [(f"attribute {key}", *pair) for key, pair in found.changed.items()]
        rows += [(f"attribute {key}", value, None) for key, value in found.removed.items()]
        rows += [(f"attribute {key}", None, value) for key, value in found.added.items()]
        columns = ("", f"@{found.before.revision}", f"@{found.after.revision}")
        print_table(columns, rows, empty="They do not differ.")

    return command


def _tag(store: str, example: str) -> click.Command:
    @click.command(
        "tag",
        help=help_text(
            "Put a tag on a revision, the newest by default; NAME@TAG means it from then on.",
            f"omega {store} tag {example} prod",
            f"omega {store} tag {example}@3 prod",
        ),
    )
    @click.argument("name")
    @click.argument("tag")
    @pass_session
    def command(session: Session, *, name: str, tag: str) -> None:
        with session.open() as om:
            tagged = om.store(store).tag(name, tag)
        click.echo(f"{store} {tagged.name}@{tagged.revision} is tagged {', '.join(tagged.tags)}")

    return command


def _untag(store: str, example: str) -> click.Command:
    @click.command(
        "untag",
        help=help_text("Take a tag off an object.", f"omega {store} untag {example} prod"),
    )
    @click.argument("name")
    @click.argument("tag")
    @pass_session
    def command(session: Session, *, name: str, tag: str) -> None:
        with session.open() as om:
            om.store(store).untag(name, tag)
        click.echo(f"{store} {name} is no longer tagged {tag}")

    return command


def _trash(store: str, example: str) -> click.Command:
    @click.command(
        "trash",
        help=help_text(
            "List what was dropped and can be restored; a folder stands for all that was in it.",
            f"omega {store} trash",
            f"omega {store} trash --search {example.rpartition('/')[2]}",
        ),
    )
    @click.option("--search", metavar="TEXT", help="Names with this text, also those in folders.")
    @click.option(
        "--sort",
        type=click.Choice(_SORTS),
        default="dropped",
        show_default=True,
        help="By when it was dropped, the latest first, or by this.",
    )
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
        session: Session, *, search: str | None, sort: TrashSort, limit: int, as_json: bool
    ) -> None:
        with session.open() as om:
            page = om.store(store).trash(
                search=search, sort=sort, descending=sort == "dropped", limit=limit
            )
        if as_json:
            print_json([entry.to_dict() for entry in page.items])
            return
        hidden = page.total - len(page.items)
        print_table(
            ("id", "name", "kind", "size", "dropped", "by"),
            (
                (e.id[:8], e.name, e.kind, size(e.size), ago(e.dropped), e.dropped_by)
                for e in page.items
            ),
            empty="The trash is empty.",
            more=f"… and {hidden} more: --limit {page.total} shows all." if hidden > 0 else "",
        )

    return command


def _restore(store: str, example: str) -> click.Command:
    @click.command(
        "restore",
        help=help_text(
            "Make an earlier revision the newest, or bring back what was dropped.",
            f"omega {store} restore {example}@3",
            f"omega {store} restore {example}",
            f"omega {store} restore {example} --as {example}-again",
            f"omega {store} restore --id 3f2a",
        ),
    )
    @click.argument("name", required=False)
    @click.option("--as", "new", metavar="NAME", help="Under another name, from the trash.")
    @click.option("--id", "id_", metavar="ID", help="The beginning of an id in the trash.")
    @json_option
    @pass_session
    def command(
        session: Session, *, name: str | None, new: str | None, id_: str | None, as_json: bool
    ) -> None:
        if (name is None) == (id_ is None):
            raise click.UsageError("Give either NAME or --id.")
        with session.open() as om:
            objects = om.store(store)
            restored = objects.restore(name or _entry(objects, id_ or ""), new=new)
        if as_json:
            print_json(restored.to_dict())
            return
        at = "" if restored.is_folder else f" at revision {restored.revision}"
        click.echo(f"{store} {restored.name} is back{at}")

    return command


def _text(value: object) -> object:
    return ", ".join(value) if isinstance(value, tuple) else value


def _entry(objects: OmegaStore, wanted: str) -> Dropped:
    listed = {entry.id: entry for entry in objects.trash().items}
    # What was dropped with its folder is not listed, and wants its whole id.
    return the_one(wanted, listed) or objects.dropped(wanted)
