"""URLs of data that is kept elsewhere, and the secrets that must not be in them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

__all__ = ["looks_secret", "redacted", "scheme_of", "secret_in"]

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://\S+", re.ASCII)
_LONGEST = 4000
_SECRET = re.compile(
    r"pass(word|wd|phrase)?|pwd|secret|token|credential|signature|(^|[^a-z])sig($|[^a-z])"
    r"|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|^key$|^auth",
    re.IGNORECASE,
)


def scheme_of(text: str) -> str | None:
    """Return the scheme of what is one URL and nothing else; None for any other text."""
    if len(text) > _LONGEST or (found := _URL.fullmatch(text)) is None:
        return None
    return found[1]


def looks_secret(name: str) -> bool:
    """Say whether an option or a parameter of this name is likely to hold a secret."""
    return _SECRET.search(name) is not None


def secret_in(url: str) -> str | None:
    """Say in words where a URL holds a secret, without telling it; None when it holds none.

    Of web addresses that is any user, for a token is often given as one.
    """
    for part in url.split("::"):
        try:
            split = urlsplit(part)
        except ValueError:  # brackets that make no address
            return "an address that cannot be read"
        user, at, _ = split.netloc.rpartition("@")
        if at and (":" in user or split.scheme in {"http", "https"}):
            return "a password before the host"
        for name, value in parse_qsl(split.query):
            if value and looks_secret(name):
                return f"the parameter {name!r}"
    return None


def redacted(url: str) -> str:
    """Return a URL as it may be shown: without user, password and parameters."""
    shown = re.sub(r"//[^/?#]*@", "//…@", url)
    return re.sub(r"[?#].*", "?…", shown, flags=re.DOTALL)
