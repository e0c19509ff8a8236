"""The numpy and pandas scalars, and the arrays, that a Python value may hold.

Codes from 32 on are ours; see `values` for the rest of the stored form. Nothing is imported
until a value of such a type is met.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decoder", "encode"]

_ARRAY, _SCALAR, _TIMESTAMP, _TIMEDELTA, _MISSING, _PERIOD, _INTERVAL, _OBJECTS = range(32, 40)


def encode(value: Any) -> tuple[int, Any] | None:
    """Return a code and plainer values that stand for `value`, None when it is not of here."""
    package = type(value).__module__.partition(".")[0]
    if package == "numpy":
        return _encode_numpy(value)
    if package == "pandas":
        return _encode_pandas(value)
    return None


def decoder(code: int) -> Callable[[Any], Any]:
    """Return what turns the plainer values back.

    Raises
    ------
    LookupError
        If there is no such code.
    """
    return _DECODERS[code]


def _encode_numpy(value: Any) -> tuple[int, Any] | None:
    import numpy as np

    if type(value) is np.ndarray:
        if value.dtype.hasobject:
            if value.dtype != object:
                return None
            return _OBJECTS, [list(value.shape), list(value.ravel())]
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        return _ARRAY, file.getvalue()
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        file = io.BytesIO()
        np.save(file, np.asarray(value), allow_pickle=False)
        return _SCALAR, file.getvalue()
    return None


def _encode_pandas(value: Any) -> tuple[int, Any] | None:
    import pandas as pd

    if value is pd.NaT:
        return _MISSING, "NaT"
    if value is pd.NA:
        return _MISSING, "NA"
    encoders: dict[type, Callable[[Any], tuple[int, Any]]] = {
        pd.Timestamp: _encode_timestamp,
        pd.Timedelta: lambda t: (_TIMEDELTA, [int(t.asm8.astype("i8")), t.unit]),
        pd.Period: lambda p: (_PERIOD, [p.ordinal, p.freqstr]),
        pd.Interval: lambda i: (_INTERVAL, [i.left, i.right, i.closed]),
    }
    encoder = encoders.get(type(value))
    return encoder(value) if encoder else None


def _encode_timestamp(value: Any) -> tuple[int, Any]:
    utc = value if value.tzinfo is None else value.tz_convert(None)
    return _TIMESTAMP, [int(utc.asm8.astype("i8")), value.unit, _zone_of(value)]


def _zone_of(value: Any) -> Any:
    """Return a time that has the zone of `value`: times are what the codec knows zones in."""
    import datetime as dt

    return None if value.tzinfo is None else dt.time(tzinfo=value.tzinfo)


def _array(plain: bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(plain), allow_pickle=False)


def _scalar(plain: bytes) -> Any:
    return _array(plain)[()]


def _objects(plain: Any) -> Any:
    import numpy as np

    shape, items = plain
    flat = np.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        flat[position] = item
    return flat.reshape(shape)


def _timestamp(plain: Any) -> Any:
    import numpy as np
    import pandas as pd

    number, unit, zone = plain
    value = pd.Timestamp(np.datetime64(number, unit))
    return value if zone is None else value.tz_localize("UTC").tz_convert(zone.tzinfo)


def _timedelta(plain: Any) -> Any:
    import numpy as np
    import pandas as pd

    return pd.Timedelta(np.timedelta64(*plain))


def _missing(plain: str) -> Any:
    import pandas as pd

    return pd.NaT if plain == "NaT" else pd.NA


def _period(plain: Any) -> Any:
    import pandas as pd

    ordinal, freq = plain
    return pd.Period(ordinal=ordinal, freq=freq)


def _interval(plain: Any) -> Any:
    import pandas as pd

    left, right, closed = plain
    return pd.Interval(left, right, closed=closed)


_DECODERS: dict[int, Callable[[Any], Any]] = {
    _ARRAY: _array,
    _SCALAR: _scalar,
    _TIMESTAMP: _timestamp,
    _TIMEDELTA: _timedelta,
    _MISSING: _missing,
    _PERIOD: _period,
    _INTERVAL: _interval,
    _OBJECTS: _objects,
}
