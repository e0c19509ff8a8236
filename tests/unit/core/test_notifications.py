from __future__ import annotations

import pytest

from omegaml_lab.core.errors import InvalidRecipientError
from omegaml_lab.core.notifications import (
    Happening,
    Occasion,
    Recipient,
    chosen,
    happening,
    is_told,
    parse_recipients,
    split_target,
)
from omegaml_lab.core.runs import Status

S, F, L, C = Status.SUCCEEDED, Status.FAILED, Status.LOST, Status.CANCELLED


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (Occasion.FAILURE, {(S, F), (F, F), (None, F), (S, L), (F, L), (L, L), (None, L), (L, F)}),
        (Occasion.SUCCESS, {(S, S), (F, S), (None, S), (L, S)}),
        (Occasion.CHANGE, {(S, F), (S, L), (None, F), (None, L), (F, S), (L, S)}),
        (Occasion.NEVER, set()),
    ],
)
def test_who_is_told_of_what(on, told) -> None:
    every = {(before, status) for before in (S, F, L, None) for status in (S, F, L, C)}
    assert {pair for pair in every if is_told(on, pair[1], pair[0])} == told
    assert all(is_told(Occasion.END, status, before) for before, status in every)


def test_what_works_again_is_called_so() -> None:
    assert happening(S, F) is Happening.RECOVERED
    assert happening(S, L) is Happening.RECOVERED
    assert happening(S, S) is happening(S, None) is Happening.SUCCEEDED
    assert happening(C, F) is Happening.CANCELLED


@pytest.mark.parametrize(
    ("text", "channel", "address"),
    [
        ("email:ann@example.org", "email", "ann@example.org"),
        (" ann@example.org ", "email", "ann@example.org"),
        ("lab:ann", "lab", "ann"),
        ("lab:", "lab", ""),
        ("pager:a:b", "pager", "a:b"),
        ("webhook:https://x.org/a", "webhook", "https://x.org/a"),
        ("https://x.org/a", "webhook", "https://x.org/a"),
        ("https://hooks.slack.com/services/T/B/x", "slack", "https://hooks.slack.com/services/T/B/x"),
        ("https://hooks.slack.com.evil.org/x", "webhook", "https://hooks.slack.com.evil.org/x"),
        ("https://acme.webhook.office.com/x", "teams", "https://acme.webhook.office.com/x"),
        ("https://eu.logic.azure.com:443/x", "teams", "https://eu.logic.azure.com:443/x"),
    ],
)  # fmt: skip
def test_where_to(text, channel, address) -> None:
    assert split_target(text) == (channel, address)


@pytest.mark.parametrize("text", ["", "ann", "ftp://x.org", "://", "Email:a@b", "a b:c"])
def test_what_is_no_recipient(text) -> None:
    with pytest.raises(InvalidRecipientError, match="channel:address"):
        split_target(text)


def test_a_setting_names_several() -> None:
    one, two = parse_recipients(" a@b.org\n change=https://x.org/success=1 ")
    assert (one.channel, one.on) == ("email", Occasion.FAILURE)
    assert (two.address, two.on) == ("https://x.org/success=1", Occasion.CHANGE)
    assert "x.org" not in repr(two)


def test_the_narrowest_rule_counts() -> None:
    def rule(on: Occasion, address: str = "a@b", **of: str) -> Recipient:
        return Recipient(channel="email", address=address, on=on, **of)

    wide, other = rule(Occasion.FAILURE), rule(Occasion.FAILURE, "c@d")
    silent, loud = rule(Occasion.NEVER, job="j"), rule(Occasion.END, schedule="s")
    assert chosen([wide, wide, other], F, None) == [wide, other]
    assert chosen([silent, wide, other], F, None) == [other]
    assert chosen([loud, silent, wide], F, None) == [loud]
