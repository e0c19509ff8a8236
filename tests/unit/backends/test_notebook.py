from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import nbformat
import pymongo
import pytest

from omegaml_lab.core.errors import InvalidNotebookError, NotAFileError
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def cell(**changes: Any) -> dict[str, Any]:
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "1"}
    code |= {"execution_count": None, "id": "a"}
    return {key: value for key, value in (code | changes).items() if value is not ...}


def test_all_ways_to_give_a_notebook(omega: Omega) -> None:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1\n2", id="x")])
    text = nbformat.writes(node)  # in which text is lists of lines
    ways = [node, json.loads(text), dict(node), text, text.encode(), "\n " + text]
    puts = [omega.jobs.put(way, f"n{i}.ipynb") for i, way in enumerate(ways)]
    assert {put.kind for put in puts} == {"notebook"}
    assert len({put.hash for put in puts}) == 1
    assert omega.jobs.get("n0") == node
    nbformat.validate(omega.jobs.get("n3"))


def test_source_becomes_a_notebook_of_one_cell(omega: Omega) -> None:
    omega.jobs.put("print('ü')\nx = {}", "a")
    notebook = omega.jobs.get("a")
    nbformat.validate(notebook)
    assert [c.source for c in notebook.cells] == ["print('ü')\nx = {}"]
    assert notebook.metadata.kernelspec.name == "python3"
    assert omega.jobs.metadata("a").attributes["kernel"] == "python3"


def test_lists_that_are_values_stay_lists(omega: Omega) -> None:
    data = {"application/json": ["a", "b"], "text/plain": ["a", "b"], "image/png": "eA=="}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    omega.jobs.put({**EMPTY, "cells": [cell(outputs=[output], source=["a\n", "b"])]}, "a")
    back = omega.jobs.get("a").cells[0]
    assert back.source == "a\nb"
    assert back.outputs[0].data == {**data, "text/plain": "ab"}


def test_an_old_notebook_is_upgraded(omega: Omega) -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"metadata": {}, "cells": [
            {"cell_type": "code", "language": "python", "input": "1", "outputs": [],
             "metadata": {}, "collapsed": False},
        ]}],
    }  # fmt: skip
    omega.jobs.put(old, "a")
    notebook = omega.jobs.get("a")
    assert (notebook.nbformat, notebook.cells[0].source) == (4, "1")


def test_text_that_utf8_cannot_hold(omega: Omega) -> None:
    omega.jobs.put({**EMPTY, "cells": [cell(source="'\ud83d'")]}, "a")
    assert omega.jobs.get("a").cells[0].source == "'\ud83d'"
    assert omega.jobs.read_bytes("a").isascii()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({}, "nbformat"),
        ({**EMPTY, "nbformat": "4"}, "nbformat"),
        ({**EMPTY, "nbformat": True}, "nbformat"),
        ({**EMPTY, "nbformat": 5}, "newer"),
        ({**EMPTY, "nbformat": 3}, "upgraded"),
        ({**EMPTY, "metadata": None}, "metadata"),
        ({**EMPTY, "cells": {}}, "cells"),
        ({**EMPTY, "cells": [1]}, "cell 0"),
        ({**EMPTY, "cells": [cell(), cell(cell_type="kode")]}, "cell 1"),
        ({**EMPTY, "cells": [cell(source=1)]}, "source"),
        ({**EMPTY, "cells": [cell(source=["a", 1])]}, "source"),
        ({**EMPTY, "cells": [cell(metadata=...)]}, "metadata"),
        ({**EMPTY, "cells": [cell(outputs=None)]}, "outputs"),
        ({**EMPTY, "metadata": {"x": object()}}, "JSON"),
        ('{"cells": ', "JSON"),
        (b"{\xff}", "UTF-8"),
        (b"print(1)", "JSON"),
        ("[]", None),
    ],
)
def test_what_is_no_notebook(omega: Omega, bad: Any, reason: str | None) -> None:
    omega.jobs.put(EMPTY, "a")
    if reason is None:  # any other text is source
        assert omega.jobs.put(bad, "a").revision == 2
        return
    with pytest.raises(InvalidNotebookError, match=reason):
        omega.jobs.put(bad, "a", kind="notebook")
    assert omega.jobs.get("a") == EMPTY
    assert omega.jobs.metadata("a").revision == 1


def test_odd_metadata_is_no_kernel(omega: Omega) -> None:
    for metadata in ({"kernelspec": None}, {"kernelspec": "x"}, {"kernelspec": {"name": 1}}):
        put = omega.jobs.put({**EMPTY, "metadata": metadata}, "a")
        assert "kernel" not in put.attributes


def test_the_stored_form_is_json(omega: Omega) -> None:
    omega.jobs.put(EMPTY, "a")
    assert json.loads(omega.jobs.read_bytes("a")) == EMPTY
    with omega.jobs.open("a") as file:
        assert json.load(file) == EMPTY
    omega.jobs.make_folder("folder")
    with pytest.raises(NotAFileError):
        omega.jobs.open(Name("folder"))


def test_it_is_kept_as_json_with_its_keys_in_order(omega: Omega) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "é" * 70_000},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "1"}},
    ]
    cells = [cell(outputs=outputs), cell(id="b"), cell(id="c", extra=1, outputs=outputs[1:])]
    for notebook in (EMPTY, {**EMPTY, "cells": cells}, {**EMPTY, "cells": cells, "a": 1, "z": []}):
        omega.jobs.put(notebook, "a")
        kept = omega.jobs.read_bytes("a")
        plain = json.dumps(notebook, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert kept.decode() == plain


def test_a_change_of_one_cell_writes_little(omega: Omega, mongo_url: str) -> None:
    picture = {"output_type": "display_data", "metadata": {}}
    cells = [
        cell(id=str(n), outputs=[{**picture, "data": {"image/png": os.urandom(100_000).hex()}}])
        for n in range(20)
    ]
    notebook = {**EMPTY, "cells": cells}
    omega.jobs.put(notebook, "a")
    before = pieces(mongo_url)
    cells[3] |= {"source": "a much longer source than before", "execution_count": 10_000}
    cells.insert(0, cell(id="new"))
    omega.jobs.put(notebook, "a")
    new = {key: size for key, size in pieces(mongo_url).items() if key not in before}
    assert sum(before.values()) > 4_000_000
    assert 0 < sum(new.values()) < 200_000
    assert json.loads(omega.jobs.read_bytes("a"))["cells"] == cells


def pieces(mongo_url: str) -> dict[bytes, int]:
    with pymongo.MongoClient(mongo_url) as client:
        found = client.get_default_database()["pieces"].find()
        return {piece["_id"]: len(piece["d"]) for piece in found}
