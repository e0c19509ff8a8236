"""Write cli.md, the reference of the command line, from the commands themselves.

python docs/reference/make_cli.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from omegaml_lab.cli import omega

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("cli.md")
_INTRODUCTION = """\
# The command line

Everything that JupyterLab offers on the repository and its runs, for terminals and scripts.
`omega COMMAND --help` says the same as this page, which is made from it by
`python docs/reference/make_cli.py`.

**Where it looks.** Settings come from `config.toml` in the home folder, then from `OMEGA_*`
variables, see [Configuration](configuration.md). Without `OMEGA_MONGO_URL` each command uses
the embedded MongoDB of the home folder: it starts it when it does not run, and whoever uses it
last stops it.

**What it says.** Results go to the standard output, tables for people or, with `--json`, JSON
for programs; everything else goes to the standard error. Errors are one line; `omega --debug
COMMAND` shows where one comes from.

**Exit codes.** 0 success; 1 failure, also of a run that was waited for; 2 wrong usage; 130
interrupted with Ctrl-C. A run goes on when the command that waits for it is interrupted.
"""


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its whole name, those of a group behind it."""
    yield path, group
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def page() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    for path, command in commands(omega, "omega"):
        # A fixed width, so that the page does not depend on the terminal it is made in.
        context = click.Context(command, info_name=path, max_content_width=88, terminal_width=88)
        context.help_option_names = ["-h", "--help"]
        level = "##" if path.count(" ") < 2 else "###"
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"{level} {path}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    click.echo(f"{PAGE} written")
