"""A time that is watched while its own thread is blocked."""

import threading
import time

from desktop.evaluation.deadline import Deadline


def test_it_acts_when_the_time_has_come() -> None:
    acted = threading.Event()
    with Deadline(acted.set) as deadline:
        deadline.set(time.monotonic() + 0.01)
        assert acted.wait(10)


def test_a_later_time_takes_the_place_of_an_earlier_one() -> None:
    acted = threading.Event()
    with Deadline(acted.set) as deadline:
        deadline.set(time.monotonic() + 1000)
        deadline.set(time.monotonic())
        assert acted.wait(10)


def test_it_acts_once_and_never_after_its_end() -> None:
    calls: list[int] = []
    acted = threading.Event()

    def act() -> None:
        calls.append(1)
        acted.set()

    with Deadline(act) as deadline:
        deadline.set(time.monotonic())
        assert acted.wait(10)
    with Deadline(act) as deadline:
        deadline.set(time.monotonic() + 1000)
        deadline.set(None)
    assert calls == [1]
    assert not [thread for thread in threading.enumerate() if thread.name == "deadline"]
