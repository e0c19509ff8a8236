"""What all tests share: a real MongoDB, and a repository of its own for each test."""

from omegaml_lab.testing.fixtures import config, mongo_server_url, mongo_url, omega

__all__ = ["config", "mongo_server_url", "mongo_url", "omega"]
