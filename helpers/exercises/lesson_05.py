"""The exercises and questions of notebooks/05_task_groups.ipynb."""
