"""What runs read and wrote is known, in both directions, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from omegaml_lab.core.errors import ObjectNotFoundError
from omegaml_lab.core.lineage import Reference, Relation, RunReference
from omegaml_lab.core.names import Name
from omegaml_lab.runtime.calls.calling import Caller, Target
from omegaml_lab.runtime.calls.stores import Stores
from omegaml_lab.store import recording as recorder_module
from omegaml_lab.store.recording import recording
from omegaml_lab.store.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omegaml_lab.config import Config
    from omegaml_lab.core.lineage import Lineage, Node
    from omegaml_lab.omega import Omega


def told(nodes: Iterable[Node]) -> set[str]:
    """Return nodes as people read them."""
    return {str(node) for node in nodes}


def links(lineage: Lineage) -> set[tuple[str, str, str]]:
    return {(str(link.source), link.relation.value, str(link.target)) for link in lineage.links}


def test_what_a_run_read_and_wrote(omega: Omega) -> None:
    data = omega.datasets
    data.put(pd.DataFrame({"n": [1, 2]}), "raw")
    data.put(b"...", "file")
    data.put(0, "unused")
    with recording("r1"):
        data.get("raw")
        for _ in range(3):
            data.get("raw")  # noted once
        data.read_bytes("file")
        data.metadata("unused")
        data.put(1, "clean")
        assert data.get("clean") == 1  # its own work is no input of it
        omega.models.put(b"model", "m", kind="file")
    assert data.metadata("clean").run == "r1"
    assert data.metadata("raw").run is None
    lineage = walk(omega.storage.lineage, RunReference(id="r1"), depth=1)
    assert told(lineage.sources()) == {"datasets raw@1", "datasets file@1"}
    assert told(lineage.results()) == {"datasets clean@1", "models m@1"}
    assert lineage.complete
    assert links(data.lineage("clean")) == {
        ("run r1", "wrote", "datasets clean@1"),
        ("datasets raw@1", "read", "run r1"),
        ("datasets file@1", "read", "run r1"),
    }
    assert links(data.lineage("raw")) == {
        ("datasets raw@1", "read", "run r1"),
        ("run r1", "wrote", "datasets clean@1"),
        ("run r1", "wrote", "models m@1"),
    }
    assert links(data.lineage("unused")) == set()


def test_a_chain_is_walked_as_far_as_asked(omega: Omega) -> None:
    data = omega.datasets
    data.put(0, "s0")
    for n in range(1, 5):
        with recording(f"r{n}"):
            data.put(data.get(f"s{n - 1}") + 1, f"s{n}")
    data.copy("s4", "copy")
    far = data.lineage("copy", depth=9)
    assert {str(node) for node in far.nodes()} == {
        "datasets copy@1",
        *(f"datasets s{n}@1" for n in range(5)),
        *(f"run r{n}" for n in range(1, 5)),
    }
    assert far.complete
    near = data.lineage("copy", depth=2)
    assert told(near.nodes()) == {
        "datasets copy@1",
        "datasets s4@1",
        "run r4",
        "datasets s3@1",
    }
    assert not near.complete
    down = data.lineage("s0", depth=9)
    assert told(down.results()) == {"run r1"}
    assert "datasets copy@1" in told(down.nodes())
    plain = down.to_dict()
    assert plain["nodes"][0]["name"] == "s0"
    assert {"source", "relation", "target"} == set(plain["links"][0])


def test_lineage_is_of_revisions_and_outlives_renames(omega: Omega) -> None:
    data = omega.datasets
    data.put(1, "a b/ü%+(1)[x]{$}.")
    data.put(2, "a b/ü%+(1)[x]{$}.")
    with recording("r"):
        data.get("a b/ü%+(1)[x]{$}.@1")
        data.put(3, "out")
        data.put(4, "out")
    data.rename("a b", "c")
    data.put(5, "out")
    assert links(data.lineage("out")) == set()
    assert ("datasets c/ü%+(1)[x]{$}.@1", "read", "run r") in links(data.lineage("out@1"))
    assert told(data.lineage("c/ü%+(1)[x]{$}.@1").results()) == {"run r"}
    assert data.lineage("c/ü%+(1)[x]{$}.").results() == []
    results = walk(omega.storage.lineage, RunReference(id="r"), depth=1).results()
    assert told(results) == {"datasets out@1", "datasets out@2"}
    data.drop("c", recursive=True)
    assert ("datasets c/ü%+(1)[x]{$}.@1", "read", "run r") in links(data.lineage("out@1"))
    with pytest.raises(ObjectNotFoundError):
        data.lineage("nothing")


def test_rows_that_are_added_come_from_what_was_there(omega: Omega) -> None:
    omega.datasets.put(pd.DataFrame({"n": [1]}), "log")
    with recording("r"):
        omega.datasets.put(pd.DataFrame({"n": [2]}), "log", append=True)
    assert links(omega.datasets.lineage("log")) == {
        ("run r", "wrote", "datasets log@2"),
        ("datasets log@1", "read", "run r"),
    }


def test_copies_tell_where_from_across_buckets(omega: Omega) -> None:
    omega.datasets.put(1, "a")
    omega.datasets.promote("a", bucket="prod")
    prod = omega.datasets.in_bucket("prod")
    assert links(prod.lineage("a")) == {("datasets a@1", "copied", "prod: datasets a@1")}
    assert links(omega.datasets.lineage("a")) == links(prod.lineage("a"))


def test_models_tell_what_they_were_trained_on(omega: Omega) -> None:
    omega.datasets.put(1, "rows")
    omega.datasets.put(2, "rows")
    omega.models.put(b"model", "m", kind="file", trained_on="rows@1")
    link = ("datasets rows@1", "trained", "models m@1")
    assert links(omega.models.lineage("m")) == {link}
    assert links(omega.datasets.lineage("rows@1")) == {link}
    assert links(omega.datasets.lineage("rows")) == set()


def test_a_call_of_a_model_in_memory_reads_it_too(omega: Omega) -> None:
    from sklearn.linear_model import LinearRegression

    omega.models.put(LinearRegression().fit([[0], [1]], [0, 1]), "m")
    stores = Stores.of(omega.storage, omega.registry, bucket="default", owner="")
    caller, target = Caller(stores), Target.of(omega.models.metadata("m"))
    for run in ("first", "second", "third"):
        with recording(run):
            caller.model(target, "predict", [[[2]]], {})
            stores.datasets.put(run, run)  # noted by then
    assert told(omega.models.lineage("m").results()) == {"run first", "run second", "run third"}


def test_what_calls_read_is_noted_once_they_are_settled(omega: Omega) -> None:
    from sklearn.linear_model import LinearRegression

    omega.models.put(LinearRegression().fit([[0], [1]], [0, 1]), "m")
    stores = Stores.of(omega.storage, omega.registry, bucket="default", owner="")
    caller, target = Caller(stores, later=True), Target.of(omega.models.metadata("m"))
    with recording("first"):
        caller.model(target, "predict", [[[2]]], {})  # it is read from the store
        stores.models.recorder.flush()
    for run in ("second", "third"):
        with recording(run):
            caller.model(target, "predict", [[[2]]], {})
    assert told(omega.models.lineage("m").results()) == {"run first"}
    caller.settle()
    assert told(omega.models.lineage("m").results()) == {"run first", "run second", "run third"}


def test_more_reads_than_are_noted_are_told(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MOST", 3)
    for n in range(6):
        omega.datasets.put(n, f"s{n}")
    with recording("r"):
        for n in range(6):
            omega.datasets.get(f"s{n}")
        omega.datasets.put(1, "out")
    lineage = omega.datasets.lineage("out")
    assert len(lineage.links) == 1 + 3
    assert not lineage.complete


KERNEL = """
import os, signal
from omegaml_lab.omega import Omega
om = Omega()
for n in range(20):
    om.datasets.get(f"in/{n}")
om.datasets.put(1, "out")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_tells_its_sources_though_the_kernel_is_killed(
    omega: Omega, config: Config
) -> None:
    for n in range(20):
        omega.datasets.put(n, f"in/{n}")
    environment = {
        **os.environ,
        "OMEGA_RUN": "killed",
        "OMEGA_MONGO_URL": omega.url,
        "OMEGA_HOME": str(config.home),
    }
    done = subprocess.run([sys.executable, "-c", KERNEL], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    lineage = omega.datasets.lineage("out")
    assert told(lineage.sources()) == {"run killed"}
    assert len(lineage.links) == 1 + 20


def test_threads_and_forks_note_what_they_read(omega: Omega) -> None:
    for n in range(40):
        omega.datasets.put(n, f"in/{n}")

    def read(first: int) -> None:
        with recording("r"):
            for n in range(first, first + 10):
                omega.datasets.get(f"in/{n}")

    with recording("r"):
        omega.datasets.get("in/0")
    threads = [threading.Thread(target=read, args=(10 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    pid = os.fork()
    if pid == 0:  # whatever locks the threads hold at this moment
        with recording("fork"):
            omega.datasets.get("in/0")
            omega.datasets.put(1, "of the fork")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    for thread in threads:
        thread.join()
    omega.recorder.flush()
    assert len(walk(omega.storage.lineage, RunReference(id="r"), depth=1).sources()) == 40
    made = omega.datasets.lineage(Name("of the fork"))
    assert told(made.sources(RunReference(id="fork"))) == {"datasets in/0@1"}


def test_a_reference_says_where_it_is() -> None:
    reference = Reference(store="models", name="m", revision=3, bucket="prod", repository="h:1/x")
    assert str(reference) == "h:1/x prod: models m@3"
    assert (
        str(RunReference(id="0123456789", job="j.ipynb", revision=2))
        == "run 01234567 of j.ipynb@2"
    )
    assert Relation("copied") is Relation.COPIED
