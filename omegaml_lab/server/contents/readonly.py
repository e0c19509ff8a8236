"""The jobs store of a bucket that is shown, and that nobody changes from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from tornado.web import HTTPError

from omegaml_lab.server.contents.jobtree import JobTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omegaml_lab.server.contents.mounts import Entry, Model
    from omegaml_lab.store.seen import Seen

__all__ = ["ReadOnlyFiles"]


class ReadOnlyFiles(JobTree):
    """What `JobTree` shows; each change is refused with 403."""

    def model(self, path: str, **options: Any) -> Model:
        """Return the model of `path`, and of what is in it, as JupyterLab marks it."""
        model = _marked(super().model(path, **options))
        if model["type"] == "directory" and model["content"] is not None:
            model["content"] = [_marked(entry) for entry in model["content"]]
        return model

    def refusal(self, path: str) -> HTTPError:
        """Return the error about a change of `path`."""
        return HTTPError(
            403,
            f"The bucket {self.jobs.bucket!r} is shown read-only, so {path} cannot be made,"
            " changed or deleted there. Copy it, or make it, in your own bucket.",
        )

    def save(self, model: Model, path: str, seen: Seen | None = None) -> Model:  # noqa: ARG002
        """Refuse."""
        raise self.refusal(path)

    def remove(self, path: str) -> None:
        """Refuse."""
        raise self.refusal(path)

    def move(self, old: str, new: str) -> None:  # noqa: ARG002
        """Refuse."""
        raise self.refusal(old)

    def arrive(self, path: str) -> NoReturn:
        """Refuse."""
        raise self.refusal(path)

    def depart(self, path: str, expected: Sequence[Entry]) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise self.refusal(path)


def _marked(model: Model) -> Model:
    return {**model, "writable": False}
