"""The reference page of the command line says what the commands say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click
import pytest

from omegaml_lab.cli import omega

SCRIPT = Path(__file__).parents[3] / "docs" / "reference" / "make_cli.py"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("make_cli", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(reference):
    message = "run `python docs/reference/make_cli.py`"
    assert reference.PAGE.read_text("utf-8") == reference.page(), message


def test_every_command_has_a_section_and_its_options(reference):
    page = reference.PAGE.read_text("utf-8")
    for path, command in reference.commands(omega, "omega"):
        assert f"# {path}\n" in page
        section = page.partition(f"# {path}\n")[2].partition("\n```\n")[0]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(f"{option}" in section for option in parameter.opts), path


def test_every_command_explains_itself(reference):
    for path, command in reference.commands(omega, "omega"):
        assert command.help, path
        short = command.get_short_help_str(limit=200)
        assert not short.endswith("..."), path
        assert len(short) <= 66, f"{path}: {short}"
        if not isinstance(command, click.Group):
            assert f"\n  {path}" in command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"
