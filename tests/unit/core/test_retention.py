from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import InvalidRetentionError
from omegaml_lab.core.retention import Retention, parse_duration

NOW = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
JOBS = "all 1h, hourly 1d, daily 30d, monthly"


def minutes(*ages: float) -> list[tuple[int, datetime]]:
    """Return states of these ages, the oldest one first."""
    moments = sorted(NOW - timedelta(minutes=age) for age in ages)
    return list(enumerate(moments, 1))


def left(rule: str, states: list[tuple[int, datetime]], at: datetime = NOW) -> list[int]:
    gone = Retention.parse(rule).superfluous(states, at)
    return [number for number, _ in states if number not in gone]


def test_all_and_last() -> None:
    states = minutes(*range(10))
    assert left("all", states) == list(range(1, 11))
    assert left("last 3", states) == [8, 9, 10]
    assert left("last 3", states, NOW - timedelta(minutes=2)) == [6, 7, 8, 9, 10]
    assert left("last 20", states) == list(range(1, 11))
    assert left("last 1", []) == []


def test_autosaves_are_thinned() -> None:
    day = 24 * 60
    # 17:30 is now: two saves in this hour, three at 15 o'clock, three yesterday, two in October.
    states = minutes(5, 10, 95, 100, 105, day + 600, day + 620, day + 900, 40 * day, 41 * day)
    ages = {number: (NOW - moment).total_seconds() / 60 for number, moment in states}
    assert [ages[n] for n in left(JOBS, states)] == [40 * day, day + 600, 95, 10, 5]
    assert [ages[n] for n in left("weekly 1w", states)] == [day + 600, 5][1:]


def test_terms_add_up() -> None:
    states = minutes(0, 1, 2, 60 * 24 * 3, 60 * 24 * 3 + 1, 60 * 24 * 400)
    assert left("last 2, daily 7d", states) == [3, 5, 6]
    assert left("yearly", states) == [1, 6]


@settings(max_examples=60, deadline=None)
@given(
    ages=st.lists(st.floats(0, 60 * 24 * 500), max_size=40),
    rule=st.sampled_from([JOBS, "last 3", "hourly 2d, last 2", "monthly", "all 1w"]),
    later=st.floats(0, 60 * 24 * 60),
)
def test_thinning_in_steps_is_as_good_as_at_once(
    ages: list[float], rule: str, later: float
) -> None:
    states = minutes(*ages)
    at = NOW + timedelta(minutes=later)
    survivors = left(rule, states)
    assert survivors[-1:] == [number for number, _ in states][-1:]
    assert left(rule, [s for s in states if s[0] in survivors]) == survivors
    stepwise = left(rule, [s for s in states if s[0] in survivors], at)
    assert stepwise == left(rule, states, at)


@pytest.mark.parametrize(
    "text",
    ["", "sometimes", "daly 3d", "last", "last 0", "last -1", "daily 3", "daily 3 parsecs", ","],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(InvalidRetentionError, match=r"last 20|30d"):
        Retention.parse(text)


def test_lengths_of_time() -> None:
    assert parse_duration("0") == timedelta(0)
    assert parse_duration(" 1.5H ") == timedelta(minutes=90)
    assert parse_duration("2w") == timedelta(days=14)
    assert parse_duration("999999999y") == timedelta(days=36500)
    for bad in ("", "5", "-1d", "1 month", "1e9d", "nan"):
        with pytest.raises(InvalidRetentionError, match="30d"):
            parse_duration(bad)
