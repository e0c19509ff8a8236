"""Scripts that a page may need, and where each is to be had.

A rendered page names them by placeholders, so that the same page works on a server that has
copies of its own, and as a file that somebody saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ASSETS", "link_assets", "placeholder"]

_CDN = "https://cdn.jsdelivr.net/npm"

ASSETS: dict[str, str] = {
    "require.js": f"{_CDN}/requirejs@2.3.7/require.js",
    "embed-amd.js": f"{_CDN}/@jupyter-widgets/html-manager@1.0.14/dist/embed-amd.js",
    "mathjax.js": f"{_CDN}/mathjax@3.2.2/es5/tex-svg.js",
    "mermaid.js": f"{_CDN}/mermaid@11/dist/mermaid.esm.min.mjs",
}
"""Each script's file name, and where the world keeps it."""


def placeholder(name: str) -> str:
    """Return what stands in a rendered page for the URL of a script."""
    return f"omega-asset:{name}"


def link_assets(html: str, base: str | None = None, available: Collection[str] = ()) -> str:
    """Return the page with the URL of each script: below `base` when it is available there."""
    for name, elsewhere in ASSETS.items():
        here = base is not None and name in available
        html = html.replace(placeholder(name), f"{base}/{name}" if here else elsewhere)
    return html
