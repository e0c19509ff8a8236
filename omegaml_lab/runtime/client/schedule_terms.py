"""What is given of how a job is run, read and checked, as fields of its schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from omegaml_lab.core.errors import InvalidScheduleError
from omegaml_lab.core.experiments import check_experiment
from omegaml_lab.core.limits import Limits, whole_number
from omegaml_lab.core.names import Name
from omegaml_lab.core.reports import publish_options
from omegaml_lab.core.schedules import Misfire, Overlap, check_jitter, check_keep

if TYPE_CHECKING:
    from omegaml_lab.runtime.schedules.due import Rule

__all__ = ["named", "pinned_name", "rule_fields", "terms"]

T = TypeVar("T", Overlap, Misfire)


def terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `Schedules.add` takes, but for times, notebook, parameters and label.

    Raises
    ------
    InvalidScheduleError, InvalidLimitError
        If something of it is not understood.
    """
    values = {key: read(given[key]) for key, read in _READ.items() if key in given}
    return values | (_publish(given["publish"]) if "publish" in given else {})


def pinned_name(name: Name, revision: int | str | None) -> Name:
    """Return a job, in another revision where one is given."""
    return name if revision in (None, "") else named(name.path, str(revision))


def named(job: str, pinned: str) -> Name:
    """Return a job, in the revision of a number or a tag where one is given."""
    if not pinned:
        return Name(job)
    if not pinned.isdecimal():
        return Name(job, tag=pinned)
    revision = whole_number(pinned, least=0, most=2**62)
    if revision is None:
        reason = "no notebook has so many"
        raise InvalidScheduleError(pinned[:100], reason, what="revision of a notebook")
    return Name(job, revision=revision)


def rule_fields(rule: Rule) -> dict[str, Any]:
    """Return when something is due, as fields of its schedule."""
    return {
        "when": rule.when,
        "cron": rule.cron,
        "words": rule.words,
        "timezone": rule.timezone,
        "starts_at": rule.starts_at,
        "ends_at": rule.ends_at,
    }


_READ: dict[str, Callable[[Any], Any]] = {
    "overlap": lambda given: _choice(Overlap, given),
    "misfire": lambda given: _choice(Misfire, given),
    "limits": lambda given: Limits.of(given).to_dict(),
    "jitter": check_jitter,
    "keep": check_keep,
    "experiment": lambda given: check_experiment(given) if given else "",
}


def _publish(publish: object) -> dict[str, Any]:
    options = publish_options(publish) if isinstance(publish, Mapping) else {}
    return {"publish": publish not in (False, None), "publish_options": options}


def _choice(kind: type[T], given: T | str) -> T:
    try:
        return kind(given)
    except ValueError:
        known = ", ".join(repr(each.value) for each in kind)
        what, reason = kind.__name__.lower(), f"it is one of {known}"
        raise InvalidScheduleError(given, reason, what=what) from None
