"""Exchange: export of objects into an archive, and import of one."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from omegaml_lab.core.archives import ArchiveEntry, Imported, TransferProgress
from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidArchiveError,
    InvalidNameError,
    ObjectNotFoundError,
)
from omegaml_lab.core.metadata import STORES
from omegaml_lab.core.names import Name
from omegaml_lab.store.archive import ArchiveReader, ArchiveWriter
from omegaml_lab.store.carrying import Carrier, Repository
from omegaml_lab.store.intake import CONFLICTS, OUTCOMES, Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from omegaml_lab.storage.holds import Holds
    from omegaml_lab.store.intake import Conflict, Outcome
    from omegaml_lab.store.store import OmegaStore

__all__ = ["export_objects", "import_objects"]

T = TypeVar("T", Name, ArchiveEntry)
_Chosen = tuple["OmegaStore", Name]


def export_objects(
    stores: Mapping[str, OmegaStore],
    path: Path,
    names: Sequence[str],
    *,
    history: bool,
    replace: bool,
    progress: Callable[[TransferProgress], None] | None = None,
) -> list[ArchiveEntry]:
    """Write an archive; see `Omega.export`."""
    if path.exists() and not replace:
        raise FileExistsError(f"{path} exists already")
    chosen = _chosen(stores, names)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")  # nobody else's
    first = next(iter(stores.values()))
    counter = _Counter(len(chosen), progress)
    entries = []
    try:
        with part.open("wb") as file:
            origin = Repository(first.storage)
            writer = ArchiveWriter(file, origin, bucket=first.bucket, progress=counter.carried)
            for store, name in counter.each(chosen):
                if name.path in store.heads([name.path]):  # else it was dropped meanwhile
                    head = store.head_of(name)
                    states = store.histories.of(head)
                    whole = history and not name.pinned
                    entries.append(writer.add(head.reference, states if whole else states[-1:]))
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)  # so whatever has this name is a whole archive
    finally:
        part.unlink(missing_ok=True)
    return entries


def import_objects(
    stores: Mapping[str, OmegaStore],
    path: Path,
    names: Sequence[str],
    *,
    on_conflict: Conflict,
    dry_run: bool,
    progress: Callable[[TransferProgress], None] | None = None,
) -> Imported:
    """Take in an archive; see `Omega.import_`."""
    if on_conflict not in CONFLICTS:
        raise ValueError(f"on_conflict is {', '.join(CONFLICTS)}, not {on_conflict!r}")
    archive = ArchiveReader(path)
    try:
        entries = _wanted(archive, stores, names)
        counter = _Counter(len(entries), progress)
        storage = next(iter(stores.values())).storage
        carrier = Carrier(archive, storage, progress=counter.carried)
        outcomes: dict[str, Outcome] = {}
        for entry in entries:  # what cannot be taken in is told before anything is written
            intake, newest = Intake(stores[entry.store], carrier), archive.states(entry)[-1]
            told = archive.reference(entry)
            outcomes[str(entry)] = intake.outcome(entry.name, newest, told, on_conflict)
        todo = counter.each([(stores[e.store], e) for e in entries])
        if dry_run:
            for _, entry in todo:
                archive.verify(entry)
        else:
            outcomes |= _take_all(archive, todo, carrier, storage.holds, on_conflict)
    except IntegrityError as error:
        raise InvalidArchiveError(path, f"{error.what}: {error.reason}") from error
    finally:
        archive.close()
    return Imported(
        **{kind: tuple(n for n, o in outcomes.items() if o == kind) for kind in OUTCOMES}
    )


def _take_all(
    archive: ArchiveReader,
    entries: Iterable[tuple[OmegaStore, ArchiveEntry]],
    carrier: Carrier,
    holds: Holds,
    on_conflict: Conflict,
) -> dict[str, Outcome]:
    """Take in objects, under one hold: what came with the first may belong to the last, too."""
    outcomes: dict[str, Outcome] = {}
    with holds.holding(now=True):
        for store, entry in entries:
            outcomes[str(entry)] = Intake(store, carrier).take(
                entry.name,
                archive.states(entry),
                archive.reference(entry),
                conflict=on_conflict,
            )
            holds.announce()
    return outcomes


def _chosen(stores: Mapping[str, OmegaStore], names: Sequence[str]) -> list[_Chosen]:
    """Return all objects and folders that are meant by names like ``datasets/flights@3``."""
    found: dict[tuple[str, str], _Chosen] = {}
    for text in names or list(stores):
        store, name = _split(stores, text)
        below = ""
        if name:
            head = store.head_of(name)
            path, is_folder = head.metadata.name, head.metadata.is_folder
            pinned = head.metadata.revision if store.naming.parse(name).pinned else None
            found[store.name, path] = store, Name(path, revision=pinned)
            if not is_folder:
                continue
            below = path
        for metadata in store.entries(below, recursive=True).items:
            found.setdefault((store.name, metadata.name), (store, Name(metadata.name)))
    return list(found.values())


def _wanted(
    archive: ArchiveReader, stores: Mapping[str, OmegaStore], names: Sequence[str]
) -> list[ArchiveEntry]:
    """Return the entries of an archive that are meant, folders before what is in them."""
    entries = sorted(archive.entries, key=str)
    for entry in entries:
        _split(stores, str(entry))
    if not names:
        return entries
    wanted: dict[ArchiveEntry, None] = {}
    for text in names:
        store, name = _split(stores, text)
        start = text.rstrip("/")
        those = dict.fromkeys(e for e in entries if f"{e}/".startswith(f"{start}/"))
        if not those:
            known = [e.name for e in entries if e.store == store.name]
            raise ObjectNotFoundError(store.name, name, known=known)
        wanted |= those
    return list(wanted)


def _split(stores: Mapping[str, OmegaStore], text: object) -> tuple[OmegaStore, str]:
    """Return the store and the name that ``store/name`` means."""
    if not isinstance(text, str):
        reason = f"it is a {type(text).__name__}: names are texts, one after the other"
        example = f"{STORES[0]}/flights"
        raise InvalidNameError(f"{text!r:.60}", f"{reason}, as in export(file, {example!r}, …)")
    store, _, name = text.partition("/")
    if store not in stores:
        reason = f"it starts with the store, as in {STORES[0]}/flights"
        raise InvalidNameError(text, f"{reason}; stores are {', '.join(stores)}")
    return stores[store], name


class _Counter:
    """Tells how far it has come."""

    def __init__(self, total: int, progress: Callable[[TransferProgress], None] | None) -> None:
        self._state = TransferProgress(done=0, total=total, name="", size=0)
        self._progress = progress

    def each(self, items: Sequence[tuple[OmegaStore, T]]) -> Iterator[tuple[OmegaStore, T]]:
        """Yield items, and count each when it is done."""
        for store, item in items:
            name = item.path if isinstance(item, Name) else item.name
            self._tell(replace(self._state, name=f"{store.name}/{name}"))
            yield store, item
            self._tell(replace(self._state, done=self._state.done + 1))

    def carried(self, size: int) -> None:
        """Count bytes."""
        self._tell(replace(self._state, size=self._state.size + size))

    def _tell(self, state: TransferProgress) -> None:
        self._state = state
        if self._progress is not None:
            self._progress(self._state)
