"""What a notebook was: looking at it, comparing, going back; and what was dropped coming back."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from .lab import Lab
    from .page import LabPage

NAME = "a b% (1).ipynb"

CONTRAST = """text => {
  // How WCAG 2 measures it; the canvas knows every way to write a colour, and lays it on another.
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const lay = (...colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...pen.getImageData(0, 0, 1, 1).data].map(value => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const below = ['white'];
  for (let at = text; at; at = at.parentElement) {
    below.splice(1, 0, getComputedStyle(at).backgroundColor);
  }
  const both = [lay(...below), lay(...below, getComputedStyle(text).color)];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
"""How well the text of an element can be told from what is behind it."""


@pytest.mark.timeout(240)
def test_history_of_a_notebook(lab: Lab, open_lab: Callable[..., LabPage], theme: str) -> None:
    folder = f"history {theme}"
    path = f"{folder}/{NAME}"
    lab.put_notebook(path, "a = 1", "import math\nmath.pi", "print('stays')")
    lab.put_notebook(path, "a = 1", "import math\nmath.tau", "print('stays')", "b = 2")
    me = open_lab("history", theme)
    me.go_to(folder)
    me.file(NAME).dblclick()
    expect(me.cell(3)).to_be_visible()
    me.choose(NAME, "History")
    history = me.page.locator(".jp-Omega-history")
    expect(revision(history, 2)).to_have_attribute("aria-selected", "true")
    view = history.locator(".jp-Omega-notebookView")
    expect(view.get_by_text("tau")).to_be_visible()
    me.shot("newest")

    revision(history, 1).click()
    expect(view.get_by_text("math.pi")).to_be_visible()
    expect(view.get_by_text("tau")).to_have_count(0)
    history.get_by_label("Compare with").select_option(label="Compare with the newest (2)")
    changes = history.locator(".jp-Omega-cellDiff")
    expect(changes).to_have_count(2)
    expect(changes.first.locator(".cm-merge-a .cm-changedText")).to_have_text("pi")
    expect(changes.first.locator(".cm-merge-b .cm-changedText")).to_have_text("tau")
    expect(changes.last).to_have_attribute("data-change", "added")
    me.shot("compared")

    history.get_by_role("button", name="Tag…").click()
    me.dialog.get_by_role("textbox").fill("for Ada")
    me.answer("Tag")
    expect(me.dialog).to_contain_text("a tag begins with a letter")
    me.dialog.get_by_role("textbox").fill("for-ada")
    me.page.keyboard.press("Enter")
    expect(revision(history, 1)).to_contain_text("for-ada")
    history.get_by_role("button", name="Copy name").click()
    expect(me.notification(re.escape(f"{path}@1"))).to_be_visible()
    assert me.page.evaluate("navigator.clipboard.readText()") == f"{path}@1"

    restore(me, history, 1)
    expect(history.locator("tr[aria-selected='true']")).to_contain_text("newest")
    expect(view.get_by_text("math.pi")).to_be_visible()
    me.shot("restored")
    me.page.locator(".lm-TabBar-tab", has_text=NAME).first.click()
    expect(me.cell(1)).to_contain_text("math.pi")
    expect(me.cell(3)).to_have_count(0)
    me.notification("is what it was at revision 1").get_by_role("button", name="Undo").click()
    expect(me.cell(1)).to_contain_text("math.tau")
    assert sources(lab, path) == sources(lab, path, revision="2")


@pytest.mark.timeout(240)
def test_what_is_not_saved_is_not_lost_by_going_back(
    lab: Lab, open_lab: Callable[..., LabPage]
) -> None:
    lab.put_notebook("history unsaved.ipynb", "first = 1")
    lab.put_notebook("history unsaved.ipynb", "second = 2")
    me = open_lab("history-unsaved")
    me.file("history unsaved").dblclick()
    me.cell(0).locator(".cm-content").click()
    me.page.keyboard.type("typed = 3; ")
    me.notebook.get_by_role("button", name="History").or_(
        me.notebook.locator("[data-command='omega:history']")
    ).first.click()
    history = me.page.locator(".jp-Omega-history")
    restore(me, history, 1, "What is not saved yet is saved first")
    expect(revision(history, 4)).to_be_visible()
    revision(history, 3).click()
    expect(history.locator(".jp-Omega-notebookView")).to_contain_text("typed = 3")
    me.page.locator(".lm-TabBar-tab", has_text="history unsaved").first.click()
    expect(me.cell(0)).to_contain_text("first = 1")


@pytest.mark.timeout(240)
def test_what_was_dropped_comes_back(lab: Lab, open_lab: Callable[..., LabPage]) -> None:
    lab.put_notebook("droppable too.ipynb", "a = 1")
    me = open_lab("trash")
    me.show_panel()
    drop(me, "droppable too.ipynb")
    me.notification("is in the trash").get_by_role("button", name="Undo").click()
    expect(me.object("droppable too.ipynb")).to_be_visible()

    # By keyboard alone, and its name is taken by then.
    drop(me, "droppable too.ipynb")
    lab.put_notebook("droppable too.ipynb", "b = 2")
    title = me.panel.locator(".lm-AccordionPanel-title", has_text="Trash")
    title.focus()
    me.page.keyboard.press("Enter")
    card = me.panel.locator(".jp-Omega-droppedCard", has_text="droppable too").first
    expect(card).to_be_visible()
    me.shot("trash")
    card.focus()
    me.page.keyboard.press("Enter")
    expect(card).to_contain_text("Dropped by")
    card.get_by_role("button", name="Restore").focus()
    me.page.keyboard.press("Enter")
    expect(me.dialog).to_contain_text("is there again")
    me.shot("taken")
    me.page.keyboard.press("Enter")
    expect(me.object("droppable too (restored).ipynb")).to_be_visible()
    expect(card).to_have_count(0)


def test_comments_can_be_read_on_changed_lines(
    lab: Lab, open_lab: Callable[..., LabPage], theme: str
) -> None:
    path = f"history comments {theme}.ipynb"
    lab.put_notebook(path, "a = 1  # what it was", "b = 2")
    lab.put_notebook(path, "a = 1  # what it is now", "b = 2")
    me = open_lab("history-comments", theme)
    me.choose(path, "History")
    history = me.page.locator(".jp-Omega-history")
    history.get_by_label("Compare with").select_option(index=1)
    sides = history.locator(".jp-Omega-cellDiff .cm-changedLine")
    expect(sides).to_have_count(2)
    words = sides.locator("span", has_text=re.compile("it|was|now"))
    contrasts = [word.evaluate(CONTRAST) for word in words.all()]
    assert len(contrasts) >= 4  # of the comment, and of its changed text
    assert min(contrasts) >= 4.5
    me.shot("compared")


def revision(history: Locator, number: int) -> Locator:
    return history.locator(f"tr[data-revision='{number}']")


def restore(
    me: LabPage, history: Locator, number: int, told: str = "stays in the history"
) -> None:
    """Restore a revision by keyboard: Enter looks at it, the dialog answers Enter."""
    revision(history, number).focus()
    me.page.keyboard.press("Enter")
    history.get_by_role("button", name="Restore…").focus()
    me.page.keyboard.press("Enter")
    expect(me.dialog).to_contain_text(told)
    me.page.keyboard.press("Enter")
    expect(me.dialog).to_have_count(0)


def drop(me: LabPage, name: str) -> None:
    me.object(name).focus()
    me.page.keyboard.press("Delete")
    me.answer("Drop")
    expect(me.object(name)).to_have_count(0)


def sources(lab: Lab, path: str, **query: str) -> list[str]:
    content = lab.get(f"omega/api/content/jobs/{urllib.parse.quote(path)}", **query)
    return ["".join(cell["source"]) for cell in content["cells"]]
