"""What starts by itself: when schedules are due, and where their notebooks are."""
