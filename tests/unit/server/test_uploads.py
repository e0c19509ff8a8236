"""Uploads in pieces: memory and disk space that they take, and what interferes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tornado.web import HTTPError

from omegaml_lab.server.uploads import Uploads

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


@pytest.fixture
def uploads(omega: Omega) -> Uploads:
    return Uploads(lambda: omega.storage, "default")


def left(omega: Omega) -> int:
    return omega.storage.records("upload_pieces").count()


def test_pieces_come_back_in_order_and_go_when_it_is_done(omega: Omega, uploads: Uploads) -> None:
    for number in range(1, 13):
        uploads.add("f", number, f"<{number}>".encode())
    whole = uploads.whole("f", b"end")
    assert whole is not None
    assert whole.read() == "".join(f"<{n}>" for n in range(1, 13)).encode() + b"end"
    uploads.finish("f", b"end")
    assert left(omega) == 0
    assert uploads.is_finished("f", b"end")
    assert not uploads.is_finished("f", b"other end")
    assert uploads.whole("f", b"end") is None


def test_a_piece_may_be_larger_than_a_document_of_mongodb(omega: Omega, uploads: Uploads) -> None:
    large = random.Random(1).randbytes(20 << 20)
    uploads.add("f", 1, large)
    uploads.add("f", 2, b"")
    uploads.add("f", 3, b"small")
    uploads.add("f", 3, large)  # sent again, and once more
    uploads.add("f", 3, b"small")
    whole = uploads.whole("f", b"end")
    assert whole is not None
    assert whole.read() == large + b"small" + b"end"
    uploads.finish("f", b"end")
    assert left(omega) == 0


def test_beginning_anew_forgets_what_was_there(omega: Omega, uploads: Uploads) -> None:
    uploads.add("f", 1, b"old")
    uploads.add("f", 2, b"old")
    uploads.add("f", 1, b"new")
    whole = uploads.whole("f", b".")
    assert whole is not None
    assert whole.read() == b"new."
    assert left(omega) == 1


def test_an_upload_that_another_one_replaced_is_not_finished(uploads: Uploads) -> None:
    uploads.add("f", 1, b"mine")
    whole = uploads.whole("f", b"end")
    assert whole is not None
    uploads.forget("f")
    with pytest.raises(HTTPError) as caught:
        whole.read()
    assert caught.value.status_code == 409


def test_abandoned_uploads_are_forgotten(omega: Omega, uploads: Uploads) -> None:
    uploads.add("abandoned", 1, b"x")
    uploads.add("recent", 1, b"x")
    long_ago = datetime.now(UTC) - timedelta(days=2)
    omega.storage.records("uploads").update("default/abandoned", set={"at": long_ago})
    uploads.add("other", 1, b"x")
    assert left(omega) == 2
    assert uploads.whole("abandoned", b"") is None


@pytest.mark.parametrize("number", [0, -2, 3, "1", None])
def test_numbers_that_do_not_follow_are_refused(uploads: Uploads, number: int) -> None:
    uploads.add("f", 1, b"x")
    with pytest.raises(HTTPError) as caught:
        uploads.add("f", number, b"y")
    assert caught.value.status_code == 400
