"""The services of one machine, and who supervises them."""
