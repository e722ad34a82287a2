"""Tiny model files, written by the reference package."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from desktop import paths

SHARED_DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"

WriteModel = Callable[..., Path]


def write_tiny_model(
    path: Path,
    *,
    architecture: str = "llama",
    layers: int = 2,
    stated_layers: int | None = None,
    chat_template: str | None = "{{ messages[0].content }}",
    license_name: str | None = "apache-2.0",
    context_length: int = 64,
    vocabulary: int = 8,
    tensors: bool = True,
    endianess: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
    edit: Callable[[gguf.GGUFWriter], None] | None = None,
) -> Path:
    """Write a model of a few random weights, which nobody could run."""
    writer = gguf.GGUFWriter(path, architecture, endianess=endianess)
    writer.add_name("Tiny")
    writer.add_block_count(layers if stated_layers is None else stated_layers)
    writer.add_context_length(context_length)
    writer.add_embedding_length(32)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    if license_name:
        writer.add_license(license_name)
    if chat_template:
        writer.add_chat_template(chat_template)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"token {n}".encode() for n in range(vocabulary)])
    if edit is not None:
        edit(writer)
    random = np.random.default_rng(1)
    for layer in range(layers if tensors else 0):
        weights = random.normal(size=(32, 32)).astype(np.float32)
        packed = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(
            f"blk.{layer}.attn_q.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0
        )
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", np.ones(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Return a function that writes a tiny model; a name, then keywords of the above."""

    def write(name: str = "tiny.gguf", **options: object) -> Path:
        return write_tiny_model(tmp_path / name, **options)  # type: ignore[arg-type]

    return write


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real data, or skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared test data are not here")
    return SHARED_DATA


@pytest.fixture
def sample_models() -> list[Path]:
    """Return the sample models that `make` fetched, or skip."""
    found = sorted(paths.sample_models_folder().glob("*.gguf"))
    if not found:
        pytest.skip("the sample models are not in the cache")
    return found
