"""Names of objects: ``folder/name``, optionally with ``[columns]``, ``@revision`` or ``@tag``.

A name is data. Every character is legal but control characters, and a path has no empty
part, no ``.`` and no ``..``. Nothing here knows how names are stored.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from omegaml_lab.core.errors import InvalidNameError

__all__ = [
    "ARRIVING",
    "MAX_LENGTH",
    "MAX_PART",
    "Columns",
    "Name",
    "check_bucket",
    "check_path",
    "check_tag",
    "parent_of",
    "parse_name",
    "parse_selection",
]

MAX_LENGTH = 4096
"""Longest legal path, in bytes of UTF-8: what a disk allows."""

MAX_PART = 512
"""Longest legal part of a path, in bytes of UTF-8: twice what a disk allows."""

ARRIVING = ".arriving"
"""The bucket in which servers keep what is not whole yet: nobody else's, for it is cleared."""

_REVISION = re.compile(r"[1-9][0-9]{0,17}")  # what fits into 64 bits
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LONGEST_TAG = 100
# A column as it stands, or in double quotes, of which two are one.
_COLUMN = re.compile(r"""\s*(?:"((?:[^"]|"")*)"|([^",\[\]]+))\s*(,|$)""")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a dataset are meant: those of `labels`, or all others."""

    labels: tuple[str, ...]
    others: bool = False

    def __str__(self) -> str:
        listed = ",".join(_written(label) for label in self.labels)
        return f"[{'^' if self.others else ''}{listed}]"


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an object and, where given, which state of it is meant.

    ``Name("a@2x.png")`` is literal: the path holds the ``@``. Use :func:`parse_name` for what
    a person typed.
    """

    path: str
    revision: int | None = None
    tag: str | None = None
    columns: Columns | None = None

    def __post_init__(self) -> None:
        check_path(self.path)

    def __str__(self) -> str:
        path = self.path if self.columns is None else f"{self.path}{self.columns}"
        if self.revision is not None:
            return f"{path}@{self.revision}"
        return f"{path}@{self.tag}" if self.tag is not None else path

    @property
    def parent(self) -> str:
        """The folder that holds it, ``""`` at the top."""
        return parent_of(self.path)

    @property
    def base(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def pinned(self) -> bool:
        """Whether a certain state is meant, not just the newest."""
        return self.revision is not None or self.tag is not None


def check_path(path: str) -> str:
    """Return `path` when it is legal.

    Raises
    ------
    InvalidNameError
        If it is empty, too long, holds a control character or an empty, ``.`` or ``..`` part.
    """
    if not isinstance(path, str):
        raise InvalidNameError(_short(path), _no_text(path))
    if not path:
        raise InvalidNameError(path, "it is empty")
    if len(path.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        raise InvalidNameError(path, f"it is longer than {MAX_LENGTH} bytes")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in path):
        raise InvalidNameError(path, "control characters are not allowed")
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            raise InvalidNameError(path, f"{part!r} is not allowed as a part of the path")
        if len(part.encode()) > MAX_PART:
            raise InvalidNameError(path, f"a part of it is longer than {MAX_PART} bytes")
    return path


def check_bucket(bucket: str) -> str:
    """Return `bucket` when it is legal: a path of one part, so that it never runs into a name.

    Raises
    ------
    InvalidNameError
        If it is no legal path, holds a ``/``, or is `ARRIVING`.
    """
    if bucket == ARRIVING:
        raise InvalidNameError(bucket, "servers keep in it what they move, and clear it")
    if isinstance(bucket, str) and "/" in bucket:
        raise InvalidNameError(bucket, "a bucket has no '/'; use '-' or '_' instead")
    return check_path(bucket)


def check_tag(tag: str) -> str:
    """Return `tag` when ``name@tag`` would select it.

    Raises
    ------
    InvalidNameError
        If it is longer than 100 characters or is none: it begins with a letter or ``_``, and goes
        on with these, digits, ``-`` and ``.``.
    """
    if not isinstance(tag, str):
        raise InvalidNameError(_short(tag), f"it is a {type(tag).__name__}, and a tag is text")
    if len(tag) > _LONGEST_TAG:
        raise InvalidNameError(tag, f"a tag has at most {_LONGEST_TAG} characters")
    if not _TAG.fullmatch(tag):
        reason = "a tag begins with a letter or _, and goes on with letters, digits, _, - and ."
        raise InvalidNameError(tag, reason)
    return tag


def parent_of(path: str) -> str:
    """Return the folder of `path`, ``""`` when it is at the top."""
    return path.rpartition("/")[0]


def parse_name(text: str | Name) -> Name:
    """Parse what a person writes: ``flights``, ``flights@3`` or ``flights@prod``.

    What follows the last ``@`` is a revision when it is a whole number, a tag when it looks
    like an identifier, and otherwise part of the path.

    Raises
    ------
    InvalidNameError
        If the path is not legal.
    """
    return text if isinstance(text, Name) else Name(*_parted(text))


def _parted(text: str) -> tuple[str, int | None, str | None]:
    if not isinstance(text, str):
        raise InvalidNameError(_short(text), _no_text(text))
    path, at, selector = text.rpartition("@")
    if at and path and _REVISION.fullmatch(selector):
        return path, int(selector), None
    if at and path and _TAG.fullmatch(selector):
        return path, None, selector
    return text, None, None


def parse_selection(text: str) -> Name | None:
    """Parse a name that says which columns: ``flights[carrier,delay]``, ``flights[^delay]@3``.

    ``[^…]`` means all others. A column that holds one of ``,[]"``, begins with ``^``, or begins
    or ends with a space is put between double quotes, and each ``"`` in it is written twice.

    Returns
    -------
    The name without its columns, and these; None when nothing is selected. Only who knows the
    objects can tell whether one is called so as a whole.

    Raises
    ------
    InvalidNameError
        If the path is not legal.
    """
    path, revision, tag = _parted(text)
    if not path.endswith("]"):
        return None
    start = path.rfind("[")
    # A bracket between quotes does not open: what follows it has an odd number of them.
    while start > 0:
        columns = _columns(path[start + 1 : -1])
        if columns is not None:
            return Name(path[:start], revision, tag, columns)
        start = path.rfind("[", 0, start)
    return None


def _columns(text: str) -> Columns | None:
    others = text.startswith("^")
    labels: list[str] = []
    position, more = int(others), ","
    while more:
        found = _COLUMN.match(text, position)
        if found is None or (found[1] is None and not found[2].strip()):
            return None
        labels.append(found[2].strip() if found[1] is None else found[1].replace('""', '"'))
        position, more = found.end(), found[3]
    return Columns(tuple(labels), others=others)


def _written(label: str) -> str:
    plain = label and label == label.strip() and not label.startswith("^")
    if plain and not any(c in ',[]"' for c in label):
        return label
    quoted = label.replace('"', '""')
    return f'"{quoted}"'


def _short(given: object) -> str:
    """Return how an object is told that is no name: a frame has thousands of lines."""
    shown = repr(given).partition("\n")[0]
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _no_text(given: object) -> str:
    return f"it is a {type(given).__name__}, and a name is text"
