"""Kernels of runs: processes that start warm, keep to their limits, and always end."""
