"""The registry of kinds, filled from entry points."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.conversions import conversion
from omegaml_lab.core.errors import UnknownKindError, UnsupportedObjectError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from omegaml_lab.store.backend import Backend

__all__ = ["GROUP", "Registry", "told"]

_log = logging.getLogger(__name__)

GROUP = "omegaml_lab.backends"
"""The entry-point group in which packages announce their kinds."""


class Registry:
    """Knows the kinds and loads each backend when it is first needed."""

    def __init__(self, found: dict[str, EntryPoint] | None = None) -> None:
        self._found = found or {}
        self._loaded: dict[str, Backend] = {}
        self._lock = threading.Lock()

    @classmethod
    def discover(cls) -> Registry:
        """Return a registry of all kinds that installed packages announce."""
        places = tuple((place, _changed(place)) for place in sys.path)
        return cls(dict(_announced(places)))

    def add(self, backend: Backend) -> None:
        """Add a backend by hand; it takes the place of one that has the same kind."""
        self._loaded[backend.kind] = backend

    def kinds(self) -> list[str]:
        """Return the names of all kinds, sorted."""
        return sorted({*self._found, *self._loaded})

    def backend(self, kind: str) -> Backend:
        """Return the backend of a kind.

        Raises
        ------
        UnknownKindError
            If no installed package has it, or the one that has it cannot be loaded.
        """
        backend = self._loaded.get(kind) or self._load(kind)
        if backend is None:
            raise UnknownKindError(kind, known=self.kinds())
        return backend

    def choose(self, obj: object, store: str, name: str) -> Backend:
        """Return the backend that takes `obj` in `store`.

        Raises
        ------
        UnsupportedObjectError
            If none does.
        """
        loaded = (self._loaded.get(kind) or self._load(kind) for kind in self.kinds())
        here = [backend for backend in loaded if backend and store in backend.stores]
        here.sort(key=lambda backend: (-backend.priority, backend.kind))
        for backend in here:
            if backend.accepts(obj, name):
                return backend
        stores, instead = self._elsewhere(obj, store, name), conversion(obj)
        kinds = [backend.kind for backend in here]
        if instead and store != "datasets":
            instead = None
        raise UnsupportedObjectError(store, told(obj), kinds=kinds, stores=stores, instead=instead)

    def _elsewhere(self, obj: object, store: str, name: str) -> list[str]:
        """Return the other stores that take an object."""
        loaded = [backend for backend in self._loaded.values() if store not in backend.stores]
        return sorted({s for b in loaded if b.accepts(obj, name) for s in b.stores})

    def _load(self, kind: str) -> Backend | None:
        point = self._found.get(kind)
        if point is None:
            return None
        with self._lock:
            if kind not in self._loaded:
                try:
                    self._loaded[kind] = point.load()()
                except (ImportError, AttributeError) as error:
                    # One broken package must not take the other kinds away.
                    _log.warning("kind %s of %s cannot be loaded: %s", kind, point.value, error)
                    return None
            return self._loaded[kind]


@functools.lru_cache(maxsize=1)
def _announced(_places: tuple[tuple[str, int | None], ...]) -> dict[str, EntryPoint]:
    """Return what packages announce; to read it all takes longer than to open a repository.

    What is installed or removed meanwhile changes one of the places, and is seen.
    """
    return {point.name: point for point in entry_points(group=GROUP)}


def _changed(place: str) -> int | None:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return None


def told(obj: object) -> str:
    """Return of what type an object is, and of a class that it is one."""
    cls = obj if isinstance(obj, type) else type(obj)
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return f"class: make an instance, {cls.__qualname__}(…)" if cls is obj else name
