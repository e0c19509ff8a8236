"""The types with which files are downloaded."""

from __future__ import annotations

import pytest

from omegaml_lab.server.contents.files import content_type


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("n.IPYNB", b"{}", "application/x-ipynb+json"),
        ("t.txt", b"x", "text/plain; charset=UTF-8"),
        ("t.html", b"x", "text/html"),
        ("t.tar.gz", b"\x1f\x8b", "application/gzip"),
        ("t.txt.bz2", b"BZ", "application/octet-stream"),
        ("unknown", "ünï".encode(), "text/plain; charset=UTF-8"),
        ("unknown", b"\xff\x00", "application/octet-stream"),
        ("unknown", "ü".encode() * 5000, "text/plain; charset=UTF-8"),
        ("unknown", b"x" + "ü".encode() * 5000, "text/plain; charset=UTF-8"),
        ("unknown", b"x" * 5000 + b"\xff", "text/plain; charset=UTF-8"),
        ("unknown", b"\xff" + b"x" * 5000, "application/octet-stream"),
        ("empty", b"", "text/plain; charset=UTF-8"),
    ],
)
def test_content_type(name: str, beginning: bytes, expected: str) -> None:
    assert content_type(name, beginning) == expected
