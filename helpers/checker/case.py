"""What is demanded of an answer: cases, each a function that calls it, and what must come of the call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

STEPS = 20_000                  # steps on the loop after which an answer counts as endless
CPU = 0.25                      # seconds of CPU time in one case after which an answer counts as computing


@dataclass(frozen=True)
class Case:
    """One thing that is demanded of an answer.

    function  `async def case(answer)`, or a plain function where no event loop is wanted; its docstring tells the
              learner what is asked, as a sentence
    returns   what it must return; without it any result is right
    raises    the exception that must come out of it, a type or a tuple of types
    elapsed   seconds of virtual time that it must take, exactly; several such times where the text leaves open in which
              order to ask, and the order decides: `expect.any_order` gives them
    peak      how many requests may be in flight at the same time, at most
    steps     steps on the loop after which it counts as endless
    cpu       seconds of CPU time after which it counts as computing
    drawn     whether `solution()` draws this case: mark the one that shows the point of the exercise, such as the
              cancellation or the wait for a lock. At most one case of an exercise; without a mark, the first is drawn
    """

    function: Callable[..., Any]
    returns: Any = ...
    raises: type[BaseException] | tuple[type[BaseException], ...] | None = None
    elapsed: float | tuple[float, ...] | None = None
    peak: int | None = None
    steps: int = STEPS
    cpu: float = CPU
    drawn: bool = False

    def __post_init__(self) -> None:
        if not inspect.getdoc(self.function):
            raise ValueError(f"the case {self.name} needs a docstring: what the learner is told of it")
        if self.drawn and not self.in_virtual_time:
            raise ValueError(f"the case {self.name} is a plain def, which leaves no timeline: drawn=True belongs to an "
                             "async def")

    @property
    def name(self) -> str:
        """The name of its function."""
        return getattr(self.function, "__name__", repr(self.function))

    @property
    def times(self) -> tuple[float, ...]:
        """The seconds of virtual time that it may take; none if that is left open."""
        if self.elapsed is None:
            return ()
        return self.elapsed if isinstance(self.elapsed, tuple) else (self.elapsed,)

    @property
    def in_virtual_time(self) -> bool:
        """Whether it runs on a loop of the checker's; a plain function does not, and there every thread is judged."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def description(self) -> str:
        """What the learner is told about it."""
        return " ".join((inspect.getdoc(self.function) or "").split())

    @property
    def file(self) -> str:
        """The file of the case: its lines are none of the learner's."""
        return self.function.__code__.co_filename
