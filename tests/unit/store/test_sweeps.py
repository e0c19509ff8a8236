"""Pieces that are there already: named in a hold, or made young beside a collector."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import IntegrityError
from omegaml_lab.storage import holds as holds_of_writers
from omegaml_lab.storage.garbage import Leaving
from omegaml_lab.storage.holds import LIFETIME
from omegaml_lab.storage.times import now

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

ZERO = timedelta(0)
LARGE = 3_000_000  # two pieces
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def records(omega: Omega, name: str) -> Any:
    return omega.storage._connection.collection(name)


def old_pieces(omega: Omega) -> bytes:
    """Leave two pieces that nobody refers to; return what they hold."""
    data = os.urandom(LARGE)
    omega.storage.blobs.write(data)
    records(omega, "pieces").update_many({}, {"$set": {"t": LONG_AGO}})
    return data


def young(omega: Omega) -> int:
    return int(records(omega, "pieces").count_documents({"t": {"$gt": LONG_AGO}}))


def test_what_is_named_in_a_hold_stays_as_it_is(omega: Omega) -> None:
    data = old_pieces(omega)
    with omega.storage.holds.holding():
        omega.storage.blobs.write(data)
        assert young(omega) == 0
        assert omega.gc(grace=ZERO).pieces == 0
        omega.datasets.put(data, "x", kind="file")
    assert (young(omega), omega.gc(grace=ZERO).pieces) == (0, 0)
    assert omega.datasets.read_bytes("x") == data
    assert records(omega, "holds").count_documents({}) == 0


def test_beside_a_collector_pieces_are_made_young(omega: Omega) -> None:
    data, garbage = old_pieces(omega), omega.storage.garbage
    with garbage.sweeps.sweeping():
        decided = garbage.references(now(), Leaving())  # which knows nothing of what comes now
        digests = list(garbage.pieces(decided))
        assert len(digests) == 2
        omega.datasets.put(data, "x", kind="file")
        assert young(omega) == 2
        assert garbage.remove_pieces(digests, before=decided.before, dry_run=False) == (0, 0)
    assert omega.datasets.read_bytes("x") == data


def test_what_a_collector_has_taken_by_then_is_written_anew(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, storage = old_pieces(omega), omega.storage
    rely_on = storage.holds.rely_on

    def late(digests: Any) -> bool:  # after it was found that they are there
        assert omega.gc(grace=ZERO).pieces == 2
        return rely_on(digests)

    monkeypatch.setattr(storage.holds, "rely_on", late)
    omega.datasets.put(data, "x", kind="file")
    assert omega.datasets.read_bytes("x") == data


def test_a_full_record_and_none_at_all(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    data = old_pieces(omega)
    assert not omega.storage.holds.rely_on([b"x" * 32])
    monkeypatch.setattr(holds_of_writers, "_MOST_NAMED", 1)
    omega.datasets.put(data, "x", kind="file")
    assert young(omega) == 2


def test_the_record_of_a_collector_that_failed_stays_for_a_day(omega: Omega) -> None:
    sweeps, holds = omega.storage.garbage.sweeps, records(omega, "holds")
    with pytest.raises(ValueError, match="no more"), sweeps.sweeping():
        raise ValueError("no more")
    assert sweeps.any()
    assert omega.storage.holds.oldest() is None  # it holds nothing
    with sweeps.sweeping() as alive:
        alive()
        holds.update_many({}, {"$set": {"beat": now() - LIFETIME * 2}})
        omega.gc(grace=ZERO)
        assert not sweeps.any()
        with pytest.raises(IntegrityError, match="no sign of life"):
            alive()


def test_a_dry_run_is_not_on_record(omega: Omega) -> None:
    old_pieces(omega)
    seen: list[bool] = []
    omega.gc(grace=ZERO, dry_run=True, progress=lambda *_: seen.append(
        omega.storage.garbage.sweeps.any()))  # fmt: skip
    assert seen
    assert not any(seen)
