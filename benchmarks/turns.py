"""What the benchmarks share: sides that take turns, and a repository for them."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TURNS = 7


def medians(sides: Mapping[str, Callable[[], Any]], turns: int = TURNS) -> dict[str, float]:
    """Return the median time of each side in milliseconds; they take turns."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(turns + 1):
        for side, call in sides.items():
            start = time.perf_counter()
            call()
            if turn:  # the first one warms up
                times[side].append((time.perf_counter() - start) * 1000)
    return {side: statistics.median(values) for side, values in times.items()}


def compare(name: str, sides: Mapping[str, Callable[[], Any]], turns: int = TURNS) -> None:
    """Print the median of each side, and the ratio of the first to the last."""
    found = medians(sides, turns)
    told = "  ".join(f"{side} {milliseconds:8.2f} ms" for side, milliseconds in found.items())
    ours, *_, theirs = found.values()
    print(f"{name:44} {told}  ratio {ours / theirs:.2f}x")


@contextlib.contextmanager
def repository(store: str) -> Iterator[tuple[Omega, Path]]:
    """Open the repository that the command line names, or an embedded one, and a folder.

    What `store` holds in the bucket ``benchmark`` is dropped for good at the end.
    """
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else None
        if url is None:
            from omegaml_lab.storage import embedded

            url = embedded.ensure(Path(folder) / "home")
        with Omega(url, bucket="benchmark") as om:
            yield om, Path(folder)
            for name in om.store(store).list():
                om.store(store).drop(name, keep=False)
