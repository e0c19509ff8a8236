"""What is kept of columns is bounded, and is what was read."""

from __future__ import annotations

import os
import resource
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.storage.cache import CachedChunk, ColumnCache


def chunk(*positions: int, size: int = 10, whole: bool = False) -> CachedChunk:
    columns = {position: bytes([position]) * size for position in positions}
    return CachedChunk(stop=5, columns=columns, whole=whole)


def test_it_answers_when_all_is_there() -> None:
    cache = ColumnCache(1000)
    one, two = ("s", 0, 0), ("s", 0, 5)
    cache.keep(one, chunk(1))
    assert cache.find([one], [1]) == {one: chunk(1)}
    assert cache.find([one, two], [1]) is None
    assert cache.find([one], [1, 2]) is None
    cache.keep(one, chunk(2))
    found = cache.find([one], [1, 2])
    assert found is not None
    assert found[one].columns == chunk(1, 2).columns
    assert cache.size == 20


def test_all_columns_are_only_known_when_all_were_read() -> None:
    cache = ColumnCache(1000)
    key = "s", 0, 0
    cache.keep(key, chunk(1))
    assert cache.find([key], None) is None
    cache.keep(key, chunk(1, 2, whole=True))
    cache.keep(key, chunk(1))
    assert cache.find([key], None) is not None
    assert cache.find([key], [2]) is not None
    assert cache.size == 20


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache = ColumnCache(100)
    keys = [("s", 0, number) for number in range(5)]
    for key in keys[:4]:
        cache.keep(key, chunk(1, size=25))
    cache.find(keys[:1], [1])
    cache.keep(keys[4], chunk(1, size=25))
    assert [cache.find([key], [1]) is not None for key in keys] == [True, False, True, True, True]
    assert cache.size == 100


def test_what_is_large_drives_out_nothing() -> None:
    cache = ColumnCache(100)
    cache.keep(("s", 0, 0), chunk(1, size=20))
    cache.keep(("s", 0, 5), chunk(1, size=26))
    assert cache.find([("s", 0, 0)], [1]) is not None
    assert cache.find([("s", 0, 5)], [1]) is None


def test_one_of_no_size_keeps_nothing() -> None:
    cache = ColumnCache(0)
    cache.keep(("s", 0, 0), chunk(1))
    assert cache.find([("s", 0, 0)], [1]) is None
    assert cache.size == 0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.sets(st.integers(0, 3)), st.integers(0, 40))),
    st.integers(0, 200),
)
def test_the_bound_holds_whatever_is_kept(
    reads: list[tuple[int, set[int], int]], limit: int
) -> None:
    cache = ColumnCache(limit)
    for start, positions, size in reads:
        cache.keep(("s", 0, start), chunk(*positions, size=size))
        assert 0 <= cache.size <= limit
    kept = [cache.find([("s", 0, start)], ()) or {} for start in range(7)]
    assert cache.size == sum(found.size for some in kept for found in some.values())


def test_threads_share_it() -> None:
    cache = ColumnCache(300)

    def work(seed: int) -> None:
        for number in range(500):
            key = "s", 0, (seed + number) % 9
            cache.keep(key, chunk(number % 3))
            cache.find([key], [number % 3])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert 0 < cache.size <= 300


def test_a_process_with_little_memory_keeps_nothing() -> None:
    cache = ColumnCache(100)
    key = "s", 0, 0
    cache.keep(key, chunk(1))
    child = os.fork()
    if child == 0:  # pragma: no cover - not measured there
        cache.keep(key, chunk(1))
        kept = cache.find([key], [1]) is not None
        resource.setrlimit(resource.RLIMIT_DATA, (2**40, 2**40))
        cache.keep(("s", 0, 5), chunk(1))
        os._exit(0 if kept and cache.size == 0 and cache.find([key], [1]) is None else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_forked_process_begins_anew() -> None:
    cache = ColumnCache(100)
    key = "s", 0, 0
    cache.keep(key, chunk(1))
    with cache._lock:  # as a thread has it that will not be in the child
        child = os.fork()
        if child == 0:  # pragma: no cover - not measured there
            os._exit(0 if cache.find([key], [1]) is None and cache.size == 0 else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert cache.find([key], [1]) is not None
