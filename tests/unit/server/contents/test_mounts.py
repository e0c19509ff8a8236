"""Paths, and the mounts that they belong to."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tornado.web import HTTPError

from omegaml_lab.server.contents.mounts import Mount, Mounts, clean, hidden, join

ROOT, OTHER = cast("Mount", object()), cast("Mount", object())


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [("", ""), ("/", ""), ("/a/b/", "a/b"), ("a//b", "a/b"), ("./a/./b", "a/b"), ("a b", "a b")],
)
def test_clean(path: str, cleaned: str) -> None:
    assert clean(path) == cleaned


@pytest.mark.parametrize("path", ["..", "a/../b", "/../a", "a/.."])
def test_nothing_leads_out(path: str) -> None:
    with pytest.raises(HTTPError) as caught:
        clean(path)
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("path", "mount", "inside"),
    [
        ("", ROOT, ""),
        ("a/b", ROOT, "a/b"),
        ("repo", OTHER, ""),
        ("repo/a", OTHER, "a"),
        ("repository/a", ROOT, "repository/a"),
        ("a/repo", ROOT, "a/repo"),
    ],
)
def test_find(path: str, mount: Any, inside: str) -> None:
    assert Mounts(ROOT, {"repo": OTHER}).find(path) == (mount, inside)


def test_prefix_and_mount_points() -> None:
    mounts = Mounts(ROOT, {"repo": OTHER})
    assert (mounts.prefix(ROOT), mounts.prefix(OTHER)) == ("", "repo")
    points = [p for p in ("", "repo", "repo/a", "a") if mounts.is_mount_point(p)]
    assert points == ["", "repo"]


def test_a_mount_without_name_is_not_shown() -> None:
    mounts = Mounts(ROOT, {"": OTHER})
    assert mounts.named == {}
    assert mounts.find("a") == (ROOT, "a")


def test_join_and_hidden() -> None:
    assert [join("", "a"), join("a", ""), join("a", "b")] == ["a", "a", "a/b"]
    assert hidden("a/.b/c")
    assert not hidden("a.b/c.d")
