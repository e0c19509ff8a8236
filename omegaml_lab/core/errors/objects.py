"""Errors about names, and what is kept under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.errors.base import OmegaError
from omegaml_lab.core.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ConflictError",
    "IntegrityError",
    "InvalidArchiveError",
    "InvalidAttributeError",
    "InvalidFilterError",
    "InvalidFrameError",
    "InvalidNameError",
    "InvalidOptionError",
    "InvalidQueryError",
    "InvalidRetentionError",
    "InvalidScriptError",
    "NotAFileError",
    "NotInTrashError",
    "ObjectExistsError",
    "ObjectNotFoundError",
    "SchemaMismatchError",
    "UnknownColumnError",
    "UnknownKindError",
    "UnsupportedObjectError",
    "UntrustedObjectError",
]


class InvalidNameError(OmegaError, ValueError):
    """A name breaks the rules of ``core.names``."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        shown = name if len(name) <= 600 else name[:600] + "…"
        super().__init__(f"{shown!r} is not a valid name: {reason}")


class ObjectNotFoundError(OmegaError, LookupError):
    """No object, or no such revision or tag of it, is kept under this name."""

    def __init__(
        self, store: str, name: str, *, known: Iterable[str] = (), there: str | None = None
    ) -> None:
        self.store = store
        self.name = name
        listed = there or f"A list of {store} shows what there is."
        super().__init__(f"There is no {name!r} in {store}.{suggestion(name, known)} {listed}")


class ObjectExistsError(OmegaError, FileExistsError):
    """An object is already kept under this name and must not be replaced.

    With `inside` that is a folder which must not be dropped, for objects are in it.
    """

    def __init__(
        self, store: str, name: str, *, option: str | None = None, inside: bool = False
    ) -> None:
        self.store = store
        self.name = name
        if inside:
            super().__init__(
                f"The folder {name!r} in {store} is not empty: drop what is in it first, or all of"
                " it at once (recursive=True, --recursive)."
            )
            return
        named = f" ({option}=…)" if option else ""
        super().__init__(
            f"{name!r} already exists in {store}: choose another name{named} or drop it."
        )


class NotInTrashError(OmegaError, LookupError):
    """Nothing of this name or id is in the trash."""

    def __init__(self, store: str, name: str, *, exists: bool = False) -> None:
        self.store = store
        self.name = name
        there = (
            f" It is in {store}: `restore('{name}@2')` makes an earlier revision the newest."
            if exists
            else ""
        )
        super().__init__(
            f"{name!r} is not in the trash of {store}.{there} `om.{store}.trash()` lists what is."
        )


class ConflictError(OmegaError, RuntimeError):
    """Somebody else changed the object first.

    `expected` and `actual` are the same when others were faster each time that it was tried, or
    when it is `another` object that has this revision, and the name.
    """

    def __init__(
        self, store: str, name: str, *, expected: int, actual: int, another: bool = False
    ) -> None:
        self.store = store
        self.name = name
        self.expected = expected
        self.actual = actual
        if another:
            super().__init__(
                f"{name!r} in {store} is another object now: that which was there was renamed or"
                " dropped, and somebody else's is in its place. Get it, merge, and put again."
            )
            return
        if expected == actual:
            super().__init__(
                f"{name!r} in {store} is at revision {actual}, and nothing was done: others"
                " changed it first each time that it was tried. Try again when they are fewer."
            )
            return
        super().__init__(
            f"{name!r} in {store} is at revision {actual}, not {expected}: somebody else"
            f" changed it. Get revision {actual}, merge, and put again."
        )


class UnsupportedObjectError(OmegaError, TypeError):
    """No backend of this store takes such an object, or not the one that was asked to."""

    def __init__(
        self,
        store: str,
        obj_type: str,
        *,
        kinds: Iterable[str] = (),
        stores: Iterable[str] = (),
        instead: str | None = None,
    ) -> None:
        self.store = store
        self.obj_type = obj_type
        self.kinds = tuple(kinds)
        self.stores = tuple(stores)
        others = " and ".join(f"`om.{other}.put`" for other in self.stores)
        remedy = f"Keep it by {others}" if others else "Convert it, or install a backend for it"
        remedy = f"Put {instead}" if instead else remedy
        listed = f" Kinds it knows: {', '.join(self.kinds)}." if self.kinds else ""
        super().__init__(f"{store} cannot keep {_with_article(obj_type)}. {remedy}.{listed}")


def _with_article(told: str) -> str:
    return f"{'an' if told[:1].lower() in 'aeio' else 'a'} {told}"


class UnknownKindError(OmegaError, LookupError):
    """No installed backend knows this kind."""

    def __init__(self, kind: str, *, known: Iterable[str] = ()) -> None:
        known = sorted(known)
        self.kind = kind
        self.known = tuple(known)
        super().__init__(
            f"No installed backend knows the kind {kind!r}.{suggestion(str(kind), known)}"
            f" Known kinds: {', '.join(known)}."
        )


class NotAFileError(OmegaError, TypeError):
    """The object is not kept as one sequence of bytes, or is a folder."""

    def __init__(self, store: str, name: str, kind: str) -> None:
        self.store = store
        self.name = name
        self.kind = kind
        remedy = "list() shows what is in it" if kind == "folder" else "get() returns the object"
        super().__init__(
            f"{name!r} in {store} cannot be read like a file, it is kept as {kind}: {remedy}."
        )


class InvalidAttributeError(OmegaError, ValueError):
    """An attribute is not a JSON value that MongoDB can keep."""

    def __init__(self, attribute: str, reason: str) -> None:
        self.attribute = attribute
        self.reason = reason
        super().__init__(f"Attribute {attribute!r} cannot be kept: {reason}.")


class InvalidRetentionError(OmegaError, ValueError):
    """A rule that says which revisions are kept, or a length of time, cannot be understood."""

    def __init__(self, given: object, reason: str, *, what: str = "rule of retention") -> None:
        self.given = given
        self.reason = reason
        example = "" if "30d" in reason else ", as 'last 20' or 'all 1h, daily 30d, monthly'"
        super().__init__(f"{given!r} is no {what}: {reason}{example}.")


class InvalidFrameError(OmegaError, ValueError):
    """A data frame cannot be kept as it is."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The frame {name!r} cannot be kept: {reason}.")


class UnknownColumnError(OmegaError, LookupError):
    """A frame has no such column; `options` are those that were asked for in the same way."""

    def __init__(
        self,
        name: str,
        column: object,
        *,
        known: Iterable[object] = (),
        options: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        self.name = name
        self.column = column
        self.known = tuple(known)
        self.options = tuple(options)
        if hint is None:
            hint = suggestion(str(column), (str(k) for k in self.known))
        some = ", ".join(repr(k) for k in self.known[:20])
        more = f" and {len(self.known) - 20} more" if len(self.known) > 20 else ""
        told, its = "", ""
        if self.options:
            told = ", and there is no such option"
            its = f" Its options are {', '.join(sorted(self.options))}."
        super().__init__(
            f"{name!r} has no column {column!r}{told}.{hint} It has: {some}{more}.{its}"
        )


class InvalidFilterError(OmegaError, ValueError):
    """A filter has no such operator, or a value that its column cannot be compared to."""

    def __init__(
        self,
        name: str,
        column: object,
        op: str,
        reason: str,
        *,
        known: Iterable[str] = (),
        meant: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.column = column
        self.op = op
        self.reason = reason
        self.known = tuple(known)
        listed = f" There are: {', '.join(self.known)}." if self.known else ""
        super().__init__(
            f"The filter {op!r} on column {column!r} of {name!r} cannot be used: {reason}."
            f"{suggestion(op, self.known, meant=meant)}{listed}"
        )


class InvalidQueryError(OmegaError, ValueError):
    """An aggregate that is asked for is not known, or a column has none of that kind."""

    def __init__(
        self,
        name: str,
        reason: str,
        *,
        known: Iterable[str] = (),
        wanted: str = "",
        meant: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.reason = reason
        self.known = tuple(known)
        listed = f" There are: {', '.join(self.known)}." if self.known else ""
        super().__init__(
            f"The query of {name!r} cannot be answered: {reason}."
            f"{suggestion(wanted, self.known, meant=meant)}{listed}"
        )


class SchemaMismatchError(OmegaError, ValueError):
    """Rows are not like those that they should be added to."""

    def __init__(self, name: str, reason: str, *, remedy: str = "Convert them first") -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The rows cannot be added to {name!r}: {reason}. {remedy}.")


class InvalidOptionError(OmegaError, TypeError):
    """What is asked of an object is not for objects of its kind."""

    def __init__(self, store: str, name: str, kind: str, reason: str) -> None:
        self.store = store
        self.name = name
        self.kind = kind
        self.reason = reason
        super().__init__(f"{name!r} in {store} is kept as {kind}: {reason}.")


class InvalidScriptError(OmegaError, ValueError):
    """Python code cannot be kept as a script, or not be run as one."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The script {name!r} cannot be used: {reason}.")


class UntrustedObjectError(OmegaError, PermissionError):
    """A stored payload would run code when loaded, and nothing vouches for it."""

    def __init__(self, name: str, reason: str, *, done: str = "loaded") -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name!r} was not {done}, because it is not trusted: {reason}")


class InvalidArchiveError(OmegaError, ValueError):
    """A file is no archive, or is damaged: what it has was not taken in."""

    def __init__(self, path: object, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(
            f"The archive {self.path} cannot be taken in: {reason}. What is complete in the"
            " repository stays; importing a sound copy goes on from there."
        )


class IntegrityError(OmegaError, OSError):
    """A stored payload is incomplete or does not match its checksum."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"The stored {what} is damaged: {reason}. Restore an earlier revision.")
