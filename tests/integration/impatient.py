"""A worker that gives up slots after a second: ``python -m tests.integration.impatient``."""

from __future__ import annotations

import sys

from omegaml_lab.config import Config
from omegaml_lab.worker import main

if __name__ == "__main__":
    sys.exit(main(Config.load(), patience=1.0))
