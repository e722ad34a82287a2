"""The faster way of attention is chosen where it is clearly faster. The machine is made up."""

from collections.abc import Callable

import pytest

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention
from desktop.inference.llama import attention
from desktop.inference.llama.attention import AttentionTrial, can_be_plain, is_worth_trying
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.shape import Shape

# Seconds of a step, from how attention is computed, depth, sequences and tokens of each.
Cost = Callable[[FlashAttention, int, int, int], float]
DEEP = Shape(limit=1024, work=5000, depth=400)


class Machine:
    """Opens contexts whose steps take what `cost` says."""

    def __init__(self, cost: Cost, monkeypatch: pytest.MonkeyPatch, *, fills: bool = True) -> None:
        self.cost = cost
        self.now = 0.0
        self.open = 0
        self.asked: list[tuple[int, int, FlashAttention]] = []
        monkeypatch.setattr("time.perf_counter", lambda: self.now)
        monkeypatch.setattr(attention, "fill", lambda *_args, **_options: fills)

    def make(self, tokens: int, sequences: int, way: FlashAttention) -> "MadeUpContext":
        self.asked.append((tokens, sequences, way))
        self.open += 1
        return MadeUpContext(self, way)


class MadeUpContext:
    def __init__(self, machine: Machine, way: FlashAttention) -> None:
        self.machine, self.way = machine, way
        self.pieces: list[tuple[int, int]] = []

    def begin_batch(self) -> None:
        self.pieces = []

    def add(self, tokens: list[int], position: int, sequence: int, *, wants_next: bool) -> int:
        del sequence, wants_next
        self.pieces.append((position, len(tokens)))
        return 0

    def decode(self) -> int:
        depth, tokens = self.pieces[0]
        self.machine.now += self.machine.cost(self.way, depth, len(self.pieces), tokens)
        return 0

    def wait(self) -> None:
        pass

    def cut(self, sequence: int, position: int) -> None:
        pass

    def free(self) -> None:
        self.machine.open -= 1


def choose(
    machine: Machine, shape: Shape = DEEP, *, cache: float = 1000.0, abort: AbortFlag | None = None
) -> FlashAttention:
    trial = AttentionTrial(machine.make, abort or AbortFlag(), window=0)  # type: ignore[arg-type]
    chosen = trial.choose(shape, cache_bytes_per_token=cache)
    assert machine.open == 0
    return chosen


@pytest.mark.parametrize(
    ("fused", "plain", "expected"),
    [
        (1.0, 0.5, FlashAttention.OFF),
        (1.0, 0.9, FlashAttention.OFF),
        (1.0, 0.97, FlashAttention.AUTO),  # as good as equal
        (1.0, 2.0, FlashAttention.AUTO),
    ],
)
def test_the_plain_way_is_taken_where_it_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, fused: float, plain: float, expected: FlashAttention
) -> None:
    machine = Machine(
        lambda way, *_rest: plain if way is FlashAttention.OFF else fused, monkeypatch
    )
    assert choose(machine) is expected


def test_long_stretches_and_single_tokens_count_by_their_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the plain way writes faster and reads slower."""

    def cost(way: FlashAttention, _depth: int, _sequences: int, tokens: int) -> float:
        plain = way is FlashAttention.OFF
        if tokens == 1:
            return 0.1 if plain else 0.2
        return 3.2 if plain else 1.6

    mostly_writing = Shape(limit=1024, work=5000, long=1000, depth=400)
    mostly_reading = Shape(limit=1024, work=5000, long=4900, depth=400)
    assert choose(Machine(cost, monkeypatch), mostly_writing) is FlashAttention.OFF
    assert choose(Machine(cost, monkeypatch), mostly_reading) is FlashAttention.AUTO


def test_the_trial_happens_at_the_depth_of_the_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(
        lambda way, depth, *_rest: 1.0 if way is FlashAttention.OFF else depth / 300, monkeypatch
    )
    assert choose(machine, Shape(limit=1024, work=5000, depth=400)) is FlashAttention.OFF
    assert choose(machine, Shape(limit=1024, work=5000, depth=200)) is FlashAttention.AUTO


def test_a_large_cache_is_tried_with_less_depth_and_fewer_sequences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(lambda *_all: 1.0, monkeypatch)
    choose(machine, Shape(limit=65536, work=1e6, depth=30000), cache=131072.0)
    assert all(tokens * 131072 < 300e6 for tokens, _, _ in machine.asked)


def test_a_cache_that_cant_be_filled_and_a_cancelled_trial_leave_it_to_llama_cpp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cost(way: FlashAttention, *_rest: int) -> float:
        return 0.1 if way is FlashAttention.OFF else 1.0

    assert choose(Machine(cost, monkeypatch, fills=False)) is FlashAttention.AUTO
    abort = AbortFlag()
    abort.set()
    assert choose(Machine(cost, monkeypatch), abort=abort) is FlashAttention.AUTO


def test_little_work_and_shallow_prompts_are_not_tried() -> None:
    assert is_worth_trying(DEEP)
    assert not is_worth_trying(Shape(limit=1024, work=100, depth=400))
    assert not is_worth_trying(Shape(limit=256, work=5000, depth=60))


@pytest.mark.parametrize(
    ("value_type", "tokens", "possible"),
    [
        (CacheType.F16, 4096, True),
        (CacheType.Q8_0, 4096, False),  # llama.cpp has quantised values in the fused pass only
        (CacheType.F16, 131072, False),  # its scores would take gigabytes
    ],
)
def test_the_plain_way_must_be_possible_and_small(
    value_type: CacheType, tokens: int, *, possible: bool
) -> None:
    options = EngineOptions(value_cache_type=value_type)
    assert can_be_plain(options, sequence_tokens=tokens, heads=32) is possible
