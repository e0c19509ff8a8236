"""ModelStore: models, and what it takes to judge and to use them."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.core.errors import InvalidAttributeError
from omegaml_lab.core.metadata import check_attributes
from omegaml_lab.core.names import Name, check_bucket
from omegaml_lab.store.model_backend import ModelBackend
from omegaml_lab.store.model_schema import schema_of
from omegaml_lab.store.store import OmegaStore
from omegaml_lab.store.versions import warn_of_other_versions

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.storage.heads import Head
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.backend import Backend, Written
    from omegaml_lab.store.writing import Writing

__all__ = ["ModelStore"]


class ModelStore(OmegaStore):
    """A store of models. `datasets` is where what they were trained on is looked up."""

    def __init__(
        self, storage: Storage, name: str, *, datasets: OmegaStore, **options: Any
    ) -> None:
        super().__init__(storage, name, **options)
        self._datasets = datasets

    def in_bucket(self, bucket: str) -> ModelStore:
        """Return the models of another bucket."""
        return ModelStore(
            self._storage,
            self.name,
            datasets=self._datasets.in_bucket(bucket),
            registry=self._registry,
            bucket=check_bucket(bucket),
            owner=self._owner,
            recorder=self._recorder,
        )

    def put(
        self,
        obj: Any,
        name: str | Name,
        *,
        example: Any = None,
        metrics: Mapping[str, float] | None = None,
        trained_on: str | Name | Sequence[str | Name] | None = None,
        **options: Any,
    ) -> Metadata:
        """Keep a model under `name` as a new revision, with what is known about it.

        Library versions are noted, and the inputs as far as the model knows them. All of it is
        among the attributes: `model versions inputs outputs classes metrics trained_on`.

        Parameters
        ----------
        obj
            The model.
        name
            Where.
        example
            A few rows that go into it: their columns and dtypes are noted, and what a model
            with the methods of scikit-learn predicts for them. The rows are not kept.
        metrics
            How good it is: numbers by name.
        trained_on
            The dataset, or several, by name; the revision is noted, the newest unless the name
            says which.
        **options
            Those of `OmegaStore.put`, and of the kind.

        Raises
        ------
        ObjectNotFoundError
            If there is no such dataset.
        InvalidAttributeError
            If a metric is no number.
        UntrustedObjectError
            If the model could not be loaded again: it holds types that nothing vouches for.
        """
        about: dict[str, Any] = {}
        if metrics is not None:
            about["metrics"] = _numbers(metrics)
        with contextlib.ExitStack() as kept:  # until the model says so, nothing else keeps them
            if trained_on is not None:
                about["trained_on"] = self._sources(trained_on, kept)
            about = check_attributes({**schema_of(obj, example), **about})
            return super().put(obj, name, **options, about=about)

    def export(
        self, name: str | Name, path: str | os.PathLike[str], *, replace: bool = False
    ) -> Path:
        """Write a model to a file, or a folder, that its own library reads; return where.

        Nothing of the model is executed, and nothing is left behind when it fails.

        Raises
        ------
        FileExistsError
            If something is there and `replace` is False.
        NotAFileError
            If it is kept in no such format.
        IntegrityError
            If its payload was changed.
        """
        backend, head = self._kept(name)
        target = Path(path)
        if target.exists() and not replace:
            raise FileExistsError(f"{target} exists: pass replace=True to write over it")
        draft = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
        try:
            if isinstance(backend, ModelBackend):
                backend.export(head.payload, self._storage, head.metadata.name, draft)
            else:
                with draft.open("xb") as file:
                    file.writelines(self._storage.blobs.stream(self._blob(name), verify=True))
            _remove(target)
            draft.rename(target)
        finally:
            _remove(draft)
        return target

    def file_name(self, name: str | Name) -> str:
        """Return how the file of a model is best called: with the suffix of its format."""
        backend, head = self._kept(name)
        suffix = backend.suffix if isinstance(backend, ModelBackend) else ""
        stem = head.metadata.name.rpartition("/")[2]
        return stem if stem.endswith(suffix) else stem + suffix

    def read_state(self, head: Head, /, *where: Any, **options: Any) -> Any:
        """Return the model in the state of a head; warn where that may not load here."""
        backend = self._registry.backend(head.metadata.kind)
        if isinstance(backend, ModelBackend):
            kept = head.document["details"].get("versions", {})
            warn_of_other_versions(head.metadata.name, kept, backend.versions(), stacklevel=3)
        return super().read_state(head, *where, **options)

    def _writing(self, obj: Any, path: str, backend: Backend, options: dict[str, Any]) -> Writing:
        about = options.pop("about", {})
        write = super()._writing(obj, path, backend, options)

        def written(head: Head | None) -> Written:
            done = write(head)
            return changed(done, details={**done.details, **about})

        return written

    def _sources(
        self, trained_on: str | Name | Sequence[str | Name], kept: contextlib.ExitStack
    ) -> list[dict[str, Any]]:
        several = [trained_on] if isinstance(trained_on, str | Name) else trained_on
        told = [self._dataset(one, kept) for one in several]
        # The rows and the target are often columns of one dataset.
        return [one for n, one in enumerate(told) if one not in told[:n]]

    def _dataset(self, name: str | Name, kept: contextlib.ExitStack) -> dict[str, Any]:
        found = self._datasets.metadata(name)
        pinned = Name(found.name, revision=found.revision)
        id = kept.enter_context(self._datasets.relying_on(pinned))  # noqa: A001
        return {"name": found.name, "revision": found.revision, "id": id}


def _numbers(metrics: Any) -> dict[str, Any]:
    if not isinstance(metrics, Mapping):
        reason = f"metrics are a dict of names and numbers, not {metrics!r:.100}"
        raise InvalidAttributeError("metrics", reason)
    return {str(key): _number(key, value) for key, value in metrics.items()}


def _number(key: object, value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, int | float):
        raise InvalidAttributeError(f"metrics.{key}", f"{value!r} is no number")
    return plain


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
