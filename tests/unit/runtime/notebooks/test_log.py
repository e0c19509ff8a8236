"""The log keeps the end, and no secret."""

from __future__ import annotations

from omegaml_lab.runtime.notebooks.log import LogTail, secrets_of


def test_only_the_end_is_kept() -> None:
    log = LogTail()
    for number in range(10_000):
        log.write(f"line {number}\n")
    text = log.text()
    assert len(text) <= 16_384
    assert text.endswith("line 9999\n")
    log.write("x" * 100_000)
    assert set(log.text()) == {"x"}


def test_secrets_are_blotted_out_even_when_they_come_in_pieces() -> None:
    log = LogTail(["hunter2", "hunter2-and-more"])
    log.write("a hun")
    log.write("ter2 b hunter2-and-more c")
    assert log.text() == "a ***** b ***** c"
    assert log.clean("hunter2") == "*****"


def test_passwords_are_found_in_urls_in_both_forms() -> None:
    assert secrets_of("mongodb://u:p%40ss@h/db", None, "amqp://h") == ["p%40ss", "p@ss"]


def test_halves_of_surrogate_pairs_are_left_out() -> None:
    # MongoDB refuses them, and with them the end of the run.
    tail = LogTail()
    tail.write("a\ud800b")
    assert tail.text() == tail.clean("a\ud800b") == "a?b"
