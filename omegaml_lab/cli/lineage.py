"""How the command line shows lineage: what something was made of, and what was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omegaml_lab.cli.output import print_json
from omegaml_lab.cli.session import Session, help_text, json_option, pass_session
from omegaml_lab.core.lineage import Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.core.lineage import Lineage, Node

__all__ = ["depth_option", "lineage_command", "print_lineage"]

_UP = {
    Relation.READ: "read",
    Relation.RAN: "ran",
    Relation.WROTE: "made by",
    Relation.COPIED: "copied from",
    Relation.TRAINED: "trained on",
}
_DOWN = {
    Relation.READ: "read by",
    Relation.RAN: "run by",
    Relation.WROTE: "wrote",
    Relation.COPIED: "copied to",
    Relation.TRAINED: "trained",
}


def depth_option(default: int) -> click.Option:
    """Return the option that says how far to look."""
    return click.Option(
        ["--depth"],
        type=click.IntRange(1, 50),
        default=default,
        show_default=True,
        help="How many runs or copies away to look.",
    )


def lineage_command(store: str, example: str) -> click.Command:
    """Return the command that shows the lineage of an object of a store."""

    @click.command(
        "lineage",
        help=help_text(
            "Show what made an object, of what, and what was made of it.",
            f"omega {store} lineage {example}",
            f"omega {store} lineage {example}@3 --depth 1",
        ),
    )
    @click.argument("name")
    @json_option
    @pass_session
    def command(session: Session, *, name: str, depth: int, as_json: bool) -> None:
        with session.open() as om:
            print_lineage(om.store(store).lineage(name, depth=depth), as_json=as_json)

    command.params.append(depth_option(5))
    return command


def print_lineage(lineage: Lineage, *, as_json: bool) -> None:
    """Print a lineage: above all its sources, below all that came of it."""
    if as_json:
        print_json(lineage.to_dict())
        return
    click.echo(lineage.of)
    lines = [*_lines(lineage, up=True), *_lines(lineage, up=False)]
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("  No run has made it or read it, and it is not a copy, as far as is known.")
    if not lineage.complete:
        click.echo("… and more: --depth looks further.")


def _lines(lineage: Lineage, *, up: bool) -> Iterator[str]:
    """Yield a tree of one direction; what was shown above is not gone into again."""
    shown: set[Node] = set()

    def below(node: Node, indent: str) -> Iterator[str]:
        for link in lineage.links:
            near, far = (link.target, link.source) if up else (link.source, link.target)
            if near != node:
                continue
            words = (_UP if up else _DOWN)[link.relation]
            again = far in shown
            yield f"{indent}{words} {far}{' (see above)' if again else ''}"
            if not again:
                shown.add(far)
                yield from below(far, indent + "  ")

    return below(lineage.of, "  ")
