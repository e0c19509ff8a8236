"""JSON schemas of everything that goes over the wire."""
