"""What a notebook says of itself: its parameters, requirements, and results by name."""
