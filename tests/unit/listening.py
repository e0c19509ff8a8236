"""Listeners to what is asked of MongoDB."""

from __future__ import annotations

from typing import Any

from pymongo import monitoring


class Finds(monitoring.CommandListener):
    """Counts the looks at heads."""

    count = 0

    def started(self, event: Any) -> None:
        self.count += event.command_name == "find" and event.command["find"] == "objects"

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded


class Indexing(monitoring.CommandListener):
    """Notes of which collections indexes are asked for, once for each time."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def started(self, event: Any) -> None:
        if event.command_name == "createIndexes":
            self.asked.append(event.command["createIndexes"])

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded
