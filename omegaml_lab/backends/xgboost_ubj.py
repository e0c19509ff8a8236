"""xgboost: boosters and the estimators around them, in its own binary JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, hash_of, package
from omegaml_lab.store.model_schema import named
from omegaml_lab.store.registry import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["XGBoostBackend"]

_MODULES = {"xgboost.core", "xgboost.sklearn"}


class XGBoostBackend(ModelBackend):
    """Boosters, and estimators as ``XGBClassifier`` with their parameters.

    Later versions of xgboost read the format. A pipeline with such an estimator is one of
    scikit-learn, and kept like these; so are classes that somebody derived.
    """

    kind: ClassVar[str] = "xgboost.ubj"
    priority: ClassVar[int] = 10
    suffix: ClassVar[str] = ".ubj"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take xgboost's own classes."""
        return type(obj).__module__ in _MODULES and (
            type(obj).__name__ == "Booster" or hasattr(obj, "get_booster")
        )

    def versions(self) -> Mapping[str, str]:
        """Return the version of xgboost."""
        return {"xgboost": package("xgboost").__version__}

    def write(self, obj: Any, storage: Storage, name: str) -> Written:
        """Write the trees, and the parameters of an estimator.

        Raises
        ------
        UnsupportedObjectError
            If it is no model of xgboost, or a parameter is no plain value: a function of one's
            own, a callback.
        """
        if not self.accepts(obj, name):
            raise UnsupportedObjectError(self.kind, told(obj), instead="a model of xgboost")
        estimator = hasattr(obj, "get_booster")
        fitted = not estimator or obj.__sklearn_is_fitted__()
        booster = (obj.get_booster() if estimator else obj) if fitted else None
        blob = storage.blobs.write(b"" if booster is None else booster.save_raw("ubj"))
        meta: dict[str, Any] = {"class": type(obj).__name__}
        if estimator:
            meta["parameters"] = _parameters(obj)
        details: dict[str, Any] = {"model": type(obj).__name__, "versions": self.versions()}
        if booster is not None and booster.feature_names:
            details["inputs"] = named(booster.feature_names)
        return Written(
            payload=Payload(blob=blob, meta=meta),
            size=blob.size,
            hash=hash_of(blob, meta),
            details=details,
        )

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the booster or the estimator.

        Raises
        ------
        IntegrityError
            If it was changed.
        """
        xgboost = package("xgboost")
        data = bytearray(self.content(payload, storage, name))
        parameters = json.loads(payload.meta.get("parameters", "{}"))
        model = _class(xgboost, payload.meta, name)(**parameters)
        if not data:
            return model
        try:
            model.load_model(data)
        except (xgboost.core.XGBoostError, ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"model {name!r}", str(error)) from error
        # The file has set some that were left to xgboost; they are what they were again.
        return model.set_params(**parameters) if parameters else model


def _class(xgboost: Any, meta: Mapping[str, Any], name: str) -> Any:
    """Return the class that `meta` names, which must be one of xgboost's models."""
    wanted = str(meta.get("class"))
    found = xgboost.Booster if wanted == "Booster" else getattr(xgboost.sklearn, wanted, None)
    if isinstance(found, type) and issubclass(found, xgboost.Booster | xgboost.XGBModel):
        return found
    raise IntegrityError(f"model {name!r}", f"xgboost has no model {wanted!r}")


def _parameters(estimator: Any) -> str:
    """Return the parameters as JSON; Python's, which has NaN."""
    plain: dict[str, Any] = {}
    for key, value in estimator.get_params(deep=False).items():
        plain[key] = value.item() if hasattr(value, "item") else value
        try:
            json.dumps(plain[key])
        except (TypeError, ValueError) as error:
            type_name = f"{type(estimator).__name__} whose {key} is {value!r}"
            signed = "it with kind='python.pickle', which signs it"
            raise UnsupportedObjectError("models", type_name, instead=signed) from error
    return json.dumps(plain, sort_keys=True)
