"""Changes in a row, of which only the last is waited for on its way to the disk.

A server writes its journal, and a replica set its log, in the order of the changes: what came
first is safe as soon as what followed is. That holds while one server takes them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.write_concern import WriteConcern

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.collection import Collection

    from omegaml_lab.storage.connection import Connection

__all__ = ["TAKEN", "UNHEARD", "in_order", "settled", "writer_of"]

T = TypeVar("T")

TAKEN = WriteConcern(w=1, j=False)
"""How a change is acknowledged that the server has taken, and may forget if it dies at once."""

UNHEARD = WriteConcern(w=0)
"""How a change is made of which nobody hears whether the server has taken it."""


def in_order(
    connection: Connection,
    collection: str,
    first: Callable[[Collection[dict[str, Any]]], None],
    then: Callable[[], T],
) -> T:
    """Change a `collection`, `then` something else, which is acknowledged when both are safe.

    `first` must do no harm where `then` fails, nor when it is done twice: it is where another
    server has taken `then`, or the same one after a crash, which may have lost it.
    """
    safely = connection.collection(collection)
    writer = writer_of(connection)
    if writer is None:
        first(safely)
        return then()
    first(safely.with_options(write_concern=TAKEN))
    try:
        return then()
    finally:  # it may have been taken even where nobody could say so
        if writer_of(connection) != writer:
            first(safely)


def settled(connection: Connection, write: Callable[[bool], T]) -> T:
    """Return what `write` does, all of which is on disk then.

    It is told whether to wait for each change. Where it is not, its last one, which follows
    all others, must be waited for all the same. It is called again, to wait for each, when
    another server or process took some, which may have lost them: it must do no harm then.
    """
    writer = writer_of(connection)
    if writer is not None:
        done = write(False)  # noqa: FBT003 - its only argument
        if writer_of(connection) == writer:
            return done
    return write(True)  # noqa: FBT003


def writer_of(connection: Connection) -> tuple[Any, ...] | None:
    """Return which process takes the writes, and since which election; None if not known.

    It is None behind a router, where two changes may be taken by two servers.
    """
    for server in connection.client.topology_description.server_descriptions().values():
        if server.server_type_name == "RSPrimary" and server.topology_version:
            return server.address, server.election_id, server.topology_version["processId"]
    return None
