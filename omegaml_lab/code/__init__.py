"""Python code as source: taken off objects, checked, kept as text, loaded when asked to."""
