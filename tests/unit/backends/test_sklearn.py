"""Nothing that is loaded may run code that nobody vouched for."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from omegaml_lab.backends.skops_trust import is_known
from omegaml_lab.core.errors import (
    IntegrityError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.core.names import Name
from tests import tamper

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


class Foreign(LinearRegression):
    """An estimator that scikit-learn does not define."""


def planted(payload: bytes, change: Any) -> bytes:
    """Return a model file with its schema changed by somebody who can write to the database."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(payload)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == "schema.json" else data)
    return out.getvalue()


def put_planted(omega: Omega, data: bytes) -> None:
    """Store `data` as if it were a model, below what checks it."""
    omega.models.put(data, "model", kind="file")
    import pymongo

    with pymongo.MongoClient(omega.url) as client:
        heads = client.get_default_database()["objects"]
        heads.update_one({"name": "model"}, {"$set": {"kind": "sklearn.skops"}})


def test_scikit_learns_own_classes_are_trusted(omega: Omega) -> None:
    x, y = np.random.default_rng(1).normal(size=(60, 3)), np.arange(60) % 2
    for model in (
        GradientBoostingClassifier(n_estimators=3).fit(x, y),
        HistGradientBoostingRegressor(max_iter=3).fit(x, y),
        FunctionTransformer(np.log1p),
    ):
        omega.models.put(model, "model")
        assert type(omega.models.get("model")) is type(model)


def test_foreign_classes_need_to_be_named_each_time(omega: Omega) -> None:
    model = Foreign().fit([[1.0], [2.0]], [1, 2])
    name = f"{Foreign.__module__}.Foreign"
    with pytest.raises(UntrustedObjectError, match=r"was not kept.*trusted=.*when it is got"):
        omega.models.put(model, "model")
    assert not omega.models.exists("model")
    omega.models.put(model, "model", trusted=[name])
    with pytest.raises(UntrustedObjectError, match="was not loaded"):
        omega.models.get("model")


def test_a_planted_function_does_not_run(omega: Omega, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x")
    data = skops.io.dumps(FunctionTransformer(np.log1p))

    def plant(schema: bytes) -> bytes:
        text = schema.decode().replace('"__class__": "log1p"', '"__class__": "remove"')
        return text.replace('"__module__": "numpy"', '"__module__": "os"').encode()

    changed = planted(data, plant)
    assert changed != data
    put_planted(omega, changed)
    with pytest.raises((UntrustedObjectError, IntegrityError)):
        omega.models.get("model")
    assert victim.exists()


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_model_is_damaged(omega: Omega, data: bytes) -> None:
    put_planted(omega, data)
    with pytest.raises(IntegrityError):
        omega.models.get("model")


def test_a_schema_that_is_nonsense(omega: Omega) -> None:
    data = skops.io.dumps(LinearRegression())
    for nonsense in (b"{}", b"[", json.dumps({"__loader__": "nothing"}).encode()):
        put_planted(omega, planted(data, lambda _schema, new=nonsense: new))
        with pytest.raises(IntegrityError):
            omega.models.get("model")
        omega.models.drop(Name("model"))


@pytest.mark.parametrize(
    ("type_name", "trusted"),
    [
        ("sklearn.tree._tree.Tree", True),
        ("sklearn.linear_model._base.LinearRegression", True),
        # Found in modules of scikit-learn, but not theirs, or no class.
        ("sklearn.datasets._openml.urlopen", False),
        ("sklearn.datasets._base.shutil.rmtree", False),
        ("sklearn.utils.os.system", False),
        ("sklearn.base.clone", False),
        ("sklearn.nothing.Here", False),
        ("sklearnx.tree.Tree", False),
        ("sklearn", False),
        ("os.system", False),
        ("", False),
    ],
)
def test_who_is_known(type_name: str, *, trusted: bool) -> None:
    assert is_known(type_name) is trusted


def test_estimators_that_skops_cannot_write(omega: Omega) -> None:
    with pytest.raises((UnsupportedObjectError, UntrustedObjectError)):
        omega.models.put(FunctionTransformer(lambda x: x), "model")
    assert omega.models.list() == []


def test_trees_that_lead_out_of_themselves_are_refused(omega: Omega) -> None:
    x, y = np.random.default_rng(1).normal(size=(200, 3)), np.arange(200) % 2
    models: list[Any] = [
        RandomForestRegressor(n_estimators=2).fit(x, y),
        GradientBoostingClassifier(n_estimators=2).fit(x, y),
        HistGradientBoostingRegressor(max_iter=2).fit(x, y),
    ]
    for model in models:
        omega.models.put(model, "sound")
        np.testing.assert_array_equal(omega.models.get("sound").predict(x), model.predict(x))
        for field, value in (("left", 10_000), ("left", 0), ("right", 10_000), ("feature", 99)):
            omega.models.put(model, "model")
            data = omega.models.read_bytes("model")
            tamper.plant(omega, "model", "sklearn.skops", with_nodes(data, field, value), {})
            if (field, type(model)) == ("feature", HistGradientBoostingRegressor):
                continue  # these check for themselves how many features there are
            with pytest.raises(IntegrityError, match="tree"):
                omega.models.get("model")


def with_nodes(data: bytes, field: str, value: int) -> bytes:
    """Return a model file in which the root of every tree is changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content))
                for column in array.dtype.names or ():
                    if column.startswith(field):
                        array[column][0] = value
                buffer = io.BytesIO()
                np.save(buffer, array)
                content = buffer.getvalue()
            new.writestr(name, content)
    return out.getvalue()
