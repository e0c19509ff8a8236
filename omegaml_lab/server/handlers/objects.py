"""``objects``: what the four stores hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tornado.web import HTTPError

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import Name
from omegaml_lab.server.contents.mounts import hidden
from omegaml_lab.server.contents.readonly import ReadOnlyFiles
from omegaml_lab.server.contents.targets import files_of_bucket
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, path_parameter, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.pages import Page
    from omegaml_lab.store.store import OmegaStore

__all__ = [
    "BUCKET",
    "COUNT",
    "FLAG",
    "NAME",
    "STORE",
    "ObjectHandler",
    "ObjectsHandler",
    "StoreHandler",
]

SORTS = ("name", "modified", "size", "kind")
STORE = path_parameter("store", "The store.", {"type": "string", "enum": list(STORES)})
NAME = path_parameter("name", "The name, with its folders; each part percent-encoded.")
BUCKET = query(
    "bucket",
    {"type": "string"},
    "Another bucket whose jobs the server's contents show; the user's own by default.",
)
FLAG = {"type": "string", "enum": ["0", "1", "false", "true"]}
COUNT = {"type": "integer", "minimum": 0}


class StoreHandler(OmegaHandler):
    """Knows the stores, and how objects are described."""

    auth_resource = "omega:objects"

    def store(self, name: str) -> OmegaStore:
        """Return a store of the bucket that is asked about, 404 if there is none.

        Of another bucket than the user's it is what the server's contents show of it, and 403
        if they show it to be read and the request would change something.
        """
        if name not in STORES:
            raise HTTPError(404, f"There is no store {name!r}; there are {', '.join(STORES)}")
        bucket = self.text("bucket")
        if bucket in {None, self.omega.bucket}:
            return self.omega.store(name)
        asked = self.operations.get(self.request.method.lower())
        if asked is None or BUCKET not in asked.parameters:
            raise HTTPError(400, "Only the user's own bucket can be asked about this")
        files = files_of_bucket(self.contents_manager, bucket or "")
        if not self.shows(self.path_kwargs.get("name") or self.text("folder") or ""):
            raise HTTPError(404, "There is nothing of this name that is shown")
        if name != "jobs":
            raise HTTPError(400, f"Of the bucket {bucket!r} only jobs are shown, not {name}")
        if isinstance(files, ReadOnlyFiles) and self.request.method not in self.reading:
            raise files.refusal(self.path_kwargs.get("name") or "this")
        return files.jobs

    def shows(self, name: str) -> bool:
        """Say whether the server's contents would show what is called so in any bucket."""
        return self.contents_manager.allow_hidden or not hidden(name)

    def describe(self, meta: Metadata) -> dict[str, Any]:
        """Return what goes over the wire of an object."""
        path = self.contents_path(meta.name, meta.bucket) if meta.store == "jobs" else None
        return {**meta.to_dict(), "path": path}


class ObjectsHandler(StoreHandler):
    """Lists a store."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="List a folder of a store: first folders, then objects",
            parameters=(
                STORE,
                query("folder", {"type": "string"}, "The folder; the whole store by default."),
                query("search", {"type": "string"}, "A part of the name, in any case."),
                query("recursive", FLAG, "Whether folders below are listed too."),
                query("sort", {"type": "string", "enum": list(SORTS)}, "Name by default."),
                query("descending", FLAG, "Whether to turn the order round."),
                query("offset", COUNT, "How many to leave out."),
                query("limit", COUNT, "How many to return at most."),
                BUCKET,
            ),
            answers={200: "ObjectListing"},
            problems=(400, 404),
        )
    }

    async def get(self, store: str) -> None:
        """Answer GET."""
        sort = self.choice("sort", SORTS, "name")
        options: dict[str, Any] = {
            "recursive": self.flag("recursive"),
            "search": self.text("search"),
            "sort": sort,
            "descending": self.flag("descending"),
            "offset": self.count("offset", 0),
            "limit": self.count("limit"),
        }
        folder = self.text("folder") or ""

        def entries() -> Page[Metadata]:
            return self.store(store).entries(folder, **options)

        page = await self.call(entries)
        own = self.text("bucket") in {None, self.omega.bucket}
        shown = [meta for meta in page.items if own or self.shows(meta.name)]
        self.answer({"items": [self.describe(meta) for meta in shown], "total": page.total})


class ObjectHandler(StoreHandler):
    """Describes and drops one object."""

    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Describe an object",
            parameters=(STORE, NAME, BUCKET),
            answers={200: "Object"},
            problems=(400, 404),
        ),
        "delete": Operation(
            summary="Move an object or a folder to the trash",
            parameters=(
                STORE,
                NAME,
                query("recursive", FLAG, "Whether a folder goes with all that is in it."),
                BUCKET,
            ),
            answers={204: None},
            problems=(400, 403, 404, 409),
        ),
    }

    async def get(self, store: str, name: str) -> None:
        """Answer GET; a name is literal where there is such an object, else ``name@revision``."""

        def metadata() -> Metadata:
            objects = self.store(store)
            try:
                return objects.metadata(Name(name))
            except ObjectNotFoundError:
                return objects.metadata(name)

        self.answer(self.describe(await self.call(metadata)))

    async def delete(self, store: str, name: str) -> None:
        """Answer DELETE."""
        recursive = self.flag("recursive")
        await self.call(lambda: self.store(store).drop(Name(name), recursive=recursive))
        self.set_status(204)
        self.finish()
