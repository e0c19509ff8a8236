"""Budgets: how many files may be copied beside a notebook, and what is said of the others."""

from __future__ import annotations

__all__ = ["MOST", "Budget", "Lines"]

MOST = 1000
"""Files that a working copy has in all."""
_LINES = 5


class Budget:
    """What may be copied at once; `reason` says why the last file was not taken."""

    def __init__(self, size: float) -> None:
        self.reason = ""
        self._size = size
        self._count = MOST

    def takes(self, size: int) -> bool:
        """Take a file of so many bytes, if there is room for it."""
        if not self._count:
            self.reason = f"there are more than {MOST:,} files"
            return False
        if size > self._size:
            self.reason = "it is too much (files_megabytes sets the limit)"
            return False
        self._size, self._count = self._size - size, self._count - 1
        return True


class Lines:
    """A few lines for people, of however many."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._more = 0

    def add(self, line: str) -> None:
        """Say one more, if there is room for it."""
        if len(self._first) < _LINES:
            self._first.append(line)
        else:
            self._more += 1

    def said(self) -> list[str]:
        """Return what is to be said."""
        return [*self._first, f"and so are {self._more} more files"] if self._more else self._first
