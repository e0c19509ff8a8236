"""``calls``: what models and scripts answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.runtime.calls.plain import from_plain, to_plain
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.handlers.runs import describe_run
from omegaml_lab.server.openapi import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallsHandler"]

_PATIENCE = 60.0


class CallsHandler(OmegaHandler):
    """Has models and scripts called by the workers."""

    auth_resource = "omega:runs"

    operations: ClassVar[Mapping[str, Operation]] = {
        "post": Operation(
            summary="Call a method of a model, or run a script, and answer what it returns",
            body="CallRequest",
            answers={200: "CallAnswer", 202: "CallAnswer"},
            problems=(400, 404, 409, 504),
        )
    }

    async def post(self) -> None:
        """Answer POST: 202 when only asked to start it."""
        body = self.body("CallRequest")
        wait = body.get("wait", _PATIENCE)
        run, answer = await self.call(self._answered, body, wait)
        self.answer(
            {"run": describe_run(self, run), "answer": answer}, status=200 if run.final else 202
        )

    def _answered(self, body: Mapping[str, Any], wait: float) -> tuple[Any, Any]:
        runtime = self.omega.runtime
        if label := body.get("label"):
            runtime = runtime.require(label)
        limits = body.get("limits")
        args, kwargs = body.get("args", []), body.get("kwargs", {})
        if "model" in body:
            read = [from_plain(value) for value in args]
            named = {name: from_plain(value) for name, value in kwargs.items()}
            handle = runtime.model(body["model"], limits=limits)
            call = handle.start(body.get("method", "predict"), *read, **named)
        else:
            call = runtime.script(body["script"], limits=limits).start(*args, **kwargs)
        if not wait:
            return call.run, None
        answer = to_plain(call.get(wait))
        return call.run, answer
