"""What is told by itself: messages about runs, kept until they are sent."""
