"""Files of a server that speaks S3: by reference, and read into frames.

`pip install "moto[server,s3]" s3fs` gets what it needs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from omegaml_lab.core.errors import InvalidSourceError, SourceChangedError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

pytestmark = pytest.mark.long

pytest.importorskip("moto.server", reason="`pip install moto[server,s3]` gets it")
s3fs = pytest.importorskip("s3fs", reason="`pip install s3fs` gets it")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What opens files of a server on which there is the bucket ``data``."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    options = {"client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    files = s3fs.S3FileSystem(**options)
    files.mkdir("data")
    yield options
    files.rm("data", recursive=True)
    server.stop()


def test_a_reference_stays_in_its_bucket(omega: Omega, known: dict[str, Any]) -> None:
    files, content = s3fs.S3FileSystem(**known), b"one\ntwo\n" * 100_000
    files.pipe("data/a b.txt", content)
    put = omega.datasets.put(
        "s3://data/a b.txt", "ref", kind="file.reference", storage_options=known
    )
    assert put.kind == "file.reference"
    assert put.attributes["source"]["size"] == len(content)
    assert omega.datasets.get("ref", storage_options=known) == content
    with omega.datasets.get("ref", storage_options=known, stream=True) as file:
        file.seek(-4, 2)
        assert file.read() == b"two\n"
    files.pipe("data/a b.txt", b"changed")
    with pytest.raises(SourceChangedError):
        omega.datasets.get("ref", storage_options=known)
    files.rm("data/a b.txt")
    with pytest.raises(SourceUnavailableError):
        omega.datasets.get("ref", storage_options=known)


def test_rows_come_in_chunks_and_a_secret_is_not_kept(omega: Omega, known: dict[str, Any]) -> None:
    files, rows = s3fs.S3FileSystem(**known), pd.DataFrame({"n": range(3000), "word": "a"})
    files.pipe("data/a.csv", rows.to_csv(index=False).encode())
    secret = {**known, "key": "me", "secret": "geheim"}
    omega.datasets.read_csv("s3://data/a.csv", "t", chunk_rows=700, storage_options=secret)
    pd.testing.assert_frame_equal(omega.datasets.get("t"), rows)
    with pytest.raises(SourceUnavailableError, match="gone"):
        omega.datasets.read_csv("s3://data/gone.csv", "t", storage_options=secret)
    with pytest.raises(InvalidSourceError, match="option 'key' would be kept"):
        omega.datasets.put("s3://data/a.csv", "ref", storage_options=secret)
