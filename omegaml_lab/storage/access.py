"""Who may use which database: MongoDB's own users and roles guard a repository."""

from __future__ import annotations

from pymongo.errors import OperationFailure

from omegaml_lab.storage.connection import Connection

__all__ = ["grant_database"]

_USER_EXISTS = 51003


def grant_database(admin_url: str, *, database: str, user: str, password: str) -> None:
    """Let `user` do everything in `database`, and nothing anywhere else.

    The user is made in that database, or, when it is there, given this password and these
    roles. `dbAdmin` is for indexes and capped collections; it can neither make users nor give
    rights.

    Raises
    ------
    StorageUnavailableError
        If the server does not answer, or the user in `admin_url` may not make users.
    """
    connection = Connection(admin_url)
    roles = [{"role": role, "db": database} for role in ("readWrite", "dbAdmin")]
    with connection.errors():
        target = connection.client[database]
        try:
            target.command("createUser", user, pwd=password, roles=roles)
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise
            target.command("updateUser", user, pwd=password, roles=roles)
        finally:
            connection.close()
