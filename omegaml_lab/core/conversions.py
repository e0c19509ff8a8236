"""What to make of objects that no kind keeps, by the names of their types: nothing is loaded."""

from __future__ import annotations

from enum import Enum

__all__ = ["conversion"]

_BY_NAME = {
    "range": "list(obj)", "deque": "list(obj)", "dict_keys": "list(obj)",
    "dict_values": "list(obj)", "dict_items": "list(obj)", "map": "list(obj)",
    "filter": "list(obj)", "zip": "list(obj)",
    "list_iterator": "list(obj), or frames that come one by one with kind='pandas.chunks'",
    "generator": "list(obj), or frames that come one by one with kind='pandas.chunks'",
    "DataFrameGroupBy": "what it aggregates to, obj.agg(…)",
    "SeriesGroupBy": "what it aggregates to, obj.agg(…)",
    "Rolling": "what it aggregates to, obj.mean()",
    "DatetimeIndexResampler": "what it aggregates to, obj.mean()",
    "Styler": "obj.data", "matrix": "numpy.asarray(obj)", "MaskedArray": "obj.filled()",
    "Figure": "the bytes that obj.savefig(buffer) writes", "LazyFrame": "obj.collect()",
    "Tensor": "obj.numpy()", "RecordBatch": "pyarrow.Table.from_batches([obj])",
    "SimpleNamespace": "vars(obj)", "Namespace": "vars(obj)", "Bunch": "dict(obj)",
}  # fmt: skip
_PLAIN = {dict: "dict(obj)", list: "list(obj)", set: "set(obj)", str: "str(obj)"}
_PANDAS = ("Index", "Array", "Categorical")


def conversion(obj: object) -> str | None:
    """Return what to put instead of an object, None if nothing is known."""
    cls = type(obj)
    package, name = cls.__module__.partition(".")[0], cls.__name__
    bases = (told for base, told in _PLAIN.items() if isinstance(obj, base))
    cases = {
        "obj.value": isinstance(obj, Enum),
        "dataclasses.asdict(obj)": hasattr(cls, "__dataclass_fields__"),
        "obj._asdict()": isinstance(obj, tuple) and hasattr(obj, "_asdict"),
        "pandas.DataFrame.sparse.from_spmatrix(obj)": package == "scipy" and hasattr(obj, "tocsr"),
        "obj.to_frame()": package == "polars" and name == "Series",
        "pandas.Series(obj)": package == "pandas" and name.endswith(_PANDAS),
    }
    found = next((told for told, is_case in cases.items() if is_case), None)
    return found or _BY_NAME.get(name) or next(bases, None)
