"""Layers on a GPU: as many as fit. No GPU is needed to tell."""

from dataclasses import replace

import msgspec
import pytest

from desktop.domain.language_model import MemoryNeed
from desktop.errors import EngineFault
from desktop.inference.engine import LoadModel
from desktop.inference.llama.fitting import Fit, check_fit, choose_gpu_layers
from desktop.inference.llama.model import find_devices

GB = 1_000_000_000
LOG = """llama_model_load_from_file_impl: using device CUDA0 (NVIDIA GeForce RTX 4090) (0:1)\
 - 23040 MiB free
llama_model_load_from_file_impl: using device Vulkan1 (AMD Radeon(TM) Graphics (RADV))\
 (unknown id) - 2048 MiB free
"""


def fit(free: int) -> Fit:
    need = MemoryNeed(
        context_tokens=4096,
        sequences=1,
        weights_bytes=10 * GB,
        kv_cache_bytes=1 * GB,
        compute_bytes=1 * GB,
        source="llama.cpp",
    )
    return Fit(
        need=need,
        cache_bytes_per_token=1.0,
        devices=("CUDA0 (card)",) if free else ("CPU",),
        device_free_bytes=free,
        layers=32,
    )


def test_devices_are_read_from_what_llama_cpp_says() -> None:
    names, free = find_devices(LOG)
    assert names == (
        "CUDA0 (NVIDIA GeForce RTX 4090)",
        "Vulkan1 (AMD Radeon(TM) Graphics (RADV))",
    )
    assert free == (23040 + 2048) * 1024 * 1024
    assert find_devices("nothing of the kind") == (("CPU",), 0)


@pytest.mark.parametrize(
    ("free", "layers"),
    [(24 * GB, -1), (14 * GB, -1), (8 * GB, 19), (1 * GB, 0), (0, -1)],
)
def test_as_many_layers_as_fit_are_chosen(free: int, layers: int) -> None:
    assert choose_gpu_layers(LoadModel(path="m"), fit(free)) == layers


def test_what_was_asked_for_is_not_changed() -> None:
    assert choose_gpu_layers(LoadModel(path="m", gpu_layers=12), fit(8 * GB)) == 12


def test_copies_that_a_processor_packs_count_before_a_load() -> None:
    whole = fit(0)
    request = LoadModel(path="large.gguf")
    check_fit(request, whole)
    beside = msgspec.structs.replace(whole.need, beside_bytes=10**15)
    with pytest.raises(EngineFault, match=r"needs 1,000,012.0 GB of memory"):
        check_fit(request, replace(whole, need=beside))
