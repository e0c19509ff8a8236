"""What notebooks require, as they say it."""

from __future__ import annotations

from typing import Any

import pytest

from omegaml_lab.code.requirements import missing
from omegaml_lab.core.errors import InvalidRequirementError
from omegaml_lab.runtime.jobs.requirements import normalized, required_by
from tests.integration.notebooks import markdown, notebook


def test_lines_of_code_cells_and_metadata_are_gathered() -> None:
    node = notebook(
        "# requires: Pandas>=2, LightGBM  # for trees\n#requires: a[x,y]>=1,<2,!=1.5\nimport a",
        "import os\n# requires: b; python_version >= '3'\n    # requires: c",
        "%matplotlib inline\n!ls 'x\n# requires: typing_extensions",
        "text = '''\n# requires: in-a-text\n'''",
        "%%writefile a.py\n# requires: in-a-file",
        "%%time\n# requires: PANDAS >=2\n# Requires: prose, and # requires: this",
    )
    node.cells.append(markdown("# requires: in-prose"))
    node.metadata["omega"] = {"requires": ["d~=1.0"]}
    assert required_by(node) == (
        "a[x,y]!=1.5,<2,>=1",
        'b; python_version >= "3"',
        "d~=1.0",
        "lightgbm",
        "pandas>=2",
        "typing-extensions",
    )


def test_comments_of_other_languages_are_no_requirements() -> None:
    node = notebook("# requires: dplyr and some patience")
    node.metadata["kernelspec"] = {"name": "ir", "language": "R"}
    assert required_by(node) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--index-url https://evil.example.org", "options of pip are set where the worker runs"),
        ("-r /etc/passwd", "options of pip"),
        ("a===/../tmp/a-1.0.tar.gz", "=== is for what is no version"),
        ("pandas --pre", "write it as pip takes it"),
        ("pandas; rm -rf /", "write it as pip takes it"),
        ("$(touch /tmp/x)", "write it as pip takes it"),
        ("`id`", "write it as pip takes it"),
        ("a\n--index-url=x", "write it as pip takes it"),
        ("a\x00b", "write it as pip takes it"),
        ("the data of yesterday", "write it as pip takes it"),
        ("git+https://user:secret@example.org/x", "an address or a path"),
        ("a @ file:///etc", "an address or a path"),
        ("a @ b", "it says where it is"),
        ("./local", "an address or a path"),
        ("~", "write it as pip takes it"),
        ("ümläut", "write it as pip takes it"),
    ],
)
def test_what_is_no_requirement_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        normalized(text)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("given", ["pandas", {"a": 1}, [1], [["a"]]])
def test_metadata_must_be_a_list_of_texts(given: Any) -> None:
    with pytest.raises(InvalidRequirementError):
        required_by({"metadata": {"omega": {"requires": given}}, "cells": []})


def test_an_extra_is_met_when_what_it_adds_is() -> None:
    assert missing(["jsonschema[format-nongpl]>=4", "omegaml-lab", "x; python_version<'3'"]) == []
    assert missing(["omegaml-lab>=999", "no-such-package", "numpy<1"]) == [
        "omegaml-lab>=999",
        "no-such-package",
        "numpy<1",
    ]
    assert missing(["dask[no-such-extra]"]) == []
    assert missing(["requests[socks]"]) == ["requests[socks]"]


def test_no_password_of_an_address_is_told() -> None:
    for text in ("--index-url https://u:hidden@h/ x", "a @ https://u:hidden@h/a.whl"):
        with pytest.raises(InvalidRequirementError) as caught:
            normalized(text)
        assert "hidden" not in str(caught.value)
