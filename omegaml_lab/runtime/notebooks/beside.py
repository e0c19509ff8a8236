"""Files beside a notebook, for the kernel of a run and from it."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.runtime.kernels.waiting import to_the_end
from omegaml_lab.runtime.records.patience import patiently
from omegaml_lab.store.workcopy import WorkingCopy, replaced_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess
    from omegaml_lab.runtime.notebooks.cells import Kernels
    from omegaml_lab.store.jobs import JobStore

__all__ = ["KernelsBeside"]


class KernelsBeside:
    """Lends kernels that find the files beside their notebook in the folder where they work.

    What a kernel has left there when it is given back is kept in the repository, as something
    that the run has written.

    Parameters
    ----------
    kernels
        Starts them.
    run
        The id of the run.
    folder, jobs
        The folder that its notebook is in, and the store.
    limit
        Bytes of the files that the folder has in all.
    say
        Told of what is left out, for the run's log.
    given_up
        Whether another worker is to perform the run, so that nothing of it is kept.
    """

    def __init__(
        self,
        kernels: Kernels,
        *,
        run: str,
        folder: str,
        jobs: JobStore,
        limit: float,
        say: Callable[[str], None],
        given_up: Callable[[], bool],
    ) -> None:
        self._kernels = kernels
        self._run = run
        self._folder = folder
        self._jobs = jobs
        self._limit = limit
        self._say = say
        self._given_up = given_up
        self._cancelled = False

    @contextlib.asynccontextmanager
    async def start(self, name: str, **options: Any) -> AsyncIterator[KernelProcess]:
        """Lend one for the time of a block, as `KernelSource.start` does."""
        async with self._kernels.start(name, **options) as kernel:
            # While the kernel starts: it runs nothing before this block is entered. And to the
            # end, for the folder goes with the kernel.
            copy = self._copy(kernel)
            await to_the_end(partial(self._pull, copy), hurry=self._hurry)
            try:
                yield kernel
            finally:
                if not self._given_up():
                    await to_the_end(partial(self._push, copy), hurry=self._hurry)

    def _copy(self, kernel: KernelProcess) -> WorkingCopy:
        jobs = self._jobs.read_by(self._run)
        if kernel.copy is None:
            kernel.copy = WorkingCopy(jobs, self._folder, kernel.work, limit=self._limit)
        else:  # it has worked there before, for another run
            kernel.copy.go_on(jobs, self._folder)
        return kernel.copy

    def _pull(self, copy: WorkingCopy) -> None:
        self._tell(self._patiently(copy.pull))

    def _push(self, copy: WorkingCopy) -> None:
        self._patiently(copy.note_reads)
        self._tell(self._patiently(lambda: copy.push(anyway=True)))
        self._tell([replaced_line(before) for before in copy.take_replaced()])

    def _patiently(self, act: Callable[[], Any]) -> Any:
        try:
            return patiently(act, what=f"run {self._run}", hurried=self._hurried)
        except OmegaError as error:
            return [f"Files beside the notebook are not all in their place: {error}"]

    def _hurry(self) -> None:
        """Wait no longer for a database that is away."""
        self._cancelled = True

    def _hurried(self) -> bool:
        return self._cancelled or self._given_up()

    def _tell(self, lines: list[str] | None) -> None:
        for line in lines or ():
            self._say(f"{line}\n")
