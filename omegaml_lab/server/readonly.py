"""The jobs store of a bucket that is shown, and that nobody changes from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tornado.web import HTTPError

from omegaml_lab.server.jobtree import JobTree

if TYPE_CHECKING:
    from omegaml_lab.server.mounts import Model

__all__ = ["ReadOnlyFiles", "read_only"]


class ReadOnlyFiles(JobTree):
    """What `JobTree` shows; each change is refused with 403."""

    writable: ClassVar[bool] = False

    def model(self, path: str, **options: Any) -> Model:
        """Return the model of `path`, and of what is in it, as JupyterLab marks it."""
        model = _marked(super().model(path, **options))
        if model["type"] == "directory" and model["content"] is not None:
            model["content"] = [_marked(entry) for entry in model["content"]]
        return model

    def save(self, model: Model, path: str) -> Model:  # noqa: ARG002
        """Refuse."""
        raise read_only(path)

    def remove(self, path: str) -> None:
        """Refuse."""
        raise read_only(path)

    def move(self, old: str, new: str) -> None:  # noqa: ARG002
        """Refuse."""
        raise read_only(old)

    def create(self, path: str, data: bytes) -> None:  # noqa: ARG002
        """Refuse."""
        raise read_only(path)

    def create_folder(self, path: str) -> None:
        """Refuse."""
        raise read_only(path)

    def erase(self, path: str) -> None:
        """Refuse."""
        raise read_only(path)


def read_only(path: str) -> HTTPError:
    """Return the error about a change of `path`."""
    return HTTPError(
        403, f"{path} is in a bucket that is shown read-only: copy it to where you may write"
    )


def _marked(model: Model) -> Model:
    return {**model, "writable": False}
