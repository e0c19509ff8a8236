"""Trust in notebooks: what its user trusts on one server is trusted on every other one."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import nbformat
import traitlets
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado.web import HTTPError

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.models import NOTEBOOK_SUFFIX
from omegaml_lab.server.contents.mounts import join
from omegaml_lab.server.contents.signatures import RepositoryNotary, share_between_threads
from omegaml_lab.server.shared import shared_omega

if TYPE_CHECKING:
    from nbformat.sign import NotebookNotary

    from omegaml_lab.server.contents.mounts import Files

__all__ = ["TrustingContentsManager"]


class TrustingContentsManager(AsyncContentsManager):
    """A contents manager of a repository, which also keeps whom its user trusts.

    Any thread may sign and look at signatures, one at a time.
    """

    omega = traitlets.Instance(Omega, help="The repository.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._signing = threading.RLock()

    @traitlets.default("omega")
    def _default_omega(self) -> Omega:
        return shared_omega(self.parent)

    @traitlets.default("notary")
    def _notary_default(self) -> NotebookNotary:
        notary = RepositoryNotary(parent=self, omega=self.omega)
        share_between_threads(notary)
        return notary

    @traitlets.observe("notary")
    def _share_notary(self, change: Any) -> None:
        share_between_threads(change.new)

    def check_and_sign(self, nb: Any, path: str = "", *, _retrying: bool = False) -> None:
        """Sign a notebook all of whose cells are trusted."""
        with self._signing:
            super().check_and_sign(nb, path, _retrying=_retrying)

    def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
        """Mark the cells of a signed notebook as trusted."""
        with self._signing:
            super().mark_trusted_cells(nb, path)

    def carry_trust(
        self, files: Files, path: str, known: NotebookNotary, to: NotebookNotary
    ) -> None:
        """Let `to` sign each notebook at or below `path` that `known` has signed."""
        for entry in files.walk(path):
            place = join(path, entry.path)
            if not entry.folder and place.endswith(NOTEBOOK_SUFFIX):
                self._carry_trust(files, place, known, to)

    def _carry_trust(
        self, files: Files, path: str, known: NotebookNotary, to: NotebookNotary
    ) -> None:
        try:
            notebook = nbformat.reads(files.read(path).decode(), as_version=4)
            with self._signing:
                if known.check_signature(notebook):
                    to.sign(notebook)
        except (ValueError, nbformat.ValidationError):
            pass  # it is no notebook, and nobody trusts it
        except (OmegaError, OSError, HTTPError, sqlite3.Error) as error:  # it is there anyway
            self.log.warning("%s has to be trusted again: %s", path, error)

    def trust(self, nb: Any, path: str) -> None:
        """Trust a notebook, whatever its cells say."""
        with self._signing:
            self.notary.mark_cells(nb, trusted=True)
            self.check_and_sign(nb, path)
