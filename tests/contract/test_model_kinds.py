"""Every kind of models passes the suite of kinds, where its library is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from omegaml_lab.core.errors import IntegrityError, UntrustedObjectError
from omegaml_lab.testing.backends import BackendContract
from tests import tamper

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega
    from omegaml_lab.store.store import OmegaStore


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip where a library is missing that is too large to install for tests alone."""
    missing = [package for package in packages if find_spec(package) is None]
    return pytest.mark.skipif(bool(missing), reason=f"`pip install {' '.join(missing)}` gets it")


@cache
def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(60, 3)), rng.normal(size=60)


class ModelContract(BackendContract):
    """What all kinds of models have in common."""

    store = "models"

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        np.testing.assert_array_equal(self.predicted(got), self.predicted(put))

    def predicted(self, model: Any) -> Any:
        return model.predict(data()[0])

    def test_a_changed_payload_is_refused(self, omega: Omega, objects: OmegaStore) -> None:
        objects.put(self.examples()[0], "changed", **self._how)
        objects.put(self.examples()[1], "other", **self._how)
        tamper.flip_a_byte(omega, "changed")
        with pytest.raises((IntegrityError, UntrustedObjectError)):
            objects.get("changed")
        self.assert_equal(objects.get("other"), self.examples()[1])

    def test_can_be_exported(self, omega: Omega, objects: OmegaStore, tmp_path: Path) -> None:
        objects.put(self.examples()[0], "x y", **self._how)
        target = omega.models.export("x y", tmp_path / "file")
        assert target == tmp_path / "file"
        assert target.is_dir() or target.stat().st_size > 0
        with pytest.raises(FileExistsError):
            omega.models.export("x y", target)
        assert omega.models.export("x y", target, replace=True) == target
        assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"file"}


class TestSklearn(ModelContract):
    kind = "sklearn.skops"

    def examples(self) -> list[Any]:
        x, y = data()
        forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(x, y > 0)
        return [
            LinearRegression().fit(x, y),
            make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y > 0),
            forest,
        ]

    def assert_equal(self, got: Any, put: Any) -> None:
        super().assert_equal(got, put)
        assert str(got.get_params()) == str(put.get_params())


class TestBoostersInScikitLearn(ModelContract):
    kind = "sklearn.skops"
    reproducible = False  # skops names bytes by chance

    def examples(self) -> list[Any]:
        import lightgbm
        import xgboost

        x, y = data()
        light = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, min_child_samples=2)
        return [
            light.fit(x, y > 0),
            make_pipeline(StandardScaler(), xgboost.XGBRegressor(n_estimators=3)).fit(x, y),
        ]


class TestXGBoost(ModelContract):
    kind = "xgboost.ubj"

    def examples(self) -> list[Any]:
        import xgboost

        x, y = data()
        booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, y), 3)
        return [
            xgboost.XGBRegressor(n_estimators=3, max_depth=3, n_jobs=1).fit(x, y),
            xgboost.XGBClassifier(n_estimators=4, learning_rate=0.3, n_jobs=1).fit(x, y > 0),
            xgboost.XGBClassifier(n_estimators=9),
            booster,
        ]

    def predicted(self, model: Any) -> Any:
        import xgboost

        if isinstance(model, xgboost.Booster):
            return model.predict(xgboost.DMatrix(data()[0]))
        parameters = sorted(map(str, model.get_params().items()))
        return [parameters, model.predict(data()[0]).tolist() if model.n_estimators < 9 else None]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        assert str(self.predicted(got)) == str(self.predicted(put))


class TestLightGBM(ModelContract):
    kind = "lightgbm.text"

    def examples(self) -> list[Any]:
        import lightgbm

        x, y = data()
        options = {"verbose": -1, "min_data_in_leaf": 2, "num_threads": 1}
        return [lightgbm.train(options, lightgbm.Dataset(x, y), rounds) for rounds in (2, 3)]


class TestOnnx(ModelContract):
    kind = "onnx.model"

    def examples(self) -> list[Any]:
        from onnx import TensorProto, helper, numpy_helper

        models = []
        for factor in (2.0, 3.0):
            weight = numpy_helper.from_array(np.full((3, 1), factor, "float32"), "w")
            graph = helper.make_graph(
                [helper.make_node("MatMul", ["x", "w"], ["y"])],
                "linear",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
                [weight],
            )
            models.append(helper.make_model(graph, producer_name="omega"))
        return models

    def assert_equal(self, got: Any, put: Any) -> None:
        assert got == put


@needs("torch", "safetensors")
class TestTorch(ModelContract):
    kind = "torch.state"

    def examples(self) -> list[Any]:
        import torch

        shared = torch.arange(6.0)
        return [
            {"a": torch.ones(2, 3), "b": torch.tensor([1, 2], dtype=torch.int16)},
            {"a": torch.zeros(0), "half": torch.ones(3, dtype=torch.bfloat16)},
            {"a": shared, "tied": shared, "turned": shared.reshape(2, 3).T},
        ]

    def assert_equal(self, got: Any, put: Any) -> None:
        import torch

        assert list(got) == list(put)
        for key, tensor in put.items():
            assert got[key].dtype == tensor.dtype
            assert torch.equal(got[key], tensor)


@needs("keras")
class TestKeras(ModelContract):
    kind = "keras.archive"
    reproducible = False  # the archive has times in it

    def examples(self) -> list[Any]:
        import keras

        models = []
        for seed, units in ((1, 4), (2, 5)):
            keras.utils.set_random_seed(seed)
            layers = [keras.layers.Dense(units, activation="relu"), keras.layers.Dense(1)]
            models.append(keras.Sequential([keras.layers.Input((3,)), *layers]))
        return models

    def predicted(self, model: Any) -> Any:
        return model.predict(data()[0], verbose=0)


class TestMLflow(ModelContract):
    kind = "mlflow.folder"
    options = MappingProxyType({"sign": True})

    def examples(self) -> list[Path]:
        return [mlflow_folder(slope) for slope in (1.0, 2.0)]

    def predicted(self, model: Any) -> Any:
        import mlflow

        loaded = mlflow.pyfunc.load_model(str(model)) if isinstance(model, Path) else model
        return loaded.predict(data()[0])

    def assert_equal(self, got: Any, put: Any) -> None:
        np.testing.assert_array_equal(self.predicted(got), self.predicted(put))


@cache
def mlflow_folder(slope: float) -> Path:
    """Return a model folder as MLflow writes it, with a pickle in it."""
    import mlflow.sklearn

    x, _ = data()
    folder = Path(mkdtemp(prefix="omega-test-")) / "model"
    model = LinearRegression().fit(x, slope * x[:, 0])
    signature = mlflow.models.infer_signature(x, model.predict(x))
    mlflow.sklearn.save_model(model, folder, signature=signature, pip_requirements=["mlflow"])
    return folder


class Unusual:
    """An object that no kind takes by itself."""

    def __init__(self, *content: object) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unusual) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


class TestPickle(ModelContract):
    kind = "python.pickle"
    chosen = False

    def examples(self) -> list[Any]:
        return [Unusual(1, "a"), Unusual(b"x" * 100_000), {"plain": (1, 2)}]

    def assert_equal(self, got: Any, put: Any) -> None:
        assert type(got) is type(put)
        assert got == put
