"""What a notebook requires: in lines ``# requires: pandas>=2, lightgbm``, or in its metadata."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from omegaml_lab.core.errors import InvalidRequirementError
from omegaml_lab.runtime.jobs.parameters import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["normalized", "required_by"]

_LINE = re.compile(r"#[ \t]*requires:(.*)", re.ASCII)
_OPERATORS = ("<", ">", "=", "!", "~")
_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
_FORM = "write it as pip takes it, as pandas>=2 or lightgbm"


def required_by(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a notebook requires, spelt evenly and sorted; what is met is in it too.

    Comments count in Python only: in other languages they are no requirements of Python.

    Raises
    ------
    InvalidRequirementError
        If one of them is not a name with versions, such as ``package>=1.2``.
    """
    found = [*_from_metadata(notebook["metadata"])]
    if language_of(notebook).lower() == "python":
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                found += _from_source("".join(cell["source"]))
    return tuple(sorted({normalized(text) for text in found}))


def normalized(text: str) -> str:
    """Return a requirement as all who mean it spell it.

    Raises
    ------
    InvalidRequirementError
        If it is none, or an option, or says by an address what is installed: what is kept for
        other runs is known by these words, and must be the same for all of them.
    """
    shown = _without_password(text)
    if text.startswith("-"):
        reason = (
            "options of pip are set where the worker runs (OMEGA_ENVIRONMENT_OPTIONS), not in"
            " a notebook"
        )
        raise InvalidRequirementError(shown, reason)
    if "://" in text or text.startswith((".", "/")):
        reason = (
            "an address or a path is none of a package in an index; put such code into the"
            " repository, or have the worker's administrator add it to the index"
        )
        raise InvalidRequirementError(shown, reason)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = f"{str(error).splitlines()[0].rstrip('.')}; {_FORM}"
        raise InvalidRequirementError(shown, reason) from error
    if requirement.url is not None:
        raise InvalidRequirementError(shown, f"it says where it is; {_FORM}")
    if any(specifier.operator == "===" for specifier in requirement.specifier):
        # It takes any text for a version, and pip some of them for a path.
        raise InvalidRequirementError(shown, f"=== is for what is no version; {_FORM}")
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def _from_metadata(metadata: Mapping[str, Any]) -> Iterator[str]:
    omega = metadata.get("omega")
    given = omega.get("requires") if isinstance(omega, dict) else None
    if given is None:
        return
    if not isinstance(given, list):
        raise InvalidRequirementError(given, "omega.requires of its metadata must be a list")
    for each in given:
        if not isinstance(each, str):
            raise InvalidRequirementError(each, f"it is no text; {_FORM}")
        yield each.strip()


def _from_source(source: str) -> Iterator[str]:
    if "requires:" not in source:
        return
    if source.startswith("%%") and not source.startswith(_OF_PYTHON):
        return  # what is under such a line is no Python
    for comment in _comments(source):
        if line := _LINE.fullmatch(comment.rstrip()):
            yield from _split(re.sub(r"(^|\s)#.*", "", line[1]))


def _comments(source: str) -> Iterator[str]:
    """Yield the comments that begin their line; all lines where the source is not all Python."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.start[1] == 0:
                yield token.string
    except (tokenize.TokenError, SyntaxError):  # a magic: what came before it was told already
        yield from source.splitlines()


def _split(text: str) -> list[str]:
    """Return the requirements in a line: a comma may also be between versions, or extras."""
    parts: list[str] = []
    for part in re.split(r",(?![^\[(]*[\])])", text):
        if parts and part.lstrip().startswith(_OPERATORS):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return [part.strip() for part in parts if part.strip()]


def _without_password(text: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://*****@", text)
