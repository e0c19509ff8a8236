"""A page is the sequence of its items."""

from __future__ import annotations

from collections.abc import Sequence

from omegaml_lab.core.pages import Page


def test_a_page_is_gone_through_like_a_list() -> None:
    page = Page(["a", "b", "c"], 7)
    assert isinstance(page, Sequence)
    assert (list(page), len(page), page.total) == (["a", "b", "c"], 3, 7)
    assert (page[0], page[-1], page[1:], "b" in page) == ("a", "c", ["b", "c"], True)
    assert not Page([], 0)
    assert page == Page(["a", "b", "c"], 7)
