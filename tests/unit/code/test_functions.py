"""A function is kept as source when it is whole by itself, and refused with a reason else."""

from __future__ import annotations

import functools

import pytest

from omegaml_lab.code.functions import source_of
from omegaml_lab.core.errors import InvalidScriptError
from tests.unit.code import examples


@pytest.mark.parametrize(
    "function",
    [
        examples.plain,
        examples.annotated,
        examples.nested,
        examples.recursive,
        examples.own_global,
        examples.slow,
        examples.numbers,
    ],
)
def test_a_whole_function_is_taken_as_it_stands(function) -> None:
    source, entry = source_of(function, "x")
    assert entry == function.__name__
    assert source.startswith(("def ", "async def "))
    assert source.endswith("\n")


def test_an_indented_function_is_moved_to_the_margin() -> None:
    def inner(n):
        return n + 1

    assert source_of(inner, "x") == ("def inner(n):\n    return n + 1\n", "inner")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (examples.uses_module, "'math' (write `import math` inside"),
        (examples.uses_function, "'sqrt' (write `from math import sqrt` inside"),
        (examples.uses_own, "'plain' (define it inside.*; 'LIMIT' (define it inside"),
        (examples.uses_nothing, "'undefined_name', which is defined nowhere"),
        (examples.default, "'LIMIT'"),
        (examples.in_notebook, "'display'"),
        (examples.cached, "'functools', which decorates it"),
        (examples.decorated, "'timed', which decorates it"),
        (examples.make_closure(2), "'factor' of the function that it is defined in"),
        (examples.double, "a lambda"),
        (examples.Holder().method, "a method"),
        (functools.partial(examples.plain, 1), "a partial"),
        (len, "no Python source"),
    ],
)
def test_what_would_be_missing_is_named(function, said: str) -> None:
    pattern = said.replace("(", r"\(")
    with pytest.raises(InvalidScriptError, match=pattern):
        source_of(function, "some/name")


def test_what_has_no_source_says_so() -> None:
    scope: dict = {}
    exec("def made(): return 1", scope)
    with pytest.raises(InvalidScriptError, match="prompt or made by exec"):
        source_of(scope["made"], "x")
    with pytest.raises(InvalidScriptError, match="a lambda"):
        source_of((lambda: 1), "x")


def test_decorators_of_ours_are_left_out() -> None:
    source, entry = source_of(examples.with_requirements.function, "x", without=("virtual",))
    assert (source, entry) == (
        "def with_requirements():\n    return 1\n",
        "with_requirements",
    )


def test_a_function_of_a_notebook_is_taken() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("import math\ndef area(r):\n    from math import pi\n    return pi * r * r")
    shell.run_cell("def bad(r):\n    return math.pi * r * r")
    source, _ = source_of(shell.user_ns["area"], "x")
    assert source.splitlines()[-1] == "    return pi * r * r"
    with pytest.raises(InvalidScriptError, match="import math"):
        source_of(shell.user_ns["bad"], "x")
