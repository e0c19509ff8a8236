"""Warm kernels: fresh in all that matters, gone with the worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from omegaml_lab.core.names import Name
from omegaml_lab.runtime.kernels import warm
from omegaml_lab.runtime.kernels.kernel_specs import UnknownKernelError
from omegaml_lab.runtime.kernels.kernels import KernelSource
from omegaml_lab.runtime.kernels.warm import ForkedProcess, Nursery
from tests.integration.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega

pytestmark = pytest.mark.skipif(not warm.available(), reason="needs fork: Linux only")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.stop()


def evaluated(source: KernelSource, code: str, **environment: str) -> str:
    """What a fresh kernel prints for some code."""
    return asyncio.run(_evaluate(source, code, environment))


async def _evaluate(source: KernelSource, code: str, environment: dict[str, str]) -> str:
    async with source.start("python3", environment=environment) as kernel:
        client = await kernel.connect()
        try:
            printed: list[str] = []
            await client.execute_interactive(
                code, timeout=30, output_hook=lambda message: printed.append(_text(message))
            )
            await kernel.leave(client)
            # A cold ipykernel may hang or abort at its exit on a busy machine, while its threads
            # close their channels. A warm one must not: see `_leave` in the nursery.
            if isinstance(kernel.process, ForkedProcess):
                assert kernel.process.poll() == 0
            return "".join(printed)
        finally:
            client.stop_channels()


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if message["msg_type"] == "display_data":
        return " ".join(content["data"])
    return str(content.get("text") or "\n".join(content.get("traceback", [])))


def test_kernels_share_nothing_that_one_of_them_did(nursery: Nursery) -> None:
    source = KernelSource(nursery)
    spoil = (
        "import os, sys, random, tempfile\n"
        "leak = 1; os.environ['LEAK'] = '1'; sys.modules['leak'] = os; os.__leak = 1\n"
        "random.seed(0); open('leak', 'w').close(); tempfile.tempdir = '/nowhere'\n"
        "print(os.getcwd())"
    )
    first = evaluated(source, spoil)
    look = (
        "import os, sys, random, tempfile\n"
        "print('leak' in globals(), 'LEAK' in os.environ, 'leak' in sys.modules,"
        " hasattr(os, '__leak'), os.listdir(), tempfile.gettempdir() == '/nowhere')\n"
        "print(os.getcwd())"
    )
    second = evaluated(source, look).splitlines()
    assert second[0] == "False False False False [] False"
    assert second[1] != first.strip()


def test_random_numbers_differ_between_kernels(nursery: Nursery) -> None:
    source = KernelSource(nursery)
    code = "import random, numpy\nprint(random.random(), numpy.random.random())"
    a, b = evaluated(source, code).split(), evaluated(source, code).split()
    assert a[0] != b[0]
    assert a[1] != b[1]


@pytest.mark.parametrize(
    "code",
    [
        "import sys; print(sys.path)",
        "import sys; print(sys.argv[0].rpartition('/')[2].removesuffix('.py'))",
        "import os; print(sorted(k for k in os.environ if not k.startswith('PYDEVD')))",
        "import signal; print([signal.getsignal(n) for n in (2, 15, 17)])",
        "import os; print(os.getpgid(0) == os.getpid(), len(os.listdir('/proc/self/fd')) < 60)",
        "import matplotlib; print(matplotlib.get_backend())",
        "import multiprocessing as m\nwith m.Pool(2) as p: print(p.map(abs, [-1, -2]))",
        "%pip --version",
    ],
)
def test_a_warm_kernel_is_like_a_cold_one(nursery: Nursery, code: str) -> None:
    warm_one = evaluated(KernelSource(nursery), code, MARK="x")
    assert warm_one == evaluated(KernelSource(), code, MARK="x")
    assert "Traceback" not in warm_one


def test_kernels_import_what_is_beside_the_notebook(nursery: Nursery, omega: Omega) -> None:
    omega.jobs.put(b"value = 1", Name("omt_helper.py"), kind="file")
    code = (
        "import sys, pathlib\npathlib.Path('omt_mine.py').write_text('value = 2')\n"
        "import omt_helper, omt_mine\n"
        "print(omt_helper.value, omt_mine.value, [p.rpartition('/')[2] for p in sys.path])"
    )
    environment = {"OMEGA_MONGO_URL": omega.url, "OMEGA_MODULES": "default/"}
    warm_one = evaluated(KernelSource(nursery), code, **environment)
    assert warm_one.startswith("1 2 ")
    assert warm_one == evaluated(KernelSource(), code, **environment)


def test_a_plot_is_an_image(nursery: Nursery) -> None:
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    for source in (KernelSource(nursery), KernelSource()):
        assert "image/png" in evaluated(source, code)


def test_exit_handlers_run(nursery: Nursery, tmp_path: Any) -> None:
    path = tmp_path / "left"
    evaluated(
        KernelSource(nursery),
        f"import atexit; atexit.register(open({str(path)!r}, 'w').write, 'x')",
    )
    assert path.read_text() == "x"


def test_a_kernel_has_a_parent_of_its_own_that_the_nursery_has_forked(nursery: Nursery) -> None:
    code = "import os, psutil; print(os.getppid(), psutil.Process().parent().ppid())"
    one, other = (evaluated(KernelSource(nursery), code).split() for _ in range(2))
    assert one[1] == other[1] == str(nursery.pid)
    assert one[0] != other[0]


def test_a_nursery_that_died_is_replaced(nursery: Nursery) -> None:
    source = KernelSource(nursery)
    evaluated(source, "1")
    first = nursery.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert evaluated(source, "print(2)") == "2\n"  # cold, if its end was not noticed yet
    psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=30)
    assert evaluated(source, "print(3)") == "3\n"
    assert nursery.pid != first


def test_what_comes_too_late_is_ended(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = KernelSource(nursery)
    evaluated(source, "1")
    assert nursery.pid is not None
    process = psutil.Process(nursery.pid)
    process.suspend()
    monkeypatch.setattr(warm, "_PATIENCE", 0.2)
    with pytest.raises(TimeoutError):
        nursery.execute(["sleep", "600"], environment={}, folder=tmp_path, log=tmp_path / "log")
    process.resume()
    monkeypatch.undo()
    assert evaluated(source, "print(2)") == "2\n"  # it has heard of the other one before
    until(lambda: process.children() == [])
    assert process.is_running()


def test_kernels_end_with_the_process_that_asked_for_them() -> None:
    script = (
        "import asyncio, time\n"
        "from omegaml_lab.runtime.kernels.kernels import KernelSource\n"
        "from omegaml_lab.runtime.kernels.warm import Nursery\n"
        "async def main():\n"
        "    async with KernelSource(Nursery()).start('python3', environment={}) as kernel:\n"
        "        print(kernel.process.pid, flush=True)\n"
        "        time.sleep(600)\n"
        "asyncio.run(main())"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    kernel = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 30
    while kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_unknown_kernel_is_named_with_those_there_are() -> None:
    async def start() -> None:
        async with KernelSource().start("no-such", environment={}):
            pass

    with pytest.raises(UnknownKernelError, match="'python3'"):
        asyncio.run(start())
