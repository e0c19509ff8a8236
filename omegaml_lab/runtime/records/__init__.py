"""What is on record of runs, groups and schedules: changed by compare-and-set only."""
