"""Plain words for due times: understood exactly, or refused with what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omegaml_lab.core.errors import InvalidScheduleError
from omegaml_lab.core.when import EXAMPLES, cron_of

UNDERSTOOD = {
    "every minute": "* * * * *",
    "every 1 minute": "* * * * *",
    "every 15 minutes": "*/15 * * * *",
    "hourly": "0 * * * *",
    "every hour": "0 * * * *",
    "every hour at :15": "15 * * * *",
    "every 2 hours": "0 */2 * * *",
    "every 6 hours at :30": "30 */6 * * *",
    "every 3rd hour": "0 */3 * * *",
    "every 15th minute": "*/15 * * * *",
    "daily at 6:00": "0 6 * * *",
    "Every Day at 6pm": "0 18 * * *",
    "daily at 12 am": "0 0 * * *",
    "daily at 12:30 pm": "30 12 * * *",
    "daily at noon": "0 12 * * *",
    "daily at midnight": "0 0 * * *",
    "weekdays at 6:00": "0 6 * * 1-5",
    "every weekday at 06:05": "5 6 * * 1-5",
    "on weekends at 10:30": "30 10 * * 0,6",
    "every monday at 9:00": "0 9 * * 1",
    "mondays and thursdays at 9:30": "30 9 * * 1,4",
    "mon, wed, and fri at 8:00": "0 8 * * 1,3,5",
    "monday to friday at 8:00 and 17:00": "0 8,17 * * 1,2,3,4,5",
    "MON-FRI at 8:00": "0 8 * * 1,2,3,4,5",
    "friday to monday at 1:00": "0 1 * * 0,1,5,6",
    "sundays and sunday at 1:00": "0 1 * * 0",
    "monthly on the 1st at 7:00": "0 7 1 * *",
    "every month on the 1st and 15th at 7:00": "0 7 1,15 * *",
    "on the 3rd day of the month at 7:00": "0 7 3 * *",
    "monthly on the last day at 18:00": "0 18 L * *",
    "  daily   at  6:00 ": "0 6 * * *",
    "0 6 * * 1-5": "0 6 * * 1-5",
    "*/5 9-17 1,15 JAN-JUN mon#2": "*/5 9-17 1,15 JAN-JUN mon#2",
}

REFUSED = {
    "": "weekdays at 6:00",
    "weekdyas at 6:00": "weekdays at 6:00",
    "mondys and thursday at 6:00": "mondays and thursday at 6:00",
    "mondays 6:00": "mondays at 6:00",
    "daily": "daily at 6:00",
    "at noon": "daily at noon",
    "6:00 pm": "daily at 6:00 pm",
    "at 18:00 and 19:00": "daily at 18:00 and 19:00",
    "weekends": "weekends at 6:00",
    "mondays": "mondays at 6:00",
    "weekdays at": "weekdays at 6:00",
    "weekdays at 6": "weekdays at 6:00",
    "mondays and tuesdays at 9": "mondays and tuesdays at 9:00",
    "Monthly on the 15th at 7 and 19": "monthly on the 15th at 7:00 and 19:00",
    "weekdays at 24 sharp": "weekdays at 0:00",
    "weekdays at 24:00": "weekdays at 0:00",
    "weekdays at 25:00": None,
    "weekdays at 6:60": None,
    "weekdays at 13pm": "weekdays at 13:00",
    "weekdays at 0:30am": "weekdays at 0:30",
    "weekdays at 0pm": "weekdays at 12:00",
    "weekdays at 25pm": None,
    "every 7 minutes": "every 6 minutes",
    "every 0 minutes": "every 1 minute",
    "every 5 hours": "every 4 hours",
    "every hour at 15": "every hour at :30",
    "every": "weekdays at 6:00",
    "monthly at 6:00": "monthly on the 1st at 7:00",
    "monthly on the 32nd at 6:00": None,
    "daily at 6:00 and 7:30": None,
    "daily at 6:00 please": None,
    "mondays and at 6:00": None,
    "@daily": "daily at 0:00",
    "@Hourly": "every hour",
    "@weekly": "sundays at 0:00",
    "@yearly": "0 0 1 1 *",
    "@reboot": None,
    "@often": None,
    "0 30 6 * * 1-5": "30 6 * * 1-5",
    "0 0 6 ? * MON": "0 6 * * MON",
    "0 6 * * * 2026": "0 6 * * *",
    "0 0 6 * * ? 2026": "0 6 * * *",
    "0 6 ? * 1": "0 6 * * 1",
    "daily \\q 6:00": None,
    "tomorrow": None,
    "0 6 * *": None,
    "a b c d e": None,
}


@pytest.mark.parametrize("when", UNDERSTOOD)
def test_understood(when: str) -> None:
    assert cron_of(when) == UNDERSTOOD[when]


@pytest.mark.parametrize("when", REFUSED)
def test_refused_with_what_was_meant(when: str) -> None:
    with pytest.raises(InvalidScheduleError) as caught:
        cron_of(when)
    assert caught.value.suggestion == REFUSED[when]
    assert caught.value.given == when


def test_what_is_suggested_is_understood() -> None:
    for text in (*EXAMPLES, *filter(None, REFUSED.values())):
        cron_of(text)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        cron = cron_of(text)
    except InvalidScheduleError:
        return
    assert len(cron.split()) == 5


WORDS = (
    "every daily weekdays monday mondays and to at on the 1st 6:00 last day of month monthly"
    " 15 minutes hours , -"
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=9))
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    try:
        cron = cron_of(" ".join(words))
    except InvalidScheduleError as error:
        if error.suggestion is not None:
            cron_of(error.suggestion)
    else:
        assert len(cron.split()) == 5
