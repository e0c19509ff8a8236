"""``recipients`` and ``notifications``: who is told of runs, and what they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.core.notifications import Delivery, Occasion
from omegaml_lab.server.contents.targets import target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.notifications import Recipient

__all__ = ["NotificationsHandler", "RecipientHandler", "RecipientsHandler"]

_LIMIT = 50
_COUNT = {"type": "integer", "minimum": 0}
_RECIPIENT = path_parameter("recipient", "The id of the recipient.")
_STATUSES = tuple(each.value for each in Delivery)


class RecipientsHandler(OmegaHandler):
    """Lists who is told of runs, and adds to them."""

    auth_resource = "omega:notifications"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List who is told of runs; addresses without what is secret in them",
            parameters=(
                query("job", {"type": "string"}, "Only who is told of this job."),
                query("path", {"type": "string"}, "Only who is told of this notebook."),
                query("schedule", {"type": "string"}, "Only who is told of this schedule."),
            ),
            answers={200: "RecipientListing"},
            problems=(400,),
        ),
        "post": Operation(
            summary="Let somebody be told of runs: of all, or of a notebook or schedule",
            body="RecipientRequest",
            answers={201: "Recipient", 204: None},
            problems=(400, 404),
        ),
    }

    async def get(self) -> None:
        """Answer GET."""
        path, job, schedule = self.text("path"), self.text("job"), self.text("schedule")
        wanted = job if path is None else target_of(self.contents_manager, path=path).job
        known = self.omega.notifications
        found = await self.call(lambda: known.recipients(job=wanted, schedule=schedule))
        self.answer({"items": [known.describe(each) for each in found], "total": len(found)})

    async def post(self) -> None:
        """Answer POST."""
        body = self.body("RecipientRequest")
        if body.pop("check", False):
            on = body.get("on", Occasion.FAILURE)
            await self.call(lambda: self.omega.notifications.check(body["to"], on=on))
            self.set_status(204)
            self.finish()
            return
        path, job = body.pop("path", None), body.pop("job", None)
        if path is not None:
            job = target_of(self.contents_manager, path=path).job
        known = self.omega.notifications

        def add() -> Recipient:
            return known.add(body.pop("to"), job=job, **body)

        self.answer(known.describe(await self.call(add)), status=201)


class RecipientHandler(OmegaHandler):
    """Tells somebody no more."""

    auth_resource = "omega:notifications"
    operations: ClassVar[Mapping[str, Operation]] = {
        "delete": Operation(
            summary="Tell somebody no more",
            parameters=(_RECIPIENT,),
            answers={204: None},
            problems=(404,),
        )
    }

    async def delete(self, recipient: str) -> None:
        """Answer DELETE."""
        await self.call(self.omega.notifications.drop, recipient)
        self.set_status(204)
        self.finish()


class NotificationsHandler(OmegaHandler):
    """Lists what people were told."""

    auth_resource = "omega:notifications"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List what people were told and could not be told, the newest first",
            parameters=(
                query("run", {"type": "string"}, "Only of this run."),
                query("status", {"type": "string", "enum": list(_STATUSES)}, "Only such ones."),
                query("offset", _COUNT, "How many to leave out."),
                query("limit", _COUNT, f"How many to return at most; {_LIMIT} by default."),
            ),
            answers={200: "NotificationListing"},
            problems=(400,),
        )
    }

    async def get(self) -> None:
        """Answer GET."""
        run = self.text("run")
        status = self.text("status") and self.choice("status", _STATUSES, "")
        offset, limit = self.count("offset", 0), self.count("limit", _LIMIT)
        known = self.omega.notifications
        page = await self.call(
            lambda: known.list(run=run, status=status, offset=offset or 0, limit=limit)
        )
        items = [known.describe_sent(each) for each in page.items]
        self.answer({"items": items, "total": page.total})
