"""``calls``: what models and scripts answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import RunTimeoutError, StorageUnavailableError
from omegaml_lab.runtime.calls.plain import from_plain, to_plain
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.handlers.runs import describe_run
from omegaml_lab.server.openapi import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.runtime.client.calls import CallHandle

__all__ = ["CallsHandler"]

_PATIENCE = 60.0
_LOOK = 5.0
"""Seconds between two looks at a run of whose end no word has come."""


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
        call = await self.call(self._started, body)
        answer = await self._awaited(call, wait) if wait else None
        self.answer(
            {"run": describe_run(self, call.run), "answer": answer},
            status=200 if call.run.final else 202,
        )

    def _started(self, body: Mapping[str, Any]) -> CallHandle:
        runtime = self.omega.runtime
        if label := body.get("label"):
            runtime = runtime.require(label)
        limits = body.get("limits")
        args, kwargs = body.get("args", []), body.get("kwargs", {})
        if "model" in body:
            read = [from_plain(value) for value in args]
            named = {name: from_plain(value) for name, value in kwargs.items()}
            handle = runtime.model(body["model"], limits=limits)
            return handle.start(body.get("method", "predict"), *read, **named)
        return runtime.script(body["script"], limits=limits).start(*args, **kwargs)

    async def _awaited(self, call: CallHandle, seconds: float) -> Any:
        """Return what a call answers; nobody else waits for a thread meanwhile."""
        coming = asyncio.wrap_future(call.coming)
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            await asyncio.wait([coming], timeout=max(0, min(left, _LOOK)))
            try:
                return await self.call(lambda: to_plain(call.get(0)))
            except StorageUnavailableError:
                if time.monotonic() >= deadline:
                    raise
            except RunTimeoutError as error:
                if time.monotonic() >= deadline:
                    raise RunTimeoutError(
                        error.run, seconds, error.status, notice=error.notice
                    ) from error
