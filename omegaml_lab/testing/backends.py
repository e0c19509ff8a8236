"""The contract of a kind: what `OmegaStore` promises for whatever it keeps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from omegaml_lab.core.errors import ConflictError, ObjectExistsError, ObjectNotFoundError
from omegaml_lab.core.names import Name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.store import OmegaStore

__all__ = ["BackendContract"]


class BackendContract:
    """Subclass it, say what your kind is, and give examples; pytest does the rest.

    It needs the fixture `omega` of `omegaml_lab.testing.fixtures`. Examples that cover small
    and large, empty and odd objects make the suite worth more.
    """

    kind: ClassVar[str]
    """The kind under test. It must be installed, with its entry point."""

    store: ClassVar[str] = "datasets"
    """The store that objects of this kind are put into."""

    suffix: ClassVar[str] = ""
    """How names of such objects end, where that matters."""

    chosen: ClassVar[bool] = True
    """Whether the store chooses the kind by itself; False when it must be asked for."""

    options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What each put is given beside the kind."""

    reproducible: ClassVar[bool] = True
    """Whether equal objects are written as equal bytes, and so have equal hashes."""

    get_options: ClassVar[Mapping[str, Any]] = {}
    """What `get` must be given to return objects of this kind, such as ``trusted``."""

    def examples(self) -> Sequence[Any]:
        """Return objects of this kind: at least two, no two of them equal."""
        raise NotImplementedError

    def assert_equal(self, got: Any, put: Any) -> None:
        """Fail unless `got` is what was put, exactly."""
        assert type(got) is type(put)
        assert got == put

    def get(self, objects: OmegaStore, name: Name) -> Any:
        """Return an object as `get_options` allow it."""
        return objects.get(name, **self.get_options)

    # -- what follows is the contract ------------------------------------------------------

    @pytest.fixture
    def objects(self, omega: Omega) -> OmegaStore:
        """The store under test."""
        return omega.store(self.store)

    def name(self, stem: str) -> Name:
        """Return a name that objects of this kind may have."""
        return Name(stem + self.suffix)

    def test_is_installed(self, omega: Omega) -> None:
        backend = omega.registry.backend(self.kind)
        assert backend.kind == self.kind
        assert (self.store in backend.stores) is self.chosen

    def test_is_chosen_for_its_objects(self, objects: OmegaStore) -> None:
        if not self.chosen:
            pytest.skip(f"{self.kind} is kept only when asked for")
        for number, example in enumerate(self.examples()):
            assert objects.put(example, self.name(f"x{number}")).kind == self.kind

    def test_gives_back_what_was_put(self, objects: OmegaStore) -> None:
        for number, example in enumerate(self.examples()):
            name = self.name(f"folder/x{number}")
            objects.put(example, name, **self._how)
            self.assert_equal(self.get(objects, name), example)

    def test_does_not_change_what_is_put(self, objects: OmegaStore) -> None:
        for one, other in zip(self.examples(), self.examples(), strict=True):
            objects.put(one, self.name("x"), **self._how)
            self.assert_equal(one, other)

    def test_tells_about_it(self, objects: OmegaStore) -> None:
        name = self.name("folder/x")
        put = objects.put(self.examples()[0], name, **self._how, attributes={"note": "mine"})
        assert objects.metadata(name) == put
        assert (put.store, put.name, put.kind) == (self.store, name.path, self.kind)
        assert put.revision == 1
        assert put.size > 0
        assert put.owner == "tester"
        assert put.attributes["note"] == "mine"
        assert put.created.tzinfo is UTC
        assert put.created <= put.modified < put.created + timedelta(minutes=5)

    def test_equal_content_has_an_equal_hash(self, objects: OmegaStore) -> None:
        hashes = set()
        for example, again in zip(self.examples(), self.examples(), strict=True):
            one = objects.put(example, self.name("one"), **self._how)
            two = objects.put(again, self.name("two"), **self._how)
            assert one.hash
            assert one.hash == two.hash or not self.reproducible
            hashes.add(one.hash)
        assert len(hashes) == len(self.examples())

    def test_each_put_is_a_revision(self, objects: OmegaStore) -> None:
        name = self.name("x")
        puts = [objects.put(example, name, **self._how) for example in self.examples()]
        assert [put.revision for put in puts] == list(range(1, len(puts) + 1))
        self.assert_equal(self.get(objects, name), self.examples()[-1])
        for put, example in zip(puts, self.examples(), strict=True):
            pinned = Name(name.path, revision=put.revision)
            self.assert_equal(self.get(objects, pinned), example)
            assert objects.metadata(pinned) == put
        assert objects.history(name) == puts[::-1]
        with pytest.raises(ObjectNotFoundError):
            self.get(objects, Name(name.path, revision=len(puts) + 1))

    def test_a_put_can_forget_what_it_replaces(self, objects: OmegaStore) -> None:
        name = self.name("x")
        one, two = self.examples()[:2]
        objects.put(one, name, **self._how)
        assert objects.put(two, name, **self._how, keep=False).revision == 2
        self.assert_equal(self.get(objects, name), two)
        with pytest.raises(ObjectNotFoundError):
            self.get(objects, Name(name.path, revision=1))

    def test_a_put_replaces_only_what_it_expects(self, objects: OmegaStore) -> None:
        name = self.name("x")
        one, two = self.examples()[:2]
        objects.put(one, name, **self._how, expect=0)
        with pytest.raises(ConflictError) as caught:
            objects.put(two, name, **self._how, expect=0)
        assert (caught.value.expected, caught.value.actual) == (0, 1)
        with pytest.raises(ObjectExistsError):
            objects.put(two, name, **self._how, replace=False)
        self.assert_equal(self.get(objects, name), one)
        objects.put(two, name, **self._how, expect=1)
        self.assert_equal(self.get(objects, name), two)

    def test_can_be_dropped(self, objects: OmegaStore) -> None:
        name = self.name("x")
        objects.put(self.examples()[0], name, **self._how)
        assert objects.drop(name)
        assert not objects.exists(name)
        assert objects.list() == []
        for refused in (objects.get, objects.metadata, objects.history, objects.drop):
            with pytest.raises(ObjectNotFoundError):
                refused(name)
        assert not objects.drop(name, missing_ok=True)
        # What comes after has nothing to do with what was dropped.
        assert objects.put(self.examples()[1], name, **self._how).revision == 1
        assert len(objects.history(name)) == 1

    def test_a_rename_takes_everything_along(self, objects: OmegaStore) -> None:
        old, new = self.name("x"), self.name("folder/y")
        one, two = self.examples()[:2]
        objects.put(one, old, **self._how)
        objects.put(two, old, **self._how)
        assert objects.rename(old, new).revision == 2
        assert not objects.exists(old)
        self.assert_equal(self.get(objects, new), two)
        self.assert_equal(self.get(objects, Name(new.path, revision=1)), one)

    def test_a_crash_before_the_head_is_flipped_shows_nothing(
        self, omega: Omega, objects: OmegaStore
    ) -> None:
        old, new = self.name("old"), self.name("new")
        one, two = self.examples()[:2]
        before = objects.put(one, old, **self._how)
        backend = omega.registry.backend(self.kind)
        for name in (old, new):  # the payload is all there, but nobody flips the head
            backend.write(two, omega.storage, name.path, **self.options)
        self.assert_equal(self.get(objects, old), one)
        assert objects.metadata(old) == before
        assert objects.list() == [old.path]
        # And the leavings are in nobody's way.
        objects.put(two, old, **self._how)
        self.assert_equal(self.get(objects, old), two)

    def test_concurrent_puts_lose_nothing(self, objects: OmegaStore) -> None:
        name = self.name("folder/x")
        examples = self.examples()[:2]
        start = threading.Barrier(4)

        def write(writer: int) -> list[Metadata]:
            start.wait()
            example = examples[writer % 2]
            return [objects.put(example, name, **self._how) for _ in range(5)]

        with ThreadPoolExecutor(4) as pool:
            puts = [put for puts in pool.map(write, range(4)) for put in puts]
        assert sorted(put.revision for put in puts) == list(range(1, 21))
        kept = {put.revision: put for put in objects.history(name)}
        assert kept == {put.revision: put for put in puts}

    def test_a_reader_sees_the_old_or_the_new_state(self, objects: OmegaStore) -> None:
        name = self.name("x")
        one, two = self.examples()[:2]
        objects.put(one, name, **self._how)
        done = threading.Event()

        def write() -> None:
            try:
                for turn in range(12):
                    objects.put((two, one)[turn % 2], name, **self._how, keep=turn % 3 > 0)
            finally:
                done.set()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            reads = 0
            while not done.is_set() or not reads:
                self._assert_one_of(self.get(objects, name), (one, two))
                reads += 1
            writing.result()
        self._assert_one_of(self.get(objects, name), (one,))

    def test_buckets_are_apart(self, omega: Omega, objects: OmegaStore) -> None:
        other = type(omega)(omega.url, bucket="other", config=omega.config).store(self.store)
        name = self.name("x")
        one, two = self.examples()[:2]
        objects.put(one, name, **self._how)
        assert not other.exists(name)
        other.put(two, name, **self._how)
        self.assert_equal(self.get(objects, name), one)
        self.assert_equal(self.get(other, name), two)

    @property
    def _how(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.options}

    def _assert_one_of(self, got: Any, states: Sequence[Any]) -> None:
        for state in states[:-1]:
            try:
                self.assert_equal(got, state)
            except AssertionError:
                continue
            return
        self.assert_equal(got, states[-1])
