"""The exercises and questions of notebooks/A1_asyncio_in_jupyter.ipynb."""
