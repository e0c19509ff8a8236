"""The package and the reason are found in what uv and pip really say."""

from __future__ import annotations

import pytest

from omegaml_lab.core.errors import InstallationError
from omegaml_lab.runtime.environments.blame import blamed

ABSENT = """\
Using Python 3.11.7 environment at: v
error: No solution found when resolving dependencies
  cause: Because omt-absent was not found in the provided package locations and you require \
omt-absent>=2, we can conclude that your requirements are unsatisfiable.

hint: Packages such as plotly were unavailable because index lookups were disabled
"""
FRAMED = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because only numpy<=2.5.5 is available and you require
      numpy>=99, we can conclude that your requirements are
      unsatisfiable.
"""
UNBUILT = """\
  \u00d7 Failed to build `omt-breaks==1.0`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)
"""
PIP = """\
Looking in links: /opt/wheels
ERROR: Could not find a version that satisfies the requirement omt-absent>=2 (from versions: {})
ERROR: No matching distribution found for omt-absent>=2
"""
CONFLICT = (
    "ERROR: Cannot install omt-a==1 and omt_b==2 because these package versions have"
    " conflicting dependencies.\n"
)
LOST = "error: Failed to fetch: `https://example.org/plotly/`\n  Caused by: no route to host"


@pytest.mark.parametrize(
    ("said", "package", "reason"),
    [
        (ABSENT, "omt-absent>=2", "omt-absent was not found in the provided package locations"),
        (FRAMED, "numpy>=99", "only numpy<=2.5.5 is available and you require numpy>=99"),
        (UNBUILT, "Omt_Breaks", "omt-breaks==1.0 could not be built"),
        (PIP.format("none"), "omt-absent>=2", "there is no package for omt-absent>=2"),
        (PIP.format("0.1, 1.2"), "omt-absent>=2", "it is not among its versions, of which 1.2"),
        (CONFLICT, "omt.b", "omt-a==1 and omt_b==2: these package versions have conflicting"),
        (LOST, "plotly", "no route to host"),
        ("", "plotly, omt-absent>=2, numpy>=99, Omt_Breaks, omt.b", "did not say why"),
        ("b" * 4000, "plotly, omt-absent>=2, numpy>=99, Omt_Breaks, omt.b", "b" * 299 + "…"),
    ],
)
def test_what_the_installer_stumbled_over(said: str, package: str, reason: str) -> None:
    requires = ["plotly", "omt-absent>=2", "numpy>=99", "Omt_Breaks", "omt.b"]
    found = blamed(requires, said)
    assert found[0] == package
    assert reason in found[1]
    assert "\n" not in found[1]


def test_the_first_line_of_the_error_says_it() -> None:
    package, reason = blamed(["plotly", "omt-absent>=2"], ABSENT)
    error = InstallationError(
        ["plotly", "omt-absent>=2"], "uv ended with code 1", ABSENT, package=package, why=reason
    )
    first, second, *rest = str(error).splitlines()
    assert first.startswith("omt-absent>=2 could not be installed: omt-absent was not found in")
    assert second == "The notebook requires plotly, omt-absent>=2: uv ended with code 1."
    assert rest[0] == "Its last words:"
