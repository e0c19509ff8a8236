"""Run JupyterLab's own browser tests on the disk and on the repository, and compare."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.galata.outcomes import ALLOWED, Outcomes, read_report
from tests.galata.places import PLACES, run_specs, serve
from tests.galata.specs import SPECS, install
from tests.sdists import SdistError


def main() -> int:
    """Return 0 if all that passes on the disk passes on the repository as well."""
    parser = argparse.ArgumentParser(prog="python -m tests.galata", description=__doc__)
    parser.add_argument("specs", nargs="*", default=SPECS, help="names below galata/test")
    parser.add_argument("--places", default=",".join(PLACES), help="default: %(default)s")
    chosen = parser.parse_args()
    try:
        folder = install()
    except (SdistError, subprocess.CalledProcessError) as error:
        print(f"JupyterLab's tests cannot be had; is there a network? {error}", file=sys.stderr)
        return 2
    wanted = [_pattern(spec) for spec in chosen.specs]
    places = [place for place in PLACES if place in chosen.places.split(",")]
    told = {place: _run(folder, place, wanted, draw=place == "disk") for place in places}
    return int(_is_worse(folder, told.pop("disk", {}), told))


def _pattern(spec: str) -> str:
    """Return the regular expression by which Playwright finds a spec, and no other."""
    return rf"/{spec if '/' in spec else f'jupyterlab/{spec}'}\.(spec|test)\.ts"


def _run(
    folder: Path, place: str, wanted: list[str], *, draw: bool = False, again: bool = False
) -> Outcomes:
    print(f"==> {place}{' again' if again else ''}", flush=True)
    results = folder / "results" / (f"{place}-again" if again else place)
    results.mkdir(parents=True, exist_ok=True)
    with serve(place, results / "server.log") as url:
        return read_report(run_specs(folder, place, url, results, wanted, draw=draw))


def _is_worse(folder: Path, disk: Outcomes, told: dict[str, Outcomes]) -> bool:
    """Say, and print, whether a place is worse than the disk."""
    suspects = {
        found[name].where
        for place, found in told.items()
        for name in _bad(found) - _bad(disk)
        if (place, name) not in ALLOWED
    }
    # Two pictures of the disk may differ as well, and a test may pass there by luck.
    again = _run(folder, "disk", sorted(suspects), again=True) if suspects else {}
    worse = False
    for place, found in [*([("disk", disk)] if disk else []), *told.items()]:
        print(f"{place}: {len(found) - len(_bad(found))} of {len(found)} pass")
        for name in sorted(_bad(found)):
            reason = ALLOWED.get((place, name))
            if name in _bad(disk) or name in _bad(again):
                reason = "fails on the disk as well"
            print(f"  {name}\n    {reason or f'WORSE: {found[name].why}'}")
            worse = worse or reason is None
        for name in sorted(set(disk) - set(found)):
            print(f"  {name}\n    WORSE: it did not run")
            worse = True
    print(f"Traces, pictures and logs are in {folder / 'results'}")
    return worse or not all(told.values())


def _bad(found: Outcomes) -> set[str]:
    return {name for name, outcome in found.items() if not outcome.good}


if __name__ == "__main__":
    sys.exit(main())
