"""The work of a worker: which runs it takes, how many, and that none of them is lost."""
