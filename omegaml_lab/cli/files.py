"""Between the disk and the stores: which file, which name."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["name_of", "write_file", "write_or_print"]


def name_of(path: Path) -> str:
    """Return the name that a file on disk gets: its path, without what only the disk means."""
    parts = [part for part in path.parts if part not in {path.anchor, ".", ".."}]
    if not path.is_absolute():
        return "/".join(parts)
    # Where on this disk it lies says nothing to others; the last folder and the name do.
    return path.name


def write_file(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file, not over another one unless told to.

    Raises
    ------
    click.ClickException
        If there is one, or it cannot be written.
    """
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise click.ClickException(f"{path} exists: --force replaces it.") from error
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error}") from error


def write_or_print(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file and say so; ``-`` is the terminal."""
    if str(path) == "-":
        sys.stdout.buffer.write(data)
        return
    write_file(path, data, force=force)
    click.echo(f"{path} written")
