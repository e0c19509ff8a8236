"""The papermill engine ``omega``: runs a notebook and tells an observer about each step.

It is registered as an entry point, so ``papermill --engine omega`` works in any papermill of
this environment. papermill loads this module while it is being loaded itself: nothing of
papermill can be imported here before it is used.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.limits import UNLIMITED, Limits
from omegaml_lab.runtime.notebooks.outputs import OUTPUT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.runtime.kernels.kept import Keep, KeptKernel
    from omegaml_lab.runtime.notebooks.cells import Kernels, NotebookObserver

__all__ = ["OmegaEngine"]


class OmegaEngine:
    """Executes a notebook in a kernel that ends with it, whatever happens."""

    @classmethod
    def execute_notebook(  # noqa: PLR0913 - the first six are papermill's
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        *,
        progress_bar: bool = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        observer: NotebookObserver | None = None,
        kernels: Kernels | None = None,
        environment: Mapping[str, str] | None = None,
        output_limit: int = OUTPUT_LIMIT,
        limits: Limits = UNLIMITED,
        keep: Keep | None = None,
        kept: KeptKernel | None = None,
        requires: Sequence[str] = (),
        execution_timeout: int | None = None,
        **_: Any,
    ) -> Any:
        """Run all cells, or those left of a `kept` kernel; a cell that raises ends it.

        Raises
        ------
        KernelDiedError
            If the kernel ended early, also by order, by its output or by a limit.
        UnknownKernelError, KernelStartError, RequirementsRefusedError, InstallationError
            If there is no such kernel, it does not start, or what it requires is not installed.
        """
        from papermill.engines import NotebookExecutionManager

        from omegaml_lab.runtime.kernels.kernels import KernelSource
        from omegaml_lab.runtime.notebooks.cells import CellRunner, Nobody

        told: dict[str, Any] = {"progress_bar": progress_bar, "log_output": log_output}
        told |= {"output_path": output_path, "autosave_cell_every": autosave_cell_every}
        manager = NotebookExecutionManager(nb, **told)
        manager.notebook_start()
        runner = CellRunner(manager, kernel_name=kernel_name, log_output=log_output)
        limits = limits.over(Limits(cell_timeout=execution_timeout))
        options: dict[str, Any] = {"limits": limits, "keep": keep, "kept": kept}
        options |= {"output_limit": output_limit, "requires": requires}
        parts = (kernels or kept or KernelSource(), environment or {}, observer or Nobody())
        try:
            asyncio.run(runner.run(*parts, **options))
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel that a notebook asks for."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language of a notebook."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
