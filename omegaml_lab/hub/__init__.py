"""Functions that hub_config wires together."""
