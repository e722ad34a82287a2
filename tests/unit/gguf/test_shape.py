"""The formula by published shapes of real models, and beside llama.cpp's own accounting."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention
from desktop.gguf.header import GgufHeader, TensorInfo
from desktop.gguf.memory import estimate_need, least_cache_bytes
from desktop.gguf.shape import ModelShape, read_shape, shape_of_headers

MIB = 1 << 20
WriteModel = Callable[..., Path]
# Made with no_alloc by llama.cpp 0c1e570: its log tells MiB with two places.
with (Path(__file__).parent / "llama_cpp_accounting.csv").open(encoding="utf-8") as table:
    ACCOUNTING = list(csv.DictReader(table))


def shape_of(
    architecture: str, keys: Mapping[str, Any], tensors: tuple[TensorInfo, ...] = ()
) -> ModelShape:
    values = {f"{architecture}.{key}": value for key, value in keys.items()}
    header = GgufHeader(
        version=3,
        big_endian=False,
        values={"general.architecture": architecture, **values},
        lengths={},
        tensors=tensors,
        data_offset=0,
        data_end=0,
        file_bytes=0,
    )
    return shape_of_headers([header])


def per_token(shape: ModelShape) -> int:
    """Bytes of an f16 cache that one more token takes in a long context."""
    return estimate_need(shape, 65536 + 256, 1).kv_cache_bytes // 256 - (
        estimate_need(shape, 65536, 1).kv_cache_bytes // 256
    )


def layered(layers: int, heads: int, key_value_heads: int, length: int) -> dict[str, Any]:
    return {
        "block_count": layers,
        "embedding_length": heads * length,
        "attention.head_count": heads,
        "attention.head_count_kv": key_value_heads,
        "attention.key_length": length,
        "attention.value_length": length,
    }


@pytest.fixture(scope="module")
def shapes() -> dict[str, ModelShape]:
    from desktop import paths  # noqa: PLC0415 -- the environment of the tests is set by then

    found = sorted(paths.sample_models_folder().glob("*.gguf"))
    if len(found) < 2:
        pytest.skip("the sample models are not in the cache")
    return {path.name: read_shape([path]) for path in found}


def test_prediction_is_within_five_percent_of_llama_cpp(shapes: dict[str, ModelShape]) -> None:
    assert len(ACCOUNTING) == 56
    for row in ACCOUNTING:
        kind = CacheType(row["cache_type"])
        options = EngineOptions(
            key_cache_type=kind,
            value_cache_type=kind,
            physical_batch_tokens=int(row["physical_batch"]),
        )
        shape = shapes[row["model"]]
        need = estimate_need(shape, int(row["context"]), int(row["sequences"]), options)
        assert need.weights_bytes == int(row["weights_bytes"])
        # Two figures of the log are added up where a model has windows.
        assert abs(need.kv_cache_bytes - int(row["cache_bytes"])) <= 0.011 * MIB, row
        assert need.compute_bytes == pytest.approx(int(row["compute_bytes"]), rel=0.09), row
        total = sum(int(row[key]) for key in ("weights_bytes", "cache_bytes", "compute_bytes"))
        assert need.total_bytes == pytest.approx(total, rel=0.02), row


@pytest.mark.parametrize(
    ("word", "context_by_sequences", "compute_mib"),
    [
        ("Smol", (512, 1), 16.57),
        ("Smol", (8192, 1), 166.57),
        ("Smol", (2048, 8), 47.88),
        ("gemma", (2048, 1), 32.76),
        ("gemma", (8192, 1), 92.76),
    ],
)
def test_without_flash_attention_every_head_sees_every_cell(
    shapes: dict[str, ModelShape],
    word: str,
    context_by_sequences: tuple[int, int],
    compute_mib: float,
) -> None:
    """Logged by llama.cpp 0c1e570 as the others."""
    shape = next(shape for name, shape in shapes.items() if name.startswith(word))
    options = EngineOptions(flash_attention=FlashAttention.OFF)
    need = estimate_need(shape, *context_by_sequences, options)
    assert need.compute_bytes / MIB == pytest.approx(compute_mib, rel=0.01)


def test_llama_3_1_8b_takes_131072_bytes_a_token() -> None:
    """32 layers of 8 heads of 128, keys and values of 2 bytes each."""
    shape = shape_of("llama", layered(32, 32, 8, 128))
    assert per_token(shape) == 131_072
    need = estimate_need(shape, 32768, 10)
    assert need.kv_cache_bytes == 10 * 32768 * 131_072


def test_llama_3_1_70b_takes_327680_bytes_a_token() -> None:
    assert per_token(shape_of("llama", layered(80, 64, 8, 128))) == 80 * 8 * 128 * 2 * 2


def test_gemma_3_27b_keeps_all_tokens_in_ten_of_62_layers() -> None:
    """Every sixth layer sees everything; the other 52 keep 1024 tokens and a batch of 512."""
    keys = layered(62, 32, 16, 128) | {"attention.sliding_window": 1024}
    shape = shape_of("gemma3", keys)
    each = 16 * 128 * 2 * 2
    assert per_token(shape) == 10 * each
    cache = estimate_need(shape, 32768, 1).kv_cache_bytes
    assert cache == (10 * 32768 + 52 * (1024 + 512)) * each
    # What is read of it, for a ceiling of speed, is no more than the window itself.
    assert least_cache_bytes(shape, 32768, EngineOptions()) == (10 * 32768 + 52 * 1024) * each


def test_gpt_oss_20b_alternates() -> None:
    shape = shape_of("gpt-oss", layered(24, 64, 8, 64) | {"attention.sliding_window": 128})
    assert per_token(shape) == 12 * 8 * 64 * 2 * 2


def test_a_pattern_in_the_header_goes_before_the_code() -> None:
    keys = layered(4, 8, 2, 64) | {"attention.sliding_window": 512}
    pattern = {"attention.sliding_window_pattern": (True, False, True, True)}
    assert per_token(shape_of("gemma3", keys | pattern)) == 1 * 2 * 64 * 2 * 2
    every_second = {"attention.sliding_window_pattern": 2}
    assert per_token(shape_of("gemma3", keys | every_second)) == 2 * 2 * 64 * 2 * 2


def test_an_unknown_architecture_with_a_window_counts_in_full() -> None:
    keys = layered(4, 8, 2, 64) | {"attention.sliding_window": 512}
    assert per_token(shape_of("llama", keys)) == 4 * 2 * 64 * 2 * 2


def test_gemma_3n_e4b_has_caches_in_its_first_20_layers() -> None:
    """35 layers, of which 20 have caches of their own: 4 of these see everything."""
    shape = shape_of("gemma3n", layered(35, 8, 2, 256) | {"attention.sliding_window": 512})
    assert (shape.keys, shape.window_keys) == (4 * 2 * 256, 16 * 2 * 256)


def test_gemma_4_shares_as_its_header_says() -> None:
    pattern = (True, True, True, True, True, False)
    keys = layered(6, 8, 2, 512) | {
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": pattern,
        "attention.shared_kv_layers": 2,
        "attention.key_length_swa": 256,
        "attention.value_length_swa": 256,
    }
    shape = shape_of("gemma4", keys)
    assert (shape.keys, shape.window_keys) == (0, 4 * 2 * 256)


def test_deepseek_v3_keeps_576_numbers_a_layer_and_token() -> None:
    """512 of the latent vector and 64 with positions in each of 61 layers, and no values."""
    keys = {
        "block_count": 61,
        "embedding_length": 7168,
        "attention.head_count": 128,
        "attention.head_count_kv": 1,
        "attention.key_length": 576,
        "attention.value_length": 512,
        "attention.key_length_mla": 192,
        "attention.value_length_mla": 128,
    }
    assert per_token(shape_of("deepseek2", keys)) == 61 * 576 * 2 == 70_272


def test_older_files_of_deepseek_keep_every_head() -> None:
    keys = layered(61, 128, 128, 192) | {"attention.value_length": 128}
    assert per_token(shape_of("deepseek2", keys)) == 61 * 128 * (192 + 128) * 2


def test_mamba_2_8b_has_a_state_and_no_cache() -> None:
    """64 layers: 3 past inputs of 5120 channels, and 16 numbers for each of them, in f32."""
    keys = {
        "block_count": 64,
        "embedding_length": 2560,
        "attention.head_count": 0,
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 5120,
        "ssm.state_size": 16,
    }
    shape = shape_of("mamba", keys)
    state = 64 * (3 * 5120 + 16 * 5120) * 4
    assert estimate_need(shape, 512, 1).kv_cache_bytes == state
    assert estimate_need(shape, 1_000_000, 3).kv_cache_bytes == 3 * state


def test_rwkv_7_keeps_two_tokens_and_a_matrix_for_each_head() -> None:
    keys = {"block_count": 24, "embedding_length": 1024, "wkv.head_size": 64}
    assert shape_of("rwkv7", keys).states == 24 * (2 * 1024 + 1024 * 64)


def test_hybrids_have_caches_where_they_have_heads() -> None:
    """LFM2-1.2B: 6 of 16 layers attend, the others keep 2 past tokens of 2048 channels."""
    attends = {2, 5, 8, 10, 12, 14}
    keys = layered(16, 32, 0, 64) | {
        "attention.head_count_kv": tuple(8 * (n in attends) for n in range(16)),
        "shortconv.l_cache": 3,
    }
    shape = shape_of("lfm2", keys)
    assert shape.keys == 6 * 8 * 64
    assert shape.states == 10 * 2048 * 2


def test_qwen_3_next_attends_in_every_fourth_layer() -> None:
    keys = layered(48, 16, 2, 256) | {
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 4096,
        "ssm.state_size": 128,
        "ssm.group_count": 16,
    }
    shape = shape_of("qwen3next", keys)
    assert per_token(shape) == 12 * 2 * 256 * 2 * 2
    assert shape.states == 36 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096)


def test_layers_that_only_predict_ahead_are_left_out() -> None:
    keys = layered(47, 96, 8, 128) | {"nextn_predict_layers": 1}
    assert per_token(shape_of("glm4moe", keys)) == 46 * 8 * 128 * 2 * 2


def test_experts_at_rest_and_rows_of_the_input_are_not_read() -> None:
    def tensor(name: str, size: int) -> TensorInfo:
        return TensorInfo(name, (size,), 0, 0, size, size)

    keys = layered(1, 8, 8, 8) | {"expert_count": 8, "expert_used_count": 2}
    parts = (tensor("blk.0.ffn_up_exps.weight", 800), tensor("token_embd.weight", 100))
    tied = shape_of("mixed", keys, parts)
    assert (tied.weights_bytes, tied.active_bytes) == (900, 200 + 100)
    untied = shape_of("mixed", keys, (*parts, tensor("output.weight", 50)))
    assert (untied.weights_bytes, untied.active_bytes) == (950, 200 + 50)


def test_nonsense_in_a_header_gives_numbers_at_once() -> None:
    wild = layered(2**31, 2**31, 2**31, 2**31) | {"attention.shared_kv_layers": -5}
    assert shape_of("gemma3", wild).keys > 2**60
    assert shape_of("", {}) == ModelShape()
    negative = shape_of("llama", layered(-4, -2, -2, -128))
    assert estimate_need(negative, 4096, 1).kv_cache_bytes == 0


def test_shards_are_counted_together(write_model: WriteModel) -> None:
    paths = [write_model("one.gguf", layers=1), write_model("two.gguf", layers=2)]
    alone = [read_shape([path]).weights_bytes for path in paths]
    assert read_shape(paths).weights_bytes == sum(alone) > alone[0] > 0
