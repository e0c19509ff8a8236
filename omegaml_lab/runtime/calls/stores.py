"""The stores that a call works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.store.datasets import DatasetStore
from omegaml_lab.store.models import ModelStore
from omegaml_lab.store.recording import Recorder
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.registry import Registry

__all__ = ["Stores"]

_HIDDEN = "calls"
_ANY = "python.value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Data, models and scripts of a bucket, and the hidden store of what calls hand over.

    `calls` is one for all buckets and in no listing. Its names begin with the id of a run; what
    is in it is dropped after a while.
    """

    datasets: DatasetStore
    models: ModelStore
    scripts: OmegaStore
    calls: OmegaStore
    registry: Registry

    @classmethod
    def of(cls, storage: Storage, registry: Registry, *, bucket: str, owner: str) -> Stores:
        """Return the stores of a bucket; what is put into them is `owner`'s."""
        # One recorder: what is written into one store tells of what was read from the others.
        common: dict[str, Any] = {
            "registry": registry,
            "owner": owner,
            "recorder": Recorder(storage.lineage),
        }
        silent = {**common, "recorder": Recorder.none(storage.lineage)}
        datasets = DatasetStore(storage, "datasets", bucket=bucket, **common)
        return cls(
            datasets=datasets,
            models=ModelStore(storage, "models", datasets=datasets, bucket=bucket, **common),
            scripts=OmegaStore(storage, "scripts", bucket=bucket, **common),
            calls=_Hidden(storage, _HIDDEN, **silent),
            registry=registry,
        )


class _Hidden(OmegaStore):
    """Takes what the datasets store would take."""

    def _target(self, obj: object, name: Any, kind: str | None) -> Any:
        if kind is None:
            try:
                kind = self._registry.choose(obj, "datasets", self.naming.path(name)).kind
            except UnsupportedObjectError:
                kind = _ANY  # it takes arrays as well, or says what it does not take
        return super()._target(obj, name, kind)
