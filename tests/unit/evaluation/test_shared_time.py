"""A limit of time means the same for a case alone and for one of many."""

import pytest

from desktop.evaluation.shared_time import SharedTime


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


def test_a_second_among_four_is_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    time = SharedTime()
    clock.now += 50
    assert time.share(4) == 0
    clock.now += 8
    assert time.share(1) == 2
    clock.now += 3
    assert time.share(0) == 5
    clock.now += 1000
    assert time.share(2) == 5


def test_the_moment_comes_when_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    time = SharedTime()
    begun = time.share(7)
    moment = time.moment_of(begun + 0.1)
    assert moment == pytest.approx(100.7)
    for _ in range(7):
        assert not time.has_passed(begun + 0.1)
        clock.now += 0.1
    clock.now = moment
    assert time.has_passed(begun + 0.1)


def test_what_is_late_already_is_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    time = SharedTime()
    time.share(1)
    clock.now += 10
    time.share(1)
    assert time.moment_of(3.0) == clock.now
