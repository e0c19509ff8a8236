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
    from omegaml_lab.code.script import Script
    from omegaml_lab.storage.storage import Storage

__all__ = ["VirtualBackend"]

_WRAPPERS = ("virtual", "Virtual")


class VirtualBackend(Backend):
    """What `om.virtual(function)` makes: `get` calls the function.

    Put signs the code with the key of the deployment, and get runs what such a key vouches for.
    Options of get: `trusted=True`, which says that you know other code and let it run in your
    process; all others are parameters of the function.
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
        signature = storage.signer.sign(self.kind, script.digest.encode())
        meta = {"entry": entry, "requires": list(requires), "signature": signature}
        shown = shown_signature(source, entry)
        return Written(
            payload=Payload(blob=blob, meta=meta),
            size=blob.size,
            hash=script.digest,
            details={"function": entry, "signature": shown, "requires": list(requires)},
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
            If no key of this deployment has signed it, nor is it `trusted`; nothing has run then.
        InvalidOptionError
            If the function takes no such parameters.
        """
        from omegaml_lab.code.script import Script, finished

        if payload.blob is None:
            raise IntegrityError(f"virtual object {name!r}", "it has no content")
        entry = payload.meta["entry"]
        source = storage.blobs.read(payload.blob)
        script = Script(
            name=name,
            form="function",
            entry=entry,
            files={f"{entry}.py": source},
            requires=tuple(payload.meta["requires"]),
        )
        if trusted is not True:
            _check_signature(storage, script, payload.meta.get("signature"))
        function = script.load()
        _check_call(function, args, parameters, name)
        return finished(function(*args, **parameters))


def _check_signature(storage: Storage, script: Script, signature: Any) -> None:
    """Return if a key of this deployment vouches for the code.

    The digest is that of all that will run, as it was read.
    """
    kind, digest = VirtualBackend.kind, script.digest.encode()
    try:
        storage.signer.check(signature, script.name, kind, [digest])
    except UntrustedObjectError as error:
        reason = (
            "a function of the repository computes it, in the process of whoever reads it, and"
            f" no key of this deployment vouches for that. read_bytes({script.name!r}) shows its"
            " code; pass trusted=True to let it run"
        )
        raise UntrustedObjectError(script.name, reason) from error


def _check_call(function: Any, args: Any, parameters: Any, name: str) -> None:
    import inspect

    signature = inspect.signature(function)
    try:
        signature.bind(*args, **parameters)
    except TypeError as error:
        reason = f"{error}; its function takes {signature}"
        raise InvalidOptionError("virtual objects", name, VirtualBackend.kind, reason) from None
