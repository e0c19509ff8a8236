"""Which images of a notebook are read before Voila renders it."""

from __future__ import annotations

import nbformat
import pytest

from omegaml_lab.server.voila import image_links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("![a](img/a.png)", ["img/a.png"]),
        ('![a]( img/a.png "title")', ["img/a.png"]),
        ("![a](<img/with space.png>)", ["img/with space.png"]),
        ("![a](img/with%20space.png)", ["img/with space.png"]),
        ("![a][ref]\n\n[ref]: img/b.png", ["img/b.png"]),
        ("![a](https://x.org/a.png) ![b](data:image/png;base64,xx)", []),
        ("![a](attachment:a.png) ![b](/abs.png) ![c](#here)", []),
        ("[no image](file.txt)", []),
    ],
)
def test_image_links(text: str, links: list[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert list(image_links(notebook)) == links


def test_code_is_not_markdown() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("# ![a](a.png)")])
    assert list(image_links(notebook)) == []
