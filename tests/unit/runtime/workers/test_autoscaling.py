from __future__ import annotations

import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import ConfigError
from omegaml_lab.runtime.workers.autoscaling import Scale
from omegaml_lab.runtime.workers.slots import Slots


def test_slots_grow_at_once_and_shrink_to_what_was_needed_most() -> None:
    scale = Scale(least=2, most=8, patience=30)
    assert scale.fitting(busy=0, waiting=0, now=0) == 2
    assert scale.fitting(busy=2, waiting=3, now=1) == 5
    assert scale.fitting(busy=5, waiting=100, now=2) == 8
    assert scale.fitting(busy=4, waiting=0, now=20) == 8
    assert scale.fitting(busy=1, waiting=0, now=33) == 4
    assert scale.fitting(busy=1, waiting=0, now=51) == 2


def test_who_listens_hears_of_each_change() -> None:
    slots, heard = Slots(2), []
    slots.listen(lambda: heard.append(slots.count))
    slots.resize(5)
    slots.resize(1)
    assert heard == [5, 1]


def test_the_setting_says_the_least_and_the_most() -> None:
    assert Config.load(environ={}, concurrency=3).slots == (3, 3)
    assert Config.load(environ={"OMEGA_AUTOSCALE": " 2, 8 "}).slots == (2, 8)
    for wrong in ("3", "0,4", "8,2", "2,8,9", "a,b", "-1,2"):
        with pytest.raises(ConfigError, match="the least and the most"):
            Config.load(environ={}, autoscale=wrong)
