"""What lies in memory beside llama.cpp's own accounting, on processors of several kinds."""

from pathlib import Path

import pytest

from desktop.gguf.header import GgufHeader, TensorInfo, read_header
from desktop.gguf.memory import estimate_need
from desktop.gguf.residence import Residence, count_beside, estimate_residence
from desktop.gguf.shape import shape_of_headers
from desktop.gguf.tensor_types import TENSOR_TYPES

MIB = 1 << 20
NUMBERS = {kind.name: number for number, kind in TENSOR_TYPES.items()}
AMX = ("avx2", "avx512f", "amx_int8")


def tensor(name: str, kind: str, *shape: int) -> TensorInfo:
    elements = 1
    for length in shape:
        elements *= length
    form = TENSOR_TYPES[NUMBERS[kind]]
    size = elements // form.block_elements * form.block_bytes
    return TensorInfo(name, shape, NUMBERS[kind], 0, elements, size)


def residence_of(*tensors: TensorInfo, features: tuple[str, ...], mapping: bool) -> Residence:
    header = GgufHeader(
        version=3,
        big_endian=False,
        values={},
        lengths={},
        tensors=tensors,
        data_offset=0,
        data_end=0,
        file_bytes=0,
    )
    need = estimate_need(shape_of_headers([header]), 256, 1)
    return estimate_residence([header], need, features, memory_mapping=mapping)


# "AMX model buffer size" and "CPU model buffer size" as llama.cpp 0c1e570 logged them, mapping off.
@pytest.mark.parametrize(
    ("word", "packed_mib", "rest_mib", "file_mib"),
    [("smollm2", 95.34, 28.82, 92.10), ("gemma", 213.91, 211.79, 235.16)],
)
def test_buffers_are_those_that_llama_cpp_logs(
    sample_models: list[Path], word: str, packed_mib: float, rest_mib: float, file_mib: float
) -> None:
    path = next(path for path in sample_models if word in path.name.lower())
    header = read_header(path)
    need = estimate_need(shape_of_headers([header]), 2048, 1)
    off = estimate_residence([header], need, AMX, memory_mapping=False)
    assert off.packed_bytes / MIB == pytest.approx(packed_mib, abs=0.01)
    assert off.weights_bytes / MIB == pytest.approx(rest_mib, abs=0.01)
    mapped = estimate_residence([header], need, AMX, memory_mapping=True)
    assert mapped.packed_bytes == off.packed_bytes
    assert mapped.weights_bytes / MIB == pytest.approx(file_mib, abs=0.01)


# Growth of the peak of a fresh engine that answered prompts, measured with AMX, one thread.
@pytest.mark.parametrize(
    ("word", "sequences", "mapping", "grown_mib"),
    [
        ("smollm2", 1, True, 261.3),
        ("smollm2", 1, False, 198.4),
        ("smollm2", 8, True, 584.9),
        ("gemma", 1, True, 529.5),
        ("gemma", 1, False, 506.1),
        ("gemma", 8, True, 695.1),
    ],
)
def test_prediction_is_within_five_percent_of_what_was_measured(
    sample_models: list[Path], word: str, sequences: int, mapping: bool, grown_mib: float
) -> None:
    header = read_header(next(path for path in sample_models if word in path.name.lower()))
    need = estimate_need(shape_of_headers([header]), 2048, sequences)
    found = estimate_residence([header], need, AMX, memory_mapping=mapping)
    assert found.total_bytes / MIB == pytest.approx(grown_mib, rel=0.05)


def test_an_output_of_its_own_leaves_the_input_alone() -> None:
    table = tensor("token_embd.weight", "Q8_0", 64, 320)
    output = tensor("output.weight", "Q8_0", 64, 320)
    tied = residence_of(table, features=AMX, mapping=False)
    assert tied.packed_bytes == 320 * 2 * 38
    assert tied.weights_bytes == table.size_bytes
    untied = residence_of(table, output, features=AMX, mapping=False)
    assert (untied.packed_bytes, untied.weights_bytes) == (320 * 2 * 38, table.size_bytes)


@pytest.mark.parametrize(
    ("features", "kind", "is_packed"),
    [
        ((), "Q4_0", False),
        (("avx2",), "Q4_0", True),
        (("avx2",), "Q6_K", False),
        (("avx2",), "Q2_K", False),
        (("avx2", "avx512f"), "Q2_K", True),
        (("asimddp",), "Q8_0", True),
        (("avx2",), "F16", False),
        (AMX, "Q6_K", True),
    ],
)
def test_types_are_packed_where_kernels_are(
    features: tuple[str, ...], kind: str, is_packed: bool
) -> None:
    weight = tensor("blk.0.ffn_up.weight", kind, 256, 512)
    found = residence_of(weight, features=features, mapping=False)
    assert bool(found.packed_bytes) is is_packed
    # Without mapping the packed copy is the only one.
    assert found.weights_bytes == (0 if is_packed else weight.size_bytes)


def test_odd_rows_and_experts_are_not_packed_for_amx() -> None:
    odd = tensor("blk.0.ffn_up.weight", "Q8_0", 64, 33)
    assert residence_of(odd, features=AMX, mapping=False).packed_bytes == 0
    experts = tensor("blk.0.ffn_up_exps.weight", "Q4_K", 256, 64, 4)
    assert residence_of(experts, features=AMX, mapping=False).packed_bytes == experts.size_bytes
    norm = tensor("blk.0.attn_norm.weight", "Q8_0", 64, 64)
    assert residence_of(norm, features=AMX, mapping=False).packed_bytes == 0


@pytest.mark.parametrize("word", ["smollm2", "gemma"])
def test_what_lies_beside_a_need_is_the_rest_of_what_stays_resident(
    sample_models: list[Path], word: str
) -> None:
    header = read_header(next(path for path in sample_models if word in path.name.lower()))
    need = estimate_need(shape_of_headers([header]), 2048, 1)
    whole = estimate_residence([header], need, AMX, memory_mapping=False)
    assert need.total_bytes + count_beside([header], AMX) == whole.total_bytes
    # Nothing is packed on a processor of which nothing is known.
    assert 0 < count_beside([header], ()) < count_beside([header], AMX)
