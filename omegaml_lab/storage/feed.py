"""Change feeds: change streams that outlive a restart of the server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pymongo import errors

from omegaml_lab.core.errors import ServiceError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence

    from pymongo.synchronous.change_stream import ChangeStream

    from omegaml_lab.storage.connection import Connection

__all__ = ["watch"]

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 5.0
_NO_REPLICA_SET = 40573
_HISTORY_LOST = frozenset({286, 280, 222})


def watch(
    connection: Connection,
    collection: str,
    pipeline: Sequence[Mapping[str, Any]],
    stop: threading.Event,
    *,
    poll: float,
) -> Iterator[dict[str, Any] | None]:
    """Yield the events of a collection as they happen, None whenever `poll` seconds had none.

    The first None says that the feed stands: nothing that happens from then on is missed, not
    even while the server is away, unless it is away for longer than its oplog reaches back.
    Ends when `stop` is set.

    Raises
    ------
    ServiceError
        If the server is no replica set, which tells nobody of changes.
    """
    token: Any = None
    pause = 0.1
    while not stop.is_set():
        try:
            with _open(connection, collection, pipeline, token, poll) as stream:
                token = stream.resume_token or token
                yield None
                while not stop.is_set() and stream.alive:
                    event = stream.try_next()
                    token = stream.resume_token or token
                    pause = 0.1
                    yield None if event is None else dict(event)
            if not stop.is_set():  # the collection was dropped or renamed
                token = None
                stop.wait(pause)
        except (errors.PyMongoError, OSError) as error:
            if _must_start_anew(error, collection):
                token = None
            _log.debug("the change feed of %s pauses %.1f s: %s", collection, pause, error)
            stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if token is not None:  # it has stood before: it will go on from there
                yield None


def _open(
    connection: Connection,
    collection: str,
    pipeline: Sequence[Mapping[str, Any]],
    token: Any,
    poll: float,
) -> ChangeStream[dict[str, Any]]:
    return connection.collection(collection).watch(
        pipeline,
        full_document="updateLookup",
        resume_after=token,
        max_await_time_ms=max(1, int(poll * 1000)),
    )


def _must_start_anew(error: Exception, collection: str) -> bool:
    """Say whether the feed cannot go on where it was; raise if the server can have none."""
    code = error.code if isinstance(error, errors.OperationFailure) else None
    if code == _NO_REPLICA_SET:
        reason = "live changes need a replica set: start mongod with --replSet"
        raise ServiceError("MongoDB", reason) from error
    if code in _HISTORY_LOST:
        _log.warning("changes of %s were missed: %s", collection, error)
        return True
    return False
