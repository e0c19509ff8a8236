"""Text that is likely to be meant for where something is, and not for itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omegaml_lab.core.suggestions import aside
from omegaml_lab.core.urls import redacted, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["is_host", "not_meant", "scheme_unknown"]

_SUFFIXES = [
    *("csv", "tsv", "txt", "json", "jsonl", "ndjson", "geojson", "parquet", "pq", "feather"),
    *("arrow", "orc", "avro", "xls", "xlsx", "xlsm", "ods", "pkl", "pickle", "joblib", "npy"),
    *("npz", "h5", "hdf5", "nc", "mat", "sas7bdat", "sav", "dta", "rds", "db", "sqlite", "shp"),
    *("gpkg", "zip", "gz", "bz2", "xz", "zst", "tar", "tgz", "ipynb", "py", "yaml", "yml"),
    *("toml", "xml", "html", "md", "log", "png", "jpg", "jpeg", "gif", "svg", "pdf"),
]
_ROOTS = r"(?:[A-Za-z]:[\\/]|~?/|\.{1,2}[\\/])"
_PATH = re.compile(rf"(?:{_ROOTS}[^\n]*|\S+)\.(?:{'|'.join(_SUFFIXES)})", re.IGNORECASE)
_HOST = re.compile(r"(www\.[\w.-]+|[\w.-]+\.(com|org|net|io|edu|gov|dev|ai))(/.*)?", re.IGNORECASE)
_LONGEST = 1000

_TEXT = "kind='python.value' keeps the text"


def not_meant(text: str, schemes: Callable[[], Iterable[str]]) -> tuple[str, str] | None:
    """Return a text that is a path or a URL as it may be shown, and what to do instead.

    None if it is neither. Whether there is such a file does not matter: what is kept must not
    depend on the folder in which one is. `schemes` says which URLs are known.
    """
    scheme = scheme_of(text)
    if scheme is not None:
        return redacted(text), f"{scheme_unknown(scheme, schemes())}; {_TEXT}"
    if len(text) <= _LONGEST and _PATH.fullmatch(text):
        rows = text.lower().endswith((".csv", ".csv.gz", ".parquet", ".jsonl"))
        reader = "read_parquet" if text.lower().endswith(".parquet") else "read_csv"
        reader = "read_json" if text.lower().endswith(".jsonl") else reader
        told = f" {reader}({text!r}, NAME) its rows," if rows else ""
        reason = f"Path({text!r}) keeps the file, as it is,{told} and {_TEXT}"
        return repr(text), f"no path is followed by itself. {reason}"
    return None


def scheme_unknown(scheme: str, known: Iterable[str]) -> str:
    """Say that nobody knows a scheme, and which one may be meant."""
    if scheme.startswith("mongodb"):
        return "a collection of MongoDB is put as such, db['name'] of pymongo"
    meant = {"htp": "http", "hhtp": "http", "htps": "https", "hdfs3": "hdfs", "azure": "abfs"}
    return f"there is no scheme {scheme!r} that fsspec knows{aside(scheme, known, meant=meant)}"


def is_host(text: str) -> bool:
    """Say whether a path begins as an address of the web does that lacks its scheme."""
    return _HOST.fullmatch(text) is not None
