"""`python -m omegaml_lab.cli`: the command line without the script that pip makes."""

from __future__ import annotations

import sys

from omegaml_lab.cli import main

sys.exit(main())
