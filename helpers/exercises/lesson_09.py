"""The exercises and questions of notebooks/09_shared_state.ipynb."""
