"""Laboratory of the course."""
