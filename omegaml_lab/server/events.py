"""Events: what happens to runs and objects, told on Jupyter's own event bus.

The browser receives them through ``/api/events/subscribe``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.notifications import Delivery
from omegaml_lab.server.namings import Namings
from omegaml_lab.server.wire import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_events import EventLogger

    from omegaml_lab.core.notifications import Notification
    from omegaml_lab.core.reports import Report
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule
    from omegaml_lab.omega import Omega
    from omegaml_lab.server.contents.signatures import RepositorySignatures
    from omegaml_lab.storage.storage import ObjectChange

__all__ = [
    "NOTICE_EVENT",
    "NOTIFICATION_EVENT",
    "OBJECT_EVENT",
    "REPORT_EVENT",
    "RUN_EVENT",
    "SCHEDULE_EVENT",
    "ChangeFeed",
    "register_schemas",
]

_log = logging.getLogger(__name__)

RUN_EVENT = "urn:omegaml-lab:events:run:v1"
OBJECT_EVENT = "urn:omegaml-lab:events:object:v1"
SCHEDULE_EVENT = "urn:omegaml-lab:events:schedule:v1"
REPORT_EVENT = "urn:omegaml-lab:events:report:v1"
NOTIFICATION_EVENT = "urn:omegaml-lab:events:notification:v1"
NOTICE_EVENT = "urn:omegaml-lab:events:notice:v1"
_PAUSE = 5.0
_TOLD = frozenset(
    {
        "id",
        "job",
        "kind",
        "revision",
        "bucket",
        "status",
        "progress",
        "queued_at",
        "started_at",
        "ended_at",
        "heartbeat_at",
        "elapsed",
        "attempt",
        "max_attempts",
        "result",
        "publish",
        "schedule",
        "cancel_requested",
        "limits",
        "usage",
        "retry_at",
        "group",
        "replaced",
        "kept_until",
        "resumed_by",
    }
)

T = TypeVar("T")


def register_schemas(logger: EventLogger) -> None:
    """Announce our events on a server's event bus."""
    for schema in _SCHEMAS:
        if schema["$id"] not in logger.schemas:
            logger.register_event_schema(schema)


class ChangeFeed:
    """Follows the changes of a repository and emits an event for each.

    Threads wait for MongoDB; the events are emitted in the event loop that `start` was
    called in. It outlives restarts of MongoDB.

    Parameters
    ----------
    omega
        The repository.
    logger
        The server's event bus.
    contents_path
        Tells where Jupyter's contents show an object of the jobs store, of this repository's
        bucket or of another one.
    signatures
        Those of notebooks that the user trusts, which are told of what other servers add.
    """

    def __init__(
        self,
        omega: Omega,
        logger: EventLogger,
        contents_path: Callable[..., str | None],
        signatures: RepositorySignatures | None = None,
    ) -> None:
        self._omega = omega
        self._signatures = signatures
        self._logger = logger
        self._contents_path = contents_path
        self._job_now = Namings(omega.runtime.runs.job_of)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to follow; needs a running event loop."""
        self._loop = asyncio.get_running_loop()
        for name, target in (
            ("runs", self._follow_runs),
            ("objects", self._follow_objects),
            ("schedules", self._follow_schedules),
            ("reports", self._follow_reports),
            ("notifications", self._follow_notifications),
            ("signatures", self._follow_signatures),
        ):
            thread = threading.Thread(target=target, name=f"omega-{name}-feed", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop to follow; the threads end within about a second."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait until the threads have ended."""
        for thread in self._threads:
            thread.join(timeout)

    def _follow_runs(self) -> None:
        self._follow(lambda: self._omega.runtime.runs.changes(self._stop), self._tell_run)

    def _follow_objects(self) -> None:
        self._follow(lambda: self._omega.storage.objects.changes(self._stop), self._tell_object)

    def _follow_schedules(self) -> None:
        follow = lambda: self._omega.runtime.schedules.changes(self._stop)  # noqa: E731
        self._follow(follow, self._tell_schedule)

    def _follow_reports(self) -> None:
        self._follow(lambda: self._omega.reports.changes(self._stop), self._tell_report)

    def _follow_notifications(self) -> None:
        follow = lambda: self._omega.notifications.changes(self._stop)  # noqa: E731
        self._follow(follow, self._tell_notification)

    def _follow_signatures(self) -> None:
        if (signatures := self._signatures) is not None:
            self._follow(lambda: signatures.changes(self._stop), lambda _: None)

    def _follow(
        self, changes: Callable[[], Iterator[T | None]], tell: Callable[[T], None]
    ) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                for change in changes():
                    if change is not None:
                        tell(change)
            except OmegaError as error:
                if str(error) != said:
                    said = str(error)
                    _log.warning("Changes are not told for the time being: %s", error)
                self._stop.wait(_PAUSE)

    def _tell_run(self, run: Run) -> None:
        self._emit(RUN_EVENT, {"run": self.describe(run)})

    def describe(self, run: Run) -> dict[str, Any]:
        """Return what an event tells of a run: what whoever may listen may know.

        Jupyter's authorizer is asked about all events at once, not about those of runs: for
        parameters, owner, error and log one has to ask for the run itself, and for what its
        notice says.
        """
        plain = {key: value for key, value in run.to_dict().items() if key in _TOLD}
        plain["noticed"] = run.notice is not None
        job = self._job_now(run)
        plain["job_now"] = job
        plain["job_path"] = self._contents_path(job if run.kind == "job" else None)
        plain["result_path"] = self._contents_path(run.result)
        return plain

    def _tell_object(self, change: ObjectChange) -> None:
        if change.previous is not None:
            self._job_now.forget()
        data: dict[str, Any] = {
            "store": change.store,
            "name": change.name,
            "change": change.change,
            "path": self._path(change, change.name),
            "hash": change.hash,
        }
        if change.bucket != self._omega.bucket:
            if data["path"] is None:
                return  # nobody sees it here
            data["bucket"] = change.bucket
        if change.previous is not None:
            data["previous"] = change.previous
            data["previous_path"] = self._path(change, change.previous)
        self._emit(OBJECT_EVENT, data)

    def _path(self, change: ObjectChange, name: str) -> str | None:
        return self._contents_path(name, change.bucket) if change.store == "jobs" else None

    def _tell_schedule(self, schedule: Schedule) -> None:
        self._emit(SCHEDULE_EVENT, {"schedule": schedule.id, "change": "saved"})

    def _tell_report(self, report: Report) -> None:
        self._emit(REPORT_EVENT, {"report": report.name, "change": "saved"})

    def _tell_notification(self, notification: Notification) -> None:
        mine = (notification.channel, notification.address) == ("lab", self._omega.config.user)
        about = notification.run or notification.group
        if not mine or notification.status is not Delivery.SENT or not about:
            return
        told = {"id": notification.id, "run": notification.run, "job": notification.job}
        told |= {"group": notification.group} if notification.group else {}
        self._emit(NOTIFICATION_EVENT, {**told, "happening": notification.happening.value})

    def tell_dropped(self, schedule_id: str) -> None:
        """Tell that a schedule was dropped on this server: the database does not."""
        self._emit(SCHEDULE_EVENT, {"schedule": schedule_id, "change": "dropped"})

    def tell_unpublished(self, name: str) -> None:
        """Tell that a report was taken off its link on this server: the database does not."""
        self._emit(REPORT_EVENT, {"report": name, "change": "dropped"})

    def tell_notice(
        self, message: str, *, name: str | None = None, bucket: str | None = None
    ) -> None:
        """Tell the user of this server something that they are to know, from any thread.

        `name` is the file of a bucket that it is about, if it is about one.
        """
        about = {} if name is None else {"name": name}
        if name is not None and bucket not in {None, self._omega.bucket}:
            about["bucket"] = str(bucket)
        self._emit(NOTICE_EVENT, {"message": message, **about})

    def _emit(self, schema: str, data: dict[str, Any]) -> None:
        if self._loop is None or self._stop.is_set():
            return
        try:
            self._loop.call_soon_threadsafe(
                partial(self._logger.emit, schema_id=schema, data=finite(data))
            )
        except RuntimeError:  # the loop was closed: the server has ended
            self._stop.set()


_RUN_SCHEMA: dict[str, Any] = {
    "$id": RUN_EVENT,
    "version": "1",
    "title": "A run changed",
    "description": "Where a run of the repository stands; the REST API tells the rest.",
    "personal-data": True,
    "type": "object",
    "properties": {"run": {"type": "object", "title": "Run", "description": "The run."}},
    "required": ["run"],
}

_OBJECT_SCHEMA: dict[str, Any] = {
    "$id": OBJECT_EVENT,
    "version": "1",
    "title": "An object changed",
    "description": "An object of the repository was put, annotated, renamed or dropped.",
    "personal-data": True,
    "type": "object",
    "properties": {
        "store": {"type": "string", "title": "Store", "description": "Its store."},
        "name": {"type": "string", "title": "Name", "description": "Its name."},
        "change": {"type": "string", "title": "Change", "description": "What happened."},
        "previous": {"type": "string", "title": "Previous", "description": "Its old name."},
        "bucket": {
            "type": "string",
            "title": "Bucket",
            "description": "Its bucket, where that is not the user's own.",
        },
        "path": {
            "type": ["string", "null"],
            "title": "Path",
            "description": "Where Jupyter's contents show it.",
        },
        "previous_path": {
            "type": ["string", "null"],
            "title": "Previous path",
            "description": "Where they showed it before.",
        },
        "hash": {
            "type": ["string", "null"],
            "title": "Hash",
            "description": "Of its content, where that is known.",
        },
    },
    "required": ["store", "name", "change"],
}


def _changed(event: str, what: str, said: str) -> dict[str, Any]:
    """Return the schema of an event that tells what changed, and leaves how it is to REST."""
    told = {"type": "string", "title": "Change", "description": "What happened."}
    return {
        "$id": event,
        "version": "1",
        "title": f"A {what} changed",
        "description": f"A {what} of the repository was saved or is no more; REST tells it.",
        "personal-data": True,
        "type": "object",
        "properties": {
            what: {"type": "string", "title": what.capitalize(), "description": said},
            "change": told,
        },
        "required": [what, "change"],
    }


_SCHEDULE_SCHEMA = _changed(SCHEDULE_EVENT, "schedule", "Its id.")
_REPORT_SCHEMA = _changed(REPORT_EVENT, "report", "Its name.")

_NOTIFICATION_SCHEMA: dict[str, Any] = {
    "$id": NOTIFICATION_EVENT,
    "version": "1",
    "title": "The user of this server is told of a run",
    "description": "A run has ended that they want to be told of; the REST API tells the rest.",
    "personal-data": True,
    "type": "object",
    "properties": {
        "id": {"type": "string", "title": "Id", "description": "The id of the notification."},
        "run": {"type": "string", "title": "Run", "description": "The id of the run, if one."},
        "group": {"type": "string", "title": "Group", "description": "The id of a group."},
        "job": {"type": "string", "title": "Job", "description": "The job."},
        "happening": {"type": "string", "title": "What", "description": "How it ended."},
    },
    "required": ["id", "run", "job", "happening"],
}

_NOTICE_SCHEMA: dict[str, Any] = {
    "$id": NOTICE_EVENT,
    "version": "1",
    "title": "The user of this server is to know something",
    "description": "Such as a file beside a notebook that is not kept, and what to do.",
    "personal-data": True,
    "type": "object",
    "properties": {
        "message": {"type": "string", "title": "Message", "description": "What to know."},
        "name": {
            "type": "string",
            "title": "Name",
            "description": "The file of the jobs store that it is about, whose history helps.",
        },
        "bucket": {
            "type": "string",
            "title": "Bucket",
            "description": "Its bucket, where that is not the user's own.",
        },
    },
    "required": ["message"],
}

_SCHEMAS = (
    _RUN_SCHEMA,
    _OBJECT_SCHEMA,
    _SCHEDULE_SCHEMA,
    _REPORT_SCHEMA,
    _NOTIFICATION_SCHEMA,
    _NOTICE_SCHEMA,
)
