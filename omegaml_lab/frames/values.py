"""Python values as bytes, exact and safe to read: msgpack with extension types of ours.

The codes below are part of the stored form: never change or reuse one. Reading builds only
the types named here and runs nobody's code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgpack

from omegaml_lab.core.conversions import conversion
from omegaml_lab.core.errors import IntegrityError, UnsupportedObjectError
from omegaml_lab.frames import scientific

__all__ = ["TYPES", "pack", "unpack"]

_DEEPEST = 64
"""Each level of tuples, sets and the like takes 40 KiB of the C stack when it is read."""


def pack(value: Any) -> bytes:
    """Return `value` as bytes; equal values of equal types give equal bytes.

    Dictionaries keep their order. bytearray and memoryview come back as bytes.

    Raises
    ------
    UnsupportedObjectError
        If it holds anything that is not a plain Python, numpy or pandas value, or is nested
        too deep.
    """
    return _pack(value, 0)


def _pack(value: Any, depth: int) -> bytes:
    try:
        packed: bytes = msgpack.packb(
            value,
            default=partial(_encode, depth=depth + 1),
            strict_types=True,
            unicode_errors="surrogatepass",
        )
    except (ValueError, RecursionError) as error:
        # Nested too deep, or a reference to itself.
        raise UnsupportedObjectError("python.value", f"value that is {error}") from error
    return packed


def unpack(data: bytes) -> Any:
    """Return the value that `pack` turned into `data`.

    Raises
    ------
    IntegrityError
        If `data` was not made by `pack`.
    """
    return _unpack(data, 0)


def _unpack(data: bytes, depth: int) -> Any:
    if depth > _DEEPEST:  # whoever wrote that wants the stack to overflow
        raise IntegrityError("value", f"it is nested more than {_DEEPEST} deep")
    try:
        return msgpack.unpackb(
            data,
            ext_hook=partial(_decode, depth=depth + 1),
            strict_map_key=False,
            unicode_errors="surrogatepass",
        )
    except (ValueError, TypeError, LookupError, ArithmeticError, msgpack.UnpackException) as error:
        raise IntegrityError("value", str(error)) from error


def _encode(value: Any, *, depth: int) -> msgpack.ExtType:
    if depth > _DEEPEST:
        raise UnsupportedObjectError("python.value", f"value nested more than {_DEEPEST} deep")
    if type(value) in _SETS:
        return msgpack.ExtType(_SETS[type(value)], _pack_set(value, depth))
    encoder = _ENCODERS.get(type(value))
    if encoder is not None:
        code, encode = encoder
        return msgpack.ExtType(code, _pack(encode(value), depth))
    encoded = scientific.encode(value)
    if encoded is None:
        type_name = f"{type(value).__module__}.{type(value).__qualname__}"
        instead = conversion(value)
        if type(value).__name__ in {"DataFrame", "Series", "Table"}:
            instead = "each under a name of its own, or its values: obj.to_dict()"
        raise UnsupportedObjectError("python.value", type_name, kinds=TYPES, instead=instead)
    code, plain = encoded
    return msgpack.ExtType(code, _pack(plain, depth))


def _decode(code: int, data: bytes, *, depth: int) -> Any:
    decode = _DECODERS.get(code) or scientific.decoder(code)
    return decode(_unpack(data, depth))


def _pack_set(values: Any, depth: int) -> bytes:
    """Pack a set as a list, in an order that depends on nothing but the values."""
    # Each value is packed once: sets in sets would take twice the time for each level else.
    packed = sorted(_pack(value, depth) for value in values)
    header: bytes = msgpack.Packer().pack_array_header(len(packed))
    return header + b"".join(packed)


def _from_zone(zone: dt.tzinfo | None) -> Any:
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        return list(zone.__getinitargs__())  # type: ignore[attr-defined] # what pickle uses
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    name = getattr(zone, "zone", None)
    if isinstance(name, str) and type(zone).__module__.startswith("pytz"):
        return {"pytz": name}
    raise UnsupportedObjectError("python.value", f"time zone {zone!r} without a portable name")


def _to_zone(plain: Any) -> dt.tzinfo | None:
    if plain is None:
        return None
    if isinstance(plain, str):
        return ZoneInfo(plain)
    if isinstance(plain, dict):
        try:
            import pytz  # type: ignore[import-untyped]
        except ImportError:
            return ZoneInfo(plain["pytz"])
        zone: dt.tzinfo = pytz.timezone(plain["pytz"])
        return zone
    offset, *name = plain
    if offset == dt.timedelta(0) and not name:
        return dt.UTC
    return dt.timezone(offset, *name)


def _from_datetime(value: dt.datetime) -> Any:
    zone = _from_zone(value.tzinfo)
    if isinstance(zone, dict):  # pytz: its offset is in the instance, so the instant is kept
        return [value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(), 0, zone]
    return [value.replace(tzinfo=None).isoformat(), value.fold, zone]


def _to_datetime(plain: Any) -> dt.datetime:
    text, fold, zone = plain
    value = dt.datetime.fromisoformat(text)
    if isinstance(zone, dict):
        return value.replace(tzinfo=dt.UTC).astimezone(_to_zone(zone))
    return value.replace(tzinfo=_to_zone(zone), fold=fold)


def _from_time(value: dt.time) -> Any:
    return [value.replace(tzinfo=None).isoformat(), value.fold, _from_zone(value.tzinfo)]


def _to_time(plain: Any) -> dt.time:
    text, fold, zone = plain
    return dt.time.fromisoformat(text).replace(tzinfo=_to_zone(zone), fold=fold)


def _to_int(plain: bytes) -> int:
    return int.from_bytes(plain, "big", signed=True)


def _from_int(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)


_PLAIN: list[tuple[int, type, Callable[[Any], Any], Callable[[Any], Any]]] = [
    (1, tuple, list, tuple),
    (4, dt.datetime, _from_datetime, _to_datetime),
    (5, dt.date, dt.date.isoformat, dt.date.fromisoformat),
    (6, dt.time, _from_time, _to_time),
    (7, dt.timedelta, lambda t: [t.days, t.seconds, t.microseconds], lambda p: dt.timedelta(*p)),
    (8, Decimal, str, Decimal),
    (9, int, _from_int, _to_int),
    (10, complex, lambda c: [c.real, c.imag], lambda p: complex(*p)),
    (11, UUID, lambda u: u.bytes, lambda p: UUID(bytes=p)),
    (12, Fraction, lambda f: [f.numerator, f.denominator], lambda p: Fraction(*p)),
]
_SETS: dict[type, int] = {set: 2, frozenset: 3}
_ENCODERS = {cls: (code, encode) for code, cls, encode, _ in _PLAIN}
_DECODERS = {2: set, 3: frozenset, **{code: decode for code, _, _, decode in _PLAIN}}

TYPES = (
    "None", "bool", "int", "float", "str", "bytes", "list", "dict",
    *sorted(cls.__name__ for cls in (*_SETS, *_ENCODERS) if cls is not int),
)  # fmt: skip
"""Names of the built-in types that can be kept."""
