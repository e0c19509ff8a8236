"""Uploads in pieces: memory and disk space that they take, and what interferes."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tornado.web import HTTPError

from omegaml_lab.server.contents.uploads import Upload, Uploads

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


@pytest.fixture
def uploads(omega: Omega) -> Uploads:
    return Uploads(lambda: omega.storage, "default", owner="ada")


F = Upload(path="f")


def left(omega: Omega) -> int:
    return omega.storage.records("upload_pieces").count()


def test_pieces_come_back_in_order_and_go_when_it_is_done(omega: Omega, uploads: Uploads) -> None:
    for number in range(1, 13):
        uploads.add(F, number, f"<{number}>".encode())
    whole = uploads.whole(F, b"end")
    assert whole is not None
    assert whole.read() == "".join(f"<{n}>" for n in range(1, 13)).encode() + b"end"
    uploads.finish(F, b"end")
    assert left(omega) == 0
    assert uploads.is_finished(F, b"end")
    assert not uploads.is_finished(F, b"other end")


def test_a_piece_may_be_larger_than_a_document_of_mongodb(omega: Omega, uploads: Uploads) -> None:
    large = random.Random(1).randbytes(20 << 20)
    uploads.add(F, 1, large)
    uploads.add(F, 2, b"")
    uploads.add(F, 3, b"small")
    uploads.add(F, 3, large)  # sent again, and once more
    uploads.add(F, 3, b"small")
    uploads.add(F, 2, b"")
    whole = uploads.whole(F, b"end")
    assert whole is not None
    assert whole.read() == large + b"small" + b"end"
    uploads.finish(F, b"end")
    assert left(omega) == 0


def test_uploads_with_a_mark_of_their_own_are_apart(omega: Omega, uploads: Uploads) -> None:
    ours = [Upload(path="f", mark=mark) for mark in ("", "a", "b")]
    for number in (1, 2):
        for upload in ours:
            uploads.add(upload, number, f"{upload.mark}{number} ".encode())
    another = Uploads(lambda: omega.storage, "default", owner="eve")
    another.add(F, 1, b"eve's ")
    for upload in ours:
        whole = uploads.whole(upload, b"end")
        assert whole is not None
        assert whole.read() == f"{upload.mark}1 {upload.mark}2 end".encode()
        uploads.finish(upload, b"end")
    whole = another.whole(F, b"end")
    assert whole is not None
    assert whole.read() == b"eve's end"
    another.finish(F, b"end")
    assert left(omega) == 0


def test_without_a_mark_the_last_one_that_begins_goes_on(omega: Omega, uploads: Uploads) -> None:
    for number in (1, 2, 3):
        uploads.add(F, number, f"old {number}".encode())
    uploads.add(F, 1, b"new")
    for number in (4, 3):  # of the old one
        with pytest.raises(HTTPError, match=r"Piece 2 .* never came") as caught:
            uploads.add(F, number, b"old")
        assert caught.value.status_code == 400
    assert left(omega) == 1


def test_two_without_a_mark_that_are_alike_end_both(omega: Omega, uploads: Uploads) -> None:
    uploads.add(F, 1, b"one")
    uploads.add(F, 1, b"another")
    uploads.add(F, 2, b"of one")
    uploads.add(F, 3, b"of one")
    with pytest.raises(HTTPError, match="at once") as caught:
        uploads.add(F, 2, b"of another")
    assert caught.value.status_code == 409
    with pytest.raises(HTTPError, match="never came"):
        uploads.add(F, 4, b"of one")
    assert left(omega) == 0


def test_a_marked_piece_after_the_last_is_added_to_nothing(uploads: Uploads) -> None:
    ended = Upload(path="f", mark="ended")
    uploads.add(ended, 1, b"one")
    uploads.finish(ended, b"end")
    for upload in (ended, Upload(path="f", mark="unknown")):
        with pytest.raises(HTTPError, match="never came") as caught:
            uploads.whole(upload, b"another end")
        assert caught.value.status_code == 400
    assert uploads.whole(F, b"of a client that does not know marks") is None


def test_pieces_at_once_are_kept_one_after_the_other(omega: Omega, uploads: Uploads) -> None:
    """Each that was taken is there, whoever else wrote in this moment."""

    def send(data: bytes) -> bool:
        try:
            uploads.add(F, 1, data)
        except HTTPError:
            return False
        return True

    sent = [bytes([65 + number]) * 10 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(send, sent))
    whole = uploads.whole(F, b"")
    assert whole is not None
    assert whole.read() in [data for data, ok in zip(sent, taken, strict=True) if ok]
    assert left(omega) == 1


def test_beginning_anew_forgets_what_was_there(omega: Omega, uploads: Uploads) -> None:
    uploads.add(F, 1, b"old")
    uploads.add(F, 2, b"old")
    uploads.add(F, 1, b"new")
    whole = uploads.whole(F, b".")
    assert whole is not None
    assert whole.read() == b"new."
    assert left(omega) == 1


def test_an_upload_that_another_one_replaced_is_not_finished(uploads: Uploads) -> None:
    uploads.add(F, 1, b"mine")
    whole = uploads.whole(F, b"end")
    assert whole is not None
    uploads.forget(F)
    with pytest.raises(HTTPError) as caught:
        whole.read()
    assert caught.value.status_code == 409


def test_abandoned_uploads_are_forgotten(omega: Omega, uploads: Uploads) -> None:
    uploads.add(Upload(path="abandoned"), 1, b"x")
    uploads.add(Upload(path="recent"), 1, b"x")
    long_ago = datetime.now(UTC) - timedelta(days=2)
    omega.storage.records("uploads").update("default/abandoned\nada\n", set={"at": long_ago})
    uploads.add(Upload(path="other"), 1, b"x")
    assert left(omega) == 2
    assert uploads.whole(Upload(path="abandoned"), b"") is None


def test_a_piece_that_a_dead_server_did_not_note_goes_after_a_day(
    omega: Omega, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    parts = omega.storage.records("upload_pieces")
    uploads.add(Upload(path="slow"), 1, b"x")
    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
            uploads.add(Upload(path="slow"), 2, b"never noted")
    assert left(omega) == 2
    parts.update_many({}, set={"at": datetime.now(UTC) - timedelta(days=2)})
    uploads.add(Upload(path="other"), 1, b"x")
    assert left(omega) == 2
    assert uploads.whole(Upload(path="slow"), b"!").read() == b"x!"


@pytest.mark.parametrize("number", [0, -2, 3, "1", None])
def test_numbers_that_do_not_follow_are_refused(uploads: Uploads, number: int) -> None:
    uploads.add(F, 1, b"x")
    with pytest.raises(HTTPError) as caught:
        uploads.add(F, number, b"y")
    assert caught.value.status_code == 400
