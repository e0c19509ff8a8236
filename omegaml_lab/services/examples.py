"""The example notebooks: put into a new repository once, and never again."""

from __future__ import annotations

import contextlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from omegaml_lab.core.errors import ObjectExistsError
from omegaml_lab.omega import Omega

if TYPE_CHECKING:
    from omegaml_lab.config import Config

__all__ = ["example_notebooks", "put_examples"]

FOLDER = "examples"


def example_notebooks() -> list[Path]:
    """Return the notebooks that come with the package, or with a checkout of its sources."""
    packaged = Path(str(files("omegaml_lab").joinpath(FOLDER)))
    sources = Path(__file__).parents[2] / FOLDER
    folder = packaged if packaged.is_dir() else sources
    return sorted(folder.glob("*.ipynb"))


def put_examples(config: Config) -> list[str]:
    """Put the examples that this bucket has never had, and return their names.

    What a person changed, renamed or dropped since stays as they left it.
    """
    put: list[str] = []
    with Omega(config=config) as om:
        records = om.storage.records("examples")
        record = records.find(om.jobs.bucket) or {"names": []}
        names = {f"{FOLDER}/{path.name}": path for path in example_notebooks()}
        for name in names.keys() - set(record["names"]):
            with contextlib.suppress(ObjectExistsError):
                om.jobs.put(names[name].read_bytes(), name, kind="notebook", replace=False)
                put.append(name)
        if known := sorted(set(record["names"]) | names.keys()):
            records.upsert(om.jobs.bucket, {"names": known})
    return sorted(put)
