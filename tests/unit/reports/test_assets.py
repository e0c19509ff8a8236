"""Pages name scripts by placeholders, which are linked when a page is handed out."""

from __future__ import annotations

from omegaml_lab.reports.assets import ASSETS, link_assets, placeholder


def test_scripts_come_from_the_server_where_it_has_them() -> None:
    page = " ".join(placeholder(name) for name in ASSETS)
    linked = link_assets(page, "/base/omega/assets", ["require.js"]).split()
    assert linked[0] == "/base/omega/assets/require.js"
    assert all(url.startswith("https://") for url in linked[1:])
    assert link_assets(page).split()[0] == ASSETS["require.js"]
