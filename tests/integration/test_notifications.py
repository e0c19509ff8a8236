"""Notifications of a real repository: each is sent, once, whoever dies when."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omegaml_lab.core.errors import (
    InvalidRecipientError,
    NotificationError,
    ObjectNotFoundError,
    RecipientNotFoundError,
    ScheduleNotFoundError,
)
from omegaml_lab.core.runs import Failure, Status
from omegaml_lab.omega import Omega
from omegaml_lab.runtime.notifications.outbox import TRIES, Outbox
from omegaml_lab.runtime.records.run_records import utcnow
from tests.integration.notebooks import notebook
from tests.integration.pager import NAME, Bench, Pager
from tests.integration.processes import scheduler, until, worker
from tests.unit.notifiers.servers import hook_server, mail_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(omega: Omega) -> Bench:
    return Bench(omega)


def test_who_is_told_gets_it_once(bench: Bench) -> None:
    bench.told.add("pager:ops")
    run = bench.end()
    bench.end(Status.SUCCEEDED)
    assert bench.deliver() == [f"{NAME} failed"]
    assert bench.deliver() == [f"{NAME} failed"]
    (got,) = bench.pager.got
    assert got.run == run.id
    assert "ValueError: no flights (cell 3)" in got.text.splitlines()
    assert got.link is None
    (kept,) = bench.told.list(run=run.id).items
    assert (kept.status, kept.tries, kept.error) == ("sent", 1, None)
    assert bench.told.describe_sent(kept)["address"] == "o…"


def test_what_changes_is_told_until_it_works_again(bench: Bench) -> None:
    bench.told.add("pager:ops", on="change", job=NAME)
    for status in ("succeeded", "failed", "failed", "cancelled", "succeeded", "succeeded"):
        bench.end(Status(status))
    assert bench.deliver() == [f"{NAME} failed", f"{NAME} works again"]


def test_runs_of_a_schedule_are_compared_among_themselves(bench: Bench) -> None:
    schedule = bench.omega.runtime.job(NAME).schedule("daily at 6:00", timezone="UTC")
    bench.told.add("pager:ops", on="change", schedule=schedule.id)
    bench.end(schedule=schedule.id)
    bench.end(Status.SUCCEEDED)  # by hand: no news of the schedule
    bench.end(schedule=schedule.id)
    bench.end(Status.SUCCEEDED, schedule=schedule.id)
    assert bench.deliver() == [f"{NAME} failed", f"{NAME} works again"]


def test_a_job_that_cannot_be_run_when_it_is_due_is_told(bench: Bench) -> None:
    from tests.integration.clock import Clock

    clock = Clock(bench.omega, bench.now)
    schedule = clock.add("every hour", parameters={"n": 2})
    bench.told.add("pager:ops", job="job.ipynb")
    bench.told.add("pager:dev", on="success")
    bench.omega.jobs.put(notebook("print(1)"), "job")  # which takes no n
    clock.now += timedelta(minutes=61)
    clock.timetable().fire()
    assert bench.deliver() == bench.deliver() == ["job.ipynb could not be run"]
    (got,) = bench.pager.got
    assert (got.happening, got.schedule, got.run) == ("missed", schedule.id, "")
    assert "'n'" in got.text
    assert bench.told.list().total == 1


def test_every_way_to_end_is_told(bench: Bench) -> None:
    bench.told.add("pager:ops", on="end")
    records = bench.omega.runtime.runs.records
    waiting = records.create(NAME, 1, parameters={})
    records.cancel(waiting.id)
    lost = records.create(NAME, 1, parameters={}, max_attempts=1)
    records.claim(lost.id, worker="w", result=lambda run: None)
    records.lose(records.records(Status.RUNNING)[0], Failure(name="WorkerLost", message="silence"))
    again = records.create(NAME, 1, parameters={}, max_attempts=2)
    records.claim(again.id, worker="w", result=lambda run: None)
    records.lose(records.records(Status.RUNNING)[0], Failure(name="WorkerLost", message="s"))
    records.create(NAME, 1, parameters={})  # it waits
    records.create("m", 1, parameters={}, kind="model")
    assert sorted(bench.deliver()) == [f"{NAME} was cancelled", f"{NAME} was lost"]
    assert {each.run for each in bench.pager.got} == {waiting.id, lost.id}


def test_a_narrow_rule_silences_a_wide_one(bench: Bench) -> None:
    bench.told.add("pager:ops")
    bench.told.add("pager:ops", on="never", job=NAME)
    bench.end()
    assert bench.deliver() == []


def test_settings_name_who_is_told_by_default(omega: Omega) -> None:
    from dataclasses import replace

    config = replace(omega.config, notify="end=lab:owner", public_url="https://lab.x.org/base/")
    with Omega(config=config) as other:
        bench = Bench(other)
        bench.end()
        assert bench.deliver() == []
        (got,) = bench.told.list().items
        assert (got.channel, got.address, got.status) == ("lab", "ada", "sent")
        assert got.link == f"https://lab.x.org/base/lab/tree/results/{got.run}.ipynb"


def test_many_postmen_send_each_once(bench: Bench) -> None:
    bench.told.add("pager:ops")
    bench.told.add("pager:dev")
    runs = {bench.end().id for _ in range(12)}
    start = threading.Barrier(4)

    def post(_: int) -> None:
        start.wait()
        postman = bench.told.postman()
        for _ in range(4):
            postman.deliver()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, range(4)))
    assert len(bench.pager.got) == 24
    assert {each.run for each in bench.pager.got} == runs


def test_a_postman_may_die_between_any_two_steps(bench: Bench) -> None:
    class Died(BaseException):
        pass

    def dying(at: int) -> Outbox:
        outbox, left = bench.outbox(), iter(range(at))
        for records in (outbox._records, outbox._ended):
            for name in ("insert", "update"):
                setattr(records, name, step(getattr(records, name), left))
        return outbox

    def step(act: Any, left: Any) -> Any:
        def stepped(*args: Any, **given: Any) -> Any:
            if next(left, None) is None:
                raise Died
            return act(*args, **given)

        return stepped

    bench.told.add("pager:ops")
    bench.told.add("pager:dev")
    for at in range(7):  # two are made, one mark is taken off, each is taken and settled
        run = bench.end()
        postman = bench.told.postman()
        postman._outbox = dying(at)
        with pytest.raises(Died):
            postman.deliver()
        bench.now += timedelta(minutes=4)
        bench.deliver()
        got = [each for each in bench.pager.got if each.run == run.id]
        # Once each, or twice under the same id when the death came right after it was sent.
        assert len({each.id for each in got}) == 2
        assert len(got) == (3 if at in {4, 6} else 2), at
        kept = bench.told.list(run=run.id).items
        assert [each.status for each in kept] == ["sent", "sent"]


def test_who_does_not_answer_keeps_no_other_waiting(bench: Bench) -> None:
    stop, answer, late = threading.Event(), threading.Event(), Pager()
    late.channel = "late"  # type: ignore[misc]
    late.send = lambda _: answer.wait(30)  # type: ignore[method-assign,assignment,return-value]
    bench.told.notifiers.add(late)
    bench.told.add("late:ops")
    bench.end()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(bench.told.postman().run, stop)
        try:
            until(lambda: [each for each in bench.told.list().items if each.tries])
            bench.told.add("pager:ops")
            bench.end()
            bench.now = utcnow()
            until(lambda: bench.told.list(status="sent").total == 1)
            assert len(bench.pager.got) == 1
        finally:
            answer.set()
            stop.set()
        going.result()
    assert bench.told.list(status="sent").total == 3 - bench.told.list(status="waiting").total


def test_what_is_not_delivered_is_tried_again_and_given_up_in_the_end(bench: Bench) -> None:
    bench.told.add("pager:ops")
    bench.end()
    bench.pager.errors = [NotificationError("pager", "nobody answers")] * 99
    tried_at = []
    for _ in range(3 * TRIES):
        before = len(bench.pager.errors)
        bench.deliver()
        if len(bench.pager.errors) < before:
            tried_at.append(bench.now)
        (kept,) = bench.told.list().items
        bench.now = max(bench.now, kept.due_at)
    assert (kept.status, kept.tries, kept.error) == ("failed", TRIES, "nobody answers")
    pauses = [b - a for a, b in itertools.pairwise(tried_at)]
    assert len(tried_at) == TRIES
    assert pauses == sorted(pauses)
    assert timedelta(hours=2) < sum(pauses, timedelta()) < timedelta(hours=12)
    bench.pager.errors.clear()
    assert bench.told.retry() == 1
    assert bench.deliver() == [f"{NAME} failed"]


def test_what_never_will_be_delivered_is_given_up_at_once(bench: Bench) -> None:
    bench.told.add("pager:ops")
    bench.pager.errors = [NotificationError("pager", "no such number", final=True)]
    bench.end()
    bench.deliver()
    (kept,) = bench.told.list(status="failed").items
    assert (kept.tries, kept.error) == (1, "no such number")


def test_a_channel_that_is_gone_keeps_no_other_waiting(bench: Bench) -> None:
    bench.told.add("pager:ops")
    recipient = bench.told.add("pager:dev")
    bench.omega.storage.records("recipients").update(recipient.id, set={"channel": "telex"})
    bench.end()
    assert bench.deliver() == [f"{NAME} failed"]
    (kept,) = bench.told.list(status="waiting").items
    assert "there are the channels" in kept.error
    assert bench.told.describe_sent(kept)["address"] == "…"


def test_who_is_told_is_listed_changed_and_dropped(bench: Bench) -> None:
    wide = bench.told.add("https://hooks.slack.com/services/T0KEN")
    narrow = bench.told.add("email:a@b.org", job=NAME, on="success")
    assert bench.told.recipients() == [wide, narrow]
    assert bench.told.recipients(job=NAME) == [narrow]
    assert bench.told.add("a@b.org", job=NAME, on="end").id == narrow.id
    assert [each.on for each in bench.told.recipients(job=NAME)] == ["end"]
    shown = bench.told.describe(wide)
    assert "T0KEN" not in repr(wide) + str(shown)
    assert shown["address"] == "https://hooks.slack.com/…"
    bench.omega.jobs.rename("folder", "else where/+")
    assert bench.told.get(narrow.id).job == "else where/+/a % ü.ipynb"
    other = Omega(bench.omega.url, bucket="other", config=bench.omega.config)
    with other:
        assert other.notifications.recipients() == []
        with pytest.raises(RecipientNotFoundError):
            other.notifications.drop(wide.id)
    bench.told.drop(wide.id)
    with pytest.raises(RecipientNotFoundError):
        bench.told.get(wide.id)


def test_what_is_over_is_forgotten(bench: Bench) -> None:
    schedule = bench.omega.runtime.job(NAME).schedule("daily at 6:00", timezone="UTC")
    stays = bench.told.add("pager:ops", on="end")
    bench.told.add("pager:ops", schedule=schedule.id)
    bench.end()
    bench.deliver()
    bench.told.outbox.tidy()
    assert len(bench.told.recipients()) == 2
    bench.omega.runtime.schedules.drop(schedule.id)
    bench.now += timedelta(days=31)
    bench.end()
    bench.told.outbox.fill()
    assert bench.told.list().total == 2
    bench.told.outbox.tidy()
    assert bench.told.recipients() == [stays]
    assert [each.status for each in bench.told.list().items] == ["waiting"]


REFUSED: list[tuple[str, dict[str, str], type[Exception]]] = [
    ("telex:x", {}, InvalidRecipientError),
    ("email:x", {}, InvalidRecipientError),
    ("ann", {}, InvalidRecipientError),
    ("email:a@b.org\nBcc: c@d.org", {}, InvalidRecipientError),
    ("webhook:http://x/" + "a" * 3000, {}, InvalidRecipientError),
    ("pager:x", {"on": "sometimes"}, InvalidRecipientError),
    ("pager:x", {"job": "nothing"}, ObjectNotFoundError),
    ("pager:x", {"schedule": "nothing"}, ScheduleNotFoundError),
    ("pager:x", {"schedule": "a", "job": "b"}, InvalidRecipientError),
]


def test_what_is_no_recipient_is_refused(bench: Bench) -> None:
    for to, given, error in REFUSED:
        with pytest.raises(error):
            bench.told.add(to, **given)
    assert bench.told.recipients() == []


def test_a_test_is_sent_at_once(bench: Bench) -> None:
    bench.told.test("pager:x")
    assert [each.title for each in bench.pager.got] == ["A test of Omega Lab"]


def test_a_real_scheduler_tells_by_mail_and_webhook(bench: Bench, tmp_path: Path) -> None:
    told = bench.told
    with mail_server() as mailbox, hook_server() as hook:
        told.add("ann@example.org", job=NAME)
        told.add(f"http://localhost:{hook.port}/hook")
        run = bench.end()
        with scheduler(bench.omega, tmp_path, **_settings(mailbox.port)):
            until(lambda: told.list(status="sent").total == 2, what=lambda: str(told.list()))
        (mail,) = mailbox.messages
        assert mail["Subject"] == f"{NAME} failed"
        assert mail["From"] == "Omega Lab <omega@example.org>"
        assert [post["run"]["id"] for post in hook.posts] == [run.id]


@pytest.mark.long
def test_a_worker_may_die_as_soon_as_a_run_has_ended(omega: Omega, tmp_path: Path) -> None:
    omega.jobs.put(notebook("raise ValueError('no\\r\\nBcc: eve@x.org')"), "morning")
    omega.notifications.add("ann@example.org", job="morning")
    with worker(omega, tmp_path) as performing:
        omega.runtime.job("morning").run(wait=True)
        performing.kill()
    with mail_server() as mailbox, scheduler(omega, tmp_path, **_settings(mailbox.port)):
        until(lambda: mailbox.messages)
    (mail,) = mailbox.messages
    assert mail["Bcc"] is None
    assert "ValueError: no Bcc: eve@x.org (cell 1)" in mail.get_content()


def _settings(port: int) -> dict[str, str]:
    return {
        "smtp_url": f"smtp+plain://localhost:{port}",
        "mail_from": "omega@example.org",
        "webhook_hosts": "localhost",
    }
