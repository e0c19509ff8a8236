"""PyTorch modules and state dicts: tensors as safetensors, the class by reference."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, hash_of, package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.storage.storage import Storage

__all__ = ["TorchBackend"]

_OWN = "torch.nn.modules."


class TorchBackend(ModelBackend):
    """Modules, of which the tensors are kept and the name of the class; and dicts of tensors.

    To make a module again is to run its class, so get wants to be told: ``into=module`` fills
    one that you made; ``trusted=["package.module.Class"]`` makes one of that class, with the
    arguments that put was given as ``init={...}``; ``weights=True`` returns the tensors.
    The classes of ``torch.nn`` need no trust.
    """

    kind: ClassVar[str] = "torch.state"
    priority: ClassVar[int] = 10
    suffix: ClassVar[str] = ".safetensors"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take modules, and dicts with nothing but tensors in them."""
        if isinstance(obj, dict):
            return bool(obj) and all(_is_torch(value, "Tensor") for value in obj.values())
        return _is_torch(obj, "Module")

    def versions(self) -> Mapping[str, str]:
        """Return the version of PyTorch."""
        return {"torch": str(package("torch").__version__).partition("+")[0]}

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,  # noqa: ARG002
        *,
        init: Mapping[str, Any] | None = None,
    ) -> Written:
        """Write the tensors; `init` are the arguments that make such a module, JSON values.

        Raises
        ------
        UnsupportedObjectError
            If the state holds more than tensors, or `init` is no JSON.
        """
        package("safetensors", extra="torch")
        from safetensors.torch import save

        is_module = not isinstance(obj, dict)
        state = obj.state_dict() if is_module else obj
        blob = storage.blobs.write(save(_apart(state)))
        meta: dict[str, Any] = {"names": [str(key) for key in state]}  # the file sorts them
        if is_module:
            meta |= {"class": _name_of(type(obj)), "init": _json(init), "training": obj.training}
        details = {
            "model": meta.get("class", "state dict"),
            "versions": self.versions(),
            "parameters": sum(tensor.numel() for tensor in state.values()),
        }
        return Written(
            payload=Payload(blob=blob, meta=meta),
            size=blob.size,
            hash=hash_of(blob, meta),
            details=details,
        )

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        *,
        into: Any = None,
        trusted: Sequence[str] = (),
        weights: bool = False,
    ) -> Any:
        """Return the module, or the tensors by name; on the CPU.

        Raises
        ------
        UntrustedObjectError
            If it is a module, and nothing says how it may be made.
        InvalidOptionError
            If the tensors do not fit `into`, or the class takes other arguments.
        IntegrityError
            If it was changed.
        """
        package("torch")
        package("safetensors", extra="torch")
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            found = load(self.content(payload, storage, name))
            tensors = {key: found[key] for key in payload.meta["names"]}
        except (SafetensorError, KeyError) as error:
            raise IntegrityError(f"model {name!r}", str(error)) from error
        meta = payload.meta
        if weights or (into is None and "class" not in meta):
            return tensors
        module = self._made(meta, name, trusted) if into is None else into
        try:
            module.load_state_dict(tensors)
        except RuntimeError as error:
            remedy = "Pass into={a module made as it was}, or weights=True for the tensors"
            reason = f"{str(error).rstrip('. ')}. {remedy}"
            raise InvalidOptionError("models", name, self.kind, reason) from error
        return module if into is not None else module.train(bool(meta.get("training")))

    def _made(self, meta: Mapping[str, Any], name: str, trusted: Sequence[str]) -> Any:
        """Return a new module of the class that `meta` names, if it is trusted."""
        class_name = str(meta["class"])
        if class_name not in trusted and not class_name.startswith(_OWN):
            reason = (
                f"it is a {class_name}, and making one runs its code. Pass into={{a module that"
                f" you made}}, or trusted=[{class_name!r}] if you know that class, or"
                " weights=True for the tensors"
            )
            raise UntrustedObjectError(name, reason)
        cls = _class(class_name, name)
        try:
            return cls(**json.loads(meta["init"]))
        except TypeError as error:
            reason = f"{error}; put it with init={{...}}, or pass into={{a module that you made}}"
            raise InvalidOptionError("models", name, self.kind, reason) from error


def _class(class_name: str, name: str) -> Any:
    """Return a class of modules by its name."""
    from torch.nn import Module

    module_name, _, attribute = class_name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except ImportError:
        found = None
    if not isinstance(found, type) or not issubclass(found, Module):
        reason = f"there is no class {class_name} here: install its package, or pass into="
        raise UntrustedObjectError(name, reason)
    if class_name.startswith(_OWN) and found.__module__ != module_name:
        raise UntrustedObjectError(name, f"{class_name} is not a class of torch.nn")
    return found


def _is_torch(obj: object, base: str) -> bool:
    return any(
        cls.__name__ == base and cls.__module__.partition(".")[0] == "torch"
        for cls in type(obj).__mro__
    )


def _name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _apart(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors such that none shares memory with another, as the format wants it.

    A module that ties two parameters ties them again when it is made.
    """
    seen: set[int] = set()
    apart = {}
    for key, tensor in state.items():
        if not _is_torch(tensor, "Tensor"):
            raise UnsupportedObjectError("models", f"state dict whose {key!r} is no tensor")
        plain = tensor.detach().cpu().contiguous()
        memory = plain.untyped_storage().data_ptr()
        apart[str(key)] = plain.clone() if memory in seen else plain
        seen.add(memory)
    return apart


def _json(init: Mapping[str, Any] | None) -> str:
    try:
        return json.dumps(dict(init or {}))
    except (TypeError, ValueError) as error:
        raise UnsupportedObjectError(
            "models", f"module whose init is no JSON ({error})"
        ) from error
