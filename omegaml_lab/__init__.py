"""Omega Lab: JupyterLab as the front of a whole machine learning platform.

The names below are loaded on first use, so that importing the package costs nothing:
``import omegaml_lab as om; om.datasets.put(frame, "flights")`` works on the default
repository, the one that the environment names or the embedded one.
"""

from __future__ import annotations

import importlib
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaml_lab.code.virtual import virtual
    from omegaml_lab.config import Config
    from omegaml_lab.core import errors
    from omegaml_lab.core.filters import Q
    from omegaml_lab.core.metadata import Metadata
    from omegaml_lab.core.names import Name
    from omegaml_lab.omega import Omega

__version__ = "0.1.0"
__all__ = ["Config", "Metadata", "Name", "Omega", "Q", "errors", "virtual"]

_PUBLIC = {
    "Config": ("omegaml_lab.config", "Config"),
    "Metadata": ("omegaml_lab.core.metadata", "Metadata"),
    "Name": ("omegaml_lab.core.names", "Name"),
    "Omega": ("omegaml_lab.omega", "Omega"),
    "Q": ("omegaml_lab.core.filters", "Q"),
    "errors": ("omegaml_lab.core.errors", None),
    "virtual": ("omegaml_lab.code.virtual", "virtual"),
}
_lock = threading.Lock()


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module_name, attribute = _PUBLIC[name]
    module = importlib.import_module(module_name)
    value = globals()[name] = getattr(module, attribute) if attribute else module
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC, *_OF_DEFAULT})


class _Package(types.ModuleType):
    """The class of this module, with the stores of the default repository.

    They are properties with a setter because `runtime` and `reports` are subpackages too, and
    importing those sets an attribute here, which must not hide what users mean.
    """


def _of_default(name: str) -> property:
    def get(_module: types.ModuleType) -> Any:
        return getattr(_default(), name)

    def ignore(_module: types.ModuleType, _value: object) -> None:
        return None

    return property(get, ignore)


_OF_DEFAULT = ("datasets", "models", "jobs", "scripts", "runtime", "reports", "notifications")
for _name in _OF_DEFAULT:
    setattr(_Package, _name, _of_default(_name))
sys.modules[__name__].__class__ = _Package


def _default() -> Omega:
    """Return the default repository of this process, opened on first use."""
    with _lock:
        if "_omega" not in globals():
            from omegaml_lab.omega import Omega

            globals()["_omega"] = Omega()
        omega: Omega = globals()["_omega"]
        return omega


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "omegaml-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from omegaml_lab.server.extension import OmegaLab

    return [{"module": "omegaml_lab", "app": OmegaLab}]
