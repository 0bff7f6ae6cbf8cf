"""What the maintainers of the course run: the environment, the lock, the catalogue, the refreshing of outputs."""
