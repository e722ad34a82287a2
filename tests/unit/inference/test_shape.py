"""What prompts ask of a context."""

from desktop.domain.settings import Sampling
from desktop.inference.engine import Prompt
from desktop.inference.llama.plan import keep_order, take_turns
from desktop.inference.llama.shape import Shape, find_shape


def shape_of(
    prompts: list[list[int]],
    *,
    max_tokens: int = 10,
    shares: bool = True,
    context: int | None = None,
    trained: int = 0,
) -> Shape:
    readable = [
        (
            Prompt(
                key=str(n),
                text="",
                has_special_tokens=False,
                sampling=Sampling(),
                max_tokens=max_tokens,
            ),
            tokens,
        )
        for n, tokens in enumerate(prompts)
    ]
    turns = take_turns(prompts) if shares else keep_order(prompts)
    return find_shape(readable, turns, context_tokens=context, trained_context=trained)


def test_the_limit_holds_the_longest_prompt_and_its_answer() -> None:
    assert shape_of([[1] * 240, [2] * 20], max_tokens=15).limit == 256
    assert shape_of([[1] * 240, [2] * 20], max_tokens=16).limit == 512


def test_a_limit_that_was_asked_for_or_trained_holds() -> None:
    assert shape_of([[1] * 240], max_tokens=500, context=300).limit == 300
    assert shape_of([[1] * 240], max_tokens=5000, trained=2048).limit == 2048


def test_work_counts_what_is_shared_once() -> None:
    document = list(range(100))
    prompts = [[*document, 200 + n, 300 + n] for n in range(10)]
    assert shape_of(prompts, max_tokens=8, shares=False).work == 10 * 102 + 10 * 4
    shared = shape_of(prompts, max_tokens=8)
    assert shared.work == 100 + 10 * 2 + 10 * 4
    assert shared.kept == 1
    assert shared.own == 10


def test_long_stretches_are_told_from_short_ones() -> None:
    document = list(range(100))
    prompts = [[*document, 200 + n, 300 + n] for n in range(10)]
    assert shape_of(prompts).long == 100
    assert shape_of(prompts, shares=False).long == 10 * 102
    assert shape_of([[1] * 20, [2] * 63]).long == 0


def test_depth_is_what_stands_before_a_token_on_average() -> None:
    # One prompt of 100 tokens stands 50 deep on average; the ten written after it 105.
    assert shape_of([[1] * 100], max_tokens=20).depth == round((100 * 50 + 10 * 105) / 110)
    document = list(range(1000))
    deep = shape_of([[*document, 2000 + n, 3000 + n] for n in range(1000)]).depth
    assert 800 < deep < 1010
