"""The Jupyter server that the specs meet: JupyterLab's own settings for them, and a place."""

import os

from jupyterlab.galata import configure_jupyter_server
from traitlets.config import get_config

c = get_config()
configure_jupyter_server(c)
c.ServerApp.port = int(os.environ["GALATA_PORT"])
c.ServerApp.allow_root = True

match os.environ["GALATA_PLACE"]:
    case "disk":  # JupyterLab as it is without us
        c.ServerApp.jpserver_extensions = {"omegaml_lab": False}
    case "root":
        c.OmegaContentsManager.root = "repository"
    case "mount":
        c.OmegaContentsManager.root = "disk"
