"""Whether a model fits: what people read, and what programs do."""

import argparse
import json
from typing import Any

import jsonschema
import pytest

from desktop import paths
from desktop.cli.arguments import parse
from desktop.cli.capacity import choose_machine, describe_capacity, say_capacity
from desktop.domain.hardware import Capacity
from desktop.domain.settings import CacheType
from desktop.errors import UserError
from desktop.gguf.capacity import check_capacity
from desktop.gguf.shape import ModelShape

# 131,072 bytes of cache a token, as Llama-3.1-8B has.
SHAPE = ModelShape(
    keys=32768,
    values=32768,
    vocabulary=128_256,
    weights_bytes=4_900_000_000,
    active_bytes=4_600_000_000,
    trained_context=131_072,
)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path))


def typed(line: str) -> argparse.Namespace:
    return parse(["inspect", "model.gguf", *line.split()])


def capacity_of(line: str, context: int = 32768, users: int = 10) -> Capacity:
    machine = choose_machine(typed(line), 16_000_000_000)
    share = 0.0 if machine.id == "here" else None
    return check_capacity(SHAPE, machine, context, users, reserved_share=share)


def test_the_arithmetic_is_told_line_by_line() -> None:
    told = dict(say_capacity(capacity_of("--on h100-sxm-80gb")))
    assert told["on"] == "H100 SXM 80 GB"
    assert told["fits"].startswith("yes: 32,768 tokens of context for 10 users, ")
    assert told["  weights"] == "4.9 GB"
    assert told["  + KV cache"] == "10 \N{MULTIPLICATION SIGN} 4.3 GB = 42.9 GB"
    assert told["  + reserve"] == "6.9 GB, 8% of the memory"
    assert told["  of"] == "85.9 GB of memory (80.0 GiB)"
    assert told["most users"].endswith("with 32,768 tokens each")
    assert told["speed at most"].startswith("728 tokens/s for one user at the beginning (3,350")
    assert told["figures"] == "NVIDIA, H100 Tensor Core GPU data sheet; noted 2026-11-22"
    words = [words for _, words in say_capacity(capacity_of("--on h100-sxm-80gb"))]
    assert "An upper bound by the memory's bandwidth, no prediction." in words


def test_what_does_not_fit_says_how_much_is_missing() -> None:
    told = dict(say_capacity(capacity_of("--memory 24GB")))
    assert told["fits"].startswith("no: ")
    assert told["fits"].endswith(" GB are missing")
    assert "speed at most" not in told
    nothing = dict(say_capacity(capacity_of("--memory 4GiB", users=1)))
    assert nothing["longest context"] == "none for 1 user"


def test_this_machine_is_meant_where_none_is_named() -> None:
    told = dict(say_capacity(capacity_of("--users 2", users=2)))
    assert told["on"] == "this machine, in the memory that is free now"
    assert "  + reserve" not in told
    assert told["  of"].startswith("16.0 GB")


@pytest.mark.parametrize("line", ["--on mi300x", "--memory 24GB", "--users 3"])
def test_the_document_keeps_its_schema(line: str) -> None:
    schema = json.loads(paths.resource("schemas", "inspect.schema.json").read_text("utf-8"))
    document = describe_capacity(capacity_of(line))
    jsonschema.validate(json.loads(json.dumps(document)), schema["properties"]["capacity"])
    parts = ("weights_bytes", "kv_cache_bytes", "compute_bytes", "reserve_bytes")
    assert sum(int(str(document[part])) for part in parts) == document["required_bytes"]


@pytest.mark.parametrize(
    ("text", "tokens"), [("8192", 8192), ("32k", 32768), ("1M", 1 << 20), ("128K", 131_072)]
)
def test_contexts_are_typed_as_people_say_them(text: str, tokens: int) -> None:
    assert typed(f"--context {text}").context == tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [("80GB", 80 * 10**9), ("24GiB", 24 << 30), ("1.5tb", 1_500 * 10**9), ("512MiB", 512 << 20)],
)
def test_sizes_are_typed_with_their_unit(text: str, count: int) -> None:
    assert typed(f"--memory {text}").memory == count


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--context 0", "0 is not from 1 to 2,147,483,647 tokens"),
        ("--context 9999999M", "is not from 1 to"),
        ("--context lots", "'lots' is no number of tokens, as 8192 or 32k"),
        ("--memory 80", "'80' is no size with its unit, as 80GB or 24GiB"),
        ("--memory 999999999TB", "no size that a machine could have"),
        ("--memory 0GB", "no size that a machine could have"),
        ("--users 0", "0 is not 1 or more"),
        ("--memory 80GB --on mi300x", "not allowed with argument --memory"),
        ("--cache-type q9", "'q9'|invalid"),
    ],
)
def test_what_is_typed_wrongly_is_told(line: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        typed(line)


def test_a_cache_type_is_one_of_the_engines() -> None:
    assert typed("--cache-type q8_0").cache_type is CacheType.Q8_0
