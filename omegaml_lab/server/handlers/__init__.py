"""REST handlers, one file a noun."""
