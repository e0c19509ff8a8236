"""Omega Lab: JupyterLab as the front of a whole machine learning platform."""

__version__ = "0.1.0"
