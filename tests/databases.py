"""Databases that tests use one after another, for to make one and drop it takes 0.3 s.

A database is emptied before each use, and has a rest after it, so that a process that a test has
killed has nothing left to write when the next one comes.
"""

from __future__ import annotations

import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import pymongo

from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.database import Database

RESTING = 6
OURS = {
    "objects", "revisions", "chunks", "pieces", "holds", "reads", "runs", "schedules", "reports",
}  # fmt: skip


class Databases:
    """The databases of one session, each of which looks new to who is given it.

    What our storage has made stays, but for its documents: the first use creates the collections
    and indexes, and later ones find them, as every use of a real repository does but its first.
    """

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(server_url)
        self._resting: deque[str] = deque()
        self._made: set[str] = set()

    def lend(self) -> Iterator[str]:
        """Yield the URL of an empty database."""
        name = self._rested() or f"omega_test_{uuid.uuid4().hex[:12]}"
        self._made.add(name)
        yield database_url(self._server_url, name)
        self._resting.append(name)

    def drop(self) -> None:
        """Remove them all."""
        for name in self._made:
            self._client.drop_database(name)
        self._client.close()

    def _rested(self) -> str | None:
        if len(self._resting) < RESTING:
            return None
        name = self._resting.popleft()
        empty(self._client[name])
        return name


def empty(database: Database[dict[str, Any]]) -> None:
    """Remove all but what our storage makes anew without further ado."""
    for found in database.list_collections():
        if _is_ours(found):
            database[found["name"]].delete_many({})
        else:
            database.drop_collection(found["name"])
    if database.command("usersInfo", 1)["users"]:
        database.command("dropAllUsersFromDatabase")


def _is_ours(found: Mapping[str, Any]) -> bool:
    ordinary = found["type"] == "collection" and not found["options"].get("capped")
    return ordinary and found["name"] in OURS
