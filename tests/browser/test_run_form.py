"""The form in which a run is given parameters and limits, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage

PARAMETERS = """\
carrier: str = "UA"  # Airline code
months: list = [1, 2]
limit: int = 10  # How many rows
share: float = 0.5
plot: bool = False
options: dict = {"a": 1}"""


@pytest.mark.timeout(180)
def test_run_with_parameters(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    path = f"forms/{theme}.ipynb"
    lab.put_notebook(path, PARAMETERS, "print(carrier, months, limit, share, plot, options)")
    me = open_lab("parameters", theme)
    me.go_to("forms")
    me.choose(f"{theme}.ipynb", "Run with parameters…")
    field = {name: me.dialog.get_by_label(name, exact=True) for name in ("limit", "months")}
    expect(me.dialog.locator("input:focus")).to_have_value("UA")
    expect(me.dialog).to_contain_text("Airline code")
    me.shot("form")

    field["limit"].fill("many")
    field["months"].fill("[1, 2")
    expect(me.dialog.get_by_text("Enter a whole number")).to_be_visible()
    expect(me.dialog.get_by_text("This is not JSON")).to_be_visible()
    me.answer("Run")
    expect(me.dialog.get_by_text("Mend the values")).to_be_in_viewport()
    me.shot("refused")
    assert lab.runs(path) == []

    label = me.dialog.get_by_label("Label", exact=True)
    label.fill("gpu")
    expect(me.dialog.get_by_text("No worker offers “gpu” at present")).to_be_visible()
    me.shot("unoffered")
    label.fill("default")
    expect(me.dialog).not_to_contain_text("No worker offers")
    expect(me.dialog).to_contain_text("Their kernels: python3.")
    field["limit"].fill("3")
    field["months"].fill("[7]")
    me.dialog.get_by_label("plot", exact=True).check()
    me.dialog.get_by_label("share", exact=True).fill("0.25")
    me.dialog.get_by_label("Experiment", exact=True).fill(f"forms/{theme} & more")
    me.shot("experiment")
    me.answer("Run")
    expect(me.dialog).to_have_count(0)
    run = lab.wait_run(path, "succeeded")
    assert run["parameters"] == {"limit": 3, "months": [7], "plot": True, "share": 0.25}
    assert run["experiments"] == [f"forms/{theme} & more"]
    assert run["label"] == "default"
    result = lab.get(f"api/contents/{run['result_path']}")
    outputs = [o for cell in result["content"]["cells"] for o in cell["outputs"]]
    assert "".join(outputs[0]["text"]) == "UA [7] 3 0.25 True {'a': 1}\n"


@pytest.mark.timeout(180)
def test_a_limit_that_is_refused_is_shown_with_the_reason(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"forms/limit-{theme}.ipynb"
    lab.put_notebook(path, PARAMETERS, "1")
    me = open_lab("limits", theme)
    me.go_to("forms")
    me.choose(f"limit-{theme}.ipynb", "Run with parameters…")
    me.dialog.get_by_text("Limits, retries and priority").click()
    priority = me.dialog.get_by_label("Priority", exact=True)
    priority.fill("12")
    refusal = me.dialog.get_by_role("alert").get_by_text("Priority: it must be a whole number")
    for attempt in ("refused", "refused-again"):
        me.answer("Run")
        expect(priority).to_have_attribute("aria-invalid", "true")
        expect(priority).to_be_focused()
        me.shot(attempt)
        expect(priority).to_be_in_viewport()
        expect(refusal).to_be_in_viewport()
        me.dialog.get_by_label("months", exact=True).focus()  # and wherever it is scrolled to
        expect(refusal).to_be_in_viewport()
    assert lab.runs(path) == []
    priority.fill("9")
    me.answer("Run")
    expect(me.dialog).to_have_count(0)
    assert lab.wait_run(path, "succeeded")["limits"]["priority"] == 9


def test_what_the_server_refuses_is_told_in_the_form(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("forms/changed.ipynb", "limit: int = 1")
    me = open_lab("refusal")
    me.go_to("forms")
    me.choose("changed.ipynb", "Run with parameters…")
    # Somebody takes the parameter away while the form is open.
    me.dialog.get_by_label("limit", exact=True).fill("2")
    lab.put_notebook("forms/changed.ipynb", "other: int = 1")
    me.answer("Run")
    expect(me.dialog.get_by_role("alert")).to_contain_text("limit")
    me.shot("told")
    me.answer("Cancel")
    expect(me.dialog).to_have_count(0)
    assert lab.runs("forms/changed.ipynb") == []
