"""Signatures of trusted notebooks."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import nbformat.v4
import pytest
from nbformat.sign import MemorySignatureStore, NotebookNotary

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ServiceError
from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.signatures import (
    RepositoryNotary,
    RepositorySignatures,
    share_between_threads,
)
from omegaml_lab.storage.records import Records
from omegaml_lab.storage.storage import Storage
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbformat import NotebookNode

KEY = "k" * 64


@pytest.fixture
def paper() -> NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])


def notary(omega: Omega, user: str = "ada", **settings: str) -> RepositoryNotary:
    values = {"signing_key": KEY, **settings}
    config = Config.load(environ={}, mongo_url=omega.url, user=user, **values)
    return RepositoryNotary(omega=Omega(config=config))


def test_what_one_signs_is_known_elsewhere(omega: Omega, paper: NotebookNode) -> None:
    notary(omega).sign(paper)
    assert notary(omega).check_signature(paper)
    assert not notary(omega, user="eve").check_signature(paper)
    assert not notary(omega, signing_key="x" * 64).check_signature(paper)
    paper.cells[0].source = "2"
    assert not notary(omega).check_signature(paper)


def test_signatures_are_those_of_nbformat(omega: Omega, paper: NotebookNode) -> None:
    output = nbformat.v4.new_output("display_data", {"text/plain": ["a", "ß"]}, metadata={"n": 1})
    paper.cells[0].outputs = [output]
    paper.metadata |= {"signature": "left", "list": [1, 2.5, None, True, {"b": (), "a": "x"}]}
    ours = notary(omega)
    theirs = NotebookNotary(secret=ours.secret, store_factory=MemorySignatureStore)
    assert ours.compute_signature(paper) == theirs.compute_signature(paper)
    assert paper.metadata.signature == "left"


def test_what_is_no_longer_trusted_elsewhere(omega: Omega, paper: NotebookNode) -> None:
    signing = notary(omega)
    signing.sign(paper)
    signing.unsign(paper)
    assert not signing.check_signature(paper)
    assert not notary(omega).check_signature(paper)


def test_without_a_key_the_machine_signs(
    omega: Omega, paper: NotebookNode, tmp_path: Path
) -> None:
    (tmp_path / "signing.key").write_text("short")
    config = Config.load(environ={}, mongo_url=omega.url, home=tmp_path, user="ada")
    signing = RepositoryNotary(omega=Omega(config=config), data_dir=str(tmp_path))
    signing.sign(paper)
    assert signing.secret == (tmp_path / "notebook_secret").read_bytes()
    assert signing.check_signature(paper)


def test_a_file_of_signatures_is_asked_from_any_thread(
    paper: NotebookNode, tmp_path: Path
) -> None:
    file = str(tmp_path / "signatures.db")
    notary = NotebookNotary(secret=b"x", db_file=file)
    share_between_threads(notary)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(notary.sign, paper).result()
    assert notary.check_signature(paper)


def test_a_signature_is_forgotten_when_nobody_needs_it(omega: Omega, paper: NotebookNode) -> None:
    notary(omega).sign(paper)
    indexes = omega.storage._connection.collection("signatures").index_information()
    assert {index.get("expireAfterSeconds") for index in indexes.values()} == {None, 15552000}
    records = omega.storage.records("signatures")
    (first,) = records.query()
    for age, renewed in ((timedelta(hours=1), False), (timedelta(days=2), True)):
        before = first["seen"] - age
        records.update(first["id"], set={"seen": before})
        assert notary(omega).check_signature(paper)
        (found,) = records.query()
        assert (found["seen"] > before) == renewed


def test_what_cannot_be_renewed_is_known_nevertheless(
    omega: Omega, paper: NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **options: object) -> None:
        raise ServiceError("MongoDB", "not authorized")

    notary(omega).sign(paper)
    records = omega.storage.records("signatures")
    (first,) = records.query()
    records.update(first["id"], set={"seen": first["seen"] - timedelta(days=2)})
    monkeypatch.setattr(Records, "upsert", refused)
    assert notary(omega).check_signature(paper)


def test_while_the_repository_is_away_nothing_is_known_and_nobody_stopped() -> None:
    away = Storage.open("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50")
    signatures = RepositorySignatures(lambda: away, "ada")
    signatures.store_signature("abc", "sha256")
    assert not signatures.check_signature("abc", "sha256")


@pytest.fixture
def following() -> Iterator[Callable[[RepositoryNotary], None]]:
    stop, threads = threading.Event(), list[threading.Thread]()

    def follow(followed: RepositoryNotary) -> None:
        stands = threading.Event()

        def run() -> None:
            for _ in followed.store.changes(stop):
                stands.set()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        assert stands.wait(30)

    yield follow
    stop.set()
    for thread in threads:
        thread.join()


def test_who_follows_knows_without_asking(
    omega: Omega,
    paper: NotebookNode,
    following: Callable[[RepositoryNotary], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, eve = notary(omega), notary(omega, user="eve")
    other.sign(paper)
    here, late = notary(omega), notary(omega)
    following(here)
    paper.cells[0].source = "of another one"
    eve.sign(paper)
    with monkeypatch.context() as patch:
        patch.setattr(Records, "find", None)
        assert not here.check_signature(paper)
        paper.cells[0].source = "1"
        assert here.check_signature(paper)
        paper.cells[0].source = "signed elsewhere meanwhile"
        assert not here.check_signature(paper)
        other.sign(paper)
        until(lambda: here.check_signature(paper))
    assert late.check_signature(paper)


def test_signatures_of_before_their_users_were_noted_are_asked_for(
    omega: Omega, paper: NotebookNode, following: Callable[[RepositoryNotary], None]
) -> None:
    notary(omega).sign(paper)
    records = omega.storage.records("signatures")
    (first,) = records.query()
    records.delete(first["id"])
    records.insert({"id": first["id"], "seen": first["seen"]})
    here = notary(omega)
    following(here)
    assert here.check_signature(paper)


def test_what_a_feed_has_missed_is_looked_for(
    omega: Omega, paper: NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omegaml_lab.server.contents.signatures._LOOK", 0.0)
    monkeypatch.setattr(Records, "changes", lambda *_, **__: itertools.repeat(None))
    here = notary(omega)
    feed = here.store.changes(threading.Event())
    next(feed)
    assert not here.check_signature(paper)
    notary(omega).sign(paper)
    next(feed)
    assert here.check_signature(paper)


def test_who_no_longer_follows_asks(omega: Omega, paper: NotebookNode) -> None:
    here = notary(omega)
    feed = here.store.changes(threading.Event())
    next(feed)
    feed.close()
    notary(omega).sign(paper)
    assert here.check_signature(paper)
