"""What is a notebook, and a valid one, when it is saved and when it is opened."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest
from tornado.web import HTTPError

from omegaml_lab.server.contents.contents import OmegaContentsManager
from omegaml_lab.server.contents.validity import Validity
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

STRANGE = sorted((Path(papermill.__file__).parent / "tests" / "notebooks").glob("*.ipynb"))
"""Notebooks of other people, of several versions of the format."""


@pytest.fixture
def manager(omega: Omega, tmp_path: Path) -> OmegaContentsManager:
    return OmegaContentsManager(omega=omega, root_dir=str(tmp_path), root="repository")


def save(manager: OmegaContentsManager, content: Any) -> Any:
    model = {"type": "notebook", "format": "json", "content": copy.deepcopy(content)}
    return asyncio.run(manager.save(model, "n.ipynb"))


def opened(manager: OmegaContentsManager) -> Any:
    return asyncio.run(manager.get("n.ipynb"))


def without_ids(content: Any) -> Any:
    """The notebook without what nbformat makes up where it is missing."""
    plain = json.loads(json.dumps(content))
    for cell in plain["cells"]:
        cell.pop("id", None)
    return plain


def in_lines() -> Any:
    """A notebook whose texts are lists of lines, as those in files are."""
    built = notebook("x = 1\ny = 2\n")
    built.cells[0].outputs = [nbformat.v4.new_output("stream", text="a\nb\n")]
    return json.loads(nbformat.writes(built))


@pytest.mark.parametrize("path", STRANGE, ids=lambda path: path.stem)
def test_what_others_wrote_opens_as_nbformat_reads_it(
    manager: OmegaContentsManager, path: Path
) -> None:
    save(manager, json.loads(path.read_text()))
    problem: dict[str, Any] = {}
    read = nbformat.reads(path.read_text(), as_version=4, capture_validation_error=problem)
    model = opened(manager)
    for cell in (cell for cell in model["content"].cells if cell.cell_type == "code"):
        cell.metadata.pop("trusted")
    assert without_ids(model["content"]) == without_ids(read)
    assert ("message" in model) == bool(problem)


def test_valid_ones_have_no_message(manager: OmegaContentsManager) -> None:
    for content in (notebook("1 + 1"), in_lines()):
        assert "message" not in save(manager, content)
        assert "message" not in opened(manager)


def test_invalid_ones_are_told_whenever_they_are_opened(
    manager: OmegaContentsManager, omega: Omega
) -> None:
    content = notebook("1 + 1")
    content.cells[0].metadata["collapsed"] = "not a boolean"
    assert "validation failed" in save(manager, content)["message"]
    assert "validation failed" in opened(manager)["message"]
    save(manager, notebook("2"))
    omega.jobs.put(content, "n.ipynb")
    assert "validation failed" in opened(manager)["message"]


def test_what_is_opened_again_is_read_as_before(
    manager: OmegaContentsManager, omega: Omega
) -> None:
    twins = notebook("1", "2")
    twins.cells[1].id = twins.cells[0].id
    invalid = notebook("1 + 1")
    invalid.cells[0].metadata["collapsed"] = "not a boolean"
    for content in (twins, invalid, notebook("x"), in_lines()):
        omega.jobs.put(content, "n.ipynb")
        first, again = opened(manager), opened(manager)
        assert first.get("message") == again.get("message")
        assert len({cell.id for cell in again["content"].cells}) == len(content["cells"])
        assert without_ids(first["content"]) == without_ids(again["content"])


def test_what_is_opened_again_is_not_validated_again(
    manager: OmegaContentsManager, monkeypatch: pytest.MonkeyPatch, omega: Omega
) -> None:
    first, second = notebook("first"), notebook("second")
    validated = []
    real = nbformat.validate
    monkeypatch.setattr(nbformat, "validate", lambda *args: (validated.append(1), real(*args)))
    for number, content in enumerate((first, second), 1):
        omega.jobs.put(content, "n.ipynb")
        for _ in range(3):
            opened(manager)
            assert len(validated) == number


def test_what_was_validated_long_ago_is_forgotten() -> None:
    validity = Validity()
    data = json.dumps(notebook("x")).encode()
    for number in range(12_000):
        validity.read(data, str(number), {})
    assert len(validity._valid) == 10_000


def test_an_old_notebook_is_upgraded_before_it_is_validated(
    manager: OmegaContentsManager,
) -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    save(manager, old)
    assert opened(manager)["content"].cells[0].source == "x = 1"


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        "text",
        None,
        {"nbformat": "4"},
        {"nbformat": 4},
        {"nbformat": 5, "metadata": {}, "cells": []},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": []},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]},
        {"nbformat": 4, "nbformat_minor": "x", "metadata": {}, "cells": []},
    ],
    ids=str,
)
def test_what_is_no_notebook_is_refused_and_loses_nothing(
    manager: OmegaContentsManager, content: Any
) -> None:
    save(manager, notebook("kept"))
    with pytest.raises(HTTPError, match=r"n\.ipynb is no notebook, nothing was saved") as refused:
        save(manager, content)
    assert refused.value.status_code == 400
    assert opened(manager)["content"].cells[0].source == "kept"


BARE = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
PRINTED = {"output_type": "stream", "name": "stdout", "text": [1, 2]}
CODE = {"id": "a", "cell_type": "code", "metadata": {}, "source": "", "execution_count": None}
CORRUPT = {
    "a stream of numbers": json.dumps({**BARE, "cells": [{**CODE, "outputs": [PRINTED]}]}),
    "a cell without a type": json.dumps({**BARE, "cells": [{"source": "x", "metadata": {}}]}),
    "a version that is no number": json.dumps({**BARE, "nbformat_minor": "x", "cells": []}),
    "too deep": json.dumps({**BARE, "cells": []})[:-1] + ', "x": ' + "[" * 3000 + "]" * 3000 + "}",
}


@pytest.mark.parametrize("text", CORRUPT.values(), ids=CORRUPT)
def test_what_is_corrupt_is_kept_as_text(manager: OmegaContentsManager, text: str) -> None:
    model = {"type": "file", "format": "text", "content": text}
    asyncio.run(manager.save(model, "n.ipynb"))
    with pytest.raises(HTTPError) as refused:
        opened(manager)
    assert refused.value.status_code == 400
    kept = asyncio.run(manager.get("n.ipynb", type="file"))["content"]
    assert kept == text or json.loads(kept) == json.loads(text)
