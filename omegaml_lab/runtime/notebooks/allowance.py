"""How much a run may leave behind, beyond the limits that people set."""

from __future__ import annotations

from dataclasses import dataclass

from omegaml_lab.runtime.notebooks.outputs import OUTPUT_LIMIT

__all__ = ["Allowance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a worker grants each run.

    Parameters
    ----------
    outputs
        Characters that the outputs may have in all before the run fails.
    files
        Bytes of the files beside the notebook that its kernel has on disk in all, and that it
        may leave there.
    """

    outputs: int = OUTPUT_LIMIT
    files: float = 256e6
