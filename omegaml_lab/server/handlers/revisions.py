"""``revisions``, ``tags`` and ``trash``: the states of objects, and what was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import NotInTrashError
from omegaml_lab.core.names import Name
from omegaml_lab.server.handlers.objects import (
    BUCKET,
    COUNT,
    FLAG,
    NAME,
    STORE,
    StoreHandler,
)
from omegaml_lab.server.openapi import Operation, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.pages import Page
    from omegaml_lab.core.trash import Dropped

__all__ = ["RevisionsHandler", "TagsHandler", "TrashHandler"]

SORTS = ("dropped", "name", "size", "kind")
_OFFSET = query("offset", COUNT, "How many to leave out.")
_LIMIT = query("limit", COUNT, "How many to return at most.")


class RevisionsHandler(StoreHandler):
    """Lists the revisions of an object, and makes one of them the newest."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List the revisions of an object, newest first",
            parameters=(STORE, NAME, _OFFSET, _LIMIT, BUCKET),
            answers={200: "ObjectListing"},
            problems=(400, 404),
        ),
        "post": Operation(
            summary="Make an earlier revision the newest",
            parameters=(STORE, NAME, BUCKET),
            body="RestoreRequest",
            answers={201: "Object"},
            problems=(400, 403, 404, 409),
        ),
    }

    async def get(self, store: str, name: str) -> None:
        """Answer GET."""
        offset, limit = self.count("offset", 0) or 0, self.count("limit")
        history = await self.call(lambda: self.store(store).history(Name(name)))
        end = None if limit is None else offset + limit
        items = [self.describe(meta) for meta in history[offset:end]]
        self.answer({"items": items, "total": len(history)})

    async def post(self, store: str, name: str) -> None:
        """Answer POST."""
        number = self.body("RestoreRequest")["restore"]
        restore = lambda: self.store(store).restore(Name(name, revision=number))  # noqa: E731
        self.answer(self.describe(await self.call(restore)), status=201)


class TagsHandler(StoreHandler):
    """Puts tags on revisions, and takes them off."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "put": Operation(
            summary="Put a tag on a revision, the newest by default",
            parameters=(STORE, NAME, BUCKET),
            body="TagRequest",
            answers={200: "Object"},
            problems=(400, 403, 404, 409),
        ),
        "delete": Operation(
            summary="Take a tag off an object",
            parameters=(
                STORE,
                NAME,
                query("tag", {"type": "string"}, "Which.", required=True),
                BUCKET,
            ),
            answers={204: None},
            problems=(400, 403, 404, 409),
        ),
    }

    async def put(self, store: str, name: str) -> None:
        """Answer PUT."""
        given = self.body("TagRequest")

        def tag() -> Metadata:
            return self.store(store).tag(Name(name), given["tag"], given.get("revision"))

        self.answer(self.describe(await self.call(tag)))

    async def delete(self, store: str, name: str) -> None:
        """Answer DELETE."""
        tag = self.get_query_argument("tag")
        await self.call(lambda: self.store(store).untag(Name(name), tag))
        self.set_status(204)
        self.finish()


class TrashHandler(StoreHandler):
    """Lists what was dropped from a store, and brings it back."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List what was dropped; a folder stands for all that was in it",
            parameters=(
                STORE,
                query("search", {"type": "string"}, "A part of a name, also of one in a folder."),
                query("sort", {"type": "string", "enum": list(SORTS)}, "When, by default."),
                query("descending", FLAG, "Whether to turn the order round; the latest first."),
                _OFFSET,
                _LIMIT,
                BUCKET,
            ),
            answers={200: "TrashListing"},
            problems=(400, 404),
        ),
        "post": Operation(
            summary="Bring back what was dropped, under its name or another",
            parameters=(STORE, BUCKET),
            body="UndropRequest",
            answers={201: "Object"},
            problems=(400, 403, 404, 409),
        ),
    }

    async def get(self, store: str) -> None:
        """Answer GET."""
        sort = self.choice("sort", SORTS, "dropped")
        options: dict[str, Any] = {
            "search": self.text("search"),
            "sort": sort,
            "descending": self.flag("descending", default=sort == "dropped"),
            "offset": self.count("offset", 0),
            "limit": self.count("limit"),
        }

        def trash() -> Page[Dropped]:
            return self.store(store).trash(**options)

        page = await self.call(trash)
        shown = [item for item in page.items if self._shows(item.name)]
        items = [{**item.to_dict(), "path": self._path(item)} for item in shown]
        self.answer({"items": items, "total": page.total})

    async def post(self, store: str) -> None:
        """Answer POST."""
        given = self.body("UndropRequest")
        new = Name(given["name"]) if given.get("name") else None

        def restore() -> Metadata:
            objects = self.store(store)
            dropped = objects.dropped(given["id"])
            if not self._shows(dropped.name) or not self._shows(new.path if new else ""):
                raise NotInTrashError(store, given["id"])
            return objects.restore(dropped, new=new)

        self.answer(self.describe(await self.call(restore)), status=201)

    def _shows(self, name: str) -> bool:
        """Say whether what is called so is told: of one's own bucket all."""
        return self.text("bucket") in {None, self.omega.bucket} or self.shows(name)

    def _path(self, item: Dropped) -> str | None:
        """Return where Jupyter's contents showed it."""
        shown = item.store == "jobs"
        return self.contents_path(item.name, self.text("bucket")) if shown else None
