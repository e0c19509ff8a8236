"""Kernels of a server: where they start, and the files that lie beside their notebooks."""
