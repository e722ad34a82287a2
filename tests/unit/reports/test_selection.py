"""Short names that are different from each other."""

import msgspec
import pytest

from desktop.domain.language_model import LanguageModel
from desktop.reports.selection import make_labels
from tests.unit.reports.sample_runs import make_model


def model(path: str, quantization: str = "Q4_K_M", name: str = "Name in the file") -> LanguageModel:
    made = make_model(name, quantization=quantization)
    return msgspec.structs.replace(made, paths=(path,), sha256=path.encode().hex().ljust(64, "0"))


def labels(*models: LanguageModel) -> list[str]:
    return list(make_labels({one.path: one for one in models}).values())


@pytest.mark.parametrize(
    ("path", "quantization", "label"),
    [
        ("/m/SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1", "SmolLM2-135M-Instruct"),
        ("/m/gemma-3-270m-q4_k_m.gguf", "Q4_K_M", "gemma-3-270m"),
        ("/m/Qwen3-8B-Q8_0-00001-of-00003.gguf", "Q8_0", "Qwen3-8B"),
        ("C:\\models\\Phi-4.gguf", "F16", "Phi-4"),
        ("/m/model.gguf", "F16", "Name in the file"),
        ("/blobs/sha256-8934d96d3f08982e95922b2b7a2c626a1fe873d7", "F16", "Name in the file"),
    ],
)
def test_a_label_is_what_people_call_the_model(path: str, quantization: str, label: str) -> None:
    assert labels(model(path, quantization)) == [label]


def test_the_quantisation_is_added_where_names_are_the_same() -> None:
    assert labels(model("/m/A-Q8_0.gguf", "Q8_0"), model("/m/A-Q4_0.gguf", "Q4_0")) == [
        "A Q8_0",
        "A Q4_0",
    ]


def test_the_folder_is_added_where_the_quantisation_is_the_same_too() -> None:
    assert labels(model("/old/A.gguf"), model("/new/A.gguf"), model("/new/B.gguf")) == [
        "A (old)",
        "A (new)",
        "B",
    ]


def test_labels_are_unique_even_for_the_most_similar_files() -> None:
    names = labels(model("/a/x/A.gguf"), model("/b/x/A.gguf"), model("/c/x/a.gguf"))
    assert len({name.casefold() for name in names}) == 3
