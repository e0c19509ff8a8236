"""Reports: none yet, then published with the first run for those who are signed in only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .lab import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext

    from .lab import Lab
    from .page import LabPage


@pytest.mark.timeout(180)
def test_run_and_publish_for_those_signed_in(
    lab: Lab,
    open_lab: Callable[..., LabPage],
    make_context: Callable[[], BrowserContext],
    theme: str,
) -> None:
    path = f"private/{theme}.ipynb"
    lab.put_notebook(path, "secret = 6", "print('the answer is', secret * 7)")
    me = open_lab("reports", theme)
    me.go_to("private")
    me.file(f"{theme}.ipynb").click(button="right")
    expect(me.menu_entry("Publish report…")).to_be_visible()
    expect(me.menu_entry("Copy report link")).to_be_hidden()
    me.shot("no-report")

    me.menu_entry("Publish report…").click()
    expect(me.dialog).to_contain_text("it is run first")
    expect(me.dialog.get_by_label("People signed in")).to_be_checked()
    me.dialog.get_by_label("Hide the code").check()
    me.shot("run-and-publish")
    me.answer("Run and publish")
    toast = me.notification("is published")
    expect(toast).to_contain_text("for people signed in, on this machine only", timeout=60_000)
    me.shot("published")
    toast.get_by_role("button", name="Copy link").click()
    expect(me.notification("copied")).to_be_visible()
    link = str(me.page.evaluate("navigator.clipboard.readText()"))

    stranger = make_context().new_page()
    stranger.goto(link)
    expect(stranger.locator("body")).not_to_contain_text("the answer is 42")
    expect(stranger.locator("h1")).to_have_text("This report is for people signed in")
    stranger.get_by_role("link", name="Sign in").click()
    stranger.get_by_label("Password or token", exact=False).first.fill(TOKEN)
    stranger.get_by_role("button", name="Log in", exact=True).click()
    expect(stranger.locator("body")).to_contain_text("the answer is 42")
    colleague = make_context().new_page()
    colleague.goto(f"{link}?token={TOKEN}")
    expect(colleague.locator("body")).to_contain_text("the answer is 42")
    expect(colleague.locator("body")).not_to_contain_text("secret * 7")


@pytest.mark.timeout(180)
def test_live_and_not_published_any_more(
    lab: Lab, open_lab: Callable[..., LabPage], make_context: Callable[[], BrowserContext]
) -> None:
    path = "withdrawn/odd ä %+[1]{2}$ b.ipynb"
    lab.put_notebook(path, "print('no secret')")
    lab.post("omega/api/runs", {"path": path})
    lab.wait_run(path, "succeeded")
    me = open_lab("withdrawn")
    me.go_to("withdrawn")
    me.choose("odd", "Publish report…")
    expect(me.dialog.get_by_role("button", name="Unpublish…")).to_have_count(0)
    me.dialog.get_by_label("Anyone with the link").check()
    me.dialog.get_by_label("Also live").check()
    me.answer("Publish")
    toast = me.notification("is published")
    expect(toast).to_contain_text("live for people signed in")
    expect(toast.get_by_role("button", name="Open live")).to_be_visible()
    toast.get_by_role("button", name="Copy link").click()
    expect(me.notification("copied")).to_be_visible()
    link = str(me.page.evaluate("navigator.clipboard.readText()"))
    stranger = make_context().new_page()
    stranger.goto(link)
    expect(stranger.locator("body")).to_contain_text("no secret")

    me.file("odd").click(button="right")
    expect(me.menu_entry("Copy report link")).to_be_visible()
    me.shot("with-report")
    me.menu_entry("Publish report…").click()
    expect(me.dialog.get_by_role("link")).to_have_attribute(
        "href", link.replace("reports", "live")
    )
    me.shot("published-already")
    me.answer("Unpublish…")
    me.answer("Keep")
    me.choose("odd", "Publish report…")
    me.answer("Unpublish…")
    me.answer("Unpublish")
    expect(me.notification("is not published any more")).to_be_visible()
    stranger.goto(link)
    expect(stranger.locator("body")).not_to_contain_text("no secret")
    me.file("odd").click(button="right")
    expect(me.menu_entry("Publish report…")).to_be_visible()
    expect(me.menu_entry("Copy report link")).to_be_hidden()
