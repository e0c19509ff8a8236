"""What the models store notes about a model, and how models leave it."""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression

from omegaml_lab.core.errors import (
    InvalidAttributeError,
    InvalidOptionError,
    MissingDependencyError,
    NotAFileError,
    ObjectNotFoundError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.core.names import Name
from omegaml_lab.store.versions import OtherVersionWarning

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"month": rng.integers(1, 13, 30), "ünï @[x]": rng.normal(size=30)})


def test_what_a_model_is_known_by(omega: Omega, frame: pd.DataFrame) -> None:
    omega.datasets.put(frame, "flights 100%")
    omega.datasets.put(frame.head(9), "flights 100%")
    omega.datasets.put(frame, "planes")
    model = LogisticRegression().fit(frame, ["late", "early"] * 15)
    put = omega.models.put(
        model,
        "delay",
        example=frame.head(3),
        metrics={"accuracy": np.float32(0.5), "n": 30},
        trained_on=["flights 100%@1", Name("planes")],
        attributes={"note": "mine"},
    )
    told = put.attributes
    assert told == omega.models.metadata("delay").attributes
    assert told["versions"]["scikit-learn"] == __import__("sklearn").__version__
    assert told["inputs"] == [
        {"name": "month", "dtype": "int64"},
        {"name": "ünï @[x]", "dtype": "float64"},
    ]
    (output,) = told["outputs"]
    assert output["shape"] == [None]
    assert told["classes"] == ["early", "late"]
    assert told["metrics"] == {"accuracy": 0.5, "n": 30}
    trained_on = [(data["name"], data["revision"]) for data in told["trained_on"]]
    assert trained_on == [("flights 100%", 1), ("planes", 1)]
    assert (told["model"], told["note"]) == ("LogisticRegression", "mine")
    # What was true of one revision is not said of the next one; what the user noted is.
    again = omega.models.put(model, "delay")
    assert "metrics" not in again.attributes
    assert again.attributes["inputs"] == [{"name": "month"}, {"name": "ünï @[x]"}]
    assert again.attributes["note"] == "mine"
    assert omega.models.metadata("delay@1") == put


def test_what_is_known_without_a_frame(omega: Omega) -> None:
    x, y = np.ones((5, 3), "float32"), np.arange(5)
    model = LinearRegression().fit(x, y)
    fields = omega.models.put(model, "m").attributes["inputs"]
    assert fields == [{"shape": [None, 3]}]
    told = omega.models.put(model, "m", example=x).attributes
    assert told["inputs"] == [{"dtype": "float32", "shape": [None, 3]}]
    assert omega.models.put(model, "m", example=[[1, 2, 3]]).attributes["outputs"]
    assert "inputs" not in omega.models.put(LinearRegression(), "m").attributes


def test_what_cannot_be_noted_keeps_nothing(omega: Omega) -> None:
    model = LinearRegression()
    with pytest.raises(ObjectNotFoundError, match="datasets"):
        omega.models.put(model, "m", trained_on="nothing")
    for metrics in ({"a": "good"}, {"a": None}, {"a": float("nan")}, {"a": np.ones(2)}):
        with pytest.raises((InvalidAttributeError, ValueError)):
            omega.models.put(model, "m", metrics=metrics)  # type: ignore[arg-type]
    fitted = LinearRegression().fit([[1.0], [2.0]], [1, 2])
    with pytest.raises(ValueError, match="features"):
        omega.models.put(fitted, "m", example=[[1, 2, 3]])
    assert omega.models.list() == []


def test_another_major_version_is_warned_of(omega: Omega, monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn

    omega.models.put(LinearRegression(), "m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        omega.models.get("m")
    monkeypatch.setattr(sklearn, "__version__", "2.0.1")
    with pytest.warns(OtherVersionWarning, match=r"'m' was put with scikit-learn 1.*2\.0\.1") as w:
        omega.models.get("m")
    assert w[0].filename == __file__


def test_a_library_that_is_not_there_is_named(
    omega: Omega, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lightgbm

    data = lightgbm.Dataset(np.random.default_rng(1).normal(size=(30, 2)), np.arange(30) % 2)
    omega.models.put(lightgbm.train({"verbose": -1}, data, 2), "m")
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'omegaml-lab\[lightgbm\]'"):
        omega.models.get("m")


def test_what_is_exported_others_read(omega: Omega, tmp_path: Path) -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    name = Name("a/b@c")
    omega.models.put(model, name)
    omega.models.put(b"just bytes", "file.bin")
    assert omega.models.file_name(name) == "b@c.skops"
    target = omega.models.export(name, tmp_path / "m.skops")
    assert skops.io.load(target).predict([[2.0]]) == pytest.approx(5.0)
    assert omega.models.file_name("file.bin") == "file.bin"
    assert omega.models.export("file.bin", tmp_path / "f").read_bytes() == b"just bytes"
    with pytest.raises(FileNotFoundError):
        omega.models.export("file.bin", tmp_path / "no" / "f")
    omega.datasets.put(pd.DataFrame({"a": [1]}), "frame")
    omega.models.put(pd.DataFrame({"a": [1]}), "frame", kind="pandas.chunks")
    with pytest.raises(NotAFileError):
        omega.models.export("frame", tmp_path / "g")
    assert {p.name for p in tmp_path.iterdir()} - {"home"} == {"m.skops", "f"}


def test_parameters_of_xgboost_that_are_code(omega: Omega) -> None:
    import xgboost

    model = xgboost.XGBRegressor(objective=lambda y, p: (p - y, y))
    with pytest.raises(UnsupportedObjectError, match="objective"):
        omega.models.put(model, "m")
    assert omega.models.put(xgboost.XGBRegressor(), "m").kind == "xgboost.ubj"


def test_boosters_tell_their_columns(omega: Omega, frame: pd.DataFrame) -> None:
    import xgboost

    plain = frame.rename(columns={"ünï @[x]": "x"})
    model = xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(plain, frame["month"])
    told = omega.models.put(model, "m", example=plain).attributes
    assert told["inputs"] == [
        {"name": "month", "dtype": "int64"},
        {"name": "x", "dtype": "float64"},
    ]
    got = omega.models.get("m")
    assert list(got.feature_names_in_) == ["month", "x"]
    np.testing.assert_array_equal(got.predict(plain), model.predict(plain))


@pytest.mark.skipif(find_spec("torch") is None, reason="`pip install torch` gets it")
def test_modules_of_torch_are_made_only_as_told(omega: Omega) -> None:
    import torch

    class Net(torch.nn.Module):
        def __init__(self, width: int = 2) -> None:
            super().__init__()
            self.one = torch.nn.Linear(2, width)
            self.tied = self.one

    net = Net(3).eval()
    assert omega.models.put(net, "net", init={"width": 3}).kind == "torch.state"
    with pytest.raises(UntrustedObjectError, match="into="):
        omega.models.get("net")
    filled = omega.models.get("net", into=Net(3))
    assert torch.equal(filled.one.weight, net.one.weight)
    assert set(omega.models.get("net", weights=True)) == set(net.state_dict())
    with pytest.raises(InvalidOptionError, match="size mismatch"):
        omega.models.get("net", into=Net(4))
    # What is in the database cannot name another class, or a function.
    for name in ("os.system", "subprocess.Popen", "torch.nn.modules.os.system"):
        with pytest.raises(UntrustedObjectError):
            omega.registry.backend("torch.state")._made(  # type: ignore[attr-defined]
                {"class": name, "init": "{}"}, "net", [] if "torch" in name else [name]
            )
    own = torch.nn.Linear(2, 1).eval()
    omega.models.put(own, "own", init={"in_features": 2, "out_features": 1})
    got: Any = omega.models.get("own")
    assert torch.equal(got.weight, own.weight)
    assert not got.training
    omega.models.put(own, "bare")
    with pytest.raises(InvalidOptionError, match="init="):
        omega.models.get("bare")


def test_signatures_outlive_copies_and_archives(omega: Omega, tmp_path: Path) -> None:
    omega.models.put({"a": 1}, "x", kind="python.pickle")
    omega.models.copy("x", "y", bucket="other")
    file = tmp_path / "archive"
    omega.export(file)
    with type(omega)(omega.url, bucket="other", config=omega.config) as other:
        assert other.models.get("y") == {"a": 1}
        other.import_(file)
        assert other.models.get("x") == {"a": 1}
        assert "signed_with" in other.models.metadata("x").attributes
