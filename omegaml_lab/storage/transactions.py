"""Several changes as one, where the server can do that."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.client_session import ClientSession

    from omegaml_lab.storage.connection import Connection

__all__ = ["together"]

T = TypeVar("T")

_NO_TRANSACTIONS = frozenset({20, 263})


def together(connection: Connection, act: Callable[[ClientSession | None], T]) -> T:
    """Call `act` in a transaction; it is called again when others changed the same meanwhile.

    A server that is no replica set has none: there `act` is given no session, and must order
    its changes so that a crash in between does no harm.
    """
    try:
        with connection.client.start_session() as session:
            return session.with_transaction(act)
    except OperationFailure as error:
        if error.code not in _NO_TRANSACTIONS:
            raise
    return act(None)
