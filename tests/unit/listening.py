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
