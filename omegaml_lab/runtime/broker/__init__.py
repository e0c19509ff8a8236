"""Messages: hints that a run waits, through RabbitMQ or MongoDB."""
