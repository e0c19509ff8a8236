"""Cuts: nothing is lost, nothing is too long, and a change moves few of them."""

from __future__ import annotations

import os
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.storage.cuts import LARGE, PIECE, pieces_of

SIZES = st.sampled_from([0, 1, 100, 5_000, LARGE - 1, LARGE, LARGE + 1, PIECE, 2 * PIECE + 3])


@given(st.lists(SIZES, max_size=12))
@settings(deadline=None, max_examples=60)
def test_the_pieces_are_the_bytes(sizes: list[int]) -> None:
    parts = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    pieces = list(pieces_of(parts))
    assert b"".join(pieces) == b"".join(parts)
    assert all(0 < len(piece) <= PIECE for piece in pieces)


def test_a_change_spoils_only_what_is_near() -> None:
    chance = random.Random(7)
    parts = [os.urandom(chance.choice([50, 900, 8_000, 20_000])) for _ in range(2_000)]
    before = set(pieces_of(parts))
    for place in (0, 1_000, 1_999):
        changed = [*parts[:place], b"another", b"part", *parts[place + 1 :]]
        new = [piece for piece in pieces_of(changed) if piece not in before]
        assert sum(len(piece) for piece in new) < PIECE
