from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from omegaml_lab.core.errors import UnknownKindError
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written
from omegaml_lab.store.registry import GROUP, Registry

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega
    from omegaml_lab.storage.storage import Storage


class Point:
    """An object of somebody else's package."""

    def __init__(self, x: int) -> None:
        self.x = x


class PointBackend(Backend):
    """A kind of somebody else's package."""

    kind: ClassVar[str] = "point"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})

    def accepts(self, obj: object, name: str) -> bool:
        return isinstance(obj, Point)

    def write(self, obj: Any, storage: Storage, name: str, *, scale: int = 1) -> Written:
        return Written(payload=Payload(meta={"x": obj.x * scale}), size=0)

    def read(self, payload: Payload, storage: Storage, name: str, *, plus: int = 0) -> Point:
        return Point(payload.meta["x"] + plus)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_kinds_are_found_and_loaded_when_needed() -> None:
    file = point("file", "omegaml_lab.backends.file:FileBackend")
    registry = Registry({"file": file, "broken": point("broken", "no_such_module:X")})
    assert registry.kinds() == ["broken", "file"]
    assert registry.backend("file") is registry.backend("file")


@pytest.mark.parametrize("value", ["no_such_module:X", "omegaml_lab.backends.file:Nothing"])
def test_a_broken_package_takes_no_other_kind_away(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = point("file", "omegaml_lab.backends.file:FileBackend")
    registry = Registry({"broken": point("broken", value), "file": file})
    assert registry.choose(b"x", "datasets", "a").kind == "file"
    assert "broken" in caplog.text
    with pytest.raises(UnknownKindError, match="broken"):
        registry.backend("broken")


def test_what_is_installed_meanwhile_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(kind: str) -> None:
        package = tmp_path / f"{kind}-1.0.dist-info"
        package.mkdir()
        (package / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {kind}\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text(f"[{GROUP}]\n{kind} = {kind}:Backend\n")

    before = Registry.discover().kinds()
    monkeypatch.syspath_prepend(tmp_path)
    assert Registry.discover().kinds() == before
    install("one")
    assert Registry.discover().kinds() == sorted([*before, "one"])
    install("two")
    assert Registry.discover().kinds() == sorted([*before, "one", "two"])
    monkeypatch.undo()
    assert Registry.discover().kinds() == before


def test_a_kind_of_ones_own(omega: Omega) -> None:
    omega.registry.add(PointBackend())
    assert omega.datasets.put(Point(2), "p", scale=3).kind == "point"
    assert omega.datasets.get("p").x == 6
    assert omega.datasets.get("p", plus=1).x == 7
    with pytest.raises(TypeError, match="minus"):
        omega.datasets.get("p", minus=1)
