"""What all handlers of the REST API have in common."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import jsonschema
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.server.contents.targets import contents_path
from omegaml_lab.server.errors import status_of
from omegaml_lab.server.schemas.schemas import SCHEMAS
from omegaml_lab.server.wire import decode_json, encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from omegaml_lab.omega import Omega
    from omegaml_lab.server.openapi import Operation

__all__ = ["NotFoundHandler", "OmegaHandler"]

T = TypeVar("T")


class OmegaHandler(APIHandler):
    """Authenticates and authorises, calls what blocks in a thread, and answers in JSON.

    Jupyter's authorizer is asked for the action ``read`` (GET) or ``write`` (all other
    methods) on `auth_resource`.
    """

    auth_resource: ClassVar[str]
    reading: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD"})
    """The methods that change nothing."""
    operations: ClassVar[Mapping[str, Operation]] = {}

    async def prepare(self) -> None:  # type: ignore[override] # as APIHandler has it
        """Refuse who is not signed in or not allowed, whatever the method does."""
        await super().prepare()
        if self.request.method == "OPTIONS":
            return
        if self.current_user is None:
            raise HTTPError(403)
        action = "read" if self.request.method in self.reading else "write"
        allowed = self.authorizer.is_authorized(
            self, self.current_user, action, self.auth_resource
        )
        if not await ensure_async(allowed):
            raise HTTPError(403)

    @property
    def omega(self) -> Omega:
        """The repository of this server."""
        omega: Omega = self.settings["omega"]
        return omega

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call a blocking function in a thread."""
        result: T = await self.settings["omega_threads"].run(function, *args)
        return result

    # -- requests ----------------------------------------------------------------------------

    def body(self, schema: str) -> dict[str, Any]:
        """Return the JSON body, checked against one of our schemas.

        Raises
        ------
        HTTPError
            400 that says what is wrong where.
        """
        try:
            given = decode_json(self.request.body.strip() or b"{}")
        except ValueError as error:
            raise HTTPError(400, f"the body is not JSON: {error}") from error
        validator = jsonschema.Draft202012Validator(SCHEMAS[schema])
        wrong = jsonschema.exceptions.best_match(validator.iter_errors(given))
        if wrong is not None:
            where = ".".join(str(part) for part in wrong.absolute_path) or "the body"
            raise HTTPError(400, f"{where}: {_in_words(wrong)}")
        plain: dict[str, Any] = given
        return plain

    def text(self, name: str) -> str | None:
        """Return an argument of the query string, None where it is missing or empty."""
        return self.get_query_argument(name, None) or None

    def choice(self, name: str, options: Collection[str], default: str) -> str:
        """Return an argument that is one of `options`."""
        given = self.text(name) or default
        if given not in options:
            raise HTTPError(400, f"{name}: {given!r} is not one of {', '.join(options)}")
        return given

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument that is ``1`` or ``0``."""
        given = self.choice(name, ("0", "1", "false", "true"), "1" if default else "0")
        return given in {"1", "true"}

    def count(self, name: str, default: int | None = None) -> int | None:
        """Return an argument that is a whole number from zero."""
        given = self.text(name)
        if given is None:
            return default
        if not given.isdecimal() or len(given) > 9:
            raise HTTPError(400, f"{name}: {given!r} is not a whole number from 0")
        return int(given)

    # -- answers -----------------------------------------------------------------------------

    def answer(self, value: Any, *, status: int = 200) -> None:
        """Send JSON."""
        self.set_status(status)
        self.finish(encode_json(value))

    def contents_path(self, job: str | None, bucket: str | None = None) -> str | None:
        """Return where Jupyter's contents show an object of the jobs store."""
        return contents_path(self.contents_manager, job, bucket)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log in one line what we raised on purpose."""
        if isinstance(value, OmegaError):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Let the table of `server.errors` choose the status."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, OmegaError):
            status_code = status_of(error)
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error as ``{"message": …, "type": …}``."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message, kind = HTTPStatus(status_code).phrase, "HTTPError"
        if isinstance(error, OmegaError):
            message, kind = str(error), type(error).__name__
        elif isinstance(error, HTTPError):
            message = error.get_message() or message
        elif error is not None:
            message = "Something went wrong in the server; its log says more."
        self.set_header("Content-Type", "application/json")
        self.finish(encode_json({"message": message, "type": kind}))


class NotFoundHandler(OmegaHandler):
    """Answers what no other handler knows, in JSON too."""

    auth_resource = "omega"

    async def prepare(self) -> None:  # type: ignore[override]
        """Say 404 to whoever is signed in."""
        await super().prepare()
        raise HTTPError(404, f"There is no {self.request.path}; see openapi.json")


def _in_words(error: jsonschema.ValidationError) -> str:
    if error.validator == "oneOf" and "path" in str(error.validator_value):
        return "give either path or job"
    return str(error.message)
