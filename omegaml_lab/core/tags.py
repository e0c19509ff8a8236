"""Tags of runs: words that they are found by, and tokens that name a request."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from omegaml_lab.core.errors import InvalidAttributeError

__all__ = ["check_tags", "run_id_of"]

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
        if not isinstance(tag, str) or not tag.strip() or len(tag) > _LONGEST:
            reason = f"{tag!r} is no text of 1 to {_LONGEST} characters"
            raise InvalidAttributeError("tags", reason)
    if len(tags) > _MOST:
        raise InvalidAttributeError("tags", f"there are {len(tags)}, and {_MOST} at most may be")
    return tags


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
