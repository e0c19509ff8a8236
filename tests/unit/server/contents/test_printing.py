"""Notebooks leave the repository as Jupyter writes them into files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import nbformat
import pytest

from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.printing import printed
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture
def manager(omega: Omega, tmp_path: Path) -> OmegaContentsManager:
    return OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="repository")


@pytest.fixture(scope="module")
def text() -> str:
    built = notebook("x = 1\ny = 'ü'\n", "2")
    built.cells[0].outputs = [nbformat.v4.new_output("stream", text="a\nb\n")]
    return str(nbformat.writes(built)) + "\n"


def test_text_is_read_as_it_was_saved(manager: OmegaContentsManager, text: str) -> None:
    model = {"type": "file", "format": "text", "content": text}
    asyncio.run(manager.save(model, "n.ipynb"))
    assert asyncio.run(manager.get("n.ipynb", type="file"))["content"] == text
    asyncio.run(manager.save(asyncio.run(manager.get("n.ipynb")), "n.ipynb"))
    assert asyncio.run(manager.get("n.ipynb", type="file"))["content"] == text


def test_downloads_and_copies_on_the_disk_have_lines(
    manager: OmegaContentsManager, tmp_path: Path, text: str
) -> None:
    model = {"type": "file", "format": "text", "content": text}
    asyncio.run(manager.save(model, "n.ipynb"))
    meta, stream = manager.repository.files.open("n.ipynb")
    data = stream.read()
    assert data.decode() == text
    assert meta.size == len(data)
    asyncio.run(manager.copy("n.ipynb", "local"))
    assert (tmp_path / "n.ipynb").read_text() == text


@pytest.mark.parametrize("data", [b"", b"{}", b"{\xff}", b'{"nbformat": 4, "cells": [1]}'])
def test_what_cannot_be_printed_stays_as_it_is(data: bytes) -> None:
    assert printed(data) == data
