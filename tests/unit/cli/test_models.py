"""`omega models`: from and to files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from omegaml_lab.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture(autouse=True)
def place(omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands work in, on the repository of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMEGA_HOME", str(omega.config.home))
    monkeypatch.setenv("OMEGA_MONGO_URL", omega.url)
    return tmp_path


def test_a_model_is_shown_and_written(
    omega: Omega, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    omega.datasets.put({"a": 1}, "data")
    omega.models.put(model, "größe %(a)", metrics={"r2": 1}, trained_on="data", example=[[1.0]])
    assert main(["models", "show", "größe %(a)"]) == 0
    shown = capsys.readouterr().out
    for text in ("scikit-learn 1.", "r2 1", "data 1", "float64 (n x 1)"):
        assert text in shown
    assert main(["models", "get", "größe %(a)"]) == 0
    assert skops.io.load(place / "größe %(a).skops").coef_ == pytest.approx(model.coef_)
    assert main(["models", "get", "größe %(a)"]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["models", "get", "größe %(a)", "--force"]) == 0
    assert main(["models", "get", "größe %(a)", "no/folder/x"]) == 1
    assert main(["models", "get", "nothing"]) == 1


def test_a_folder_goes_in_and_comes_out(
    omega: Omega, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place / "m"
    (folder / "deep").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
    (folder / "deep" / "file").write_bytes(b"123")
    omega.datasets.put({"a": 1}, "data")
    command = ["models", "put", "m", "kept", "--sign", "--trained-on", "data", "--json"]
    assert main(command) == 0
    put = json.loads(capsys.readouterr().out)
    assert [(d["name"], d["revision"]) for d in put["attributes"]["trained_on"]] == [("data", 1)]
    assert put["attributes"]["signed_with"]
    assert main(["models", "get", "kept", "out"]) == 0
    assert (place / "out" / "deep" / "file").read_bytes() == b"123"
    assert main(["models", "put", "m/deep", "x"]) == 2
    assert main(["models", "put", "m/MLmodel", "x", "--sign"]) == 2
    assert omega.models.list() == ["kept"]
