"""Reports: what runs leave to read, rendered and published."""
