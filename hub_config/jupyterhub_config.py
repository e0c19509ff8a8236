"""Start with ``jupyterhub -f hub_config/jupyterhub_config.py``.

Your own settings go into ``jupyterhub_config.d/*.py`` beside this file, not into it: they are
read last, in the order of their names, with the same object `c`.
"""

from pathlib import Path

from omegaml_lab.config import Config
from omegaml_lab.hub.configure import HubSettings, configure, site_files

c = get_config()  # noqa: F821 - JupyterHub puts it there

configure(c, HubSettings.load(), state=Config.load().home / "hub")

for path in site_files(Path(__file__).parent / "jupyterhub_config.d"):
    load_subconfig(str(path))  # noqa: F821 - likewise
