"""`omega models`: what the models store keeps."""

from __future__ import annotations

from omegaml_lab.cli.objects import store_group

__all__ = ["models"]

models = store_group(
    "models",
    "Models in the repository.\n\nPut and get them from Python: `om.models.put(model, name)`.",
    "flights/delay",
)
