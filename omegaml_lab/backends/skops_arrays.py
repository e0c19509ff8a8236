"""Arrays of skops files: as views of the file, copied once at most.

skops copies each array out of the file, and numpy copies that once more, records field by field.
Here the nodes that skops makes of a file get the names of their arrays in place of the content,
and then what takes the array from the file itself.
"""

from __future__ import annotations

import io
import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.store.zipped import Members

__all__ = ["NamesOfArrays", "give_arrays", "nodes"]

_HEADER = 4096
"""More than a header of such an array takes, or it is left to numpy."""


class NamesOfArrays:
    """An archive that has the name of each array in its place."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def read(self, name: str) -> bytes | memoryview:
        """Return the content of a member, of an array its name; errors like `Members.read`."""
        content = self._members.read(name)
        return name.encode() if name.endswith(".npy") else content


def nodes(root: Any) -> Iterator[Any]:
    """Yield all nodes below one of skops, and itself, each once."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
        elif isinstance(node, list | tuple):
            waiting += node
        elif hasattr(node, "construct") and id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += node.children.values()


def give_arrays(root: Any, members: Members) -> None:
    """Let the nodes below one of skops, and itself, have the arrays that they know by name."""
    # A tree copies what it is made from, so that it needs no array of its own.
    copied = {
        id(array)
        for node in nodes(root)
        if type(node).__name__ == "TreeNode"
        for array in nodes(node)
    }
    for node in nodes(root):
        if type(node).__name__ != "NdArrayNode" or node.type != "numpy":
            continue
        content = members.read(node.buffer.getvalue().decode())
        if f"{node.module_name}.{node.class_name}" == "numpy.ndarray":
            node._construct = partial(_array, content, copy=id(node) not in copied)  # noqa: SLF001
        else:
            node.buffer = io.BytesIO(content)


def _array(content: memoryview, *, copy: bool) -> Any:
    """Return an array that `numpy.save` wrote, without `copy` one that is not to be changed."""
    header = io.BytesIO(content[:_HEADER])
    if npy.read_magic(header) == (1, 0):
        shape, in_columns, dtype = npy.read_array_header_1_0(header)
        data = content[header.tell() :]
        if data and not dtype.hasobject and len(data) == math.prod(shape) * dtype.itemsize:
            array = np.frombuffer(bytearray(data) if copy else data, dtype)
            return array.reshape(shape, order="F" if in_columns else "C")
    return np.load(io.BytesIO(content), allow_pickle=False)
