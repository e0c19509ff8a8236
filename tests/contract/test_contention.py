"""Four writers and eight readers on one name see and lose nothing, though they are killed.

`python -m tests.contract.contention --seconds 60 --kill` does the same for a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_nobody_sees_half_and_nothing_acknowledged_is_lost() -> None:
    command = [sys.executable, "-m", "tests.contract.contention", "--seconds", "5", "--kill"]
    done = subprocess.run(
        [*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode in {0, 1}, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["wrong"] == []
    assert min(outcome["puts"], outcome["appends"], outcome["reads"]) > 3
    assert outcome["kills"] >= 2
    assert outcome["restarts"] >= 1
