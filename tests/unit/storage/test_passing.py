"""How a storage goes to other processes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import ConfigError
from omegaml_lab.storage.passing import pass_by_name_while

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.storage.storage import Storage


def named(storage: Storage) -> bytes:
    """Return a pickle as it is made while something asks for names alone."""
    going = [True]
    pass_by_name_while(lambda: going[0])
    try:
        return pickle.dumps(storage)
    finally:
        going[0] = False


def test_by_name_no_url_goes_along(omega: Omega) -> None:
    password = omega.url.rpartition("@")[0].rpartition(":")[2].encode()
    assert password
    assert password in pickle.dumps(omega.storage)
    assert password not in named(omega.storage)
    assert password in pickle.dumps(omega.storage)
    # Where it came from, it is the same again.
    assert pickle.loads(named(omega.storage)) is omega.storage


def test_a_process_opens_a_name_with_its_own_url(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    omega.datasets.put(1, "one")
    # As another process would find it, which has another name for the host.
    elsewhere = named(omega.storage).replace(b"127.0.0.1", b"127.0.0.9")
    there: Storage = pickle.loads(elsewhere)
    # Who only passes it on needs no URL, and does not tell one that it has.
    monkeypatch.delenv("OMEGA_MONGO_URL", raising=False)
    assert pickle.loads(pickle.dumps(there)) is there
    with pytest.raises(ConfigError, match="needs a URL of its own"):
        there.ping()
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url.replace(omega.storage.database, "other"))
    with pytest.raises(ConfigError, match="knows another"):
        there.ping()
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)
    assert there.identity() == omega.storage.identity()
    there.close()


def test_a_repository_is_told_from_all_others(omega: Omega) -> None:
    omega.storage.erase()  # databases of tests are used again
    assert omega.storage.identity() is None
    omega.datasets.put(1, "one")
    first = omega.storage.identity()
    assert first is not None
    omega.storage.erase()
    omega.datasets.put(1, "one")
    assert omega.storage.identity() not in {None, first}
