"""Stores: objects under names, with revisions and metadata."""
