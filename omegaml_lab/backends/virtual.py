"""Virtual objects: a function, kept as source, that stands in for data or a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    InvalidScriptError,
    UntrustedObjectError,
)
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from omegaml_lab.storage.storage import Storage

__all__ = ["VirtualBackend"]

_WRAPPERS = ("virtual", "Virtual")


class VirtualBackend(Backend):
    """What `om.virtual(function)` makes: `get` calls the function, when told that it may.

    Options of get: `trusted=True`, which says that you know its code, or who wrote it, and let
    it run in your process; all others are parameters of the function.
    """

    kind: ClassVar[str] = "virtual"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets", "models"})
    priority: ClassVar[int] = 30

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take what says that it is virtual."""
        return type(obj).__name__ == "Virtual" and hasattr(obj, "function")

    def write(self, obj: Any, storage: Storage, name: str) -> Written:
        """Write the source of the function.

        Raises
        ------
        InvalidScriptError
            If it has no source, or uses what is outside of it.
        """
        from omegaml_lab.code.functions import source_of
        from omegaml_lab.code.requirements import parsed
        from omegaml_lab.code.script import Script
        from omegaml_lab.code.signatures import shown_signature
        from omegaml_lab.code.virtual import Virtual

        if not isinstance(obj, Virtual):  # with kind="virtual"
            if not callable(obj):
                reason = f"a {type(obj).__name__} is no function"
                raise InvalidScriptError(name, reason)
            obj = Virtual(obj)
        source, entry = source_of(obj.function, name, without=_WRAPPERS)
        requires = parsed(name, obj.requires)
        files = {f"{entry}.py": source.encode("utf-8")}
        script = Script(name=name, form="function", entry=entry, files=files, requires=requires)
        blob = storage.blobs.write(files[f"{entry}.py"])
        meta = {"entry": entry, "requires": list(requires)}
        signature = shown_signature(source, entry)
        return Written(
            payload=Payload(blob=blob, meta=meta),
            size=blob.size,
            hash=script.digest,
            details={"function": entry, "signature": signature, "requires": list(requires)},
        )

    def read(
        self,
        payload: Payload,
        storage: Storage,
        name: str,
        /,
        *args: Any,
        trusted: bool = False,
        **parameters: Any,
    ) -> Any:
        """Return what the function returns.

        Raises
        ------
        UntrustedObjectError
            If it is not `trusted`; nothing has run then.
        InvalidOptionError
            If the function takes no such parameters.
        """
        from omegaml_lab.code.script import Script, finished

        if payload.blob is None:
            raise IntegrityError(f"virtual object {name!r}", "it has no content")
        if trusted is not True:
            raise UntrustedObjectError(name, _untrusted(name))
        entry = payload.meta["entry"]
        source = storage.blobs.read(payload.blob)
        script = Script(
            name=name,
            form="function",
            entry=entry,
            files={f"{entry}.py": source},
            requires=tuple(payload.meta["requires"]),
        )
        function = script.load()
        _check_call(function, args, parameters, name)
        return finished(function(*args, **parameters))


def _untrusted(name: str) -> str:
    return (
        "a function of the repository computes it, in the process of whoever reads it."
        f" read_bytes({name!r}) shows its code; pass trusted=True to let it run"
    )


def _check_call(function: Any, args: Any, parameters: Any, name: str) -> None:
    import inspect

    signature = inspect.signature(function)
    try:
        signature.bind(*args, **parameters)
    except TypeError as error:
        reason = f"{error}; its function takes {signature}"
        raise InvalidOptionError("virtual objects", name, VirtualBackend.kind, reason) from None
