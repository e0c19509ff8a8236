"""Tags of runs: words that they are found by; labels of workers, and tokens of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from omegaml_lab.core.errors import InvalidAttributeError

__all__ = ["check_label", "check_tags", "run_id_of"]

_MOST = 20
_LONGEST = 100


def check_tags(given: Iterable[str] | None) -> tuple[str, ...]:
    """Return tags without repetition, in their order.

    Raises
    ------
    InvalidAttributeError
        If one is no text, empty or longer than 100 characters, or there are more than 20.
    """
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidAttributeError("tags", f"{given!r} is no list of texts")
    tags = tuple(dict.fromkeys(given))
    for tag in tags:
        fits = isinstance(tag, str) and tag.strip() and len(tag) <= _LONGEST and _size(tag)
        if not fits:
            reason = f"{tag!r} is no text of 1 to {_LONGEST} characters"
            raise InvalidAttributeError("tags", reason)
    if len(tags) > _MOST:
        raise InvalidAttributeError("tags", f"there are {len(tags)}, and {_MOST} at most may be")
    return tags


def check_label(given: object) -> str:
    """Return the label of a worker when it is legal: it becomes part of a queue's name.

    Raises
    ------
    InvalidAttributeError
        If it is no text, empty, longer than 100 bytes, or has control characters.
    """
    if isinstance(given, str) and given.strip() and 0 < _size(given) <= _LONGEST:
        if given.isprintable():
            return given
        raise InvalidAttributeError("label", f"{given!r} has characters that cannot be seen")
    raise InvalidAttributeError("label", f"{given!r} is no text of 1 to {_LONGEST} bytes")


def _size(text: str) -> int:
    """Return how many bytes a text takes, 0 when it cannot be encoded."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return 0


def run_id_of(bucket: str, job: str, token: str) -> str:
    """Return the id of the one run of a job that is asked for with a token.

    Raises
    ------
    InvalidAttributeError
        If the token is no text, or empty.
    """
    if not isinstance(token, str) or not token:
        raise InvalidAttributeError("token", f"{token!r} is no text")
    parts = "\0".join((bucket, job, token))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
