"""Backends: one file a family of kinds, found by entry point."""
