"""What fits on a machine, by arithmetic that can be done by hand."""

import msgspec
import pytest

from desktop.domain.hardware import CatalogueMachine, MachineKind
from desktop.gguf.capacity import MOST_USERS, check_capacity
from desktop.gguf.shape import ModelShape

GIB = 1 << 30
H100 = CatalogueMachine(
    id="h100", name="H100", vendor="", kind=MachineKind.GPU, memory_bytes=80 * GIB
)
# Llama-3.1-8B as Q4_K_M: 131,072 bytes of cache a token.
LLAMA = ModelShape(
    keys=32 * 8 * 128,
    values=32 * 8 * 128,
    embedding=4096,
    feed_forward=14336,
    query_width=4096,
    key_value_width=1024,
    heads=32,
    vocabulary=128_256,
    weights_bytes=4_912_898_304,
    active_bytes=4_600_000_000,
    trained_context=131_072,
)


def test_an_h100_carries_an_8b_model_for_ten_users_at_32k() -> None:
    found = check_capacity(LLAMA, H100, 32768, 10)
    assert found.cache_bytes_per_user == 32768 * 131_072 == 4 * GIB
    assert found.need.kv_cache_bytes == 40 * GIB
    assert found.reserve_bytes == round(0.08 * 80 * GIB)
    parts = LLAMA.weights_bytes + 40 * GIB + found.need.compute_bytes + found.reserve_bytes
    assert found.required_bytes == parts
    assert found.left_bytes == 80 * GIB - parts
    assert found.fits
    # 80 - 6.4 of reserve - 4.6 of weights - 0.2 to compute leave 68.8 GiB, 4 GiB for each.
    assert found.most_users == 17


@pytest.mark.parametrize("users", [1, 3, 10, 400])
def test_the_limits_fit_and_one_more_does_not(users: int) -> None:
    found = check_capacity(LLAMA, H100, 8192, users)
    longest = found.longest_context
    assert check_capacity(LLAMA, H100, longest, users).fits
    if not found.is_limited_by_training:
        assert not check_capacity(LLAMA, H100, longest + 1, users).fits
    assert check_capacity(LLAMA, H100, 8192, found.most_users).fits
    assert not check_capacity(LLAMA, H100, 8192, found.most_users + 1).fits
    assert found.fits is (users <= found.most_users)


def test_training_limits_a_context_before_memory_does() -> None:
    one = check_capacity(LLAMA, H100, 8192, 1)
    assert (one.longest_context, one.is_limited_by_training) == (131_072, True)
    ten = check_capacity(LLAMA, H100, 8192, 10)
    assert ten.longest_context < 131_072
    assert not ten.is_limited_by_training
    beyond = check_capacity(LLAMA, H100, 200_000, 1)
    assert any("131,072 tokens" in note for note in beyond.notes)


def test_weights_alone_may_be_too_much() -> None:
    small = msgspec.structs.replace(H100, memory_bytes=4 * GIB)
    found = check_capacity(LLAMA, small, 512, 1)
    assert not found.fits
    assert found.left_bytes < 0
    assert (found.longest_context, found.most_users) == (0, 0)


def test_shared_memory_and_own_wishes_are_reserved_otherwise() -> None:
    shared = msgspec.structs.replace(H100, kind=MachineKind.UNIFIED)
    assert check_capacity(LLAMA, shared, 512, 1).reserve_bytes == 20 * GIB
    assert check_capacity(LLAMA, shared, 512, 1, reserved_share=0).reserve_bytes == 0


def test_bandwidth_bounds_speed_from_above() -> None:
    """4.6 GB of weights a step; the caches of ten users with 32,768 tokens are 40 GiB more."""
    fast = msgspec.structs.replace(H100, bandwidth_gbps=3350.0)
    ceiling = check_capacity(LLAMA, fast, 32768, 10).ceiling
    assert ceiling is not None
    assert ceiling.alone_tokens_per_second == pytest.approx(3350 / 4.6)
    assert ceiling.together_bytes == 4_600_000_000 + 40 * GIB
    together = 10 * 3350e9 / (4.6e9 + 40 * GIB)
    assert ceiling.together_tokens_per_second == pytest.approx(together)


def test_without_a_bandwidth_there_is_no_ceiling() -> None:
    assert check_capacity(LLAMA, H100, 512, 1).ceiling is None


def test_many_users_are_told_of_llama_cpps_limit() -> None:
    assert not check_capacity(LLAMA, H100, 512, 256).notes
    assert "256 users" in check_capacity(LLAMA, H100, 512, 257).notes[0]


def test_a_model_without_weights_ends_the_search() -> None:
    assert check_capacity(ModelShape(), H100, 512, 1).most_users == MOST_USERS
