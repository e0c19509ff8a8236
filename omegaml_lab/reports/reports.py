"""Reports: the last good run of a job as a page, under a name that stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from omegaml_lab.core.errors import (
    DuplicateRecordError,
    ObjectExistsError,
    ObjectNotFoundError,
    ReportNotFoundError,
    ReportNotReadyError,
    RunNotFoundError,
)
from omegaml_lab.core.names import Name, check_path
from omegaml_lab.core.reports import Access, Report
from omegaml_lab.core.runs import Run, Status
from omegaml_lab.reports.assets import link_assets
from omegaml_lab.store.store import OmegaStore

if TYPE_CHECKING:
    import builtins
    import threading
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from omegaml_lab.core.pages import Page
    from omegaml_lab.storage.storage import Storage
    from omegaml_lab.store.jobs import JobStore
    from omegaml_lab.store.registry import Registry

__all__ = ["Reports", "Runs"]

FORMAT = 1
"""Raised when pages look different, so that those kept before are rendered again."""

_NEW: dict[str, Any] = {"access": Access.SIGNED_IN.value, "hide_code": False, "live": False}


class Notebooks(Protocol):
    """What reports need to know of where notebooks are."""

    def ids(self, names: Sequence[str]) -> dict[str, str]:
        """Return the ids of what is called so now."""

    def called(self, ids: Collection[str]) -> dict[str, str]:
        """Return what is called how now, by its id."""


class Runs(Protocol):
    """What reports need to know of runs."""

    @property
    def whereabouts(self) -> Notebooks:
        """Where their notebooks are."""

    def job_of(self, run: Run) -> str:
        """Return what the job of a run is called now."""

    def get(self, run_id: str) -> Run:
        """Return a run."""

    def list(self, job: Name, status: Status, *, limit: int) -> Page[Run]:
        """Return runs, newest first."""


class Reports:
    """What is published in one bucket.

    Parameters
    ----------
    storage
        The repository.
    jobs
        Its notebooks, results among them.
    runs
        Its runs.
    registry
        The kinds in which pages are kept.
    owner
        Who publishes.
    public_url
        Where people reach the server; empty when nobody said so.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        jobs: JobStore,
        runs: Runs,
        registry: Registry,
        owner: str = "",
        public_url: str = "",
    ) -> None:
        self._records = storage.records("reports")
        self._pages = OmegaStore(storage, "pages", registry=registry, bucket=jobs.bucket)
        self._jobs = jobs
        self._runs = runs
        self._whereabouts = runs.whereabouts
        self._owner = owner
        self._public_url = public_url.rstrip("/")

    def publish(
        self,
        job: str | Name,
        *,
        name: str | None = None,
        access: Access | str | None = None,
        hide_code: bool | None = None,
        live: bool | None = None,
    ) -> Report:
        """Publish the last good run of a job under a link that shows later runs as well.

        What is not said stays as it is when the report is there already: publishing again
        opens nothing that was closed.

        Parameters
        ----------
        job
            The notebook.
        name
            What the link ends in; by default the job's name.
        access
            Who may read: those who are ``signed-in`` (as a new report has it), or ``anyone``
            with the link.
        hide_code
            Show what the cells put out only; a new report shows all.
        live
            Let people who are signed in open the notebook as an application.

        Raises
        ------
        ReportNotReadyError
            If no run of the job has succeeded yet.
        ObjectExistsError
            If another job is published under that name.
        """
        path = self._jobs.metadata(self._jobs.resolve(job)).name
        run = self._latest(path)
        if run is None:
            raise ReportNotReadyError(path)
        level = None if access is None else Access(access).value
        chosen = {"access": level, "hide_code": hide_code, "live": live}
        said = {option: value for option, value in chosen.items() if value is not None}
        known_as = check_path(name or path.removesuffix(".ipynb"))
        notebook = self._whereabouts.ids([path]).get(path)
        report = {"name": known_as, "job": path, "run": run.id, "object": notebook}
        # Rendered first: what cannot be shown is not published.
        self._rendered(run, hide_code=bool(hide_code))
        return self._report(self._keep(report, said))

    def get(self, name: str) -> Report:
        """Return what is published under `name`.

        Raises
        ------
        ReportNotFoundError
            If nothing is.
        """
        record = self._records.find(self._id(name))
        if record is None or record["bucket"] != self._jobs.bucket:
            raise ReportNotFoundError(name)
        return self._report(record)

    def list(self, job: str | Name | None = None) -> builtins.list[Report]:
        """Return all reports of the bucket, or those of a job, by name."""
        where: dict[str, Any] = {"bucket": self._jobs.bucket}
        if job is None:
            return self._reports(self._records.query(where, sort=[("name", 1)]))
        path = self._jobs.resolve(job).path
        ids = [*self._whereabouts.ids([path]).values()]
        where["$or"] = [{"job": path}, {"object": {"$in": ids}}]
        found = self._reports(self._records.query(where, sort=[("name", 1)]))
        return [report for report in found if report.job == path]

    @property
    def stores(self) -> tuple[JobStore, OmegaStore]:
        """Where the results of runs are, and the pages that show them."""
        return self._jobs, self._pages

    def changes(self, stop: threading.Event, *, poll: float = 0.5) -> Iterator[Report | None]:
        """Yield each report that is published or shows another run; None when nothing came.

        The first None says that the feed stands. What is taken off its link is not told. Ends
        when `stop` is set.
        """
        for record in self._records.changes(stop, poll=poll):
            if record is None:
                yield None
            elif record["bucket"] == self._jobs.bucket:
                yield self._report(record)

    def unpublish(self, name: str) -> None:
        """Take a report off its link; the runs and their results stay.

        Raises
        ------
        ReportNotFoundError
            If nothing is published under that name.
        """
        if not self._records.delete(self._id(name)):
            raise ReportNotFoundError(name)

    def page(
        self,
        name: str,
        run: str | None = None,
        *,
        assets: tuple[str, Collection[str]] | None = None,
    ) -> str:
        """Return the page of a report as HTML.

        Parameters
        ----------
        name
            The report.
        run
            Id of the run to show, the last good one by default.
        assets
            Base URL of scripts that a server keeps itself, and their names; others come from
            the world.

        Raises
        ------
        ReportNotFoundError
            If nothing is published under that name.
        RunNotFoundError
            If the job has no such succeeded run.
        """
        report = self.get(name)
        html = self._pinned(report, run) if run is not None else self._current(report)
        return link_assets(html, *(assets or ()))

    def follow(self, run: Run) -> None:
        """Let the reports of a job show a run that has just succeeded."""
        job = self._runs.job_of(run)
        reports = self.list(Name(job))
        if run.publish and not reports:
            self.publish(Name(job), **run.publish_options)
        reports = [self._tightened(report, run.publish_options) for report in reports]
        latest = self._latest(job)
        for report in reports:
            self._rendered(run, hide_code=report.hide_code)
            if latest is None or latest.id == run.id:
                self._show(report, run)

    # -- inside --------------------------------------------------------------------------------

    def _tightened(self, report: Report, options: Mapping[str, Any]) -> Report:
        """Show no more of a report than a run was asked to show; what is closed stays closed."""
        changes: dict[str, Any] = {}
        if options.get("access") == Access.SIGNED_IN and report.access is Access.ANYONE:
            changes["access"] = Access.SIGNED_IN.value
        if options.get("hide_code") and not report.hide_code:
            changes["hide_code"] = True
        changed = self._records.update(self._id(report.name), set=changes) if changes else None
        return report if changed is None else self._report(changed)

    def _current(self, report: Report) -> str:
        latest = self._latest(report.job)
        if latest is not None:
            try:
                html = self._rendered(latest, hide_code=report.hide_code)
            except ObjectNotFoundError:
                pass  # its result was dropped: what was shown before is better than nothing
            else:
                if latest.id != report.run:
                    self._show(report, latest)
                return html
        try:
            return self._rendered(self._runs.get(report.run), hide_code=report.hide_code)
        except (ObjectNotFoundError, RunNotFoundError) as error:
            raise ReportNotReadyError(report.job) from error

    def _pinned(self, report: Report, run_id: str) -> str:
        run = self._runs.get(run_id)
        if self._runs.job_of(run) != report.job or run.bucket != report.bucket:
            raise RunNotFoundError(run_id)
        if run.status is not Status.SUCCEEDED:
            raise RunNotFoundError(run_id)
        try:
            return self._rendered(run, hide_code=report.hide_code)
        except ObjectNotFoundError as error:
            raise RunNotFoundError(run_id) from error

    def _rendered(self, run: Run, *, hide_code: bool) -> str:
        """Return a run's page, rendered when it is asked for the first time."""
        page = Name(f"{run.id}/{'results' if hide_code else 'code'}-{FORMAT}.html")
        try:
            return self._pages.read_bytes(page).decode("utf-8")
        except ObjectNotFoundError:
            from omegaml_lab.reports.render import render

            notebook = json.loads(self._jobs.read_bytes(Name(str(run.result))))
            job = self._runs.job_of(run)
            html = render(notebook, run, job=job, hide_code=hide_code)
            self._pages.put(html.encode("utf-8", "replace"), page, kind="file", keep=False)
            return html

    def _latest(self, job: str) -> Run | None:
        found = self._runs.list(Name(job), Status.SUCCEEDED, limit=1).items
        return found[0] if found else None

    def _show(self, report: Report, run: Run) -> None:
        now = datetime.now(UTC)
        self._records.update(self._id(report.name), set={"run": run.id, "modified": now})

    def _keep(self, report: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC)
        about = {**report, "bucket": self._jobs.bucket, "owner": self._owner, "modified": now}
        values = {**about, **said}
        record = {**about, **_NEW, **said, "id": self._id(report["name"]), "created": now}
        try:
            self._records.insert(record)
        except DuplicateRecordError:
            there = self._records.find(record["id"]) or {}
            mine = there and self._report(there).job == report["job"]
            same = {"job": there.get("job")}
            kept = self._records.update(record["id"], where=same, set=values) if mine else None
            if kept is None:
                raise ObjectExistsError("reports", report["name"]) from None
            return kept
        return self._records.find(record["id"]) or record  # with times as they are kept

    def _id(self, name: str) -> str:
        return f"{self._jobs.bucket}/{name}"

    def _report(self, record: dict[str, Any]) -> Report:
        return self._reports([record])[0]

    def _reports(self, records: Sequence[dict[str, Any]]) -> builtins.list[Report]:
        """Return reports as their notebooks are called now, in one query for all of them."""
        reports = [Report.from_record(record) for record in records]
        called = self._whereabouts.called({r.object for r in reports if r.object})
        return [
            replace(
                report,
                job=called.get(report.object or "", report.job),
                url=f"{self._public_url}/omega/reports/{quote(report.name)}",
            )
            for report in reports
        ]
