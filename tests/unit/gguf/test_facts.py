"""What is said about a model: names, sizes, kinds, and warnings."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from desktop.domain.language_model import LanguageModel, ModelKind
from desktop.errors import UserError
from desktop.gguf.architectures import KNOWN_ARCHITECTURES
from desktop.gguf.facts import read_facts
from desktop.gguf.finder import read_model

WriteModel = Callable[..., Path]


def sample(sample_models: list[Path], word: str) -> Path:
    return next(path for path in sample_models if word in path.name.lower())


def warning_codes(model: LanguageModel) -> list[str]:
    return [warning.code for warning in model.warnings]


def test_smollm2_in_the_words_people_use(sample_models: list[Path]) -> None:
    facts = read_facts(sample(sample_models, "smollm2"))
    assert (facts.architecture, facts.kind) == ("llama", ModelKind.LANGUAGE_MODEL)
    assert facts.parameters == 134_515_008
    assert facts.quantization == "Q4_1"
    assert facts.bits_per_weight == pytest.approx(5.74, abs=0.01)
    assert (facts.layers, facts.attention_heads, facts.key_value_heads) == (30, 9, (3,))
    assert (facts.context_length, facts.vocabulary_size) == (8192, 49_152)
    assert (facts.license, facts.organization) == ("apache-2.0", "HuggingFaceTB")
    assert facts.languages == ("en",)
    assert facts.has_chat_template
    assert facts.file_bytes == 98_362_432
    assert warning_codes(read_model(sample(sample_models, "smollm2"))) == []


def test_gemma_is_a_base_model_and_says_so(sample_models: list[Path]) -> None:
    model = read_model(sample(sample_models, "gemma"))
    facts = model.facts
    assert (facts.name, facts.header_name) == ("gemma-3-270m", "Gemma 3 270m")
    assert facts.quantization == "Q4_K_M"
    assert facts.parameters == 268_098_176
    assert facts.tensor_types["Q4_K"] == 27
    assert (facts.sliding_window, facts.vocabulary_size) == (512, 262_144)
    assert not facts.has_chat_template
    assert warning_codes(model) == ["no_chat_template"]


def test_vocabularies_are_not_offered_as_models(shared_data: Path) -> None:
    for path in sorted((shared_data / "gguf-vocab").glob("*.gguf")):
        model = read_model(path)
        assert model.facts.kind is ModelKind.VOCABULARY
        assert warning_codes(model) == ["not_a_language_model"]


def set_text(key: str, value: str) -> Callable[[gguf.GGUFWriter], None]:
    return lambda writer: writer.add_string(key, value)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"edit": set_text("general.type", "mmproj")}, ModelKind.PROJECTOR),
        ({"architecture": "clip"}, ModelKind.PROJECTOR),
        ({"edit": set_text("general.type", "adapter")}, ModelKind.ADAPTER),
        ({"edit": set_text("adapter.type", "lora")}, ModelKind.ADAPTER),
        ({"edit": set_text("general.type", "imatrix")}, ModelKind.IMPORTANCE_MATRIX),
        ({"architecture": "bert"}, ModelKind.EMBEDDING),
        ({"edit": lambda w: w.add_uint32("llama.pooling_type", 3)}, ModelKind.EMBEDDING),
        ({"edit": lambda w: w.add_uint32("llama.pooling_type", 0)}, ModelKind.LANGUAGE_MODEL),
        ({"tensors": False}, ModelKind.VOCABULARY),
    ],
)
def test_kinds(write_model: WriteModel, options: dict[str, object], kind: ModelKind) -> None:
    model = read_model(write_model(**options))
    assert model.facts.kind is kind
    assert ("not_a_language_model" in warning_codes(model)) == (kind != ModelKind.LANGUAGE_MODEL)


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        (7, "Q8_0"),
        (15, "Q4_K_M"),  # a wrong, but quantised type is what its maker calls it
        (1, "Q8_0"),  # quantised by a tool that left "F16" standing
        (1024 + 7, "Q8_0"),  # llama.cpp's flag for a guess
        (9999, "Q8_0"),
        (None, "Q8_0"),
    ],
)
def test_quantization_is_named_by_file_type_and_tensors(
    write_model: WriteModel, stated: int | None, name: str
) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        if stated is not None:
            writer.add_file_type(stated)

    assert read_facts(write_model(edit=edit)).quantization == name


def test_bits_per_weight_leave_the_header_out(write_model: WriteModel) -> None:
    facts = read_facts(write_model(layers=3))
    elements, size = 3 * (32 * 32 + 32), 3 * (32 * 34 + 32 * 4)
    assert (facts.parameters, facts.weights_bytes) == (elements, size)
    assert facts.bits_per_weight == pytest.approx(8 * size / elements)
    assert facts.tensor_types == {"Q8_0": 3, "F32": 3}


@pytest.mark.parametrize(
    ("file", "in_header", "name"),
    [
        ("Helpful-7B.gguf", "", "Helpful-7B"),
        ("Helpful-7B.Q4_1.gguf", "run 12 ep2", "Helpful-7B"),
        ("helpful-7b-q4_k_m.gguf", "Helpful", "helpful-7b"),
        ("Helpful-7B-UD-IQ2_XXS.gguf", "", "Helpful-7B"),
        ("Helpful-7B-BF16.gguf", "", "Helpful-7B"),
        ("helpful-q1.5-chat.gguf", "", "helpful-q1.5-chat"),
        ("model.gguf", "Helpful 7B", "Helpful 7B"),
        ("ggml-model-f16.gguf", "Helpful 7B", "Helpful 7B"),
        ("sha256-" + "47b6801b" * 8, "Helpful 7B", "Helpful 7B"),
        ("model.gguf", "47b6801b24d15ff9bcd8c96dfaea0be9ed3a0301", "model"),
    ],
)
def test_a_model_is_named_as_people_know_it(
    tmp_path: Path, file: str, in_header: str, name: str
) -> None:
    path = tmp_path / file
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(in_header)
    writer.add_tensor("output.weight", np.ones(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert read_facts(path).name == name


def test_heads_that_differ_by_layer(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        del writer.kv_data[0]["llama.attention.head_count_kv"]
        writer.add_array("llama.attention.head_count_kv", [2, 0])

    assert read_facts(write_model(edit=edit)).key_value_heads == (2, 0)


def drop_context(writer: gguf.GGUFWriter) -> None:
    del writer.kv_data[0]["llama.context_length"]


def embed_nine_words(writer: gguf.GGUFWriter) -> None:
    writer.add_tensor("token_embd.weight", np.ones((9, 32), dtype=np.float32))


def tell_adapter(writer: gguf.GGUFWriter) -> None:
    writer.add_type("adapter")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"chat_template": None}, "no_chat_template", "plain text"),
        ({"license_name": None}, "no_license", "licence"),
        ({"context_length": 2**31}, "absurd_context", "2,147,483,648 tokens"),
        ({"stated_layers": 600}, "inconsistent_layers", "states 600 layers, but the file has 2"),
        ({"stated_layers": 0}, "inconsistent_layers", "but the file has 2"),
        ({"architecture": "gpt-next"}, "unknown_architecture", "“gpt-next”"),
        ({"endianess": gguf.GGUFEndian.BIG}, "byte_order", "byte order"),
        ({"vocabulary": 0}, "no_vocabulary", "vocabulary"),
        ({"edit": drop_context}, "no_context_length", "for which context"),
        ({"edit": embed_nine_words}, "inconsistent_vocabulary", "lists 8 words, but the weights"),
        ({"edit": tell_adapter}, "not_a_language_model", "an adapter"),
    ],
)
def test_warnings(
    write_model: WriteModel, options: dict[str, object], code: str, words: str
) -> None:
    model = read_model(write_model(**options))
    found = {warning.code: warning.message for warning in model.warnings}
    assert words in found[code]


def test_a_sound_model_has_no_warnings(write_model: WriteModel) -> None:
    assert read_model(write_model()).warnings == ()


def test_a_file_without_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "anonymous.gguf"
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    with pytest.raises(UserError, match="does not say what architecture"):
        read_facts(path)


def test_architectures_are_those_of_the_installed_llama_cpp() -> None:
    reference = set(gguf.MODEL_ARCH_NAMES.values()) - {"clip"}
    assert reference - KNOWN_ARCHITECTURES == set()
    # Found without importing llama_cpp, which would load it into this process.
    package = Path(gguf.__file__).parents[1] / "llama_cpp"
    libraries = [p for p in package.rglob("*llama*") if p.suffix in (".so", ".dylib", ".dll")]
    if not libraries:
        pytest.skip("llama.cpp is not installed")
    binary = b"".join(library.read_bytes() for library in libraries)
    # The shortest names are compiled into instructions, so they are not found as text.
    missing = {n for n in KNOWN_ARCHITECTURES if len(n) > 15 and n.encode() not in binary}
    assert missing == set()


def test_texts_from_strangers_are_one_short_line(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_organization("Evil\x1b[2J\u202egnirts\nlines")
        writer.add_base_model_name(0, "x" * 100_000)
        writer.add_languages(["en"] * 4000)

    facts = read_facts(write_model(edit=edit))
    assert facts.organization == "Evil [2J gnirts lines"
    assert len(facts.base_model) == 160
    assert len(facts.languages) == 100
