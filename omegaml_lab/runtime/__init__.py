"""The runtime: jobs, runs and what performs them."""
