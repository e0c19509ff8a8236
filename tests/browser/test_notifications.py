"""Who wants to be told of runs that others started is told, with a way to the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lab import Lab
    from .page import LabPage


def test_a_job_that_works_again_is_told(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    path = "told/morning.ipynb"
    lab.put_notebook(path, "broken = False", "assert not broken")
    told = lab.post("omega/api/recipients", {"path": path, "to": "lab:owner", "on": "change"})
    assert told["job"] == path
    me = open_lab("told")
    # Started by programs: this browser has no part in it.
    lab.post("omega/api/runs", {"path": path, "parameters": {"broken": True}})
    lab.wait_run(path, "failed")
    failure = me.notification("failed: AssertionError")
    expect(failure).to_be_visible()
    lab.post("omega/api/runs", {"path": path, "parameters": {"broken": False}})
    lab.wait_run(path, "succeeded")
    good = me.notification("works again")
    expect(good).to_be_visible()
    me.shot("recovered")
    good.get_by_role("button", name="Open result").click()
    expect(me.notebook).to_contain_text("assert not broken")
    (last, first) = lab.get("omega/api/notifications")["items"]
    assert (first["happening"], last["happening"]) == ("failed", "recovered")
