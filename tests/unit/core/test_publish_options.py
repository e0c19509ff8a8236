"""How a run says that its report is to be published."""

from __future__ import annotations

from typing import Any

import pytest

from omegaml_lab.core.reports import Access, publish_options


def test_options_are_kept_as_plain_values() -> None:
    given = {"access": Access.SIGNED_IN, "hide_code": True, "live": False}
    assert publish_options(given) == {"access": "signed-in", "hide_code": True, "live": False}
    assert publish_options({}) == {}


@pytest.mark.parametrize(
    "given", [{"access": "friends"}, {"hide_code": "yes"}, {"live": 1}, {"colour": "red"}]
)
def test_what_is_no_option_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        publish_options(given)
