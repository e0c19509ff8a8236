"""Files by reference: where they are is kept, they stay there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import IntegrityError, InvalidSourceError, SourceChangedError
from omegaml_lab.core.sources import scheme_unknown
from omegaml_lab.core.urls import looks_secret, redacted, scheme_of, secret_in
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import Backend, Written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaml_lab.storage.storage import Storage

__all__ = ["ReferenceBackend"]


class ReferenceBackend(Backend):
    """URLs of files. Taken for one is a text that is one URL of a scheme that fsspec knows.

    The file is looked at when it is put, and read whenever it is got, by who gets it. Option
    of put: `storage_options`, what fsspec wants to know and no secret. Options of get:
    `storage_options`, added to those, secrets among them; `check`, False for a file that has
    changed; `stream`, True for the open file instead of its bytes.
    """

    kind: ClassVar[str] = "file.reference"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})
    priority: ClassVar[int] = 10

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take URLs of schemes that fsspec knows, which is light, and asked for these only."""
        if type(obj) is not str or (scheme := scheme_of(obj)) is None:
            return False
        return scheme in _schemes()

    def write(
        self,
        obj: Any,
        storage: Storage,  # noqa: ARG002
        name: str,  # noqa: ARG002
        *,
        storage_options: Mapping[str, Any] | None = None,
    ) -> Written:
        """Write the reference, with what is known of the file now.

        Raises
        ------
        InvalidSourceError
            If it is no such URL, or it or an option holds a secret.
        SourceUnavailableError
            If the file is not there, or cannot be reached.
        """
        from omegaml_lab.frames.sources import state

        options = dict(storage_options or {})
        url = _checked(obj, options)
        found = state(url, options)
        plain = {"url": url, "options": options, "state": found}
        data = json.dumps(plain, sort_keys=True)
        # It is no blob: it must not be taken for the bytes of the file.
        return Written(
            payload=Payload(meta={"reference": data}),
            size=len(data),
            hash=hashlib.sha256(data.encode()).hexdigest(),
            details={"url": url, "source": found},
        )

    def read(
        self,
        payload: Payload,
        storage: Storage,  # noqa: ARG002
        name: str,
        *,
        storage_options: Mapping[str, Any] | None = None,
        check: bool = True,
        stream: bool = False,
    ) -> Any:
        """Return the bytes of the file, or with `stream` the open file, which is to be closed.

        Raises
        ------
        SourceChangedError
            If it is not as it was when it was put, and `check` is True.
        SourceUnavailableError
            If it is not there, or cannot be reached.
        """
        from omegaml_lab.frames.sources import open_file, state

        try:
            plain = json.loads(payload.meta["reference"])
            url, before = plain["url"], plain["state"]
            options = {**plain["options"], **(storage_options or {})}
        except (KeyError, ValueError, TypeError) as error:
            raise IntegrityError(f"reference {name!r}", str(error)) from error
        if check:
            now = state(url, options)
            if any(now[key] != before[key] for key in before.keys() & now.keys()):
                raise SourceChangedError(name, redacted(url), before=before, now=now)
        file = open_file(url, options)
        if stream:
            return file
        with file:
            return file.read()


def _schemes() -> frozenset[str]:
    from fsspec.registry import known_implementations

    return frozenset(known_implementations)


def _checked(obj: Any, options: Mapping[str, Any]) -> str:
    # Keys of object stores have spaces. By itself such a text is none: a sentence may begin so.
    scheme = scheme_of(obj.replace(" ", "+")) if isinstance(obj, str) else None
    if scheme is None:
        told = f"A {type(obj).__name__} that is no URL"
        raise InvalidSourceError(
            told, "give one URL, such as 's3://bucket/file', and nothing else"
        )
    if scheme not in _schemes():
        raise InvalidSourceError(redacted(obj), scheme_unknown(scheme, _schemes()))
    secret = secret_in(obj)
    if secret is not None:
        reason = f"it holds {secret}. Leave it out, and give it with get(storage_options={{…}})"
        raise InvalidSourceError(redacted(obj), reason)
    for key, value in _flat(options):
        if looks_secret(key):
            reason = f"the option {key!r} would be kept. Give it with get(storage_options={{…}})"
            raise InvalidSourceError(redacted(obj), reason)
        if not isinstance(value, str | int | float | bool | None):
            reason = f"the option {key!r} is no plain value"
            raise InvalidSourceError(redacted(obj), reason)
    return str(obj)


def _flat(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in options.items():
        found += _flat(value) if isinstance(value, dict) else [(str(key), value)]
    return found
