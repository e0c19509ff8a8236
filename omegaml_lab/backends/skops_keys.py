"""Keys of dicts in files of skops: JSON has only text for them, and skops makes the type of it.

So it loses a key that is False, `bool("false")` being True, and of two keys that read alike one.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["LostKeyError", "with_keys"]

_FALSE = ""
"""What `bool` takes for False; so a file is right for who reads it with skops alone."""


class LostKeyError(ValueError):
    """A dict has keys that would come back as others."""


def with_keys(state: Any) -> None:
    """Give the keys of all dicts in the state of a model the text that they come back from.

    Raises
    ------
    LostKeyError
        If a key has none.
    """
    waiting = [state]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            loader = node.get("__loader__")
            if loader == "DefaultDictNode":
                _check_words(node["content"]["main"])
            if loader == "DictNode":
                node["content"] = _textual(node)
            waiting += node.values()
        elif isinstance(node, list | tuple):
            waiting += node


def _textual(node: dict[str, Any]) -> dict[str, Any]:
    content = node["content"]
    made = {_text(key): value for key, value in content.items()}
    if len(made) < len(node["key_types"]["content"]):
        raise LostKeyError(f"a dict with keys of which two are alike as text: {[*content]!r:.200}")
    return made


def _text(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else _FALSE
    if isinstance(key, int | float):
        return json.dumps(key)
    raise LostKeyError(f"a dict with the key {key!r:.100}, which is neither text nor a number")


def _check_words(node: dict[str, Any]) -> None:
    """Raise unless all keys are text: skops takes them for names of arguments."""
    for key in node["content"]:
        if not isinstance(key, str):
            raise LostKeyError(f"a defaultdict with the key {key!r:.100}, which is no text")
