"""What is typed wrongly is told in words, not in the names of functions."""

import pytest

from desktop.cli.arguments import parse
from desktop.errors import UserError


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--repeats", "abc", "'abc' is not a whole number"),
        ("--repeats", "0", "0 is not 1 or more"),
        ("--gpu-layers", "-5", "-5 is not -1 or more"),
        ("--top-k", "-3", "-3 is not 0 or more"),
        ("--seed", "4294967296", "4294967296 is not between 0 and 4294967295"),
        ("--temperature", "warm", "'warm' is not a number"),
        ("--temperature", "nan", "nan is not 0 or more"),
        ("--top-p", "1.5", "1.5 is not between 0 and 1"),
        ("--parallel", "257", "257 is more than 256"),
    ],
)
def test_values_out_of_range(option: str, value: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse(["run", "--model", "m", option, value])
    assert refusal.value.message == f"Argument {option}: {said}."
    assert refusal.value.details.startswith("usage: touchstone run")


def test_the_limits_themselves_are_taken() -> None:
    typed = "run --model m --gpu-layers -1 --top-k 0 --seed 4294967295 --top-p 1"
    options = parse(typed.split())
    assert (options.gpu_layers, options.top_k, options.seed) == (-1, 0, 2**32 - 1)
    assert options.top_p == 1.0
