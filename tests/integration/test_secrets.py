"""Secrets of services: the code that workers perform does not get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaml_lab.core.names import Name
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import worker

if TYPE_CHECKING:
    from pathlib import Path

    from omegaml_lab.omega import Omega

SECRETS = {
    "smtp_url": "smtps://omega:hidden-w0rd@mail.example.org",
    "notify": "slack:https://hooks.slack.com/services/hidden-w0rd",
    "environment_options": "--index-url https://omega:hidden-w0rd@index.example.org",
}


def told() -> list[str]:
    import os

    return [name for name, value in os.environ.items() if "hidden-w0rd" in value]


def test_code_on_a_worker_has_no_secrets_of_its_services(omega: Omega, tmp_path: Path) -> None:
    omega.scripts.put(told, "told")
    source = "import os\nprint([n for n, v in os.environ.items() if 'hidden-w0rd' in v])"
    omega.jobs.put(notebook(source), "told")
    with worker(omega, tmp_path, **SECRETS):
        run = omega.runtime.job("told").run(wait=True)
        assert printed(omega.jobs.get(Name(str(run.result)))) == "[]\n"
        assert omega.runtime.script("told").run() == []
