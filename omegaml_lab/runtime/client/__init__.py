"""What a person holds in the hand: jobs, runs, groups, schedules, experiments, and calls."""
