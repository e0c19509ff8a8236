"""The store against the simplest model of it, whatever is done to both."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from omegaml_lab.core.errors import OmegaError
from omegaml_lab.core.names import Name
from omegaml_lab.omega import Omega
from omegaml_lab.testing.fixtures import database_url

if TYPE_CHECKING:
    from omegaml_lab.store.store import OmegaStore

PATHS = st.lists(st.sampled_from(["a", "b", "a b", "$c.d"]), min_size=1, max_size=3).map("/".join)
FOLDER = object()


class StoreMachine(RuleBasedStateMachine):
    """Objects are lists of states, folders are marks; each rule is tried on both."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.omega = Omega(database_url(self.url, f"omega_test_{uuid.uuid4().hex[:12]}"))
        self.store: OmegaStore = self.omega.datasets
        self.model: dict[str, Any] = {}
        self.tags: dict[str, dict[str, int]] = {}
        self.trash: dict[str, tuple[str, dict[str, Any], dict[str, dict[str, int]]]] = {}

    def teardown(self) -> None:
        self.omega.storage.erase()
        self.omega.close()

    @rule(path=PATHS, value=st.integers())
    def put(self, path: str, value: int) -> None:
        if self.model.get(path) is FOLDER or not self.parents_are_free(path):
            self.refused(lambda: self.store.put(value, Name(path)))
            return
        put = self.store.put(value, Name(path))
        self.make_parents(path)
        self.model.setdefault(path, []).append(value)
        assert put.revision == len(self.model[path])

    @rule(path=PATHS)
    def make_folder(self, path: str) -> None:
        if path in self.model or not self.parents_are_free(path):
            self.refused(lambda: self.store.make_folder(Name(path)))
            return
        self.store.make_folder(Name(path))
        self.make_parents(path)
        self.model[path] = FOLDER

    @rule(path=PATHS, recursive=st.booleans())
    def drop(self, path: str, *, recursive: bool) -> None:
        below = [p for p in self.model if p.startswith(path + "/")]
        if path not in self.model or (below and not recursive):
            self.refused(lambda: self.store.drop(Name(path), recursive=recursive))
            return
        assert self.store.drop(Name(path), recursive=recursive)
        gone = {dropped: self.model.pop(dropped) for dropped in [path, *below]}
        tags = {dropped: self.tags.pop(dropped) for dropped in gone if dropped in self.tags}
        (new,) = {entry.id for entry in self.store.trash().items} - set(self.trash)
        self.trash[new] = (path, gone, tags)

    @precondition(lambda self: self.trash)
    @rule(data=st.data(), new=st.none() | PATHS)
    def bring_back(self, data: st.DataObject, new: str | None) -> None:
        id = data.draw(st.sampled_from(sorted(self.trash)))  # noqa: A001
        path, gone, tags = self.trash[id]
        entry, target = self.store.dropped(id), path if new is None else new
        name = None if new is None else Name(new)
        if target in self.model or not self.parents_are_free(target):
            self.refused(lambda: self.store.restore(entry, new=name))
            return
        assert self.store.restore(entry, new=name).name == target
        self.make_parents(target)
        for was in gone:
            now = target + was.removeprefix(path)
            self.model[now] = gone[was]
            if was in tags:
                self.tags[now] = tags[was]
        del self.trash[id]

    @precondition(lambda self: self.objects())
    @rule(data=st.data(), tag=st.sampled_from(["prod", "test"]), taken=st.booleans())
    def tag_or_untag(self, data: st.DataObject, tag: str, *, taken: bool) -> None:
        path = data.draw(st.sampled_from(self.objects()))
        if taken:
            known = self.tags.get(path, {}).pop(tag, None)
            act = lambda: self.store.untag(Name(path), tag)  # noqa: E731
            self.refused(act) if known is None else act()
            return
        number = data.draw(st.integers(1, len(self.model[path])))
        self.store.tag(Name(path, revision=number), tag)
        self.tags.setdefault(path, {})[tag] = number

    @precondition(lambda self: self.objects())
    @rule(data=st.data())
    def return_to(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(self.objects()))
        number = data.draw(st.integers(1, len(self.model[path])))
        restored = self.store.restore(Name(path, revision=number))
        self.model[path].append(self.model[path][number - 1])
        assert restored.revision == len(self.model[path])

    @rule()
    def collect_garbage(self) -> None:
        done = self.omega.gc(grace=timedelta(0))
        assert (done.dropped, done.revisions, done.bytes) == (0, 0, 0)

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        into_itself = new.startswith(old + "/")
        if old == new and old in self.model:
            assert self.store.rename(Name(old), Name(new)).name == old
            return
        if old not in self.model or new in self.model or into_itself:
            self.refused(lambda: self.store.rename(Name(old), Name(new)))
            return
        if not self.parents_are_free(new):
            self.refused(lambda: self.store.rename(Name(old), Name(new)))
            return
        self.store.rename(Name(old), Name(new))
        self.make_parents(new)
        for path in [p for p in self.model if p == old or p.startswith(old + "/")]:
            moved = new + path.removeprefix(old)
            self.model[moved] = self.model.pop(path)
            if path in self.tags:
                self.tags[moved] = self.tags.pop(path)

    @precondition(lambda self: self.objects())
    @rule(data=st.data())
    def get(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(self.objects()))
        states = self.model[path]
        assert self.store.get(Name(path)) == states[-1]
        number = data.draw(st.integers(1, len(states)))
        assert self.store.get(Name(path, revision=number)) == states[number - 1]
        history = self.store.history(Name(path))
        assert [m.revision for m in history] == list(range(len(states), 0, -1))
        assert {tag: m.revision for m in history for tag in m.tags} == self.tags.get(path, {})
        for tag, tagged in self.tags.get(path, {}).items():
            assert self.store.get(Name(path, tag=tag)) == states[tagged - 1]

    @invariant()
    def listings_agree(self) -> None:
        assert self.store.list() == self.objects()
        listed = self.store.entries(recursive=True).items
        assert {m.name for m in listed} == set(self.model)
        assert {m.name for m in listed if m.is_folder} == set(self.model) - set(self.objects())
        top = [m.name for m in self.store.entries().items]
        assert sorted(top) == sorted(p for p in self.model if "/" not in p)
        trash = {entry.id: entry.name for entry in self.store.trash().items}
        assert trash == {id: path for id, (path, *_) in self.trash.items()}  # noqa: A001

    def objects(self) -> list[str]:
        return sorted(path for path, state in self.model.items() if state is not FOLDER)

    def parents(self, path: str) -> list[str]:
        parts = path.split("/")
        return ["/".join(parts[:n]) for n in range(1, len(parts))]

    def parents_are_free(self, path: str) -> bool:
        return all(self.model.get(p, FOLDER) is FOLDER for p in self.parents(path))

    def make_parents(self, path: str) -> None:
        for parent in self.parents(path):
            self.model.setdefault(parent, FOLDER)

    def refused(self, act: Any) -> None:
        with pytest.raises(OmegaError):
            act()


def test_the_store_does_what_the_model_does(mongo_server_url: str) -> None:
    machine = type("Machine", (StoreMachine,), {"url": mongo_server_url})
    machine.TestCase.settings = settings(
        max_examples=25, stateful_step_count=20, deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    machine.TestCase().runTest()
