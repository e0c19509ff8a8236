"""Notebooks, performed: cell by cell, live, from the claim to the final status."""
