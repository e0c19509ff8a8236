"""Batches in a row, written by threads, of which few are waited for on their way to the disk."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from omegaml_lab.storage.order import writer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from omegaml_lab.storage.connection import Connection

__all__ = ["each_settled"]

B = TypeVar("B")
T = TypeVar("T")


def each_settled(
    connection: Connection,
    batches: Iterable[B],
    write: Callable[[B, bool], T],
    *,
    threads: int,
    held: int,
) -> list[T]:
    """Return what `write` does with each batch, in their order; all of it is on disk then.

    `threads` write batches beside each other. `write` is told whether to wait for the disk,
    and then must change something, even where what it has is there already. That stands for all
    that was taken before: when `held` batches have been since the last time, and at the end. Until
    then they are held, to be written again where another server or process has taken some,
    which may have lost them: it must do no harm.
    """
    row = _Row(connection, write, held)
    waiting: deque[_Sent[B, T]] = deque()
    with ThreadPoolExecutor(threads, "omega-row") as pool:
        for batch, is_last in _with_last(batches):
            while len(waiting) > (0 if is_last else threads):
                row.take(waiting.popleft())
            waiting.append(row.send(batch, pool, wait=is_last))
        while waiting:
            row.take(waiting.popleft())
    return row.done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent(Generic[B, T]):
    """A batch on its way, sent when `writer` took the writes.

    It `covers` what was taken before if it is waited for; else that is None.
    """

    batch: B
    writer: tuple[Any, ...] | None
    answer: Future[T]
    covers: list[_Sent[B, T]] | None


class _Row(Generic[B, T]):
    """Batches one after another, and those of them that a server has taken and may forget."""

    def __init__(self, connection: Connection, write: Callable[[B, bool], T], held: int) -> None:
        self._connection = connection
        self._write = write
        self._held = held
        self._taken: list[_Sent[B, T]] = []
        self.done: list[T] = []

    def send(self, batch: B, pool: ThreadPoolExecutor, *, wait: bool) -> _Sent[B, T]:
        """Have a batch written; to `wait` for it is to wait for all that were taken."""
        writer, covers = writer_of(self._connection), None
        if wait or writer is None or len(self._taken) >= self._held:
            covers, self._taken = self._taken, []
        answer = pool.submit(self._write, batch, covers is not None)
        return _Sent(batch=batch, writer=writer, answer=answer, covers=covers)

    def take(self, sent: _Sent[B, T]) -> None:
        """Wait until it is written, and write again what it covers in vain."""
        self.done.append(sent.answer.result())
        if sent.covers is None:
            self._taken.append(sent)
            return
        writer = writer_of(self._connection)
        for earlier in sent.covers:
            if earlier.writer != writer:
                self._write(earlier.batch, True)  # noqa: FBT003 - as `each_settled` says


def _with_last(batches: Iterable[B]) -> Iterator[tuple[B, bool]]:
    """Yield each, and whether it is the last."""
    ahead = iter(batches)
    for batch in ahead:
        held = batch
        for following in ahead:
            yield held, False
            held = following
        yield held, True
