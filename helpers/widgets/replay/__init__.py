"""The replay of a run: its steps, in sentences and as a page that one can step through."""
