"""How a run under way is paused and cancelled from another thread."""

import threading
from collections.abc import Callable
from enum import StrEnum


class Wish(StrEnum):
    """What is wanted of the run under way."""

    GO_ON = "go_on"
    PAUSE = "pause"
    CANCEL = "cancel"
    CLOSE = "close"


class RunControl:
    """A wish, set from any thread, and the engine to be stopped when it changes.

    `pause` stops the engine at once, so that the machine is free; the cases under way are asked
    again when it goes on. `CANCEL` ends the run as cancelled, `CLOSE` as interrupted, because
    the program goes away; neither can be taken back.
    """

    def __init__(self) -> None:
        """Start with nothing attached and the wish to go on."""
        self._changed = threading.Condition()
        self._wish = Wish.GO_ON
        self._stop_engine: Callable[[], None] | None = None

    @property
    def wish(self) -> Wish:
        """What is wanted at this moment."""
        with self._changed:
            return self._wish

    @property
    def ended(self) -> bool:
        """Whether the run is to end."""
        return self.wish in {Wish.CANCEL, Wish.CLOSE}

    def attach(self, stop_engine: Callable[[], None] | None) -> None:
        """Name what interrupts the engine; it is called at once if that is already wanted."""
        with self._changed:
            self._stop_engine = stop_engine
            stop = self._wish is not Wish.GO_ON
        if stop and stop_engine is not None:
            stop_engine()

    def pause(self) -> None:
        """Stand still."""
        self._set(Wish.PAUSE)

    def proceed(self) -> None:
        """Go on after a pause."""
        self._set(Wish.GO_ON)

    def cancel(self) -> None:
        """End the run as cancelled."""
        self._set(Wish.CANCEL)

    def close(self) -> None:
        """End the run as interrupted."""
        self._set(Wish.CLOSE)

    def wait_while_paused(self) -> None:
        """Return when the wish is anything but to stand still."""
        with self._changed:
            self._changed.wait_for(lambda: self._wish is not Wish.PAUSE)

    def _set(self, wish: Wish) -> None:
        with self._changed:
            if self._wish is Wish.CLOSE or (self._wish is Wish.CANCEL and wish is not Wish.CLOSE):
                return
            self._wish = wish
            stop_engine = self._stop_engine
            self._changed.notify_all()
        if wish is not Wish.GO_ON and stop_engine is not None:
            stop_engine()
