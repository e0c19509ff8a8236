"""What the README and the docs show is run: Python as it stands, commands against the CLI."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from omegaml_lab.cli import omega
from omegaml_lab.services.connection import environment_of
from omegaml_lab.services.processes import Child, Service, stop_children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.config import Config

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def commands() -> list[tuple[str, str]]:
    """Return every line of the shell blocks that calls `omega`, with its page."""
    return [
        (str(page.relative_to(ROOT)), line.split(" #")[0].strip())
        for page in PAGES
        for block in blocks(page, "bash")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("omega ")
    ]


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture
def worker(config: Config) -> Iterator[Child]:
    """A worker of the test's own repository."""
    service = Service(
        name="worker",
        command=[sys.executable, "-m", "omegaml_lab.cli", "worker"],
        log=config.home / "logs" / "worker.log",
        environment=environment_of(config),
    )
    child = Child(service, f"docs-{os.getpid()}")
    child.start()
    yield child
    stop_children([child], patience=8)


def test_readme_has_something_to_try() -> None:
    assert ROOT / "README.md" in WITH_PYTHON
    assert "omega status" in {line for _, line in commands()}


# Not called `page`: that is Playwright's fixture.
@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("source", WITH_PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_runs(source: Path, config: Config) -> None:
    code = "\n".join(["import omegaml_lab as om", *blocks(source, "python")])
    others = {key: value for key, value in os.environ.items() if not key.startswith("OMEGA_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**others, **environment_of(config)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if source.name == "README.md":
        assert "succeeded" in done.stdout
        assert "/omega/reports/" in done.stdout


@pytest.mark.parametrize(("source", "line"), commands())
def test_command_exists(source: str, line: str) -> None:
    command: click.Command = omega
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"{source}: `omega` has no `{words[0]}`"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known, f"{source}: {line}"
