"""Watches a running event loop, and makes a `Recording` of what it saw."""

from helpers.recorder import asyncio_internals  # noqa: F401  # first of all: a Python that it does not know ends here
