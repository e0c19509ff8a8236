"""What is called: models and scripts, on the workers or here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.calls import FITTING, METHODS, goes_beside
from omegaml_lab.core.errors import InvalidCallError
from omegaml_lab.core.limits import UNLIMITED
from omegaml_lab.core.names import Name
from omegaml_lab.runtime.calls.calling import Target
from omegaml_lab.runtime.client.tracking import joined, note_call

if TYPE_CHECKING:
    from omegaml_lab.core.limits import Limits
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.parameters import Parameter
    from omegaml_lab.runtime.client.calls import CallHandle
    from omegaml_lab.runtime.client.runtime import OmegaRuntime

__all__ = ["LocalModel", "LocalScript", "ModelHandle", "ScriptHandle"]


class _Model(ABC):
    """The methods of a model, in the revision it had when this was made, or was last fitted by.

    Data is what a model takes, or the name of a dataset, which is read where the method runs
    and may select a part: ``flights[^arr_delay]``. What else a method takes goes through
    :meth:`call`.
    """

    def __init__(self, runtime: OmegaRuntime, target: Target) -> None:
        self._runtime = runtime
        self._target = target

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._target.name

    @property
    def revision(self) -> int:
        """Its revision."""
        return self._target.revision

    @abstractmethod
    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method; return what it returns, of one that fits the new `Metadata`."""

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> _Model:  # noqa: N803
        """Fit the model, which makes a new revision of it; return this, at that revision.

        Raises
        ------
        RunFailedError, ConflictError
            If somebody else put another revision first (here, or on a worker), or it failed.
        """
        return self._fitted("fit", X, y, sample_weight=sample_weight)

    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        *,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> _Model:
        """Go on fitting the model, which makes a new revision, like :meth:`fit`."""
        return self._fitted("partial_fit", X, y, classes=classes, sample_weight=sample_weight)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return what the model predicts."""
        return self.call("predict", X)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Return how probable the model holds each class."""
        return self.call("predict_proba", X)

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """Return how far on which side of its decision the model sees each row."""
        return self.call("decision_function", X)

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return the data as the model transforms it."""
        return self.call("transform", X)

    def score(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Any:  # noqa: N803
        """Return how good the model is on data."""
        return self.call("score", *_given(X, y), **_named(sample_weight=sample_weight))

    def _fitted(
        self,
        method: str,
        X: Any,  # noqa: N803
        y: Any,
        *,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> _Model:
        named = _named(classes=classes, sample_weight=sample_weight)
        self.call(method, *_given(X, y), **named)
        return self


class ModelHandle(_Model):
    """A model whose methods the workers run, within the `limits` of each such run."""

    def __init__(self, runtime: OmegaRuntime, target: Target, limits: Limits = UNLIMITED) -> None:
        super().__init__(runtime, target)
        self.limits = limits

    def __repr__(self) -> str:
        return f"<ModelHandle {self.name} revision {self.revision}>"

    @property
    def local(self) -> LocalModel:
        """The same model, whose methods run in this process."""
        return LocalModel(self._runtime, self._target)

    def start(self, method: str, *args: Any, **kwargs: Any) -> CallHandle:
        """Have a method called, and return at once; the handle gets what it returns.

        Of a method that fits the model that is the metadata of the new revision, as a dict.

        Raises
        ------
        InvalidCallError
            If models have no such method.
        """
        _check(self.name, method)
        return self._runtime.calls.start(
            "model", self._target, method, args, kwargs, limits=self.limits
        )

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method on a worker; return what it returns, as :meth:`start` says.

        Raises
        ------
        InvalidCallError
            If models have no such method.
        RunFailedError
            If it failed.
        """
        _check(self.name, method)
        answer = self._runtime.calls.now(
            "model", self._target, method, args, kwargs, limits=self.limits
        )
        if method in FITTING:
            store = self._runtime.calls.stores.models
            fitted = Name(answer["name"], revision=answer["revision"])
            self._target = Target.of(store.metadata(fitted))
        return answer


class LocalModel(_Model):
    """A model whose methods run in this process."""

    def __repr__(self) -> str:
        return f"<LocalModel {self.name} revision {self.revision}>"

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method here; return what it returns, of one that fits the new `Metadata`.

        Raises
        ------
        InvalidCallError
            If the model has no such method.
        ConflictError
            If it was to be fitted, and somebody else put another revision first.
        """
        caller = self._runtime.calls.caller

        def opened(place: int | str, value: Any) -> Any:
            beside = goes_beside(self._target.kind, method, place)
            return caller.data(value, beside=beside) if isinstance(value, str) else value

        read = [opened(place, value) for place, value in enumerate(args)]
        named = {name: opened(name, value) for name, value in kwargs.items()}
        names = [value for value in (*args, *kwargs.values()) if isinstance(value, str)]
        result = caller.model(self._target, method, read, named, read=names)
        if method in FITTING:
            self._target = Target.of(result)
        if (exp := joined()) is not None and method in {*FITTING, "score"}:
            note_call(exp, method, caller.settings(self._target), result)
        return result


class ScriptHandle:
    """A script that the workers run, in the revision it had when the handle was made.

    Each such run keeps within the `limits`.
    """

    def __init__(
        self, runtime: OmegaRuntime, metadata: Metadata, limits: Limits = UNLIMITED
    ) -> None:
        self._runtime = runtime
        self._target = Target.of(metadata)
        self.limits = limits

    def __repr__(self) -> str:
        return f"<ScriptHandle {self.name} revision {self.revision}>"

    @property
    def name(self) -> str:
        """The name of the script."""
        return self._target.name

    @property
    def revision(self) -> int:
        """Its revision."""
        return self._target.revision

    @property
    def local(self) -> LocalScript:
        """The same script, which runs in this process."""
        return LocalScript(self._runtime, self._target)

    def parameters(self) -> list[Parameter]:
        """Return what parameters the script takes, read off its source."""
        script = self._runtime.calls.stores.scripts.get(self._target.pinned)
        found: list[Parameter] = script.parameters() if hasattr(script, "run") else []
        return found

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the script on a worker; return what it returns, a generator's as a list.

        Raises
        ------
        RunFailedError
            If it failed.
        """
        calls = self._runtime.calls
        return calls.now("script", self._target, "run", args, kwargs, limits=self.limits)

    def start(self, *args: Any, **kwargs: Any) -> CallHandle:
        """Have the script run, and return at once; the handle gets what it returns."""
        calls = self._runtime.calls
        return calls.start("script", self._target, "run", args, kwargs, limits=self.limits)


class LocalScript:
    """A script that runs in this process."""

    def __init__(self, runtime: OmegaRuntime, target: Target) -> None:
        self._runtime = runtime
        self._target = target

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run the script here; return what it returns, a generator's as a list."""
        return self._runtime.calls.caller.script(self._target, args, kwargs)


def _check(name: str, method: str) -> None:
    if method not in METHODS:
        raise InvalidCallError(name, method, "model", known=METHODS)


def _given(X: Any, y: Any) -> tuple[Any, ...]:  # noqa: N803
    return (X,) if y is None else (X, y)


def _named(*, classes: Any = None, sample_weight: Any = None) -> dict[str, Any]:
    given = {"classes": classes, "sample_weight": sample_weight}
    return {name: value for name, value in given.items() if value is not None}
