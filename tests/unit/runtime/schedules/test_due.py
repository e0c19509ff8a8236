"""Due times: cron in a time zone, through both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import InvalidScheduleError
from omegaml_lab.core.when import EXAMPLES
from omegaml_lab.runtime.schedules.due import Rule, local_timezone

ZURICH = "Europe/Zurich"


def times(when: str, after: str, count: int = 3, zone: str = ZURICH) -> list[str]:
    """Return due times after a moment in UTC, in local time."""
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    due = islice(Rule.of(when, zone).after(moment), count)
    return [f"{each.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for each in due]


def test_a_time_of_day_keeps_to_the_clock_on_the_wall() -> None:
    spring = times("daily at 6:00", "2026-03-27T12:00")
    assert spring == ["28 06:00 +0100", "29 06:00 +0200", "30 06:00 +0200"]
    autumn = times("daily at 6:00", "2026-10-23T12:00")
    assert autumn == ["24 06:00 +0200", "25 06:00 +0100", "26 06:00 +0100"]


def test_a_time_that_the_change_leaves_out_comes_right_after_it() -> None:
    assert times("daily at 2:30", "2026-03-28T12:00", 2) == ["29 03:00 +0200", "30 02:30 +0200"]


def test_a_time_that_comes_twice_is_due_once() -> None:
    autumn = times("daily at 2:30", "2026-10-24T12:00", 2)
    assert autumn == ["25 02:30 +0200", "26 02:30 +0100"]


def test_two_times_that_a_change_makes_one_are_due_once() -> None:
    spring = times("daily at 2:00 and 3:00", "2026-03-28T12:00")
    assert spring == ["29 03:00 +0200", "30 02:00 +0200", "30 03:00 +0200"]


def test_every_so_many_minutes_go_on_through_a_change() -> None:
    autumn = times("every 30 minutes", "2026-10-25T00:10", 5)
    assert autumn == [
        "25 02:30 +0200",
        "25 02:00 +0100",
        "25 02:30 +0100",
        "25 03:00 +0100",
        "25 03:30 +0100",
    ]


def test_every_so_many_hours_keep_to_the_clock_on_the_wall() -> None:
    assert times("every 2 hours", "2026-10-24T23:30") == [
        "25 02:00 +0200",
        "25 04:00 +0100",
        "25 06:00 +0100",
    ]
    lord_howe = times("every 6 hours", "2027-04-03T12:00", 2, "Australia/Lord_Howe")
    assert lord_howe == ["04 00:00 +1100", "04 06:00 +1030"]
    santiago = times("every 6 hours", "2027-09-04T22:30", 2, "America/Santiago")
    assert santiago == ["05 01:00 -0300", "05 06:00 -0300"]


def test_nothing_is_due_before_the_start_and_after_the_end() -> None:
    year = datetime.now(UTC).year + 1
    rule = Rule.of(
        "daily at 6:00",
        ZURICH,
        starts_at=datetime(year, 1, 10, 6),  # noqa: DTZ001 - in the rule's time zone
        ends_at=datetime(year, 1, 12, 5, tzinfo=UTC),
    )
    due = list(rule.after(datetime.now(UTC)))
    assert due == [datetime(year, 1, day, 5, tzinfo=UTC) for day in (10, 11, 12)]


def test_the_last_due_time_is_found_however_long_ago() -> None:
    since, until = datetime(2001, 1, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, 20, tzinfo=UTC)
    for when, last in {
        "every minute": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        "daily at 2:30": datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        "monthly on the 1st at 7:00": datetime(2026, 3, 1, 6, tzinfo=UTC),
        "0 0 29 2 *": datetime(2024, 2, 28, 23, tzinfo=UTC),
    }.items():
        rule = Rule.of(when, ZURICH)
        assert rule.last(since=since, until=until) == last
        assert rule.last(since=last, until=until) is None
        assert rule.last(since=last - timedelta(seconds=1), until=last) == last


@pytest.mark.parametrize(
    ("when", "zone", "reason"),
    [
        ("61 * * * *", "UTC", "its minute '61' is not right, which may be 0 to 59"),
        ("0 0 31 2 *", "UTC", "its day-of-month '31' is not right, which may be 1 to 31, as far"),
        (f"*/{'9' * 5000} * * * *", "UTC", "not right"),
        ("*/90 * * * *", "UTC", r"its minute '\*/90' goes in steps of 90, and 60 is the longest"),
        ("0 6-18/25 * * *", "UTC", "steps of 25, and 24 is"),
        ("0 0 * * mon#6", "UTC", "day-of-week"),
        (None, "UTC", "it is no text"),
        ("daily at 6:00", "Mars/Olympus", "no such time zone"),
        ("daily at 6:00", "../etc/passwd", "no such time zone"),
    ],
)
def test_what_cannot_be_is_refused(when: str, zone: str, reason: str) -> None:
    with pytest.raises(InvalidScheduleError, match=reason):
        Rule.of(when, zone)


@pytest.mark.parametrize("day", ["11th", "21st", "22nd", "23rd", "31st"])
def test_days_of_the_month_are_said_as_people_say_them(day: str) -> None:
    words = Rule.of(f"monthly on the {day} at 7:00", "UTC").words
    assert words == f"At 07:00 on the {day} day of every month"


def test_a_city_leads_to_its_time_zone() -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        Rule.of("daily at 6:00", "zurich")
    assert caught.value.suggestion == ZURICH


def test_what_is_over_is_refused() -> None:
    with pytest.raises(InvalidScheduleError, match="ended already"):
        Rule.of("daily at 6:00", "UTC", ends_at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidScheduleError, match="before it starts"):
        Rule.of(
            "daily at 6:00",
            "UTC",
            starts_at=datetime(2101, 1, 1, tzinfo=UTC),
            ends_at=datetime(2100, 1, 1, tzinfo=UTC),
        )


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59:59-05:00"])
@pytest.mark.parametrize("end", ["starts_at", "ends_at"])
def test_what_is_out_of_time_is_refused(moment: str, end: str) -> None:
    with pytest.raises(InvalidScheduleError, match="years go from"):
        Rule.of("daily at 6:00", ZURICH, **{end: datetime.fromisoformat(moment)})


def test_without_a_time_zone_it_is_this_machines() -> None:
    assert Rule.of("daily at 6:00").timezone == local_timezone()
    ZoneInfo(local_timezone())


@pytest.mark.parametrize("alias", ["Etc/UTC", "Zulu", "UTC"])
def test_utc_has_one_name(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", alias)  # as a machine may say it
    assert local_timezone() == "UTC"
    assert Rule.of("daily at 6:00", alias).timezone == "UTC"


@settings(deadline=None)
@given(
    when=st.sampled_from([*EXAMPLES, "*/7 2,3 * * *", "30 1-3 * 3,10 sun", "15 2 L * *"]),
    zone=st.sampled_from([ZURICH, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001
)
def test_due_times_rise_and_any_start_leads_to_the_same_ones(
    when: str, zone: str, start: datetime
) -> None:
    rule, moment = Rule.of(when, zone), start.replace(tzinfo=UTC)
    first, second, third = islice(rule.after(moment), 3)
    assert moment < first < second < third
    assert next(rule.after(first)) == second
    assert next(rule.after(second - timedelta(seconds=1))) == second
