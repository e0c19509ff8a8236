"""The port that every kind implements: turn an object into stored form, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omegaml_lab.storage.payloads import Payload
    from omegaml_lab.storage.storage import Storage

__all__ = [
    "Backend",
    "FrameBackend",
    "LazyBackend",
    "StreamBackend",
    "TableBackend",
    "Written",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a backend has written: no head refers to it yet.

    `hash` is equal for equal content. `details` are attributes that the backend found out,
    plain JSON values (mimetype, rows, columns); users see them beside their own.
    """

    payload: Payload
    size: int
    hash: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Backend(ABC):
    """A kind. Its module must be light to import: load heavy packages inside methods.

    It is found by an entry point in the group ``omegaml_lab.backends`` that is named like the
    kind. It keeps no state, and may be called from many threads at once.
    """

    kind: ClassVar[str]
    """How objects are kept, e.g. ``pandas.chunks``. Stored with each object: never change it."""

    stores: ClassVar[frozenset[str]]
    """The stores that choose this kind by themselves; with ``kind=`` every store takes it."""

    priority: ClassVar[int] = 0
    """Of all kinds that accept an object, the one with the highest priority is chosen."""

    @abstractmethod
    def accepts(self, obj: object, name: str) -> bool:
        """Say whether `obj`, to be put as `name`, is of this kind. Must not load packages."""

    @abstractmethod
    def write(self, obj: Any, storage: Storage, name: str, *args: Any, **options: Any) -> Written:
        """Write the payload of `obj`; name the `options` of your kind as keywords."""

    @abstractmethod
    def read(
        self, payload: Payload, storage: Storage, name: str, /, *args: Any, **options: Any
    ) -> Any:
        """Return the object that `payload` holds, equal to what was written."""


class StreamBackend(Backend):
    """A kind of objects that come in parts, one after the other."""

    @abstractmethod
    def iterate(
        self, payload: Payload, storage: Storage, name: str, /, *args: Any, **options: Any
    ) -> Iterator[Any]:
        """Return the parts as successive objects, at least one; it takes what `read` takes."""


class LazyBackend(Backend):
    """A kind of objects that can be had without being read."""

    @abstractmethod
    def read_lazily(
        self, payload: Payload, storage: Storage, name: str, /, *args: Any, **options: Any
    ) -> Any:
        """Return what reads the object when it is computed; it takes what `read` takes."""


class FrameBackend(StreamBackend, LazyBackend):
    """A kind of objects that have rows: these can be added to, and read in parts."""

    @abstractmethod
    def adding(
        self, obj: Any, storage: Storage, name: str, *args: Any, **options: Any
    ) -> Callable[[Written], Written]:
        """Return what adds the rows of `obj` to a state of an object, and makes a state of that.

        It is called again with a newer state when somebody else was faster.
        """


class TableBackend(FrameBackend):
    """A kind of frames in parts, which groups their rows without loading them."""

    @abstractmethod
    def query(
        self, payload: Payload, storage: Storage, name: str, /, *args: Any, **options: Any
    ) -> Any:
        """Return aggregates of groups of its rows; see `DatasetStore.query`."""

    @abstractmethod
    def compacted(self, state: Written, storage: Storage, name: str) -> Written | None:
        """Return a state of fewer parts with the same rows, None when they are few."""
