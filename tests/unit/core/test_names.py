from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omegaml_lab.core.errors import InvalidNameError
from omegaml_lab.core.names import (
    ARRIVING,
    MAX_LENGTH,
    MAX_PART,
    Columns,
    Name,
    check_bucket,
    check_path,
    parent_of,
    parse_name,
    parse_selection,
)

PARTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=20
).filter(lambda part: part not in {".", ".."})
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(PATHS)
def test_every_character_but_control_is_legal(path: str) -> None:
    assert check_path(path) == path
    assert Name(path).path == path
    assert Name(path).parent == parent_of(path)


@given(PATHS, st.integers(min_value=1, max_value=10**18 - 1))
def test_a_revision_is_what_follows_the_last_at(path: str, revision: int) -> None:
    assert parse_name(f"{path}@{revision}") == Name(path, revision=revision)
    assert str(Name(path, revision=revision)) == f"{path}@{revision}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("flights", Name("flights")),
        ("a/b@prod", Name("a/b", tag="prod")),
        ("a@2x.png", Name("a@2x.png")),
        ("a@0", Name("a@0")),
        ("a@9999999999999999999", Name("a@9999999999999999999")),  # no 64 bits hold it
        ("@3", Name("@3")),
        ("a@b@3", Name("a@b", revision=3)),
        ("me@x.org/data", Name("me@x.org/data")),
    ],
)
def test_what_people_write(text: str, name: Name) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "path", ["", "/", "a/", "/a", "a//b", ".", "a/../b", "..", "a\x00b", "a\nb", "\ud800"]
)
def test_what_is_refused(path: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_path(path)
    assert caught.value.name == path


def test_the_longest_name_counts_bytes() -> None:
    part = "ä" * (MAX_PART // 2)
    longest = "/".join([part] * (MAX_LENGTH // MAX_PART))[:-5] + "x"
    longest += "x" * (MAX_LENGTH - len(longest.encode()))
    assert check_path(longest)
    with pytest.raises(InvalidNameError, match="longer than 4096"):
        check_path(longest + "x")


def test_the_longest_part_counts_bytes() -> None:
    assert check_path("ä" * (MAX_PART // 2))
    with pytest.raises(InvalidNameError, match="a part of it is longer than 512"):
        check_path("a/" + "ä" * (MAX_PART // 2) + "b/c")


@pytest.mark.parametrize("bucket", ["", "a/b", "/", "a\x00", "a\n", "\ud800", "..", ARRIVING])
def test_a_bucket_is_one_part(bucket: str) -> None:
    assert check_bucket("größe 1@x") == "größe 1@x"
    with pytest.raises(InvalidNameError):
        check_bucket(bucket)


LABELS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TRICKY = st.text(st.sampled_from(['"', "[", "]", ",", "^", " ", "a", "@", "3"]), max_size=8)
NAMED = PATHS | TRICKY.filter(lambda text: text and "/" not in text)
COLUMNS = st.builds(
    Columns, st.lists(LABELS | TRICKY, min_size=1, max_size=3).map(tuple), others=st.booleans()
)
STATES = st.fixed_dictionaries(
    {}, optional={"revision": st.integers(1, 10**9)}
) | st.fixed_dictionaries({"tag": st.sampled_from(["prod", "v1.0-rc"])})


@given(NAMED, COLUMNS, STATES)
def test_what_a_name_selects_is_read_as_it_is_written(
    path: str, columns: Columns, state: dict[str, Any]
) -> None:
    name = Name(path, columns=columns, **state)
    assert parse_selection(str(name)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("flights[carrier,delay]", Name("flights", columns=Columns(("carrier", "delay")))),
        ("a/b[^ x , y]@3", Name("a/b", revision=3, columns=Columns(("x", "y"), others=True))),
        ("a[1][x]@prod", Name("a[1]", tag="prod", columns=Columns(("x",)))),
        ('f["a,b","^c","say ""hi"""]', Name("f", columns=Columns(("a,b", "^c", 'say "hi"')))),
        ('f["a[0]"]', Name("f", columns=Columns(("a[0]",)))),
        ("a[1].csv", None),
        ("a[]", None),
        ("a[x,]", None),
        ("[x]", None),
        ("a[x", None),
        ("flights@3", None),
        ("flights@3[x]", Name("flights@3", columns=Columns(("x",)))),
    ],
)
def test_selections_that_people_write(text: str, name: Name | None) -> None:
    assert parse_selection(text) == name
