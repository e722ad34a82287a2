"""Trials choose what is clearly faster, within their time. The machine here is made up."""

from collections.abc import Callable

import pytest

from desktop.inference.llama import trial
from desktop.inference.llama.binding import AbortFlag

Cost = Callable[[int, int, int], float]


class Machine:
    """A context whose steps take as long as `cost(sequences, tokens, threads)` says."""

    def __init__(self, cost: Cost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cost = cost
        self.now = 0.0
        self.steps = 0
        self.code = 0
        self.threads = (0, 0)
        self._sequences: set[int] = set()
        self._tokens = 0
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def set_threads(self, threads: int, batch_threads: int) -> None:
        self.threads = (threads, batch_threads)

    def clear(self) -> None:
        self._sequences.clear()

    def begin_batch(self) -> None:
        self._sequences.clear()

    def add(self, tokens: list[int], position: int, sequence: int, *, wants_next: bool) -> int:
        del position, wants_next
        self._sequences.add(sequence)
        self._tokens = len(tokens)
        return 0

    def decode(self) -> int:
        self.steps += 1
        self.now += self.cost(len(self._sequences), self._tokens, self.threads[0])
        return self.code

    def wait(self) -> None:
        pass


def make_trial(machine: Machine, *, seconds: float = 60.0) -> trial.Trial:
    return trial.Trial(machine, AbortFlag(), seconds=seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("most", "fixed", "each", "expected"),
    [
        (64, 0.010, 0.0001, 64),  # a step costs the same for one and for many
        (64, 0.010, 0.0101, 64),
        (3, 0.010, 0.0001, 3),
        (1, 0.010, 0.0001, 1),
    ],
)
def test_as_many_sequences_are_taken_as_bring_something(
    monkeypatch: pytest.MonkeyPatch, most: int, fixed: float, each: float, expected: int
) -> None:
    machine = Machine(lambda sequences, _tokens, _threads: fixed + each * sequences, monkeypatch)
    assert make_trial(machine).find_sequences(most, work=1e9, answer=50) == expected


def test_a_rate_that_falls_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(
        lambda sequences, _tokens, _threads: 0.01 if sequences <= 16 else 0.1 * sequences,
        monkeypatch,
    )
    assert make_trial(machine).find_sequences(64, work=1e9, answer=10) == 16


def test_a_trial_takes_a_small_share_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(lambda sequences, _tokens, _threads: 0.09 + 0.005 * sequences, monkeypatch)
    assert make_trial(machine).find_sequences(64, work=500, answer=10) == 16
    assert machine.steps == 2
    assert make_trial(machine).find_sequences(64, work=50_000, answer=10) == 64


@pytest.mark.parametrize(("answer", "expected"), [(10, 64), (50, 4), (5000, 1)])
def test_no_answer_is_to_take_minutes(
    monkeypatch: pytest.MonkeyPatch, answer: int, expected: int
) -> None:
    machine = Machine(lambda sequences, _tokens, _threads: 0.5 + 0.15 * sequences, monkeypatch)
    assert make_trial(machine).find_sequences(64, work=1e9, answer=answer) == expected


def test_threads_change_only_for_what_is_clearly_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(_sequences: int, tokens: int, threads: int) -> float:
        if tokens == 1:  # writing is a little slower with all threads, reading much faster
            return {4: 0.0100, 8: 0.0099}[threads]
        return {4: 0.40, 8: 0.22}[threads]

    machine = Machine(cost, monkeypatch)
    assert make_trial(machine).find_threads((4, 8)) == (4, 8)
    assert machine.threads == (4, 8)


def test_a_huge_model_is_not_tried_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(lambda _sequences, _tokens, _threads: 9.0, monkeypatch)
    assert make_trial(machine).find_threads((4, 8, 3)) == (4, 4)
    assert machine.steps == 2


def test_steps_that_fail_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(lambda _sequences, _tokens, _threads: 0.001, monkeypatch)
    machine.code = 2
    assert make_trial(machine).find_threads((4, 8)) == (4, 4)
    assert make_trial(machine).find_sequences(16, work=1e6, answer=10) == 1
