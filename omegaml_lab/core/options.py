"""What people mean by options that nobody takes: the words of pandas, SQL and other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.filters import OPERATORS
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["advice"]

_MEANT = {
    "usecols": ("columns",), "cols": ("columns",), "fields": ("columns",),
    "select": ("columns",), "projection": ("columns",),
    "agg": ("aggregate",), "aggs": ("aggregate",), "func": ("aggregate",),
    "aggfunc": ("aggregate",), "aggregates": ("aggregate",), "metrics": ("aggregate",),
    "groupby": ("by",), "group_by": ("by",), "group": ("by",), "groups": ("by",),
    "mode": ("append",), "if_exists": ("append", "replace"), "add": ("append",),
    "overwrite": ("replace",), "force": ("replace",), "exist_ok": ("replace",),
    "metadata": ("attributes",), "meta": ("attributes",), "attrs": ("attributes",),
    "tags": ("attributes",), "description": ("attributes",), "labels": ("attributes",),
    "chunksize": ("chunk_rows",), "chunk_size": ("chunk_rows",), "batch_size": ("chunk_rows",),
    "row_group_size": ("chunk_rows",), "npartitions": ("chunk_rows",),
    "sort": ("index",), "sort_by": ("index",), "sorted_by": ("index",), "order_by": ("index",),
    "index_col": ("index",), "set_index": ("index",), "partition_on": ("index",),
    "type": ("kind",), "format": ("kind",), "backend": ("kind",), "engine": ("kind",),
    "slice": ("rows",), "start": ("rows",), "stop": ("rows",),
    "where": ("query",), "filter": ("query",), "sql": ("query",),
    "n": ("limit",), "nrows": ("limit",), "head": ("limit",),
}  # fmt: skip
"""What options of others are called here, by what is known where it is said."""

_STATE = "A state is said in the name: 'NAME@3' is revision 3, 'NAME@prod' what is tagged prod."
_FIRST = "The first rows are head(NAME, 10)."
_ROWS = "Rows are chosen by conditions: month__ge=6, or Q(month__ge=6)."
_PARTS = "How many rows a part has is said when it is put: chunk_rows=…"
_DONE_BY = {
    "limit": _FIRST, "head": _FIRST, "nrows": _FIRST, "n": _FIRST, "top": _FIRST,
    "where": _ROWS, "filter": _ROWS, "filters": _ROWS, "query": _ROWS, "conditions": _ROWS,
    "condition": _ROWS, "mask": _ROWS, "expr": _ROWS,
    "revision": _STATE, "version": _STATE, "rev": _STATE, "tag": _STATE,
    "chunksize": _PARTS, "chunk_size": _PARTS, "chunk_rows": _PARTS, "batch_size": _PARTS,
    "npartitions": _PARTS, "partitions": _PARTS,
    "lazy": "getl(NAME) reads when it is computed.",
    "compression": "What is kept is compressed by itself.",
}  # fmt: skip
"""How that is done here for which others have an option."""

_AGGREGATES = {"mean", "sum", "min", "max", "count", "std", "var", "median", "size", "nunique"}


def advice(option: str, known: Iterable[str], columns: Iterable[object] = ()) -> str:
    """Return sentences about an option that is none; nothing where nothing is known of it.

    `known` are those that there are. With `columns` it may be meant as a condition.
    """
    known = list(known)
    labels = [label for label in columns if isinstance(label, str)]
    condition = _condition(option, labels)
    if condition:
        return f" Did you mean {condition!r}?"
    if option == "columns":
        return " It has no columns that could be chosen."
    meant = [word for word in _MEANT.get(option.casefold(), ()) if word in known]
    if meant:
        return f" Did you mean {meant[0]!r}?"
    if "aggregate" in known and option.casefold() in _AGGREGATES:
        return f" Aggregates are asked for with aggregate={{COLUMN: {option!r}}}."
    told = _DONE_BY.get(option.casefold())
    return f" {told}" if told and labels else suggestion(option, [*known, *labels])


def _condition(option: str, labels: Iterable[str]) -> str | None:
    """Return the condition that may be meant: ``month_ge`` lacks an underscore, or ``Month``."""
    for label in labels:
        if label.casefold() == option.casefold():
            return label
        op = option.removeprefix(f"{label}_")
        if op != option and op in OPERATORS:
            return f"{label}__{op}"
    return None
