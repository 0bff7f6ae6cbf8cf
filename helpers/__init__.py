"""The laboratory of the course: simulated I/O, a recorder of tasks, virtual time, timelines.

    from helpers import Shop, record, simulate, compare

    run = await record(main())      # real time, on the notebook's own loop
    run = simulate(main())          # virtual time: instant, exact
    run                             # last in a cell: its timeline
"""

from .heartbeat import heartbeat
from .lab import lab
from .notebook import load_ipython_extension, unload_ipython_extension
from .recorder import record
from .recording import Recording
from .simulated_io import Shop, ShopBusy, ShopError
from .simulation import simulate
from .timeline import compare
from .virtual_time import Deadlock, Endless, NotSimulated, VirtualTimeLoop

__all__ = [
    "Deadlock", "Endless", "NotSimulated", "Recording", "Shop", "ShopBusy", "ShopError", "VirtualTimeLoop",
    "compare", "heartbeat", "lab", "load_ipython_extension", "record", "simulate", "unload_ipython_extension",
]
