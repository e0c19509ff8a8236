"""Scripts that report pages load: public, like everything that a login page needs."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.base.handlers import PublicStaticFileHandler

__all__ = ["ASSETS", "AssetsHandler", "available_assets"]

ASSETS = Path(__file__).parents[1] / "assets"
"""The folder that the build of the front end fills."""


def available_assets() -> frozenset[str]:
    """Return the names of the files there are."""
    return frozenset(p.name for p in ASSETS.iterdir()) if ASSETS.is_dir() else frozenset()


class AssetsHandler(PublicStaticFileHandler):
    """Serves the scripts of report pages."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado's signature
        """Let pages use them that a sandbox has given an origin of their own."""
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "public, max-age=3600")
