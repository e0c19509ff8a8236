"""What skops writes of an object: its state as JSON, and its arrays as members of an archive.

skops copies each array twice on the way into the archive. Here they go as views of where they
are; what is written is the same, byte for byte, but that objects have numbers instead of
addresses, so that equal models make equal files.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from omegaml_lab.store.zipped import ZipWriter

__all__ = ["state_of"]


def state_of(obj: Any, archive: ZipWriter) -> dict[str, Any]:
    """Return the whole schema of an object, whose arrays are members of `archive` then.

    Errors are those of skops.
    """
    import skops
    from skops.io._utils import get_state

    context = _context()(zip_file=archive)
    state = get_state(obj, context)
    return {**state, "protocol": context.protocol, "_skops_version": skops.__version__}


@cache
def _context() -> Any:
    """Return the class of our contexts, for which skops asks us about arrays from now on."""
    from skops.io._utils import SaveContext, _get_state

    class Numbered(SaveContext):  # type: ignore[misc]
        def memoize(self, obj: Any) -> int:
            number, _ = self.memo.setdefault(id(obj), (len(self.memo) + 1, obj))
            return int(number)

    theirs = _get_state.dispatch(np.ndarray)

    def state(array: Any, context: Any) -> Any:
        parts = _parts(array) if isinstance(context, Numbered) else None
        if parts is None:
            return theirs(array, context)
        file = f"{context.memoize(array)}.npy"
        if file not in context.zip_file.namelist():
            context.zip_file.writestr(file, *parts)
        node = {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode"}
        return {**node, "type": "numpy", "file": file}

    _get_state.register(np.ndarray)(state)
    return Numbered


def _parts(array: Any) -> tuple[bytes, memoryview] | None:
    """Return what `numpy.save` writes, its content as a view; None if that cannot be one."""
    if type(array) is not np.ndarray or array.dtype.hasobject or not array.nbytes:
        return None
    content = array if array.flags.c_contiguous else array.T
    if not content.flags.c_contiguous:
        return None
    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
    except ValueError:  # too long or not in Latin-1: there are other versions
        return None
    return header.getvalue(), content.reshape(-1).view(np.uint8).data
