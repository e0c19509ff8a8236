"""Tags, earlier states, the trash and gc on the command line."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.omega import Omega

ODD = "odd/ä [b] %$x"


@pytest.fixture
def call(
    omega: Omega,
    mongo_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Call `omega` as a shell would, and return what it says; it must end with `code`."""
    for name in [name for name in os.environ if name.startswith("OMEGA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMEGA_HOME", str(omega.config.home))
    monkeypatch.setenv("OMEGA_MONGO_URL", mongo_url)

    def call(*arguments: str, code: int = 0) -> str:
        assert main(arguments) == code
        said = capfd.readouterr()
        return said.err if code else said.out

    for n in range(3):
        omega.datasets.put([n] * (n + 1), ODD, attributes={"n": n})
    return call


def test_tags_and_earlier_states(call: Callable[..., str]) -> None:
    assert f"{ODD}@2 is tagged prod" in call("datasets", "tag", f"{ODD}@2", "prod")
    history = json.loads(call("datasets", "history", ODD, "--json"))
    assert [state["tags"] for state in history] == [[], ["prod"], []]
    assert "prod" in call("datasets", "history", ODD)
    assert "attribute n" in call("datasets", "compare", f"{ODD}@prod")
    differences = json.loads(call("datasets", "compare", f"{ODD}@1", f"{ODD}@2", "--json"))
    assert differences["changed"]["n"] == [0, 1]
    assert "do not differ" in call("datasets", "compare", ODD)
    assert "back at revision 4" in call("datasets", "restore", f"{ODD}@prod")
    call("datasets", "untag", ODD, "prod")
    assert "'odd/ä [b] %$x@prod'" in call("datasets", "untag", ODD, "prod", code=1)
    assert "a tag begins" in call("datasets", "tag", ODD, "3", code=1)


def test_the_trash(call: Callable[..., str], omega: Omega) -> None:
    assert "empty" in call("datasets", "trash")
    call("datasets", "drop", "odd", "--recursive")
    (entry,) = json.loads(call("datasets", "trash", "--json"))
    assert (entry["name"], entry["kind"]) == ("odd", "folder")
    assert ODD in call("datasets", "trash", "--search", "[B]")
    call("datasets", "restore", "--id", entry["id"][:6], "--as", "odd again")
    assert omega.datasets.list() == [ODD.replace("odd", "odd again")]
    assert "not in the trash" in call("datasets", "restore", "odd", code=1)
    assert "not in the trash" in call("datasets", "restore", "--id", "3f2a", code=1)
    assert "either NAME or --id" in call("datasets", "restore", code=2)


def test_gc(call: Callable[..., str], omega: Omega) -> None:
    omega.datasets.put(os.urandom(100_000), "large", kind="file")
    omega.datasets.put(b"", "large", kind="file", keep=False)
    call("datasets", "drop", ODD)
    assert "0 B" in call("gc")
    told = json.loads(call("gc", "--dry-run", "--grace", "0", "--trash", "0s", "--json"))
    assert (told["bytes"], told["dropped"], told["dry_run"]) == (100_000, 1, True)
    assert "97.7 KiB" in call("gc", "--grace", "0", "--trash", "0")
    assert json.loads(call("gc", "--grace", "0", "--json"))["bytes"] == 0
    assert "no length of time" in call("gc", "--grace", "soon", code=2)
