"""An event loop with an exact clock of its own, on which an hour of waiting takes milliseconds."""

from helpers.virtual.loop import Deadlock, Endless, VirtualTimeLoop
from helpers.virtual.real_time_only import NotSimulated
from helpers.virtual.run import simulate

__all__ = ["Deadlock", "Endless", "NotSimulated", "VirtualTimeLoop", "simulate"]
