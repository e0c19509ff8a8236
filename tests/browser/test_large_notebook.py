"""A notebook of 100 MB: opened, edited and saved in both kinds of Lab, with a word about it."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import expect

from .lab import TOKEN, Lab
from .page import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.long

PATIENCE = 240_000
PICTURES, SIZE = 100, 1_000_000


@pytest.fixture(params=["omega", "plain"])
def any_lab(request: pytest.FixtureRequest) -> Lab:
    made: Lab = request.getfixturevalue({"omega": "lab", "plain": "plain_lab"}[request.param])
    return made


@pytest.mark.timeout(900)
def test_a_large_notebook_is_opened_edited_and_saved(
    any_lab: Lab, make_context: Callable[[], BrowserContext]
) -> None:
    place = "repo" if any_lab.plain else ""
    path = f"{place}/large.ipynb".lstrip("/")
    large = notebook()
    put = contents(any_lab, "PUT", path, {"type": "notebook", "content": large})
    assert put["size"] > PICTURES * SIZE
    context = make_context()
    context.set_default_timeout(PATIENCE)  # what is large may hold up the browser for long
    me = LabPage(context.new_page(), any_lab, story=f"large-{place or 'root'}")
    me.open()
    me.go_to(place)
    said = me.page.locator(".jp-Omega-transfer")
    expect(said).to_be_hidden()
    me.file("large.ipynb").dblclick()
    expect(said).to_contain_text("Opening large.ipynb (1", timeout=PATIENCE)
    me.shot("opening")
    expect(me.cell(0)).to_contain_text("first = 0", timeout=PATIENCE)
    expect(said).to_be_hidden(timeout=PATIENCE)

    me.cell(0).locator(".cm-content").click()
    me.page.keyboard.press("Control+End")
    me.page.keyboard.type(" + 41")
    me.page.keyboard.press("Control+s")
    expect(said).to_contain_text("Saving large.ipynb (1", timeout=PATIENCE)
    me.shot("saving")
    expect(said).to_be_hidden(timeout=PATIENCE)
    expect(me.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0, timeout=PATIENCE)
    expect(me.dialog).to_have_count(0)
    me.shot("saved")

    kept = contents(any_lab, "GET", f"{path}?content=1")["content"]["cells"]
    assert kept[0]["source"] == "first = 0 + 41"
    assert [cell["outputs"] for cell in kept] == [cell["outputs"] for cell in large["cells"]]


def contents(lab: Lab, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method,
        f"{lab.url}/api/contents/{path}",
        json=body,
        headers={"Authorization": f"token {TOKEN}"},
        timeout=PATIENCE / 1000,
    )
    assert answer.ok, answer.text[:500]
    return answer.json()


def notebook() -> dict[str, Any]:
    """A hundred pictures of a megabyte, one in each cell."""
    rng = random.Random(1)
    cells = [
        {
            "id": f"cell-{number}",
            "cell_type": "code",
            "metadata": {},
            "source": "first = 0" if number == 0 else f"plot({number})",
            "execution_count": number + 1,
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": base64.b64encode(rng.randbytes(SIZE * 3 // 4)).decode()},
                }
            ],
        }
        for number in range(PICTURES)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": cells,
    }
