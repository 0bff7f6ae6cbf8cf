"""What the course adds to a notebook: `%load_ext helpers`, the check of the environment, predictions, progress."""
