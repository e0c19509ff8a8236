"""Calling: what a call does, wherever it does it."""

from __future__ import annotations

import inspect
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import FITTING, METHODS
from omegaml_lab.core.errors import (
    ConflictError,
    InvalidCallError,
    ObjectNotFoundError,
    OmegaError,
)
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.runtime.calls.stores import Stores
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.store.store import OmegaStore

__all__ = ["Caller", "Target"]

_MODELS = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The model or script that is called, in one revision; `state` is equal for no other.

    It was called `name` when somebody asked. `object` is its id, None where nobody noted that.
    """

    name: str
    revision: int
    kind: str
    state: str
    object: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, metadata: Metadata) -> Target:
        """Return what `metadata` is about."""
        # An object that was dropped and put again begins with revision 1 anew.
        state = f"{metadata.created.isoformat()} {metadata.hash}"
        return cls(name=metadata.name, revision=metadata.revision, kind=metadata.kind, state=state)

    @property
    def pinned(self) -> Name:
        """Its name with its revision."""
        return Name(self.name, revision=self.revision)


class Caller:
    """Performs calls on the stores of a bucket, and keeps the models that it loaded.

    Who calls `settle` after each call spares it the work beside it: that a model which is kept
    was read is noted `later`.
    """

    def __init__(self, stores: Stores, *, later: bool = False) -> None:
        self._stores = stores
        self._later = later
        self._models: OrderedDict[Target, Any] = OrderedDict()
        self._heads: dict[Target, Head] = {}

    def data(self, name: str, *, beside: bool = False) -> Any:
        """Return a dataset; its name may select a part of it.

        One column that is selected to go `beside` the rows, as a target or weights do, is a
        Series: models warn of a frame there, or answer in another shape.
        """
        data = self._stores.datasets.get(name)
        single = beside and self._stores.datasets.selects_one(name)
        return data.iloc[:, 0] if single else data

    def model(
        self,
        target: Target,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        read: Sequence[str] = (),
        run: str | None = None,
    ) -> Any:
        """Call a method of a model; `read` are the names of the datasets that it is given.

        `run` is the id of the run that is nothing but this call. When an attempt of it has
        fitted the model before, and died before it said so, that is what is returned.

        Returns
        -------
        What the method returns; of one that fits the model, the metadata of its new revision.

        Raises
        ------
        InvalidCallError
            If the model has no such method.
        ConflictError
            If it was to be fitted, and somebody else put another revision first.
        """
        fits = method in FITTING
        if fits and run is not None and (done := self._fitted_by(run, target)) is not None:
            return done
        model = self._fresh(target) if fits else self._warm(target)
        function = getattr(model, method, None)
        if method not in METHODS or not callable(function):
            has = [known for known in METHODS if callable(getattr(model, known, None))]
            raise InvalidCallError(target.name, method, type(model).__name__, known=has)
        result = function(*args, **kwargs)
        return self._put(target, model, read, run) if fits else result

    def settle(self) -> None:
        """Note what was read by the calls up to now; what cannot be noted waits for the next.

        Nothing that they wrote depends on it: a write has noted before what was read before it.
        """
        try:
            self._stores.models.recorder.flush(safely=False)
        except OmegaError as error:
            _log.warning("what the call read is noted later: %s", error)

    def settings(self, target: Target) -> dict[str, Any]:
        """Return the parameters that a model which was called was made with, if it tells."""
        model: Any = self._models.get(target)
        told = model.get_params() if hasattr(model, "get_params") else {}
        plain = str | int | float | bool | None
        return {str(name): value for name, value in told.items() if isinstance(value, plain)}

    def script(self, target: Target, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run a script; what a generator yields is returned as a list."""
        script = self._stores.scripts.read_state(_head(self._stores.scripts, target))
        if not hasattr(script, "run"):
            raise InvalidCallError(target.name, "run", f"{target.kind}, which is no code")
        result = script.run(*args, **kwargs)
        return list(result) if inspect.isgenerator(result) else result

    def _fresh(self, target: Target) -> Any:
        return self._stores.models.read_state(_head(self._stores.models, target))

    def _put(self, target: Target, model: Any, read: Sequence[str], run: str | None) -> Metadata:
        try:
            put = self._stores.models.put(
                model,
                Name(_head(self._stores.models, target).metadata.name),
                kind=target.kind,
                expect=target.revision,
                trained_on=read or None,
            )
        except ConflictError:  # an attempt that was given up for lost may have come to life
            done = None if run is None else self._fitted_by(run, target)
            if done is None:
                raise
            return done
        self._keep(Target.of(put), model)
        return put

    def _fitted_by(self, run: str, target: Target) -> Metadata | None:
        """Return the revision that follows on `target`, if a run has put that."""
        models, number = self._stores.models, target.revision + 1
        if target.object is None:
            found = models.find(Name(target.name, revision=number))
        else:
            head = models.state_of(target.object, number, was=target.name)
            found = None if head is None else head.metadata
        return found if found is not None and found.run == run else None

    def _warm(self, target: Target) -> Any:
        models = self._stores.models
        if target not in self._models:
            self._heads[target] = head = _head(models, target)
            self._keep(target, models.read_state(head))
        else:  # it was read for the run of another call
            if target not in self._heads:
                self._heads[target] = _head(models, target)
            models.recorder.read(self._heads[target], later=self._later)
        self._models.move_to_end(target)
        return self._models[target]

    def _keep(self, target: Target, model: Any) -> None:
        self._models[target] = model
        while len(self._models) > _MODELS:
            self._heads.pop(self._models.popitem(last=False)[0], None)


def _head(store: OmegaStore, target: Target) -> Head:
    """Return the state that is called, whatever its name is by now.

    Raises
    ------
    ObjectNotFoundError
        If it is not there, though another one has its name.
    """
    if target.object is None:
        head = store.head_of(target.pinned)
    else:
        found = store.state_of(target.object, target.revision, was=target.name)
        head = store.head_of(target.pinned) if found is None else found
    if Target.of(head.metadata).state != target.state:
        there = "What is called so now is another one."
        raise ObjectNotFoundError(store.name, str(target.pinned), there=there)
    return head
