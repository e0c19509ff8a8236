"""Functions to be kept as scripts, good ones and others."""

from __future__ import annotations

import functools
import math
from math import sqrt
from typing import TYPE_CHECKING

import omegaml_lab as om

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 3


def plain(a: int, b: float = 2.5, *, word: str = "x") -> str:
    """Say it."""
    return f"{word}{a * b}"


def annotated(frame: pd.DataFrame, limit: Nowhere = None) -> pd.DataFrame:  # noqa: F821
    return frame.head(limit or 1)


def nested(n):
    import math as m

    factor = 2

    class Counter:
        step = 1
        double = step * 2

        def count(self):
            return [m.floor(i) * factor for i in range(n) if i != factor]

    def twice(values):
        return [v * 2 for v in values]

    return twice(Counter().count())


def recursive(n):
    return 1 if n < 2 else n * recursive(n - 1)


def own_global():
    global counter  # noqa: PLW0603
    counter = 1
    return counter


async def slow(n):
    import asyncio

    await asyncio.sleep(0)
    return n + 1


def numbers(n):
    yield from range(n)


def uses_module():
    return math.pi


def uses_function():
    return sqrt(2)


def uses_own():
    return plain(LIMIT)


def uses_nothing():
    return undefined_name  # noqa: F821


def default(n=LIMIT):
    return n


def in_notebook(frame):
    display(frame)  # noqa: F821


@functools.cache
def cached(n):
    return n


def timed(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@timed
def decorated(n):
    return n


def make_closure(factor):
    def closure(n):
        return n * factor

    return closure


double = lambda n: n * 2  # noqa: E731


class Holder:
    def method(self):
        return self


@om.virtual
def today(day: str = "monday"):
    return {"day": day}


@om.virtual(
    requires=["pandas>=2"],
)
def with_requirements():
    return 1
