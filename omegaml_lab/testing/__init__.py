"""Contract suites that third-party backends run too."""
