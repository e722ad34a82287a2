"""A child process that goes when its parent goes, whatever it is doing then.

For work that may never end by itself: nobody would be left to stop it.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def end_with_parent() -> None:
    """Call in the child, before its work. Its parent's thread that started it must wait for it.

    Linux ends it even in the middle of one long operation that no other thread gets a turn in;
    elsewhere such an operation ends first.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent.pid:
            os._exit(1)
