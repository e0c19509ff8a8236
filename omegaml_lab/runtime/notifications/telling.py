"""What a notification says of a run."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from omegaml_lab.core.notifications import Happening, Notification, happening
from omegaml_lab.core.runs import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omegaml_lab.core.groups import Group
    from omegaml_lab.core.notifications import Recipient
    from omegaml_lab.core.runs import Run
    from omegaml_lab.core.schedules import Schedule

__all__ = ["notification_of", "notification_of_group", "notification_of_miss"]

_TITLE = 150
_LISTED = 10  # runs of a group
_WORST_FIRST = (Status.FAILED, Status.LOST, Status.CANCELLED, Status.SUCCEEDED)
_REASON = 600
_SAID = {
    Happening.FAILED: "failed",
    Happening.LOST: "was lost",
    Happening.SUCCEEDED: "succeeded",
    Happening.CANCELLED: "was cancelled",
    Happening.RECOVERED: "works again",
}


def notification_of(
    run: Run,
    recipient: Recipient,
    *,
    before: Status | None,
    now: datetime,
    public_url: str = "",
) -> Notification:
    """Return what a recipient is told of a run that has ended, after one that ended so.

    Neither parameters nor outputs are told: who reads a chat need not be who may see those.
    """
    told = happening(run.status, before)
    address = _address(recipient, run.owner)
    return Notification(
        id=_id(f"{run.id} {run.attempt}", recipient.channel, address),
        run=run.id,
        job=run.job,
        bucket=run.bucket,
        schedule=run.schedule,
        owner=run.owner,
        channel=recipient.channel,
        address=address,
        happening=told,
        title=_line(f"{run.job} {_SAID[told]}", _TITLE),
        text=_text(run),
        link=_link(run, public_url),
        about=_about(run),
        created_at=now,
        due_at=now,
    )


def notification_of_group(
    group: Group,
    runs: Sequence[Run],
    recipient: Recipient,
    *,
    recovered: bool,
    now: datetime,
    public_url: str = "",
) -> Notification:
    """Return what a recipient is told of `runs` of a group, all of which have ended.

    Those that went wrong come first. `recovered` says that the ones before them had failed.
    """
    counts = Counter(run.status for run in runs)
    order = [status for status in _WORST_FIRST if counts[status]]
    told = Happening(order[0].value)
    if recovered and told is Happening.SUCCEEDED:
        told = Happening.RECOVERED
    numbers = ", ".join(f"{counts[status]} {status.value}" for status in reversed(order))
    address = _address(recipient, group.owner)
    first = sorted(runs, key=lambda run: (order.index(run.status), run.place or 0))[:_LISTED]
    jobs = list(dict.fromkeys(run.job for run in runs))
    return Notification(
        id=_id(f"{group.id} {group.rounds}", recipient.channel, address),
        run="",
        job=jobs[0] if len(jobs) == 1 else group.title,
        bucket=group.bucket,
        group=group.id,
        owner=group.owner,
        channel=recipient.channel,
        address=address,
        happening=told,
        title=_line(f"{_line(group.title, _TITLE - len(numbers) - 2)}: {numbers}", _TITLE),
        text=_text_of_group(group, runs, first, numbers, public_url),
        link=next((link for run in first if (link := _link(run, public_url))), None),
        about={
            "group": group.id,
            "title": group.title,
            "bucket": group.bucket,
            "jobs": jobs,
            "owner": group.owner,
            "counts": {status.value: counts[status] for status in order},
            "runs": [{"id": run.id, "job": run.job, "status": run.status.value} for run in first],
        },
        created_at=now,
        due_at=now,
    )


def _text_of_group(
    group: Group, runs: Sequence[Run], first: Sequence[Run], numbers: str, public_url: str
) -> str:
    lines = [f"All {len(runs)} runs of the group {group.id} have ended: {numbers}."]
    if group.owner:
        lines.append(_line(f"Asked for by {group.owner}.", _TITLE))
    for run in first:
        error = f": {run.error.name}: {run.error.message}" if run.error is not None else ""
        lines.append(_line(f"{run.status.value} {run.job}, run {run.id}{error}", _REASON))
        if result := _link(run, public_url) or run.result:
            lines.append(f"  {result}")
    if len(runs) > len(first):
        lines.append(f"… and {len(runs) - len(first)} more: omega groups show {group.id}")
    return "\n".join(lines)


def notification_of_miss(
    schedule: Schedule, recipient: Recipient, *, due: datetime, reason: str, now: datetime
) -> Notification:
    """Return what a recipient is told of a job that was due and could not be run."""
    address = _address(recipient, schedule.owner)
    title = _line(f"{schedule.job} could not be run", _TITLE)
    at = f"{due:%Y-%m-%d %H:%M} UTC"
    return Notification(
        id=_id(f"{schedule.id} {due.isoformat()}", recipient.channel, address),
        run="",
        job=schedule.job,
        bucket=schedule.bucket,
        schedule=schedule.id,
        owner=schedule.owner,
        channel=recipient.channel,
        address=address,
        happening=Happening.MISSED,
        title=title,
        text=f"It was due at {at} by the schedule {schedule.id} ({schedule.words}),"
        f" and there is no run:\n{_line(reason, _REASON)}",
        about={"job": schedule.job, "bucket": schedule.bucket, "schedule": schedule.id},
        created_at=now,
        due_at=now,
    )


def _address(recipient: Recipient, owner: str) -> str:
    person = recipient.channel == "lab" and recipient.address == "owner"
    return owner if person else recipient.address


def _id(told: str, channel: str, address: str) -> str:
    """Return what is the same whoever makes the notification, and however often."""
    named = "\0".join((told, channel, address))
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _text(run: Run) -> str:
    lines = [f"Run {run.id} of {run.job}, revision {run.revision}: {run.status.value}."]
    if run.error is not None:
        where = "" if run.error.cell is None else f" (cell {run.error.cell + 1})"
        lines.append(_line(f"{run.error.name}: {run.error.message}", _REASON) + where)
    elif run.notice:
        lines.append(_line(run.notice, _REASON))
    if run.ended_at is not None:
        took = "" if run.elapsed is None else f", after {run.elapsed:.1f} s"
        lines.append(f"It ended at {run.ended_at:%Y-%m-%d %H:%M:%S} UTC{took}.")
    if run.owner:
        lines.append(_line(f"Asked for by {run.owner}.", _TITLE))
    if run.schedule:
        lines.append(f"Due by the schedule {run.schedule}.")
    if run.result:
        lines.append(f"Result: {run.result}")
    return "\n".join(lines)


def _link(run: Run, public_url: str) -> str | None:
    if not public_url or run.result is None:
        return None
    return f"{public_url.rstrip('/')}/lab/tree/{quote(run.result)}"


def _about(run: Run) -> dict[str, Any]:
    told = ("id", "job", "revision", "bucket", "status", "kind", "attempt", "owner", "schedule")
    plain = run.to_dict()
    error = run.error
    return {
        **{key: plain[key] for key in told},
        **{key: plain[key] for key in ("queued_at", "started_at", "ended_at", "elapsed")},
        "result": run.result,
        "error": None
        if error is None
        else {"name": error.name, "message": error.message[:_REASON], "cell": error.cell},
    }


def _line(text: str, most: int) -> str:
    """Return text as one line of what can be seen: a title becomes a header of mail."""
    seen = "".join(c if c.isprintable() else " " for c in text)
    words = " ".join(seen.split())
    return words if len(words) <= most else f"{words[: most - 1]}…"
