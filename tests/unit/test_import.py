"""Importing the package costs nothing and touches nothing."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"pandas", "numpy", "sklearn", "celery", "pymongo", "tornado", "pyarrow", "nbformat"}


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_the_package_loads_nothing_heavy() -> None:
    loaded = run("import sys, omegaml_lab; print(*{m.partition('.')[0] for m in sys.modules})")
    assert not HEAVY & set(loaded.split())


def test_the_package_loads_within_150_ms() -> None:
    # Processor time, the best of some: what else the machine does must not count.
    code = "from time import process_time as t; a = t(); import omegaml_lab; print(t() - a)"
    assert min(float(run(code)) for _ in range(5)) < 0.150


def test_opening_a_repository_contacts_nobody() -> None:
    code = "import omegaml_lab as om; o = om.Omega('mongodb://127.0.0.1:1/x'); o.jobs; print(o)"
    assert "127.0.0.1:1/x" in run(code)


def test_subpackages_do_not_hide_the_default_repository() -> None:
    code = (
        "import os; os.environ['OMEGA_MONGO_URL'] = 'mongodb://127.0.0.1:1/x'\n"
        "import omegaml_lab as om\n"
        "import omegaml_lab.runtime.records.run_records, omegaml_lab.reports\n"
        "print(type(om.runtime).__name__, type(om.reports).__name__, type(om.jobs).__name__)\n"
        "print(sorted({'Omega', 'jobs', 'runtime'} - set(dir(om))))"
    )
    assert run(code).splitlines() == ["OmegaRuntime Reports Jobs", "[]"]


def test_unknown_names_are_errors() -> None:
    code = (
        "import omegaml_lab\n"
        "try: omegaml_lab.datasetz\n"
        "except AttributeError as error: print(error)"
    )
    assert "datasetz" in run(code)
