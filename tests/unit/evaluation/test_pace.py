"""The time left that people are told."""

from desktop.evaluation.pace import Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_promise_before_two_steps() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    pace.start()
    clock.now = 3
    pace.step()
    assert pace.seconds_left is None
    clock.now = 6
    pace.step()
    assert pace.seconds_left == 24


def test_what_was_done_in_another_session_says_nothing_about_this_ones_speed() -> None:
    clock = Clock()
    pace = Pace(10, done=6, clock=clock)
    pace.start()
    clock.now = 4
    pace.step()
    pace.step()
    assert pace.seconds_left == 4


def test_standing_still_does_not_count() -> None:
    clock = Clock()
    pace = Pace(4, clock=clock)
    pace.start()
    clock.now = 2
    pace.step()
    pace.step()
    pace.stop()
    clock.now = 1000
    assert pace.seconds_left == 2
    pace.start()
    clock.now = 1001
    pace.step()
    assert pace.seconds_left == 1


def test_a_single_step_is_promised_nothing_and_ends_at_zero() -> None:
    clock = Clock()
    pace = Pace(1, clock=clock)
    pace.start()
    assert pace.seconds_left is None
    clock.now = 5
    pace.step()
    assert pace.seconds_left == 0
