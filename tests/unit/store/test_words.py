"""What is asked wrongly: what was wrong, what there is, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pytest

from omegaml_lab.core.errors import (
    ConflictError,
    InvalidFrameError,
    InvalidNameError,
    InvalidOptionError,
    ObjectExistsError,
    ObjectNotFoundError,
    SchemaMismatchError,
    UnknownColumnError,
    UnknownKindError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaml_lab.omega import Omega
    from omegaml_lab.store.datasets import DatasetStore

FRAME = pd.DataFrame({"month": [1, 2, 3], "s": ["a", "b", "c"]})


@pytest.fixture
def data(omega: Omega) -> DatasetStore:
    omega.datasets.put(FRAME, "f")
    return omega.datasets


def readers(data: DatasetStore) -> list[Callable[..., Any]]:
    return [data.get, data.getl, lambda *a, **k: next(data.iterchunks(*a, **k)), data.query]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("colums", "Did you mean 'columns'"),
        ("usecols", "Did you mean 'columns'"),
        ("limit", r"head\(NAME, 10\)"),
        ("filters", "chosen by conditions"),
        ("version", "'NAME@3' is revision 3"),
        ("chunksize", "chunk_rows="),
        ("month_ge", "Did you mean 'month__ge'"),
        ("Month", "Did you mean 'month'"),
    ],
)
def test_a_keyword_that_is_neither_column_nor_option(
    data: DatasetStore, option: str, told: str
) -> None:
    for read in readers(data):
        with pytest.raises(UnknownColumnError, match=f"{option!r}, and .* such option") as error:
            read("f", **{option: 3})
        message = str(error.value)
        assert "It has: 'index', 'month', 's'." in message
        assert "columns" in error.value.options
        with pytest.raises(UnknownColumnError, match=told):
            read("f", **{option: 3})


def test_a_query_knows_the_words_of_pandas(data: DatasetStore) -> None:
    for option, told in (("agg", "'aggregate'"), ("groupby", "'by'"), ("mean", "aggregate={COL")):
        with pytest.raises(UnknownColumnError, match=told):
            data.query("f", **{option: "month"})


def test_a_column_that_is_named_elsewhere_is_no_option(data: DatasetStore) -> None:
    with pytest.raises(UnknownColumnError) as error:
        data.get("f", columns=["limit"])
    assert "option" not in str(error.value)


def test_what_is_no_condition(data: DatasetStore) -> None:
    for read in readers(data):
        for wrong, told in (
            ("month > 1", "write it as a keyword"),
            (["s"], r"columns=\['s'\]"),
            (FRAME["month"] > 1, "as in pandas"),
        ):
            with pytest.raises(InvalidOptionError, match=f"a condition is a Q.*{told}"):
                read("f", wrong)
    data.put(np.arange(3), "a")
    with pytest.raises(InvalidOptionError, match="by name: rows"):
        data.get("a", slice(0, 2))
    with pytest.raises(InvalidOptionError, match="no columns that could be chosen"):
        data.get("a[x]")


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("appnd", "append"), ("mode", "append"), ("if_exists", "append"),
        ("overwrite", "replace"), ("attrs", "attributes"), ("chunksize", "chunk_rows"),
        ("sort_by", "index"),
    ],
)  # fmt: skip
def test_an_option_of_put_that_is_none(data: DatasetStore, option: str, meant: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"Did you mean {meant!r}"):
        data.put(FRAME, "f", **{option: True})
    assert data.metadata("f").revision == 1


def test_flags_are_true_or_false(data: DatasetStore) -> None:
    for flag in ("append", "replace", "keep", "folders"):
        for wrong in ("no", 1, None):
            with pytest.raises(InvalidOptionError, match=f"{flag} takes True or False"):
                data.put(FRAME, "f", **cast("Any", {flag: wrong}))
    assert data.metadata("f").revision == 1
    data.put(FRAME, "f", append=cast("Any", np.True_))
    assert len(data.get("f")) == 6


def test_what_is_expected_is_a_revision(data: DatasetStore) -> None:
    for wrong in ("1", True, 1.0):
        with pytest.raises(InvalidOptionError, match="number of a revision"):
            data.put(FRAME, "f", expect=cast("Any", wrong))
    with pytest.raises(ConflictError):
        data.put(FRAME, "f", expect=cast("Any", np.int64(7)))
    assert data.put(FRAME, "f", expect=cast("Any", np.int64(1))).revision == 2


def test_what_sorts_is_columns(data: DatasetStore) -> None:
    for wrong in (True, False, 3):
        for append in (True, False):
            with pytest.raises(InvalidOptionError, match="labels of the columns that sort"):
                data.put(FRAME, "f", append=append, index=wrong)


def test_kinds_that_are_none(data: DatasetStore) -> None:
    with pytest.raises(UnknownKindError, match=r"'pandas.chunks'"):
        data.put(FRAME, "f", kind="pandas")
    with pytest.raises(UnknownKindError):
        data.put(FRAME, "f", kind=cast("Any", 3))


def test_states_that_are_not_there(data: DatasetStore) -> None:
    with pytest.raises(ObjectNotFoundError, match=r"'f' has no tag 'prod': .* it has no tags"):
        data.get("f@prod")
    data.tag("f", "prod")
    told = "its newest revision is 1, and its tags are prod"
    with pytest.raises(ObjectNotFoundError, match=f"mean 'f@prod'.* no tag 'pord': {told}"):
        data.get("f@pord")
    for call in (data.get, data.restore, lambda name: data.tag(name, "x")):
        with pytest.raises(ObjectNotFoundError, match=f"'f' has no revision 9: {told}"):
            call("f@9")
    with pytest.raises(ObjectNotFoundError, match="no tag 'beta'"):
        data.untag("f", "beta")
    for wrong in ("f@0", "f@-1", "f@"):
        with pytest.raises(ObjectNotFoundError, match=r"'f' is there.* revision, from 1 on"):
            data.get(wrong)
    with pytest.raises(ObjectNotFoundError, match=r"before the state: 'f\[…\]@prod'"):
        data.get("f@prod[month]")
    with pytest.raises(InvalidNameError, match="a tag is text"):
        data.tag("f", cast("Any", None))


def test_where_else_it_is(omega: Omega, data: DatasetStore) -> None:
    data.put(1, "folder/inside")
    with pytest.raises(ObjectNotFoundError, match=r"Did you mean 'folder/inside'\?"):
        data.get("inside")
    omega.scripts.put(b"x", "code", kind="file")
    with pytest.raises(ObjectNotFoundError, match="there is one in scripts"):
        data.get("code")
    data.copy("f", "g", bucket="lab")
    with pytest.raises(ObjectNotFoundError, match="one in the bucket 'lab'"):
        data.get("g")
    data.drop("f")
    with pytest.raises(ObjectNotFoundError, match=r"restore\('f'\) brings it back"):
        data.get("f")
    with pytest.raises(ObjectNotFoundError, match="A list of datasets"):
        data.get("nowhere")


def test_a_folder_that_is_not_empty(data: DatasetStore) -> None:
    data.put(1, "folder/x")
    with pytest.raises(ObjectExistsError, match=r"'folder' in datasets is not empty.*recursive"):
        data.drop("folder")
    with pytest.raises(InvalidNameError, match="it is a int"):
        data.list(cast("Any", 3))
    with pytest.raises(InvalidNameError, match="it is a int"):
        data.copy("f", bucket=cast("Any", 3))


def test_rows_of_a_chunk_are_a_number(data: DatasetStore) -> None:
    with pytest.raises(InvalidFrameError, match="number of rows"):
        data.put(FRAME, "f", chunk_rows=cast("Any", "x"))


def test_rows_of_another_type(data: DatasetStore) -> None:
    for wrong, told in (
        (
            FRAME.astype({"month": float}),
            r"'month' is int64 there and float64 here.*astype\(\{'mon",
        ),
        (FRAME[["s"]], "they have no column 'month'. Give them the same columns"),
        (FRAME.assign(x=1, y=2), "it has no columns 'x', 'y'. Give them"),
    ):
        with pytest.raises(SchemaMismatchError, match=told):
            data.put(wrong, "f", append=True)
    kinds = pd.DataFrame({"c": pd.Categorical(["a", "b"])})
    data.put(kinds, "c")
    other = pd.DataFrame({"c": pd.Categorical(["b", "c"])})
    with pytest.raises(SchemaMismatchError, match=r"of 'a', 'b' there and .* of 'b', 'c' here"):
        data.put(other, "c", append=True)
    with pytest.raises(SchemaMismatchError, match="there and str here"):
        data.put(other.astype(str), "c", append=True)
    fewer = pd.DataFrame({"c": ["b"]}).astype(data.head("c", 0).dtypes)
    data.put(fewer, "c", append=True)
    assert data.get("c")["c"].tolist() == ["a", "b", "b"]
