"""Channels by which people are told of runs: one class each, found by entry point."""
