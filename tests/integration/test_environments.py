"""Runs of notebooks that require packages: a real worker, uv, and packages made for the test."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import RequirementsRefusedError
from omegaml_lab.core.names import Name
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.environments.environments import Environment, Environments
from omegaml_lab.runtime.kernels.kernels import KernelSource
from tests.integration.notebooks import notebook, printed
from tests.integration.processes import alive, until, worker
from tests.wheels import make_slow_sdist, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega
    from omegaml_lab.runtime.client.handles import RunHandle
    from omegaml_lab.runtime.kernels.kernel_processes import KernelProcess
    from tests.integration.processes import Process

USES = "# requires: omt-greeting\nimport sys, omt_greeting, numpy, omegaml_lab"
TELLS = USES + "\nprint(omt_greeting.version, sys.prefix, numpy.__file__)\n!omt_greeting"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the worker, with its packages."""
    folder = tmp_path_factory.mktemp("worker")
    wheels = folder / "wheels"
    greets = "def main(): print('a command')"
    make_wheel(wheels, "omt_greeting", requires=["numpy>=2"], code=greets)
    make_wheel(wheels, "omt_other")
    make_wheel(wheels, "omt_breaks", requires=["numpy>=99"])
    make_slow_sdist(wheels, "omt_slow", folder / "building")
    return folder


@pytest.fixture(scope="module")
def going(shared: Omega, place: Path) -> Iterator[Process]:
    with worker(shared, place, concurrency="2", environment_options=offline(place)) as process:
        yield process


def offline(place: Path) -> str:
    return f"--no-index --find-links '{place / 'wheels'}'"


def start(omega: Omega, name: str, *cells: str, **options: Any) -> RunHandle:
    omega.jobs.put(notebook(*cells), name)
    return omega.runtime.job(name).run(**options)


def told(omega: Omega, run: RunHandle) -> str:
    assert run.wait(60, check=True).result
    return printed(omega.jobs.get(Name(str(run.result))))


def kept(place: Path) -> list[str]:
    """The requirements of the environments that there are."""
    records = (place / "home" / "environments").glob("*.json")
    return sorted(", ".join(json.loads(each.read_text())["requires"]) for each in records)


def building(place: Path) -> list[int]:
    file = place / "building"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.mark.usefixtures("going")
def test_two_at_once_share_one_environment(shared: Omega, place: Path) -> None:
    both = [start(shared, name, TELLS) for name in ("first", "second")]
    version, prefix, numpy, *command = told(shared, both[0]).split()
    assert (version, command) == ("1.0", ["a", "command"])
    assert Path(prefix).parent == place / "home" / "environments"
    assert not numpy.startswith(prefix)  # that of the worker
    assert told(shared, both[1]) == told(shared, both[0])
    logs = "".join(each.run.log for each in both)
    assert logs.count("is prepared") == 1
    spelt = USES.replace("omt-greeting", "OMT_Greeting")
    third = start(
        shared, "third", spelt, "omegaml_lab.Omega().datasets.put({'a': 1}, 'put there')"
    )
    assert (told(shared, third), third.run.log, third.notice) == ("", "", None)
    assert shared.datasets.get("put there") == {"a": 1}
    assert kept(place) == ["omt-greeting"]


@pytest.mark.usefixtures("going")
def test_what_the_worker_has_is_not_installed(shared: Omega, place: Path) -> None:
    before = kept(place)
    run = start(shared, "has", "# requires: numpy>=2, pandas\nimport sys\nprint(sys.argv[0])")
    assert told(shared, run) == "ipykernel_launcher\n"  # as only a warm kernel says
    assert kept(place) == before


@pytest.mark.usefixtures("going")
def test_what_cannot_be_installed_fails_the_run(shared: Omega, place: Path) -> None:
    asked = {
        "omt-breaks": ("InstallationError", "numpy>=99"),
        "omt-absent>=2, omt-other": ("InstallationError", "omt-absent"),
        "--index-url https://example.org, x": ("InvalidRequirementError", "options of pip"),
        "x; touch /tmp/omt": ("InvalidRequirementError", "as pip takes it"),
    }
    runs = {text: start(shared, "bad", f"# requires: {text}") for text in asked}
    for text, (name, words) in asked.items():
        error = runs[text].wait(60).run.error
        assert error is not None
        first = error.message.splitlines()[0]
        assert (error.name, words in first) == (name, True), error.message
        if name == "InstallationError":
            assert "could not be installed: " in first
            assert "error" in runs[text].run.log.lower()
    assert not any("omt-absent" in requires for requires in kept(place))


@pytest.mark.usefixtures("going")
def test_installing_is_shown_cancelled_and_ends_in_time(shared: Omega, place: Path) -> None:
    slow = "# requires: omt-slow"
    run = start(shared, "slow", slow)
    until(lambda: building(place), what=lambda: str(run.refresh().run))
    until(lambda: "omt-slow is prepared" in run.refresh().run.log)
    assert "is being installed" in str(run.notice)
    run.cancel()
    assert run.wait(30).run.status is Status.CANCELLED
    assert run.run.notice is None
    until(lambda: not alive(building(place)[-1]))
    late = start(shared, "late", slow, limits={"timeout": 3}).wait(60)
    assert late.error is not None
    assert (late.error.name, late.run.notice) == ("TimeLimitError", None)
    assert "3 s in all, and its kernel, with what it requires, had not" in late.error.message
    until(lambda: not any(alive(pid) for pid in building(place)))
    assert "omt-slow" not in kept(place)


def test_a_worker_that_dies_over_it_leaves_nothing_half(shared: Omega, place: Path) -> None:
    folder = place / "dies"
    home, flag = folder / "home" / "environments", folder / "building"
    make_slow_sdist(folder / "wheels", "omt_slow", flag)
    with worker(shared, folder, environment_options=offline(folder), label="dies") as first:
        start(shared, "dies", "# requires: omt-slow\nimport omt_slow", label="dies")
        until(flag.exists)
        first.kill()
    until(lambda: not any(alive(int(pid)) for pid in flag.read_text().split()))
    assert kept(folder) == []
    assert len(folders(home)) == 1
    (folder / "wheels" / "omt_slow-1.0.tar.gz").unlink()
    make_wheel(folder / "wheels", "omt_slow")
    assert prepare(folder, "omt-slow")
    assert kept(folder) == ["omt-slow"]
    assert len(folders(home)) == 1


def test_environments_go_when_no_run_uses_them(place: Path) -> None:
    folder = place / "unused"
    make_wheel(folder / "wheels", "omt_a")
    (folder / "home" / "environments" / ("0" * 32 + ".half")).mkdir(parents=True)
    home = folder / "home" / "environments"
    while_used: list[object] = []
    prepare(folder, "omt-a", meanwhile=lambda: while_used.extend(unused(folder, 0).collect()))
    assert (while_used, unused(folder, 1).collect(), kept(folder)) == ([], [], ["omt-a"])
    would = unused(folder, 0).collect(dry_run=True)
    assert [each.requires for each in would] == [("omt-a",)]
    assert would == unused(folder, 0).collect()
    assert list(home.iterdir()) == []


def test_a_kernel_that_is_kept_holds_its_environment(place: Path) -> None:
    folder = place / "held"
    make_wheel(folder / "wheels", "omt_a")

    async def start() -> KernelProcess:
        source = KernelSource(None, unused(folder, 0))
        async with source.start("python3", environment={}, requires=["omt-a"]) as kernel:
            kernel.kept = True
        return kernel

    kernel = asyncio.run(start())
    assert unused(folder, 0).collect() == []
    kernel.close()
    assert [each.requires for each in unused(folder, 0).collect()] == [("omt-a",)]


@pytest.mark.long
def test_pip_installs_where_no_uv_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place / "pip"
    make_wheel(folder / "wheels", "omt_a", requires=["numpy"])
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    environment = prepare(folder, "omt-a")
    code = "import omt_a, numpy, sys; print(omt_a.__file__.startswith(sys.prefix))"
    command = [environment.python, "-c", code]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"True\n"


def test_a_worker_may_refuse_to_install(place: Path) -> None:
    refusing = Environments(place, policy="refuse")

    async def use(*requires: str) -> Environment | None:
        async with refusing.using(requires, say=lambda _: None) as environment:
            return environment

    assert asyncio.run(use("numpy")) is None
    with pytest.raises(RequirementsRefusedError, match=r"omt-a, which .* `omega workers list`"):
        asyncio.run(use("numpy", "omt-a"))


def unused(folder: Path, days: float) -> Environments:
    home = folder / "home"
    return Environments(home, options=offline(folder), unused=timedelta(days=days))


def prepare(folder: Path, *requires: str, meanwhile: Any = lambda: None) -> Environment:
    """Have an environment, as a worker does; the one that is returned stays."""

    async def use() -> Environment:
        async with unused(folder, 1).using(requires, say=lambda _: None) as environment:
            meanwhile()
            assert environment is not None
            return environment

    return asyncio.run(use())


def folders(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.is_dir()]
