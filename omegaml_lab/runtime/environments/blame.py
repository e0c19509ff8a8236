"""What an installer stumbled over: the package and the reason, in one line of what it said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["blamed"]

_LONGEST = 300
_FRAME = re.compile(r"^[\s│├╰╭─▶\u00d7]+")
_BECAUSE = re.compile(r"Because (.+?)(?:, we can conclude\b.*)?$")
_NO_VERSION = re.compile(r"satisfies the requirement (\S+) .*\(from versions: (.*)\)")
_CONFLICT = re.compile(r"Cannot install (.+?) because (.+)")
_UNBUILT = re.compile(r"[Ff]ailed (?:to build|building wheel for) [`']?([^`'\s]+)")
_LABEL = re.compile(r"^(?:error|cause|caused by): *", re.IGNORECASE)


def blamed(requires: Sequence[str], said: str) -> tuple[str, str]:
    """Return the requirement that could not be installed, and why, each in one line.

    Where that is not told, it is all requirements, and the last that the installer said.
    """
    reason = _reason(said)
    culprit = _named_in(reason, requires) or _named_in(said, requires)
    return culprit or ", ".join(requires), reason


def _reason(said: str) -> str:
    lines = [_FRAME.sub("", line).strip() for line in said.splitlines()]
    whole = " ".join(line for line in _until_hint(lines) if line)
    if found := _BECAUSE.search(whole):  # uv, which may break it into lines
        return _short(found[1])
    for line in lines:
        if found := _CONFLICT.search(line):
            return _short(f"{found[1]}: {found[2].rstrip('.')}")
        if found := _NO_VERSION.search(line):
            there = found[2].split(", ")
            newest = f"it is not among its versions, of which {there[-1]} is the last"
            return f"there is no package for {found[1]}" if there == ["none"] else newest
        if found := _UNBUILT.search(line):
            return f"{found[1]} could not be built"
    told = [line for line in lines if line]
    return _short(_LABEL.sub("", told[-1])) if told else "the installer did not say why"


def _until_hint(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines before advice, which names other things."""
    ends = (at for at, line in enumerate(lines) if line.startswith("hint:"))
    return lines[: next(ends, len(lines))]


def _named_in(text: str, requires: Sequence[str]) -> str | None:
    """Return the requirement that a text names first."""
    found = []
    for each in requires:
        try:
            name = canonicalize_name(Requirement(each).name)
        except InvalidRequirement:
            continue
        spelt = name.replace("-", "[-_.]+")
        if at := re.search(rf"(?<![\w.-]){spelt}(?![\w-])", text, re.IGNORECASE):
            found.append((at.start(), each))
    return min(found)[1] if found else None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
