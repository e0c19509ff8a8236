"""A connection that is known by name, for which each process has a URL of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError
from omegaml_lab.storage.connection import Connection

if TYPE_CHECKING:
    from pymongo import MongoClient

__all__ = ["NamedConnection"]


class NamedConnection(Connection):
    """A database by the address that another process has for it.

    Its host may go by another name here, so only the databases are compared. The first use
    raises ConfigError if the settings of this process name no repository, or one in another
    database.
    """

    def __init__(self, address: str) -> None:
        super().__init__("mongodb://localhost/")  # a stand-in: the URL is not known yet
        self.address = address
        self.name = address.rpartition("/")[2]
        self._own: Connection | None = None

    def _connect(self) -> MongoClient[dict[str, Any]]:
        if self._own is None:
            self._own = self._found()
            self.url, self.default_timeout = self._own.url, self._own.default_timeout
        return super()._connect()

    def _found(self) -> Connection:
        url = Config.load().mongo_url
        if url is None:
            reason = f"this process needs a URL of its own for {self.address}; set it here"
            raise ConfigError("mongo_url", None, reason)
        own = Connection(url)
        if own.name != self.name:
            reason = f"this process is asked for the repository {self.name!r}, and knows another"
            raise ConfigError("mongo_url", f"…/{own.name}", reason)
        return own
