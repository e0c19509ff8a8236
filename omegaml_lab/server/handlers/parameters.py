"""``parameters``: what a notebook can be run with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omegaml_lab.backends.notebook import parse_notebook
from omegaml_lab.runtime.jobs.parameters import declared_parameters
from omegaml_lab.server.contents.targets import Target, target_of
from omegaml_lab.server.handlers.base import OmegaHandler
from omegaml_lab.server.openapi import Operation, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.core.parameters import Parameter

__all__ = ["ParametersHandler"]


class ParametersHandler(OmegaHandler):
    """Tells the parameters that a notebook declares."""

    auth_resource = "omega:runs"
    operations: ClassVar[Mapping[str, Operation]] = {
        "get": Operation(
            summary="Tell the parameters of a notebook",
            parameters=(
                query("path", {"type": "string"}, "Its path in Jupyter's contents."),
                query("job", {"type": "string"}, "Or its name in the jobs store."),
            ),
            answers={200: "Parameters"},
            problems=(400, 404),
        )
    }

    async def get(self) -> None:
        """Answer GET."""
        target = target_of(self.contents_manager, path=self.text("path"), job=self.text("job"))
        declared = await self.call(self._declared, target)
        self.answer({"parameters": [parameter.to_dict() for parameter in declared]})

    def _declared(self, target: Target) -> list[Parameter]:
        if target.elsewhere:
            return declared_parameters(parse_notebook(target.read(), target.path))
        return self.omega.runtime.job(target.job).parameters()
