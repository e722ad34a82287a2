"""What `inspect` says in words about a model's origin and build."""

from desktop.cli.facts_words import say_origin, say_structure, say_template
from desktop.domain.language_model import (
    AttentionKind,
    FactOrigin,
    LicenseTerms,
    ModelFacts,
    ModelKind,
    RopeFacts,
    SupplierFacts,
    TensorShare,
)

SILENT = ModelFacts(name="x", architecture="llama")


def describe(origin: FactOrigin) -> dict[str, str]:
    supplier = SupplierFacts(
        family="Llama 3.1",
        supplier="Meta",
        country="United States",
        origin=FactOrigin.FILE_NAME,
        matched="“llama-3.1” in the file's name",
    )
    terms = LicenseTerms(
        id="x", name="Some Licence", conditions="Be nice.", commercial_use="yes", origin=origin
    )
    facts = ModelFacts(name="x", architecture="llama", supplier=supplier, license_terms=terms)
    return dict(say_origin(facts))


def test_guesses_are_called_guesses() -> None:
    guessed = describe(FactOrigin.REGISTER)
    assert guessed["family"] == (
        "Llama 3.1, of Meta (United States); a guess by “llama-3.1” in the file's name"
    )
    assert guessed["licence terms"] == ("Some Licence (a guess; the file does not say): Be nice.")
    assert describe(FactOrigin.HEADER)["licence terms"] == "Some Licence: Be nice."


def test_a_silent_header_gives_no_rows() -> None:
    assert say_origin(SILENT) == []
    assert say_structure(SILENT) == []
    assert say_template(SILENT) == "no"


def test_how_a_model_is_built() -> None:
    facts = ModelFacts(
        name="x",
        architecture="qwen3moe",
        parameters=30_000_000_000,
        active_parameters=3_300_000_000,
        experts=128,
        experts_used=8,
        bits_per_weight=4.85,
        weights_bytes=1_000,
        tensor_shares=tuple(
            TensorShare(type_name=name, tensors=1, parameters=10, size_bytes=size)
            for name, size in zip(
                ("Q4_K", "Q6_K", "Q8_0", "F16", "F32"), (700, 200, 50, 40, 10), strict=True
            )
        ),
        attention=AttentionKind.GROUPED_QUERY,
        attention_heads=32,
        key_value_heads=(4,),
        sliding_window=4096,
        rope=RopeFacts(scaling="yarn", factor=4.0, original_context=32_768),
    )
    assert dict(say_structure(facts)) == {
        "active": "3.30B for each token (8 of 128 experts)",
        "weights": "4.85 bits each; of the bytes Q4_K 70 %, Q6_K 20 %, Q8_0 5 %, F16 4 % "
        "and 1 more",
        "attention": "GQA, 32 heads, 4 for keys and values, window of 4,096",
        "stretched": "yarn by 4, trained on 32,768 tokens",
    }


def test_what_a_template_knows() -> None:
    facts = ModelFacts(name="x", architecture="llama", chat_template="x", thinks=True)
    assert say_template(facts) == "yes, with thinking"


def test_files_that_are_no_language_models_are_called_what_they_are() -> None:
    for kind in set(ModelKind) - {ModelKind.LANGUAGE_MODEL}:
        facts = ModelFacts(name="x", architecture="clip", kind=kind)
        assert dict(say_structure(facts))["what it is"].startswith(("a ", "an "))
    assert "what it is" not in dict(say_structure(SILENT))


def test_the_rest_of_what_a_header_tells() -> None:
    facts = ModelFacts(
        name="x",
        architecture="llama",
        layers=30,
        embedding_length=4_096,
        shards=3,
        tokenizer="gpt2 (smollm)",
        rope=RopeFacts(frequency_base=100_000.0),
        languages=("en", "de"),
        chat_template="{{ m }}",
        template_names=("default", "rag", "tool_use"),
    )
    assert say_structure(facts) == [
        ("tokenizer", "gpt2 (smollm)"),
        ("files", "3 that are one model"),
        ("layers", "30, 4,096 numbers wide"),
        ("rope", "base 100,000, not stretched"),
    ]
    assert dict(say_origin(facts))["languages"] == "en, de"
    assert say_template(facts) == "yes; others for rag, tool_use"
    many = ModelFacts(name="x", architecture="x", languages=tuple("abcdefghijklmnop"))
    assert dict(say_origin(many))["languages"].endswith("k, l …")
