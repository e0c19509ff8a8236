"""Files on a real FTP server: by reference, and read into frames."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidSourceError, SourceChangedError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega

pytestmark = pytest.mark.long

pytest.importorskip("pyftpdlib", reason="`pip install pyftpdlib` gets it")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The host and port where `tmp_path` is served to anybody, and to ``me`` with a password."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    users = DummyAuthorizer()
    users.add_anonymous(str(tmp_path))
    users.add_user("me", "geheim", str(tmp_path))

    class Handler(FTPHandler):  # type: ignore[misc, unused-ignore]
        authorizer = users

    with FTPServer(("127.0.0.1", 0), Handler) as served:
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                served.serve_forever(timeout=0.05, blocking=False, handle_exit=False)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{served.address[1]}"
        stop.set()
        thread.join()


def test_a_reference_stays_on_the_server(omega: Omega, server: str, tmp_path: Path) -> None:
    content = b"one\ntwo\n" * 100_000
    (tmp_path / "a.txt").write_bytes(content)
    put = omega.datasets.put(f"ftp://{server}/a.txt", "ref")
    assert put.kind == "file.reference"
    assert put.attributes["source"]["size"] == len(content)
    assert omega.datasets.get("ref") == content
    with omega.datasets.get("ref", stream=True) as file:
        file.seek(-4, 2)
        assert file.read() == b"two\n"
    (tmp_path / "a.txt").write_bytes(b"changed")
    with pytest.raises(SourceChangedError, match="800000 and is 7"):
        omega.datasets.get("ref")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(SourceUnavailableError):
        omega.datasets.get("ref")


def test_rows_come_in_chunks_and_a_password_is_not_kept(
    omega: Omega, server: str, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"n": range(3000), "word": "a"})
    rows.to_csv(tmp_path / "a.csv", index=False)
    known = {"username": "me", "password": "geheim"}
    url = f"ftp://{server}/a.csv"
    omega.datasets.read_csv(url, "t", chunk_rows=700, storage_options=known)
    pd.testing.assert_frame_equal(omega.datasets.get("t"), rows)
    with pytest.raises(SourceUnavailableError, match="the server answers 530") as caught:
        omega.datasets.read_csv(url, "t", storage_options={**known, "password": "falsch"})
    assert "falsch" not in str(caught.value)
    with pytest.raises(InvalidSourceError, match="password"):
        omega.datasets.put(url, "ref", storage_options=known)
