"""ONNX models: graphs of operators, which any of its runtimes can execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Written
from omegaml_lab.store.model_backend import ModelBackend, package

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["OnnxBackend"]

_OPTIONAL = "a model of 2 GiB or more, or with tensors in other files (ONNX external data)"


class OnnxBackend(ModelBackend):
    """A ``ModelProto`` with all its tensors inside.

    ``onnxruntime.InferenceSession(model.SerializeToString())`` executes what comes back.
    """

    kind: ClassVar[str] = "onnx.model"
    suffix: ClassVar[str] = ".onnx"

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take models of ONNX."""
        module = type(obj).__module__
        return module.partition(".")[0] == "onnx" and type(obj).__name__ == "ModelProto"

    def versions(self) -> Mapping[str, str]:
        """Return the version of onnx."""
        return {"onnx": package("onnx").__version__}

    def write(self, obj: Any, storage: Storage, name: str) -> Written:  # noqa: ARG002
        """Write the model.

        Raises
        ------
        UnsupportedObjectError
            If tensors are in other files; `onnx.load_external_data_for_model` loads them.
        """
        from onnx import TensorProto
        from onnx.external_data_helper import _get_all_tensors

        inside = all(
            tensor.data_location != TensorProto.EXTERNAL for tensor in _get_all_tensors(obj)
        )
        if not inside or obj.ByteSize() >= 2**31:
            raise UnsupportedObjectError("models", _OPTIONAL, kinds=[self.kind])
        blob = storage.blobs.write(obj.SerializeToString(deterministic=True))
        details = {
            "model": obj.graph.name or "ModelProto",
            "versions": self.versions(),
            "producer": f"{obj.producer_name} {obj.producer_version}".strip(),
            "opsets": [[opset.domain or "ai.onnx", opset.version] for opset in obj.opset_import],
            "inputs": _fields(obj.graph.input),
            "outputs": _fields(obj.graph.output),
        }
        return Written(payload=Payload(blob=blob), size=blob.size, hash=blob.hash, details=details)

    def read(self, payload: Payload, storage: Storage, name: str) -> Any:
        """Return the model.

        Raises
        ------
        IntegrityError
            If it was changed.
        """
        onnx = package("onnx")
        from google.protobuf.message import DecodeError

        model = onnx.ModelProto()
        try:
            model.ParseFromString(self.content(payload, storage, name))
        except DecodeError as error:
            raise IntegrityError(f"model {name!r}", str(error)) from error
        return model


def _fields(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return names, dtypes and shapes; a dimension without a number is None."""
    from onnx import TensorProto

    told = []
    for value in values:
        field: dict[str, Any] = {"name": value.name}
        tensor = value.type.tensor_type
        if tensor.elem_type:
            field["dtype"] = TensorProto.DataType.Name(tensor.elem_type).lower()
        if tensor.HasField("shape"):
            field["shape"] = [
                d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim
            ]
        told.append(field)
    return told
