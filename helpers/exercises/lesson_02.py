"""The exercises and questions of notebooks/02_event_loop.ipynb."""
