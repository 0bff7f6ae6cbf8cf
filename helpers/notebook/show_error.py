"""`with show_error():` prints the exception that its block raises, and lets the cell go on."""

from __future__ import annotations

from types import TracebackType

from helpers.notebook.tracebacks import format_error


class show_error:
    """Print the exception of the block as Python prints one that nobody catches, and go on below the block.

        with show_error():
            await price("north") + price("south")

    Of the traceback, the lines of your own cells are shown, and an empty line after it. If the block raises nothing,
    it says so. What does not derive from Exception, such as a cancellation or the stop button, goes through.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            print("Nothing was raised.")
            return False
        if not isinstance(error, Exception):
            return False
        from IPython import get_ipython

        print(format_error(error, get_ipython()).rstrip("\n"), end="\n\n")
        return True
