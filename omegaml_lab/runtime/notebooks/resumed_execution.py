"""One attempt at a run that goes on in the kernel of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.code.requirements import missing
from omegaml_lab.core.errors import ResumeError
from omegaml_lab.core.lineage import Reference, Relation
from omegaml_lab.core.parameters import INJECTED
from omegaml_lab.core.resuming import code_of, difference
from omegaml_lab.core.runs import Failure, Run, Status
from omegaml_lab.runtime.jobs.requirements import required_by
from omegaml_lab.runtime.notebooks.execution import Execution
from omegaml_lab.storage.lineage import Read
from omegaml_lab.store.recording import MOST

if TYPE_CHECKING:
    from omegaml_lab.runtime.kernels.kept import KeptKernel
    from omegaml_lab.runtime.notebooks.live import LiveNotebook

__all__ = ["ResumedExecution"]


class ResumedExecution(Execution):
    """Performs a claimed run from the cell on that failed in the run which it resumes.

    Parameters
    ----------
    before
        The kernel of that run with what it has run, None when it is not there any more.
    **parts
        Those of :class:`Execution`.
    """

    def __init__(self, *claim: Any, before: KeptKernel | None, **parts: Any) -> None:
        super().__init__(*claim, **parts)
        self._before = before

    def perform(self) -> Run | None:
        """Execute the rest of the notebook; the kernel ends with it, unless it is kept again."""
        try:
            return super().perform()
        finally:
            # It may never have come to be lent: cancelled, say, before that.
            if self._before is not None and not self._before.kernel.kept:
                self._before.kernel.close()

    def _prepared(self) -> Any:
        resumes = str(self.claim.run.resumes)
        if self._before is None:
            raise ResumeError(resumes, "its kernel is not there any more")
        try:
            notebook = super()._prepared()
            _check(resumes, self._before, notebook)
            self._carry_reads(self._before.run.id)
        except BaseException:
            # Nothing has happened to the kernel: mended, the notebook may be resumed again.
            if self._shelf is not None:
                self._shelf.put_back(self._before, self.claim.run.id)
            raise
        return notebook

    def _carry_reads(self, before: str) -> None:
        """Note what the cells read that were run before: the result comes from that too."""
        lineage, run = self._jobs.storage.lineage, self.claim.run.id
        links = self._patiently(lambda: lineage.read_by([before], limit=MOST))
        reads = [
            Read(run=run, what=link.source)
            for link in links
            if link.relation is Relation.READ and isinstance(link.source, Reference)
        ]
        self._patiently(lambda: lineage.note(reads))

    def _give_back(self, live: LiveNotebook) -> Run | None:
        """End the run: no other worker has its kernel."""
        self._patiently(lambda: self._save(live.serialised()))
        worker = self.claim.run.worker
        message = f"Worker {worker} shut down, and with it the kernel. Run the notebook again."
        failure = Failure(name="WorkerLost", message=message)
        return self._finish(Status.FAILED, live.progress, failure)


def _check(resumes: str, before: KeptKernel, notebook: Any) -> None:
    """Raise unless a notebook begins with the code that a kernel has run."""
    kernel, asked = before.kernel.manager.kernel_name, notebook.metadata.kernelspec.name
    if kernel != asked:
        raise ResumeError(resumes, f"it ran in the kernel {kernel!r}, not in {asked!r}")
    wanted = code_of(notebook.cells, without=INJECTED)
    first = difference(code_of(before.cells, without=INJECTED), wanted)
    if first is not None:
        raise first.refusal(resumes)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    executed = [cell.source for cell in before.code]
    if code[: len(executed)] != executed:
        raise ResumeError(resumes, "its parameters would be set in another place now")
    if more := missing(set(required_by(notebook)) - set(before.requires)):
        lacks = f"its kernel was started without what is required now, {', '.join(more)}"
        raise ResumeError(resumes, lacks)
