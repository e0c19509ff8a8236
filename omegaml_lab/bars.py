"""Progress bars for who looks: in a terminal or a notebook, never in logs, pipes and runs."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["bar"]

T = TypeVar("T")

_DELAY = 1.0
"""Seconds after which a bar appears: what takes no longer needs none."""
_FEW = 4
"""Of so few steps a bar would show nothing that a person could follow."""


def bar(items: Iterable[T], *, what: str, total: int) -> Iterator[T]:
    """Yield `items` and show a bar, once it takes long and somebody can see it."""
    if total < _FEW or not _is_seen():
        yield from items
        return
    if _is_notebook():
        yield from _in_notebook(items, what, total)
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, delay=_DELAY, leave=False, unit="chunk")


def _in_notebook(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Show a widget, of which nothing stays in the saved notebook.

    By itself it leaves its text of when it appeared, as if the work had stopped halfway.
    """
    from IPython.display import display
    from tqdm.notebook import tqdm

    begun, shown = time.monotonic(), None
    bar = tqdm(desc=what, total=total, leave=False, unit="chunk", display=False)
    try:
        for item in items:
            yield item
            bar.update()
            if shown is None and time.monotonic() - begun > _DELAY:
                shown = display(bar.container, display_id=True)  # type: ignore[no-untyped-call]
    finally:
        bar.close()
        if shown is not None:
            shown.update({"text/plain": ""}, raw=True)


def _is_seen() -> bool:
    if "OMEGA_RUN" in os.environ:  # the bar would stay in the result
        return False
    return _is_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _is_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")
