"""What limits mean, and what is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError, InvalidAttributeError, InvalidLimitError
from omegaml_lab.core.limits import LONGEST_WAIT, Limits, Usage
from omegaml_lab.core.runs import Attempt, Failure, Run, Status
from omegaml_lab.core.tags import check_label, check_tags, run_id_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"timeout": "10 min"}, {"timeout": 600}),
        ({"timeout": 1.5}, {"timeout": 1.5}),
        ({"cell_timeout": " 2h "}, {"cell_timeout": 7200}),
        ({"retry_wait": ".5 s"}, {"retry_wait": 0.5}),
        ({"memory": "2 GB"}, {"memory": 2_000_000_000}),
        ({"memory": "1.5GiB"}, {"memory": 1_610_612_736}),
        ({"memory": 512_000_000}, {"memory": 512_000_000}),
        ({"retries": "3", "timeout": None}, {"retries": 3}),
        (Limits(retries=0), {"retries": 0}),
        (None, {}),
    ],
)
def test_numbers_and_texts_are_understood(given: Any, wanted: dict[str, Any]) -> None:
    assert Limits.of(given) == Limits(**wanted)


def test_what_is_refused_is_told_with_what_is_taken() -> None:
    assert Limits.of({"keep_kernel": "0"}) == Limits(keep_kernel=0)
    with pytest.raises(InvalidLimitError, match="it must be 0 or more, and a year at most"):
        Limits.of({"keep_kernel": "400 d"})
    with pytest.raises(InvalidLimitError, match="it must be a whole number from 0 to 20"):
        Limits.of({"retries": -1})


@pytest.mark.parametrize(
    "given",
    [
        {"timeout": "soon"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": True},
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"timeout": "9" * 400},
        {"timeout": 10**400},
        {"memory": 10**400},
        {"retries": "9" * 5000},
        {"priority": "9" * 5000},
        {"timeout": "5 GB"},
        {"timeout": [1]},
        {"memory": "5 min"},
        {"memory": 1000},
        {"memory": "\u0661 GB"},
        {"retries": -1},
        {"retries": 1.5},
        {"retries": True},
        {"retries": 10**9},
        {"timeuot": 5},
        {1: 2},
        "10 min",
        [1],
    ],
)
def test_what_is_not_understood_is_refused(given: Any) -> None:
    with pytest.raises(InvalidLimitError):
        Limits.of(given)


def test_a_misspelt_limit_is_told_what_was_meant() -> None:
    with pytest.raises(InvalidLimitError, match="'timeout'"):
        Limits.of({"timeuot": 5})


def test_what_a_run_does_not_say_is_as_the_settings_say() -> None:
    both = Limits(timeout=5, retries=0).over(Limits(timeout=9, memory=10**9, retries=2))
    assert both == Limits(timeout=5, memory=10**9, retries=0)


def test_waits_double_up_to_an_hour_and_are_spread() -> None:
    limits = Limits(retries=9, retry_wait=10)
    assert [limits.wait(n, chance=0.5) for n in (1, 2, 3)] == [10, 20, 40]
    assert (limits.wait(1, chance=0), limits.wait(1, chance=1)) == (7.5, 12.5)
    assert limits.wait(20, chance=0.5) == LONGEST_WAIT
    assert Limits().wait(1, chance=0.5) == 0
    assert (Limits().attempts, Limits(retries=0).attempts, limits.attempts) == (3, 1, 10)


def test_limits_and_attempts_come_back_from_the_record() -> None:
    failure = Failure(name="E", message="m" * 5000, cell=1, traceback=("t",))
    values = {"id": "r", "job": "a", "revision": 1, "status": Status.RUNNING, "queued_at": NOW}
    run = Run(**values, worker="w", usage=Usage(cpu_seconds=1.5, memory_peak=7))  # type: ignore[arg-type]
    attempt = Attempt.of(run, Status.FAILED, ended_at=NOW, error=failure)
    assert attempt.error is not None
    assert (len(attempt.error.message), attempt.error.traceback) == (1000, ())
    plain = Run(**values, attempts=(attempt,), limits=Limits(timeout=5), tags=("a",)).to_dict()  # type: ignore[arg-type]
    assert plain["attempts"][0]["ended_at"] == NOW.isoformat()
    # What a newer version has written beside it does no harm.
    record = {**plain, "limits": {**plain["limits"], "new": 1}, "status": "running"}
    again = Run.from_record(record)
    assert (again.limits, again.tags) == (Limits(timeout=5), ("a",))
    assert again.attempts[0].usage == Usage(cpu_seconds=1.5, memory_peak=7)


def test_settings_are_limits(tmp_path: Any) -> None:
    environ = {"OMEGA_RUN_MEMORY": "2 GB", "OMEGA_RUN_RETRIES": "0", "OMEGA_RUN_TIMEOUT": "1 h"}
    config = Config.load(environ=environ, home=tmp_path)
    assert config.limits == Limits(memory=2 * 10**9, retries=0, timeout=3600)
    with pytest.raises(ConfigError, match="run_memory"):
        Config.load(environ={"OMEGA_RUN_MEMORY": "much"}, home=tmp_path)


@pytest.mark.parametrize(
    "tags", ["text", 5, [""], [" "], [1], ["x" * 101], ["\ud800"], [str(n) for n in range(21)]]
)
def test_tags_that_cannot_be_kept_are_refused(tags: Any) -> None:
    with pytest.raises(InvalidAttributeError):
        check_tags(tags)


@pytest.mark.parametrize(
    "label", [None, 5, "", " ", "x" * 101, "ä" * 51, "a\0b", "\ud800", "a\nb"]
)
def test_what_can_be_no_label_is_refused(label: Any, tmp_path: Any) -> None:
    with pytest.raises(InvalidAttributeError, match="label"):
        check_label(label)
    if isinstance(label, str) and label:
        with pytest.raises(ConfigError, match="label"):
            Config.load(environ={"OMEGA_LABEL": label}, home=tmp_path)


def test_a_label_may_be_any_words() -> None:
    for label in ("gpu", "mit Grafikkarte", "a/b.c", "x" * 100):
        assert check_label(label) == label


def test_a_token_names_a_request_for_one_job_in_one_bucket() -> None:
    ids = {
        run_id_of(*parts)
        for parts in (("b", "j", "t"), ("b", "j", "u"), ("b", "k", "t"), ("c", "j", "t"))
    }
    assert len(ids) == 4
    with pytest.raises(InvalidAttributeError):
        run_id_of("b", "j", "")


def test_a_misspelt_limit_of_a_call_is_proposed_one_that_calls_have() -> None:
    with pytest.raises(InvalidLimitError) as caught:
        Limits.of_call({"tiemout": 1})
    assert "'timeout'" in str(caught.value)
    assert "cell_timeout" not in str(caught.value)
    with pytest.raises(InvalidLimitError, match="a call has no cells"):
        Limits.of_call({"cell_timeout": 1})
