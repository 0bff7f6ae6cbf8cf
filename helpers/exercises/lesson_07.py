"""The exercises and questions of notebooks/07_blocking_the_loop.ipynb."""
