"""A frame that is four times larger than the memory that its process may have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "outofcore.py"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
@pytest.mark.long
def test_it_is_put_filtered_grouped_merged_and_written_back(mongo_url: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--url", mongo_url, "--mib", "256"],
        env={**os.environ, "OUTOFCORE_ROWS": "200000"}, capture_output=True, text=True,
        timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["frame"] >= 4 * told["limit"] >= 240
    assert told["peak"] <= 1.5 * told["limit"]
