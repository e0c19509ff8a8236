"""lightgbm: boosters, in its own text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, package
from omegaml_lab.store.model_schema import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["LightGBMBackend"]


class LightGBMBackend(ModelBackend):
    """Boosters. Estimators as ``LGBMClassifier`` are scikit-learn's, and kept like these."""

    kind: ClassVar[str] = "lightgbm.text"
    priority: ClassVar[int] = 10
    suffix: ClassVar[str] = ".txt"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take boosters."""
        return type(obj).__module__ == "lightgbm.basic" and type(obj).__name__ == "Booster"

    def versions(self) -> Mapping[str, str]:
        """Return the version of lightgbm."""
        return {"lightgbm": package("lightgbm").__version__}

    def write(self, obj: Any, storage: Storage, name: str) -> Written:  # noqa: ARG002
        """Write all trees, those after the best iteration too."""
        blob = storage.blobs.write(obj.model_to_string(num_iteration=-1).encode())
        return Written(
            payload=Payload(blob=blob, meta={"best_iteration": int(obj.best_iteration)}),
            size=blob.size,
            hash=blob.hash,
            details={
                "model": type(obj).__name__,
                "versions": self.versions(),
                "inputs": named(obj.feature_name()),
            },
        )

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the booster.

        Raises
        ------
        IntegrityError
            If it was changed.
        """
        lightgbm = package("lightgbm")
        try:
            text = self.content(payload, storage, name).decode()
            booster = lightgbm.Booster(model_str=text)
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            raise IntegrityError(f"model {name!r}", str(error)) from error
        booster.best_iteration = int(payload.meta.get("best_iteration", -1))
        return booster
