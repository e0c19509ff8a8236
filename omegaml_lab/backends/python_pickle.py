"""Pickles, of whatever has no safe format: only when asked for, and signed."""

from __future__ import annotations

import pickle
import platform
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import UnsupportedObjectError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["PickleBackend"]


class PickleBackend(ModelBackend):
    """Any Python object, with ``kind="python.pickle"``. Loading a pickle runs code.

    So each is signed with the key of this deployment, and none is loaded without a good
    signature. What a notebook defines goes along, as cloudpickle has it.
    """

    kind: ClassVar[str] = "python.pickle"
    stores: ClassVar[frozenset[str]] = frozenset()
    suffix: ClassVar[str] = ".pkl"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take nothing by itself."""
        return False

    def versions(self) -> Mapping[str, str]:
        """Return the version of Python."""
        return {"python": platform.python_version()}

    def write(self, obj: Any, storage: Storage, name: str) -> Written:  # noqa: ARG002
        """Write and sign the pickle.

        Raises
        ------
        UnsupportedObjectError
            If something in it cannot be pickled.
        ConfigError
            If there is no key to sign it with.
        """
        import cloudpickle

        try:
            data = cloudpickle.dumps(obj, protocol=5)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            type_name = f"{type(obj).__module__}.{type(obj).__qualname__}"
            raise UnsupportedObjectError("pickles", f"{type_name} ({error})") from error
        signature = storage.signer.sign(self.kind, data)
        blob = storage.blobs.write(data)
        return Written(
            payload=Payload(blob=blob, meta={"signature": signature}),
            size=blob.size,
            hash=blob.hash,
            details={
                "model": type(obj).__name__,
                "versions": {**self.versions(), **_library(obj)},
                "signed_with": signature["key"],
            },
        )

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the object.

        Raises
        ------
        UntrustedObjectError
            If its signature is missing or wrong, or made with a key that is unknown here.
        """
        data = self.content(payload, storage, name)
        storage.signer.check(payload.meta.get("signature"), name, self.kind, [data])
        return pickle.loads(data)  # noqa: S301 - signed by us, and checked


def _library(obj: object) -> dict[str, str]:
    package = type(obj).__module__.partition(".")[0]
    version = getattr(sys.modules.get(package), "__version__", None)
    return {package: version} if isinstance(version, str) else {}
