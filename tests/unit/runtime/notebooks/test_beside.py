"""The files beside a notebook, in the kernel of a run: a real kernel, a real database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from omegaml_lab.core.lineage import Relation
from omegaml_lab.core.runs import Status
from omegaml_lab.runtime.notebooks.allowance import Allowance
from tests.integration.processes import until
from tests.unit.runtime.notebooks.test_execution import perform, worker

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_a_run_reads_and_leaves_files_beside_its_notebook(omega: Omega) -> None:
    omega.jobs.put(b"x\n1\n", "etl/prices.csv", kind="file")
    omega.jobs.put(b"x\n", "etl/unread.csv", kind="file")
    source = (
        "from pathlib import Path\nPath('out').mkdir()\n"
        "Path('out/copy.csv').write_text(Path('prices.csv').read_text())"
    )
    run = perform(omega, source, worker(omega), job="etl/job")
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.jobs.get("etl/out/copy.csv") == b"x\n1\n"
    assert omega.jobs.metadata("etl/out/copy.csv").run == run.id
    links = omega.storage.lineage.read_by([run.id], limit=10)
    read = {str(link.source) for link in links if link.relation is Relation.READ}
    assert "jobs etl/prices.csv@1" in read
    assert not any("unread" in name for name in read)


def test_a_run_that_fails_or_is_ended_leaves_what_it_wrote(omega: Omega) -> None:
    failing = "open('half.txt', 'w').write('half')\n1 / 0"
    assert perform(omega, failing, worker(omega), job="etl/fails").status is Status.FAILED
    assert omega.jobs.get("etl/half.txt") == b"half"
    dying = "import os\nopen('last.txt', 'w').write('last')\nos._exit(3)"
    assert perform(omega, dying, worker(omega), job="etl/dies").status is Status.FAILED
    assert omega.jobs.get("etl/last.txt") == b"last"


def test_a_run_that_is_given_back_leaves_nothing(omega: Omega) -> None:
    performer = worker(omega)
    source = "open('half.txt', 'w').write('half')\nprint('wrote')\nimport time\ntime.sleep(600)"
    thread = threading.Thread(
        target=perform, args=(omega, source, performer), kwargs={"job": "etl/job"}
    )
    thread.start()
    until(lambda: any("wrote" in run.log for run in omega.runtime.runs.list().items))
    performer.give_back()
    thread.join(60)
    assert not omega.jobs.exists("etl/half.txt")


def test_what_a_run_leaves_beyond_its_allowance_is_in_its_log(omega: Omega) -> None:
    performer = worker(omega, allowance=Allowance(files=1000))
    run = perform(omega, "open('big.bin', 'wb').write(bytes(2000))", performer)
    assert run.status is Status.SUCCEEDED
    assert "big.bin (2 kB) is not kept beside the notebook" in omega.runtime.runs.get(run.id).log
    assert not omega.jobs.exists("big.bin")


def test_what_is_beside_a_run_is_there_for_the_next_one(omega: Omega) -> None:
    omega.jobs.put(b"KEY=1", "etl/.env", kind="file")
    source = "import os\nprint(open('.env').read())\nos.remove('.env')\nos.symlink('/etc', 'etc')"
    for _ in range(2):
        assert perform(omega, source, worker(omega), job="etl/job").status is Status.SUCCEEDED
    assert omega.jobs.get("etl/.env") == b"KEY=1"


def test_a_run_imports_what_its_cell_has_written(omega: Omega) -> None:
    omega.jobs.put(b"value = 'old'", "etl/omt_written.py", kind="file")
    source = (
        "from pathlib import Path\nPath('omt_written.py').write_text('value = \"new\"')\n"
        "import omt_written\nassert omt_written.value == 'new', omt_written.value"
    )
    run = perform(omega, source, worker(omega), job="etl/job")
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert omega.jobs.get("etl/omt_written.py") == b'value = "new"'
    links = omega.storage.lineage.read_by([run.id], limit=10)
    assert "jobs etl/omt_written.py@1" not in {str(link.source) for link in links}
