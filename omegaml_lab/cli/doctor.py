"""`omega doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import click

from omegaml_lab.cli.output import print_json
from omegaml_lab.cli.session import Session, examples, json_option, pass_session

__all__ = ["doctor"]

_MARKS = {"ok": ("✓", "green"), "missing": ("✗", "red"), "optional": ("·", "yellow")}


@click.command()
@json_option
@pass_session
@examples("omega doctor")
def doctor(session: Session, *, as_json: bool) -> int:
    """Check what this machine has of what is needed.

    Says how to get what is missing. The exit code is 1 when something that is needed is missing.
    """
    from omegaml_lab.services.checks import check_machine

    found = check_machine(session.config())
    if as_json:
        print_json([check.to_dict() for check in found])
    else:
        for check in found:
            mark, colour = _MARKS[check.state]
            click.echo(f"{click.style(mark, fg=colour)} {check.name}: {check.detail}")
            if check.fix:
                click.echo(f"    {check.fix}")
    return 1 if any(check.state == "missing" for check in found) else 0
