"""MLflow model folders, as one payload."""

from __future__ import annotations

import contextlib
import json
import mmap
import shutil
import tempfile
import weakref
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, package
from omegaml_lab.store.zipped import Members, ZipWriter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["MLflowBackend"]

_MANIFEST = "MLmodel"
_REMEDY = (
    "om.models.export(name, folder) writes its files and runs nothing; if you trust it, put that"
    " folder with sign=True"
)


class MLflowBackend(ModelBackend):
    """Folders with a file ``MLmodel``, put as a `Path`.

    To load such a model runs what is in the folder: pickles, and code of its own. So get loads
    only what was put with ``sign=True``, by who trusts it; `OmegaStore.export` writes the folder
    of any. Option of get: `flavor`, e.g. ``sklearn``, for that library's own object instead of
    a ``PyFuncModel``.
    """

    kind: ClassVar[str] = "mlflow.folder"
    suffix: ClassVar[str] = ""

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take paths of such folders."""
        return isinstance(obj, Path) and (obj / _MANIFEST).is_file()

    def versions(self) -> Mapping[str, str]:
        """Return the version of MLflow, without its seconds of importing."""
        for distribution in ("mlflow-skinny", "mlflow"):
            with contextlib.suppress(PackageNotFoundError):
                return {"mlflow": version(distribution)}
        return {"mlflow": str(package("mlflow").__version__)}

    def write(
        self,
        obj: Any,
        storage: Storage,
        name: str,  # noqa: ARG002
        *,
        sign: bool = False,
    ) -> Written:
        """Write all files of the folder; MLflow need not be installed.

        Raises
        ------
        UnsupportedObjectError
            If it is no such folder, or a link in it leads out of it.
        ConfigError
            If there is no key to sign it with.
        """
        folder = Path(obj)
        about = _manifest(folder)
        signing = storage.signer.begin(self.kind) if sign else None
        parts = _zipped(folder)
        blob = storage.blobs.write(signing.through(parts) if signing else iter(parts))
        details = {"model": "MLflow", **about}
        meta: dict[str, Any] = {}
        if signing is not None:
            meta["signature"] = signing.signature()
            details["signed_with"] = meta["signature"]["key"]
        return Written(
            payload=Payload(blob=blob, meta=meta), size=blob.size, hash=blob.hash, details=details
        )

    def read(
        self, payload: Payload, storage: Storage, name: str, *, flavor: str | None = None
    ) -> Any:
        """Return the model, loaded by MLflow.

        Raises
        ------
        UntrustedObjectError
            If it is not signed, or not with a key that is known here.
        InvalidOptionError
            If it has no such flavor.
        """
        signature = payload.meta.get("signature")
        parts = self.parts(payload, storage, name)
        storage.signer.check(signature, name, self.kind, parts, remedy=_REMEDY)
        folder = Path(tempfile.mkdtemp(prefix="omega-mlflow-"))
        try:
            self.export(payload, storage, name, folder / "model")
            model = self._loaded(folder / "model", name, flavor)
            # Some flavors read on while they predict.
            weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return model

    def _loaded(self, folder: Path, name: str, flavor: str | None) -> Any:
        flavors = _manifest(folder)["flavors"]
        if flavor is not None and flavor not in flavors:
            reason = f"it has no flavor {flavor!r}; there are {', '.join(flavors)}"
            raise InvalidOptionError("models", name, self.kind, reason)
        return package(f"mlflow.{flavor or 'pyfunc'}", extra="mlflow").load_model(str(folder))

    def export(self, payload: Payload, storage: Storage, name: str, target: Path) -> None:
        """Write the folder to `target`, which is not there.

        Raises
        ------
        IntegrityError
            If the payload was changed.
        UntrustedObjectError
            If a file of it would be written elsewhere.
        """
        from zipfile import BadZipFile

        try:
            members = Members(self.content(payload, storage, name))
            contents = {member: members.read(member) for member in members.names()}
        except BadZipFile as error:
            raise IntegrityError(f"model {name!r}", str(error)) from error
        for member in contents:
            if not _is_inside(member):
                raise UntrustedObjectError(name, f"its file {member!r} would be written elsewhere")
        target.mkdir()
        for member, content in contents.items():
            file = target / member
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _zipped(folder: Path) -> list[bytes | memoryview]:
    """Return the folder as an archive; its files are mapped into memory, not read."""
    parts: list[bytes | memoryview] = []
    with ZipWriter(parts.append) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_dir():
                continue
            if not file.resolve().is_relative_to(folder.resolve()):
                raise UnsupportedObjectError("models", f"folder from which {file} leads out")
            archive.writestr(file.relative_to(folder).as_posix(), _mapped(file))
    return parts


def _mapped(file: Path) -> bytes | memoryview:
    with file.open("rb") as opened:
        if file.stat().st_size == 0:
            return b""
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))


def _is_inside(member: str) -> bool:
    """Say whether a file of this name stays in its folder, on any system."""
    path = PurePosixPath(member)
    odd = "\\" in member or ":" in member or "\0" in member
    return bool(member) and not odd and not path.is_absolute() and ".." not in path.parts


def _manifest(folder: Path) -> dict[str, Any]:
    """Return what the file ``MLmodel`` tells, as details of ours."""
    import yaml

    try:
        told = yaml.safe_load((folder / _MANIFEST).read_text("utf-8"))
        flavors = list(told["flavors"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        reason = f"{folder}, which is no MLflow model folder ({error})"
        raise UnsupportedObjectError("models", reason) from error
    about: dict[str, Any] = {"flavors": [str(flavor) for flavor in flavors], "versions": {}}
    if told.get("mlflow_version"):
        about["versions"] = {"mlflow": str(told["mlflow_version"])}
    for side in ("inputs", "outputs"):
        if text := (told.get("signature") or {}).get(side):
            about[side] = [_field(field) for field in json.loads(text)]
    return about


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    tensor = field.get("tensor-spec", {})
    told = {"name": field.get("name"), "dtype": tensor.get("dtype") or field.get("type")}
    if "shape" in tensor:
        told["shape"] = [None if n == -1 else n for n in tensor["shape"]]
    return {key: value for key, value in told.items() if value is not None}
