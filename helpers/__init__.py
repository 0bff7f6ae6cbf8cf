"""Laboratory of the course."""

from .notebook import load_ipython_extension, unload_ipython_extension
