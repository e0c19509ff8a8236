"""Filters: which rows of a dataset are meant, whatever keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MEANT", "OPERATORS", "Q", "Test"]

OPERATORS = (
    "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "contains", "startswith",
    "isnull", "lte", "gte",
)  # fmt: skip
"""What a column can be asked for; ``lte`` and ``gte`` are ``le`` and ``ge``."""


MEANT = {
    "=": "eq", "==": "eq", "equals": "eq", "equal": "eq", "is": "eq", "exact": "eq",
    "!=": "ne", "<>": "ne", "not": "ne", "neq": "ne",
    "<": "lt", "less": "lt", "<=": "le", ">": "gt", "greater": "gt", ">=": "ge",
    "isin": "in", "notin": "not_in", "not in": "not_in", "nin": "not_in", "range": "between",
    "like": "contains", "has": "contains", "beginswith": "startswith", "prefix": "startswith",
    "isna": "isnull", "null": "isnull", "notna": "isnull", "notnull": "isnull",
}  # fmt: skip
"""What the operators of other languages and libraries are called here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One column, one operator, one value.

    Without an operator `column` is a keyword as people write it, like ``month__gte``: only who
    knows the columns can tell where the name in it ends.
    """

    __test__ = False  # nothing that pytest should collect

    column: Any
    op: str | None
    value: Any

    @classmethod
    def of(cls, column: Any, op: str | None, value: Any) -> Test:
        """Return a test that can be used more than once, whatever the value is."""
        return cls(column=column, op=op, value=[*value] if isinstance(value, Iterator) else value)


class Q:
    """A condition on rows: tests that hold together, to be joined with ``&``, ``|`` and ``~``.

    ``Q(month__gte=6, carrier="UA")`` is written like the keywords of `get`;
    ``Q(column, op, value)`` takes any label, also one that is no text or holds ``__``.
    """

    join: Literal["and", "or", "not"]
    parts: tuple[Q | Test, ...]

    def __init__(self, /, *test: Any, **tests: Any) -> None:
        if test and (len(test) != 3 or tests):
            raise TypeError("Q takes a column, an operator and a value, or keywords")
        self.join = "and"
        if test:
            column, op, value = test
            self.parts = (Test.of(column, str(op), value),)
        else:
            self.parts = tuple(Test.of(keyword, None, value) for keyword, value in tests.items())

    @classmethod
    def every(cls, conditions: Sequence[Q], tests: Mapping[str, Any]) -> Q | None:
        """Return what all `conditions` and `tests` ask for together, None when that is nothing.

        Raises
        ------
        TypeError
            If one of the conditions is none.
        """
        for condition in conditions:
            if not isinstance(condition, Q):
                raise TypeError(
                    f"a condition is a Q, not a {type(condition).__name__}: write it as a keyword,"
                    " month__ge=6, or as Q(month__ge=6)"
                )
        parts = [*conditions, *([cls(**tests)] if tests else [])]
        return _joined("and", *parts) if parts else None

    def __and__(self, other: Q) -> Q:
        return _joined("and", self, other) if isinstance(other, Q) else NotImplemented

    def __or__(self, other: Q) -> Q:
        return _joined("or", self, other) if isinstance(other, Q) else NotImplemented

    def __invert__(self) -> Q:
        return _joined("not", self)

    def __bool__(self) -> bool:
        # `Q(…) and Q(…)` would silently be the second alone.
        raise TypeError("a Q is neither true nor false: join with & | ~ instead of and, or, not")

    def __repr__(self) -> str:
        texts = [_told(part) for part in self.parts]
        if self.join == "not":
            return f"~{texts[0]}"
        if len(texts) == 1:
            return texts[0]
        return f"({(' & ' if self.join == 'and' else ' | ').join(texts)})"


def _joined(join: Literal["and", "or", "not"], *parts: Q) -> Q:
    joined = Q()
    joined.join, joined.parts = join, parts
    return joined


def _told(part: Q | Test) -> str:
    if isinstance(part, Q):
        return repr(part)
    if part.op is None:
        return f"Q({part.column}={part.value!r})"
    return f"Q({part.column!r}, {part.op!r}, {part.value!r})"
