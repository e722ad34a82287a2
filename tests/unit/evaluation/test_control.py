"""Wishes from another thread."""

import threading

from desktop.evaluation.control import RunControl, Wish


def test_a_wish_stops_the_engine_at_once() -> None:
    control = RunControl()
    stops: list[str] = []
    control.attach(lambda: stops.append("stopped"))
    control.pause()
    assert stops == ["stopped"]
    control.proceed()
    assert stops == ["stopped"]
    control.cancel()
    assert stops == ["stopped"] * 2


def test_an_engine_attached_too_late_is_stopped_too() -> None:
    control = RunControl()
    control.cancel()
    stops: list[str] = []
    control.attach(lambda: stops.append("stopped"))
    assert stops == ["stopped"]


def test_a_cancel_cannot_be_taken_back_and_closing_outranks_it() -> None:
    control = RunControl()
    wishes = []
    for call in (control.cancel, control.proceed, control.pause, control.close, control.cancel):
        call()
        wishes.append(control.wish)
    assert wishes == [Wish.CANCEL] * 3 + [Wish.CLOSE] * 2


def test_who_waits_in_a_pause_is_woken_by_an_end() -> None:
    for end in ("proceed", "cancel", "close"):
        control = RunControl()
        control.pause()
        woken = threading.Event()

        def wait(control: RunControl = control, woken: threading.Event = woken) -> None:
            control.wait_while_paused()
            woken.set()

        thread = threading.Thread(target=wait)
        thread.start()
        getattr(control, end)()
        thread.join(10)
        assert woken.is_set()
