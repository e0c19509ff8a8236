"""What all tests share: a real MongoDB, and a repository of its own for each test."""

import os
from importlib.util import find_spec

from omegaml_lab.testing.fixtures import config, mongo_server_url, mongo_url, omega

__all__ = ["config", "mongo_server_url", "mongo_url", "omega"]

# Keras asks for TensorFlow unless it is told what else to build on.
for backend in ("torch", "jax"):
    if find_spec(backend) is not None:
        os.environ.setdefault("KERAS_BACKEND", backend)
