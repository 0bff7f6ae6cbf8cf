"""The exercises and questions of notebooks/06_cancellation_and_timeouts.ipynb."""
