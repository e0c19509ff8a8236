"""Retention."""

from __future__ import annotations

__all__ = ["LASTING"]

LASTING = ("checkpoints", "retention")
