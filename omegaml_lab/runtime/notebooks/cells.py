"""The cells of a notebook: run in a kernel one after the other, an observer told each step."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Any, Protocol

from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from traitlets import Integer

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.limits import UNLIMITED, Limits
from omegaml_lab.runtime.kernels.kernel_processes import KernelStartError
from omegaml_lab.runtime.kernels.watch import Breach, Watch
from omegaml_lab.runtime.notebooks.outputs import OUTPUT_LIMIT, OutputMeter, join_stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode

    from omegaml_lab.core.limits import Usage
    from omegaml_lab.runtime.kernels.family import Family
    from omegaml_lab.runtime.kernels.kept import Keep, KeptKernel
    from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess

_LOG_TAIL = 16_384

__all__ = [
    "CellRunner",
    "KernelDiedError",
    "KernelLostError",
    "Kernels",
    "LimitError",
    "MemoryLimitError",
    "Nobody",
    "NotebookObserver",
    "TimeLimitError",
    "TooMuchOutputError",
]


class KernelDiedError(OmegaError, RuntimeError):
    """The kernel ended before its notebook did; `cell` is the index of the cell that ran."""

    def __init__(self, reason: str, cell: int | None, *, what: str = "The kernel died") -> None:
        self.reason = reason
        self.cell = cell
        where = "before the first cell" if cell is None else f"in cell {cell + 1}"
        super().__init__(f"{what} {where}: {reason}")


class KernelLostError(KernelDiedError):
    """The kernel was ended because the nursery was, by nothing that the notebook did."""

    def __init__(self, cell: int | None) -> None:
        reason = (
            "the process from which the worker starts its kernels was ended from outside, and"
            " all kernels with it"
        )
        super().__init__(reason, cell)


class TooMuchOutputError(KernelDiedError):
    """The kernel was ended because `cell` put out more than a run may keep."""

    def __init__(self, limit: int, cell: int | None) -> None:
        size = f"{limit / 1e6:g} MB"
        super().__init__(f"it printed more than {size}; write as much to a file instead", cell)


class LimitError(KernelDiedError):
    """The kernel was ended because the run did not keep to a limit."""

    def __init__(self, breach: Breach, cell: int | None) -> None:
        self.limit = breach.limit
        super().__init__(str(breach), cell, what="The run was ended")


class TimeLimitError(LimitError):
    """The run, or one of its cells, took longer than it may."""


class MemoryLimitError(LimitError):
    """The kernel and what it started had more in memory than the run may have."""


class NotebookObserver(Protocol):
    """Who wants to know how a notebook comes along. Called in the thread that executes it."""

    def started(self, stop: Callable[[], None]) -> None:
        """Learn how to end the execution, with the kernel and its children, from any thread."""

    def cell_started(self, index: int) -> None:
        """Learn that a code cell begins."""

    def cell_failed(self, index: int, error: CellExecutionError) -> None:
        """Learn that a code cell raised an exception, which ends the notebook."""

    def cell_ended(self) -> None:
        """Learn that the code cell has run to its end."""

    def output(self, text: str) -> None:
        """Learn that something was shown; `text` is what went to stdout or stderr."""

    def prepared(self, text: str) -> None:
        """Learn what is said while what the notebook requires is installed."""

    def said(self, text: str) -> None:
        """Learn what the kernel's process itself wrote to its stdout and stderr, at its end."""

    def used(self, usage: Usage) -> None:
        """Learn what the kernel and all that it started have used so far."""

    async def live(self) -> None:
        """Save what there is to save, again and again, until cancelled."""


class Kernels(Protocol):
    """What lends kernels."""

    def start(
        self,
        name: str,
        *,
        environment: Mapping[str, str],
        requires: Sequence[str] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> contextlib.AbstractAsyncContextManager[KernelProcess]:
        """Lend one for the time of a block, as `KernelSource.start` does."""


class Nobody:
    """An observer that does not care."""

    def _ignore(self, *_: object) -> None:
        pass

    started = cell_started = cell_failed = cell_ended = _ignore
    output = prepared = said = used = _ignore

    async def live(self) -> None:
        """Save nothing."""


class CellRunner(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, in one event loop from the first cell to the last."""

    nb: NotebookNode
    _cell: int | None
    _left: bool
    # What a cell has shown may arrive long after it has ended: nbclient's 4 s fail a good run
    # that prints 40,000 lines one by one. A kernel that dies meanwhile ends the wait at once.
    iopub_timeout = Integer(120)

    async def run(
        self,
        kernels: Kernels,
        environment: Mapping[str, str],
        observer: NotebookObserver,
        *,
        output_limit: int = OUTPUT_LIMIT,
        limits: Limits = UNLIMITED,
        requires: Sequence[str] = (),
        keep: Keep | None = None,
        kept: KeptKernel | None = None,
    ) -> None:
        """Execute the cells in a kernel that ends with them, unless one fails and `keep` wants it.

        It has what they require. What a `kept` one has run already is not run again.
        """
        self.reset_execution_trackers()
        self._keep, self._failed, self._left, self._first = keep, False, False, 0
        if kept is not None:
            self._first = kept.fill(self.nb)
            self.widget_state, self.widget_buffers = kept.widgets
        self._limits, self._began = limits, time.monotonic()
        self._watch: Watch | None = None
        self._meter = OutputMeter(output_limit, self._kept)
        self._observer, self._cell = observer, None
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nothing to stop
                loop.call_soon_threadsafe(task.cancel)  # type: ignore[union-attr]

        observer.started(stop)
        live = asyncio.create_task(observer.live())
        family: Family | None = None
        starting = kernels.start(
            self.kernel_name, environment=environment, requires=requires, say=observer.prepared
        )
        try:
            async with contextlib.AsyncExitStack() as stack:
                kernel = await self._in_time(stack.enter_async_context(starting), requires)
                family = kernel.family
                await self._run_watched(kernel, stop)
        except asyncio.CancelledError as error:  # by stop(), before the kernel answered
            raise self._ended("it was told to end") from error
        finally:
            if family is not None:  # with the system's own figures, now that all have ended
                observer.used(family.usage)
            live.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await live

    async def _in_time(
        self, starting: Awaitable[KernelProcess], requires: Sequence[str]
    ) -> KernelProcess:
        """Return the kernel; what it requires, and its start, take of the time of the run."""
        try:
            async with asyncio.timeout(self._limits.timeout) as timer:
                return await starting
        except TimeoutError as error:
            if not timer.expired():
                raise
            what = "its kernel, with what it requires," if requires else "its kernel"
            breach = Breach.of_time(self._limits, yet=f"{what} had not started")
            raise TimeLimitError(breach, None) from error

    async def _run_watched(self, kernel: KernelProcess, stop: Callable[[], None]) -> None:
        self._watch = watch = Watch(
            kernel.family, self._limits, began=self._began, end=stop, tell=self._observer.used
        )
        watching = asyncio.create_task(watch.mind())
        try:
            await self._run_in(kernel, watch)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _run_in(self, kernel: KernelProcess, watch: Watch) -> None:
        self.km = kernel.manager
        try:
            self.kc = await kernel.connect()
        except KernelStartError as error:
            if kernel.abandoned:
                raise KernelLostError(None) from error
            raise
        try:
            await self._run_cells(watch)
            self.nb.metadata["language_info"] = kernel.language_info
            self.set_widgets_metadata()
            widgets = (self.widget_state, self.widget_buffers)
            if self._failed and self._keep is not None and self._keep(kernel, widgets):
                kernel.kept = True
            else:
                await kernel.leave(self.kc)
        except (asyncio.CancelledError, DeadKernelError) as error:
            if self._cell is not None:
                self.nb_man.cell_exception(self.nb.cells[self._cell], cell_index=self._cell)
            if self._meter.full:
                raise TooMuchOutputError(self._meter.limit, self._cell) from error
            raise self._ended(kernel.reason(), lost=kernel.abandoned) from error
        finally:
            self._observer.said(kernel.log_tail(_LOG_TAIL))
            self.kc.stop_channels()

    def _ended(self, reason: str, *, lost: bool = False) -> KernelDiedError:
        """Return why the kernel ended: for a limit, or for what it says itself."""
        if self._watch is None or (breach := self._watch.breach) is None:
            if lost:
                return KernelLostError(self._cell)
            fault = self._watch.fault if self._watch else None
            return KernelDiedError(fault or reason, self._cell)
        error = MemoryLimitError if breach.limit == "memory" else TimeLimitError
        return error(breach, self._cell)

    async def _run_cells(self, watch: Watch) -> None:
        self.on_cell_executed = self._replied
        for index, cell in itertools.islice(self._code_cells(), self._first, None):
            self._cell = index
            self.nb_man.cell_start(cell, index)
            self._observer.cell_started(index)
            watch.cell_started()
            try:
                await self.async_execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                self.nb_man.cell_complete(cell, cell_index=index)
                self._observer.cell_failed(index, error)
                self._failed = True
                break
            # The cell has ended, but not before something was too much.
            if self._meter.full or watch.breach is not None:
                raise DeadKernelError
            watch.cell_ended()
            self.nb_man.cell_complete(cell, cell_index=index)
            self._observer.cell_ended()
            if self._left:  # the kernel goes on for a moment only
                break
        if watch.breach is not None:
            raise DeadKernelError
        watch.rest()

    def _replied(self, *, execute_reply: Mapping[str, Any] | None, **_: Any) -> None:
        """Note whether the cell asked for the end of its kernel, as ``exit()`` does."""
        content = execute_reply["content"] if execute_reply else {}
        asked = [payload.get("source") for payload in content.get("payload") or ()]
        self._left = "ask_exit" in asked

    def _code_cells(self) -> Iterator[tuple[int, Any]]:
        return ((i, cell) for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code")

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel, and tell the observer what it brought to see."""
        if msg["msg_type"] not in {"status", "execute_input"}:
            self._meter.take(msg["content"])
            if self._meter.full and msg["msg_type"] != "stream":
                self._end_cell()
        output = super().process_message(msg, cell, cell_index)
        if msg["msg_type"] not in {"status", "execute_input"}:
            text = msg["content"].get("text", "") if msg["msg_type"] == "stream" else ""
            self._observer.output(text)
        if self._meter.full:
            self._end_cell()
        return output

    def output(
        self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """Keep an output, a stream in few pieces."""
        output = super().output(outs, msg, display_id, cell_index)
        if output is not None:
            join_stream(outs)
        return output

    def _kept(self) -> list[Any]:
        outputs = (cell.get("outputs", []) for _, cell in self._code_cells())
        return [*outputs, self.widget_state, self.widget_buffers]

    def _end_cell(self) -> None:
        """Read no further message, and wait for no reply: the kernel is ended."""
        self.task_poll_for_reply.cancel()
        raise CellExecutionComplete
