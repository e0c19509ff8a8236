"""Histories of frames and other data against the simplest model of them, read in every way."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from omegaml_lab.core.errors import ObjectNotFoundError, OmegaError, SchemaMismatchError
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import database_url
from tests.unit.frames import twins
from tests.unit.frames.test_filters import same

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.store.datasets import DatasetStore

NAMES = st.sampled_from(["a", "b"])
BUCKETS = st.sampled_from(["default", "other"])
ROWS = st.integers(2, 9)
Key = tuple[str, str]


@dataclass
class Past:
    """All states of one object, by number, that are kept."""

    states: dict[int, Any] = field(default_factory=dict)
    newest: int = 0
    tags: dict[str, int] = field(default_factory=dict)
    last: int | None = None

    def add(self, obj: Any) -> int:
        self.newest += 1
        self.states[self.newest] = obj
        return self.newest


@st.composite
def objects(draw: Any) -> Any:
    """Return data of some kind: mostly frames."""
    frame, kinds = draw(twins.frames())
    form = draw(st.sampled_from(["frame"] * 5 + ["series", "table", "array", "value"]))
    if form == "series":
        return frame[draw(st.sampled_from(sorted(kinds)))]
    if form == "table":
        return pa.table({"n": range(len(frame)), "t": [f"t{n % 3}" for n in range(len(frame))]})
    if form == "array":
        return np.arange(2 * draw(st.integers(0, 15))).reshape(-1, 2)
    if form == "value":
        return draw(st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
    return frame


@st.composite
def like(draw: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that has the columns of another one."""
    count = draw(st.integers(0, 6))
    index = twins.index_of(draw, count)
    columns = {}
    for kind in frame.columns:
        held, _, make = twins.KINDS[kind]
        values = make(draw(st.lists(held, min_size=count, max_size=count)))
        columns[kind] = pd.Series(values, index=index, dtype=values.dtype)
    made = pd.DataFrame(columns, index=index)
    return made[draw(st.permutations(list(made.columns)))]


class HistoryMachine(RuleBasedStateMachine):
    """Each rule is done to the store and to the model of it."""

    url: str
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.omega = Omega(database_url(self.url, f"omega_test_{uuid.uuid4().hex[:12]}"))
        self.past: dict[Key, Past] = {}
        self.trash: dict[str, tuple[Key, Past]] = {}

    def teardown(self) -> None:
        self.omega.storage.erase()
        self.omega.close()

    def store(self, bucket: str) -> DatasetStore:
        return self.omega.in_bucket(bucket).datasets

    def some(self, data: st.DataObject) -> tuple[DatasetStore, str, Key, Past]:
        bucket, name = key = data.draw(st.sampled_from(sorted(self.past)))
        return self.store(bucket), name, key, self.past[key]

    # -- what is done ----------------------------------------------------------------------

    @rule(data=st.data(), bucket=BUCKETS, name=NAMES, obj=objects(), keep=st.booleans())
    def put(self, data: st.DataObject, bucket: str, name: str, obj: Any, *, keep: bool) -> None:
        options = {}
        if isinstance(obj, pd.DataFrame | pd.Series | pa.Table):
            options["chunk_rows"] = data.draw(ROWS)
        put = self.store(bucket).put(obj, name, keep=keep, **options)
        past = self.past.setdefault((bucket, name), Past())
        if not keep and past.newest and past.newest not in past.tags.values():
            past.states.pop(past.newest, None)
        assert put.revision == past.add(obj)

    @precondition(lambda self: self.frames())
    @rule(data=st.data(), alike=st.integers(0, 5))
    def append(self, data: st.DataObject, alike: int) -> None:
        bucket, name = key = data.draw(st.sampled_from(self.frames()))
        there = self.past[key].states[self.past[key].newest]
        more = data.draw(like(there)) if alike else data.draw(twins.frames())[0]
        rows = data.draw(ROWS)
        try:
            put = self.store(bucket).put(more, name, append=True, chunk_rows=rows)
        except SchemaMismatchError:
            return
        assert put.revision == self.past[key].add(pd.concat([there, more]))

    @precondition(lambda self: self.frames())
    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        bucket, name = key = data.draw(st.sampled_from(self.frames()))
        past = self.past[key]
        done = self.store(bucket).compact(name)
        if done.revision != past.newest:
            assert done.revision == past.add(past.states[past.newest])

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def return_to(self, data: st.DataObject) -> None:
        store, name, _, past = self.some(data)
        number = data.draw(st.sampled_from(sorted(past.states)))
        assert store.restore(Name(name, revision=number)).revision == past.newest + 1
        past.add(past.states[number])

    @precondition(lambda self: self.past)
    @rule(data=st.data(), tag=st.sampled_from(["prod", "test"]))
    def tag(self, data: st.DataObject, tag: str) -> None:
        store, name, _, past = self.some(data)
        number = data.draw(st.sampled_from(sorted(past.states)))
        store.tag(Name(name, revision=number), tag)
        past.tags[tag] = number

    @precondition(lambda self: self.past)
    @rule(data=st.data(), tag=st.sampled_from(["prod", "test"]))
    def untag(self, data: st.DataObject, tag: str) -> None:
        store, name, _, past = self.some(data)
        if past.tags.pop(tag, None) is not None:
            store.untag(name, tag)

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        store, name, key, past = self.some(data)
        assert store.drop(name)
        (new,) = {entry.id for entry in store.trash().items} - set(self.trash)
        self.trash[new] = key, past
        del self.past[key]

    @precondition(lambda self: self.trash)
    @rule(data=st.data())
    def bring_back(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(list(self.trash)))  # noqa: A001
        key, past = self.trash[id]
        store = self.store(key[0])
        if key in self.past:
            with pytest.raises(OmegaError):
                store.restore(store.dropped(id))
            return
        store.restore(store.dropped(id))
        del self.trash[id]
        self.past[key] = past

    @precondition(lambda self: self.past)
    @rule(data=st.data(), bucket=BUCKETS, new=NAMES, replace=st.booleans())
    def copy(self, data: st.DataObject, bucket: str, new: str, *, replace: bool) -> None:
        store, name, _, past = self.some(data)
        number = data.draw(st.sampled_from(sorted(past.states)))
        what = Name(name, revision=number)
        if (bucket, new) in self.past and not replace:
            with pytest.raises(OmegaError):
                store.copy(what, new, bucket=bucket)
            return
        copy = store.copy(what, new, bucket=bucket, replace=replace)
        target = self.past.setdefault((bucket, new), Past())
        assert copy.revision == target.add(past.states[number])

    @precondition(lambda self: self.past)
    @rule(data=st.data(), bucket=BUCKETS, new=NAMES)
    def move(self, data: st.DataObject, bucket: str, new: str) -> None:
        store, name, key, past = self.some(data)
        if (bucket, new) in self.past and (bucket, new) != key:
            with pytest.raises(OmegaError):
                store.move(name, new, bucket=bucket)
            return
        store.move(name, new, bucket=bucket)
        del self.past[key]
        self.past[bucket, new] = past

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        store, name, (bucket, _), past = self.some(data)
        number = data.draw(st.sampled_from(sorted(past.states)))
        there = "other" if bucket == "default" else "default"
        done = store.promote(Name(name, revision=number), bucket=there)
        target = self.past.setdefault((there, name), Past())
        if done.revision != target.newest:
            assert done.revision == target.add(past.states[number])

    @precondition(lambda self: self.past)
    @rule(data=st.data(), last=st.none() | st.integers(1, 3))
    def keep_the_last(self, data: st.DataObject, last: int | None) -> None:
        store, name, _, past = self.some(data)
        store.annotate(name, {"retention": last and f"last {last}"})
        past.last = last

    @rule()
    def collect_garbage(self) -> None:
        self.omega.gc(grace=timedelta(0))
        for past in self.past.values():
            if past.last is not None:
                kept = {*sorted(past.states)[-past.last :], *past.tags.values()}
                past.states = {n: obj for n, obj in past.states.items() if n in kept}

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def carry_away_and_back(self, data: st.DataObject) -> None:
        store, name, (bucket, _), past = self.some(data)
        file = self.folder / f"{uuid.uuid4().hex}.omega"
        self.omega.in_bucket(bucket).export(file, f"datasets/{name}")
        there = self.omega.in_bucket(f"b{uuid.uuid4().hex[:8]}")
        there.import_(file)
        for number, obj in past.states.items():
            assert is_same(there.datasets.get(Name(name, revision=number)), obj)
        assert store.name == there.datasets.name
        there.datasets.drop(name, keep=False)

    # -- what is seen ----------------------------------------------------------------------

    @invariant()
    def all_states_are_listed(self) -> None:
        for bucket in ("default", "other"):
            store = self.store(bucket)
            assert store.list() == sorted(n for b, n in self.past if b == bucket)
        for (bucket, name), past in self.past.items():
            states = self.store(bucket).history(name)
            assert [m.revision for m in states] == sorted(past.states, reverse=True)
            assert {t: m.revision for m in states for t in m.tags} == past.tags

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        store, name, _, past = self.some(data)
        gone = set(range(1, past.newest + 1)) - set(past.states)
        for number in gone:
            with pytest.raises(ObjectNotFoundError):
                store.get(Name(name, revision=number))
        for number, obj in past.states.items():
            read(store, Name(name, revision=number), obj, data.draw)
        assert is_same(store.get(name), past.states[past.newest])

    def frames(self) -> list[Key]:
        return sorted(
            key
            for key, past in self.past.items()
            if isinstance(past.states[past.newest], pd.DataFrame)
        )


def is_same(got: Any, expected: Any) -> bool:
    """Fail unless the two are the same, whatever they are."""
    if isinstance(expected, pd.DataFrame | pd.Series):
        same(got, expected)
    elif isinstance(expected, np.ndarray):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    else:
        assert type(got) is type(expected)
        assert got == expected
    return True


def read(store: DatasetStore, name: Name, obj: Any, draw: Any) -> None:
    """Read a state in all ways in which what it is can be read."""
    assert is_same(store.get(name), obj)
    if isinstance(obj, dict):
        return
    parts = list(store.iterchunks(name))
    if isinstance(obj, np.ndarray):
        assert is_same(np.concatenate(parts), obj)
        assert is_same(store.getl(name).compute(), obj)
        assert is_same(store.get(name, rows=slice(1, 4)), obj[1:4])
        return
    if isinstance(obj, pa.Table):
        assert pa.concat_tables(parts) == obj
        assert store.get(name, n__ge=3) == obj.filter(pa.compute.greater_equal(obj["n"], 3))
        return
    check: Any = pd.testing.assert_frame_equal
    if isinstance(obj, pd.Series):
        check = pd.testing.assert_series_equal
    check(pd.concat(parts), obj, check_freq=False)
    lazy = store.getl(name)
    check(lazy.compute(), obj, check_freq=False)
    assert len(lazy) == len(obj)
    check(store.head(name, 3), obj.head(3), check_freq=False)
    if isinstance(obj, pd.Series):
        return
    kinds = {kind: kind for kind in obj.columns}
    plain = obj.reset_index(drop=True)
    condition, mask = twins.conditions(draw, plain, kinds)
    chosen = twins.chosen(obj, mask.set_axis(obj.index))
    same(store.get(name, condition), chosen)
    some = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=2))
    same(store.get(name, condition, columns=some), chosen[some])
    check(store.getl(name, condition).compute(), chosen, check_freq=False)
    counted = store.query(name, condition)
    assert counted.to_numpy().tolist() == [[len(chosen)]]


@pytest.mark.long
def test_histories_are_what_was_done(mongo_server_url: str, tmp_path: Path) -> None:
    machine = type("Machine", (HistoryMachine,), {"url": mongo_server_url, "folder": tmp_path})
    machine.TestCase.settings = settings(
        max_examples=12, stateful_step_count=25, deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    machine.TestCase().runTest()
