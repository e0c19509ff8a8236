"""Estimators come back as they went, or it is said how else they are kept."""

from __future__ import annotations

import importlib
import io
import re
import sys
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats
from sklearn.cluster import Birch, BisectingKMeans, FeatureAgglomeration
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from omegaml_lab.backends.skops_trust import is_known
from omegaml_lab.core.errors import (
    IntegrityError,
    MissingDependencyError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from tests import tamper

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega

X, Y = make_classification(60, 6, random_state=0)
SPARSE = sp.csr_matrix(X)
TEXTS = ["alpha beta", "beta gamma", "gamma alpha"] * 20
FRAME = pd.DataFrame({"n": X[:, 0], "m": X[:, 1], "c": ["a", "b", None] * 20})
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
RANDOM = {"BernoulliRBM", "DummyClassifier"}
"""What they answer is random each time."""


def answers(model: Any, given: Any) -> dict[str, Any]:
    """Return what a model makes of rows, by each method that it has for that."""
    found = {name: getattr(model, name)(given) for name in METHODS if hasattr(model, name)}
    return {name: made.toarray() if sp.issparse(made) else made for name, made in found.items()}


def check(omega: Omega, model: Any, given: Any) -> None:
    omega.models.put(model, "model", keep=False)
    back = omega.models.get("model")
    assert type(back) is type(model)
    expected = answers(model, given)
    assert expected
    for name, made in answers(back, given).items():
        if np.asarray(made).dtype.kind == "f":
            np.testing.assert_allclose(made, expected[name], rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(made, expected[name])


def by_types() -> Any:
    return make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            make_column_selector(dtype_include=np.number),
        ),
        (
            OneHotEncoder(handle_unknown="ignore"),
            make_column_selector(dtype_include=[str, object]),
        ),
    )


@pytest.mark.parametrize(
    ("model", "given", "wanted"),
    [
        pytest.param(make_pipeline(SimpleImputer(), LogisticRegression()), X, Y, id="imputed"),
        pytest.param(make_pipeline(by_types(), LogisticRegression()), FRAME, Y, id="by types"),
        pytest.param(
            HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype"),
            FRAME.astype({"c": "category"}),
            Y,
            id="categories",
        ),
        pytest.param(make_pipeline(SelectKBest(k=2), Ridge()), X, Y, id="selected"),
        pytest.param(SelectKBest(mutual_info_classif, k=2), X, Y, id="by information"),
        pytest.param(
            GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, scoring=make_scorer(f1_score)),
            X,
            Y,
            id="scored",
        ),
        pytest.param(SVC(), SPARSE, Y, id="sparse"),
        pytest.param(KNeighborsClassifier(3), sp.csr_array(SPARSE), Y, id="sparse array"),
        pytest.param(
            make_pipeline(TfidfVectorizer(), KNeighborsClassifier(3)), TEXTS, Y, id="texts"
        ),
        pytest.param(make_pipeline(SplineTransformer(), Ridge()), X, Y, id="splines"),
        pytest.param(make_pipeline(KBinsDiscretizer(3), Ridge()), X, Y, id="bins"),
        pytest.param(FunctionTransformer(np.nan_to_num, kw_args={"nan": 1.0}), X, Y, id="filled"),
        pytest.param(FeatureAgglomeration(pooling_func=np.median), X, Y, id="pooled"),
        pytest.param(
            make_column_transformer((StandardScaler(), FRAME.columns[:2])), FRAME, Y, id="an index"
        ),
        pytest.param(
            make_pipeline(
                make_union(StandardScaler(), PCA(2)).set_output(transform="pandas"), Ridge()
            ),
            FRAME[["n", "m"]],
            Y,
            id="united frames",
        ),
        pytest.param(
            RandomizedSearchCV(
                RandomForestClassifier(2, random_state=0),
                {"max_depth": stats.randint(1, 4), "max_features": stats.uniform(0.1, scale=0.8)},
                n_iter=2,
                random_state=0,
            ),
            X,
            Y,
            id="searched",
        ),
        pytest.param(BisectingKMeans(3, random_state=1), X, Y, id="bisected"),
    ],
)  # fmt: skip
def test_what_people_fit_comes_back(omega: Omega, model: Any, given: Any, wanted: Any) -> None:
    check(omega, model.fit(given, wanted), given)


@pytest.mark.parametrize(
    "weights",
    [
        {True: 5.0, False: 1.0},
        {np.True_: 5.0, np.False_: 1.0},
        {0: 1, 1: 2, -3: 4},
        {np.int64(0): 1, np.int64(1): 2},
        {0.5: 1, float("inf"): 2, np.float32(0.1): 3},
        {"yes": 1, "": 2},
    ],
)
def test_keys_come_back_as_they_were(omega: Omega, weights: dict[Any, Any]) -> None:
    omega.models.put(LogisticRegression(class_weight=weights), "model")
    back = omega.models.get("model").class_weight
    assert back == weights
    assert [*map(type, back)] == [*map(type, weights)]


@pytest.mark.parametrize("weights", [{None: 1}, {("a", 1): 1}, {1: 1, "1": 2}, {"": 1, False: 2}])
def test_keys_that_would_be_others_are_refused(omega: Omega, weights: dict[Any, Any]) -> None:
    with pytest.raises(UnsupportedObjectError, match=r"key.*python\.pickle"):
        omega.models.put(LogisticRegression(class_weight=weights), "model")


def test_what_is_kept_in_no_safe_format_is_told_how_else(omega: Omega) -> None:
    itself = LogisticRegression()
    itself.me = itself
    made = FunctionTransformer(kw_args={"rows": (n for n in range(3))})
    for model in (Birch().fit(X), itself, FunctionTransformer(lambda x: x), made):
        with pytest.raises(
            (UnsupportedObjectError, UntrustedObjectError), match=r"python\.pickle"
        ):
            omega.models.put(model, "model")
    omega.models.put(Birch().fit(X), "model", kind="python.pickle")
    assert omega.models.get("model").predict(X).shape == (60,)


@pytest.mark.parametrize(
    "name",
    [
        "numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.savetxt", "numpy.vectorize",
        "sklearn.datasets._base.load_files", "sklearn.metrics._scorer.copy",
        "sklearn.metrics._classification._check_targets", "sklearn.utils.validation.warnings",
        "builtins.eval", "scipy.stats._distn_infrastructure.rv_frozen",
    ],
)  # fmt: skip
def test_what_does_more_than_compute_is_not_trusted(name: str) -> None:
    assert not is_known(name)


@pytest.mark.parametrize(
    "index",
    [
        FRAME.columns,
        pd.Index(["a", None, "a"], dtype=object, name="n"),
        pd.RangeIndex(3, 9, 2, name="r"),
        pd.Index([3, 1], dtype="int8"),
        pd.Index([0.5, float("nan")]),
    ],
)
def test_an_index_comes_back_as_it_was(omega: Omega, index: pd.Index[Any]) -> None:
    omega.models.put(FunctionTransformer(kw_args={"columns": index}), "model")
    back = omega.models.get("model").kw_args["columns"]
    pd.testing.assert_index_equal(back, index, exact=True)


def test_distributions_come_back_as_they_were(omega: Omega) -> None:
    given = {
        "a": stats.loguniform(1e-3, 1, loc=2),
        "b": stats.poisson(np.float64(3)),
        "c": stats.norm,
    }
    omega.models.put(RandomizedSearchCV(Ridge(), given), "model")
    back = omega.models.get("model").param_distributions
    for name, one in given.items():
        assert back[name].rvs(3, random_state=1).tolist() == one.rvs(3, random_state=1).tolist()


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (lambda rows: rows, r"'<lambda>' in it, which is not found .*`def`"),
        (str.lower, r"'str\.lower' in it, which is not found"),
        (pd.DataFrame.abs, "not found by its name in pandas"),
        (pd.Series([1]), r"pandas' Series in it: give it as .*to_numpy"),
        (pd.date_range("2026", periods=2), "pandas' DatetimeIndex in it"),
        (stats.rv_discrete(name="own", values=([1], [1])), "'own', which is none of scipy"),
    ],
)
def test_what_is_not_found_again_is_not_kept(omega: Omega, held: Any, told: str) -> None:
    model = FunctionTransformer(kw_args={"held": held})
    trusted = ["test_estimators.<lambda>", f"{__name__}.<lambda>", "pandas.core.generic.abs"]
    with pytest.raises(UnsupportedObjectError, match=rf"{told}.*python\.pickle"):
        omega.models.put(model, "model", trusted=trusted)


def test_another_function_of_that_name_is_not_taken_for_it(omega: Omega) -> None:
    def answers(rows: Any) -> Any:
        return rows

    model = FunctionTransformer(answers)
    with pytest.raises(UnsupportedObjectError, match="not found by its name"):
        omega.models.put(model, "model", trusted=[f"{__name__}.answers"])


def test_a_class_that_is_not_here_is_told(
    omega: Omega, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from sklearn.preprocessing import StandardScaler\nclass Own(StandardScaler): pass\n"
    (tmp_path / "own_steps.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    trusted = ["own_steps.Own"]
    omega.models.put(importlib.import_module("own_steps").Own(), "model", trusted=trusted)
    monkeypatch.undo()
    monkeypatch.delitem(sys.modules, "own_steps")
    with pytest.raises(MissingDependencyError, match=r"own_steps\.Own.*'model'.*Install"):
        omega.models.get("model", trusted=trusted)


@pytest.mark.parametrize("func", ["print", "Path"])
def test_a_planted_call_is_not_trusted(omega: Omega, tmp_path: Path, func: str) -> None:
    omega.models.put(RandomizedSearchCV(Ridge(), {"a": stats.norm(0)}), "model")
    data, out = omega.models.read_bytes("model"), io.BytesIO()
    other = {"print": ("builtins", "print"), "Path": ("pathlib", "Path")}[func]
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            text = old.read(member)
            if member == "schema.json":
                text = text.replace(b'"scipy.stats"', f'"{other[0]}"'.encode())
                text = text.replace(b'"norm"', f'"{other[1]}"'.encode())
            new.writestr(member, text)
    tamper.plant(omega, "planted", "sklearn.skops", out.getvalue(), {})
    with pytest.raises(
        UntrustedObjectError, match=rf"{func}, operator\.call|operator\.call, .*{func}"
    ):
        omega.models.get("planted")


@pytest.mark.parametrize("loader", ["ConstructorFromReduceNode", "FunctionNode"])
def test_what_calls_in_another_way_is_not_trusted(
    omega: Omega, tmp_path: Path, loader: str
) -> None:
    omega.models.put(RandomizedSearchCV(Ridge(), {"a": stats.norm(0)}), "model")
    data, out = omega.models.read_bytes("model"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            text = old.read(member)
            if member == "schema.json":
                assert b'"OperatorFuncNode"' in text
                text = text.replace(b'"OperatorFuncNode"', f'"{loader}"'.encode())
                text = text.replace(
                    b'"attrs": {"__class__": "tuple"', b'"content": {"__class__": "tuple"'
                )
            new.writestr(member, text)
    tamper.plant(omega, "planted", "sklearn.skops", out.getvalue(), {})
    with pytest.raises(UntrustedObjectError, match=r"operator\.call"):
        omega.models.get("planted")


def test_a_method_of_an_object_is_kept_by_who_trusts_it(omega: Omega) -> None:
    model = FunctionTransformer(StandardScaler().fit(X).transform)
    trusted = ["sklearn.preprocessing._data.StandardScaler.transform"]
    with pytest.raises(UntrustedObjectError, match=re.escape(trusted[0])):
        omega.models.put(model, "method")
    omega.models.put(model, "method", trusted=trusted)
    back = omega.models.get("method", trusted=trusted)
    np.testing.assert_array_equal(back.transform(X), model.transform(X))


def test_sparse_matrices_that_lead_out_of_themselves_are_refused(omega: Omega) -> None:
    model = KNeighborsClassifier(3).fit(SPARSE, Y)
    omega.models.put(model, "sound")
    model._fit_X.indices[0] = 1_000_000
    omega.models.put(model, "model")
    data = omega.models.read_bytes("model")
    tamper.plant(omega, "planted", "sklearn.skops", data, {})
    with pytest.raises(IntegrityError, match="planted"):
        omega.models.get("planted")


@pytest.mark.long
def test_all_estimators_of_scikit_learn(omega: Omega) -> None:
    from sklearn.utils._test_common.instance_generator import _construct_instances

    kept, refused = 0, set()
    for name, cls in all_estimators():
        model, given = fitted(cls, _construct_instances)
        if model is None or name in RANDOM or not any(hasattr(model, m) for m in METHODS):
            continue
        try:
            check(omega, model, given)
            kept += 1
        except (UnsupportedObjectError, UntrustedObjectError) as error:
            assert "python.pickle" in str(error)  # noqa: PT017 - the message is the point
            refused.add(name)
    assert kept > 120
    assert refused <= {"Birch"}


def fitted(cls: type, construct: Any) -> tuple[Any, Any]:
    """Return an estimator that is fitted to the first rows that it takes, and these."""
    positive = np.abs(X)
    several = (X, Y), (positive, Y), (positive, None), (X, X[:, :2]), (X[:, 0], Y), (TEXTS, Y)
    for given, wanted in several:
        try:
            model = next(iter(construct(cls)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(given, wanted)
                answers(model, given)
        except Exception:  # noqa: BLE001 - each has its own reasons
            continue
        return model, given
    return None, None
