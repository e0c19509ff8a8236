"""Calls of models and scripts: how they travel, and how they are performed."""
