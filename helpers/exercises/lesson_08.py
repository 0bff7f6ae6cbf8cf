"""The exercises and questions of notebooks/08_limits_and_queues.ipynb."""
