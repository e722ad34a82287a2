"""A library as people have it: many families, other kinds of files, some of them in trouble."""

from datetime import timedelta

import msgspec

from desktop.domain.language_model import (
    AttentionKind,
    FactOrigin,
    FileProblem,
    HashCheck,
    HashVerdict,
    LanguageModel,
    LicenseTerms,
    ModelAnnotation,
    ModelFacts,
    ModelKind,
    ModelWarning,
    RopeFacts,
    SupplierFacts,
    TensorShare,
)
from desktop.ui.models.entries import Entry
from desktop.ui.models.screen import ModelsScreen
from desktop.worker.collection import LibraryChange
from tests.gui.fakes import FakeOperations
from tests.gui.samples import GIGA, NOW, make_model, make_sha

APACHE = LicenseTerms(
    id="apache-2.0",
    name="Apache License 2.0",
    conditions="Free for any use, commercial use included; keep the licence text and notices.",
    commercial_use="yes",
    origin=FactOrigin.HEADER,
)
GEMMA = LicenseTerms(
    id="gemma",
    name="Gemma Terms of Use",
    conditions="Commercial use is allowed; a policy of prohibited uses applies.",
    commercial_use="conditional",
    origin=FactOrigin.REGISTER,
)
NON_COMMERCIAL = LicenseTerms(
    id="cc-by-nc-4.0",
    name="Creative Commons Attribution-NonCommercial 4.0",
    conditions="No commercial use; name the author and state changes.",
    commercial_use="no",
    origin=FactOrigin.REGISTER,
)


def make_supplier(family: str, supplier: str, country: str) -> SupplierFacts:
    return SupplierFacts(
        family=family,
        supplier=supplier,
        country=country,
        origin=FactOrigin.FILE_NAME,
        matched=f"“{family.lower()}” in the file's name",
        dated="2026-11-22",
    )


def enrich(model: LanguageModel, **facts: object) -> LanguageModel:
    """Return a model with more facts in its header."""
    weights = model.facts.weights_bytes
    given = {
        "active_parameters": model.facts.parameters,
        "attention": AttentionKind.GROUPED_QUERY,
        "rope": RopeFacts(frequency_base=1_000_000.0),
        "thinks": False,
        "uses_tools": True,
        "tensor_shares": (
            TensorShare(
                type_name="Q4_K",
                tensors=180,
                parameters=weights * 12 // 10,
                size_bytes=round(weights * 0.67),
            ),
            TensorShare(
                type_name="Q6_K",
                tensors=31,
                parameters=weights * 4 // 10,
                size_bytes=round(weights * 0.326),
            ),
            TensorShare(
                type_name="F32", tensors=61, parameters=weights // 1000, size_bytes=weights // 250
            ),
        ),
    }
    changed: ModelFacts = msgspec.structs.replace(model.facts, **{**given, **facts})
    return msgspec.structs.replace(model, facts=changed)


def put(model: LanguageModel, **fields: object) -> LanguageModel:
    """Return a model with other fields beside its facts."""
    return msgspec.structs.replace(model, **fields)


def make_mixture() -> LanguageModel:
    """Return a large mixture of experts in three files, with its publisher's hash confirmed."""
    model = make_model("Qwen3-30B-A3B", size=18_600_000_000, architecture="qwen3moe")
    paths = tuple(f"/models/qwen/qwen3-30b-a3b-q4_k_m-0000{n}-of-00003.gguf" for n in (1, 2, 3))
    check = HashCheck(
        verdict=HashVerdict.MATCHES,
        source="/models/qwen/SHA256SUMS",
        message="qwen3-30b-a3b-q4_k_m-00001-of-00003.gguf matches its publisher's SHA-256"
        " (/models/qwen/SHA256SUMS).",
        checked_at=NOW,
    )
    return put(
        enrich(
            model,
            parameters=30_532_000_000,
            active_parameters=3_345_000_000,
            experts=128,
            experts_used=8,
            layers=48,
            attention_heads=32,
            key_value_heads=(4,) * 48,
            family="Qwen3",
            supplier=make_supplier("Qwen3", "Alibaba Cloud", "China"),
            license_terms=APACHE,
            context_length=40_960,
            languages=("en", "zh", "de", "fr", "es"),
            base_models=("Qwen/Qwen3-30B-A3B-Base",),
            thinks=True,
            rope=RopeFacts(
                frequency_base=1_000_000.0, scaling="yarn", factor=4.0, original_context=10_240
            ),
        ),
        paths=paths,
        hash_check=check,
        copies=("/mnt/backup/qwen3-30b-a3b-q4_k_m-00001-of-00003.gguf",),
    )


def make_library() -> list[LanguageModel]:
    """Return models of several families and stores, and files of other kinds."""
    gemma = enrich(
        make_model("gemma-3-12b-it", organization="", size=7_300_000_000, architecture="gemma3"),
        family="Gemma 3",
        supplier=make_supplier("Gemma 3", "Google", "United States"),
        license="",
        license_terms=GEMMA,
        sliding_window=1024,
        context_length=131_072,
    )
    nothing_said = make_model("mystery-7b", organization="", size=4_100_000_000)
    mystery = enrich(nothing_said, license="", chat_template=None, thinks=None, uses_tools=None)
    warnings = (
        ModelWarning(
            code="no_license",
            message="The file does not state a licence; ask its publisher before you deploy it.",
        ),
        ModelWarning(
            code="no_chat_template",
            message="The file has no chat template, as base models have none: prompts go to it as"
            " plain text, and it may not follow instructions.",
        ),
    )
    llama = make_model("llama3.2:3b", organization="Meta", size=2_000_000_000)
    command = make_model("c4ai-command-r7b-12-2024", organization="Cohere", size=5_100_000_000)
    return [
        make_mixture(),
        put(gemma, sha256=None),
        put(mystery, warnings=warnings),
        put(
            enrich(llama, family="Llama 3.2"),
            store="Ollama",
            store_names=("llama3.2:3b",),
            sha256=None,
        ),
        put(
            enrich(command, family="Command R", license_terms=NON_COMMERCIAL),
            store="LM Studio",
            hash_check=HashCheck(
                verdict=HashVerdict.DIFFERS,
                source="typed in",
                message="c4ai-command-r7b-12-2024-q4_k_m.gguf differs from its publisher's SHA-256"
                f" (typed in): expected {make_sha('a')}, but the file has {make_sha('b')}.",
                checked_at=NOW,
            ),
        ),
        make_other("mmproj-gemma-3-12b-it", ModelKind.PROJECTOR, 854_000_000),
        make_other("house-style-lora", ModelKind.ADAPTER, 64_000_000),
        make_other("qwen3-imatrix", ModelKind.IMPORTANCE_MATRIX, 4_800_000),
        make_other("ggml-vocab-llama-bpe", ModelKind.VOCABULARY, 7_800_000),
        make_other("nomic-embed-text-v1.5", ModelKind.EMBEDDING, 84_000_000),
        enrich(make_model("SmolLM2-1.7B", organization="Hugging Face", size=1_060_000_000)),
        put(enrich(make_model("phi-4-mini", organization="Microsoft", size=2_490_000_000))),
        enrich(make_model("Mistral-Small-3.2", organization="Mistral AI", size=14_300_000_000)),
    ]


def make_other(name: str, kind: ModelKind, size: int) -> LanguageModel:
    """Return a file that writes no text."""
    model = make_model(name, organization="", quantization="F16", size=size)
    message = "This file is made to be used beside a language model; it can't be evaluated."
    facts = msgspec.structs.replace(model.facts, kind=kind, chat_template=None)
    warning = ModelWarning(code="not_a_language_model", message=message)
    return put(model, facts=facts, warnings=(warning,))


def make_problems() -> tuple[FileProblem, ...]:
    """Return a model that lacks a shard, and a file that was cut off."""
    return (
        FileProblem(
            path="/models/deepseek/deepseek-r1-00001-of-00004.gguf",
            message="deepseek-r1 in /models/deepseek lacks 1 of its 4 files:"
            " deepseek-r1-00003-of-00004.gguf. Put the missing files beside the others.",
        ),
        FileProblem(
            path="/models/half-a-download.gguf",
            message="/models/half-a-download.gguf ends in the middle of its weights; copy or"
            " download it again.",
        ),
    )


def fill_library(operations: FakeOperations) -> None:
    """Give the stand-in this library, in which some files have changed since yesterday."""
    models = make_library()
    by_name = {model.facts.name: model.id for model in models}
    operations.models = [
        put(model, added_at=NOW - timedelta(days=number)) for number, model in enumerate(models)
    ]
    operations.annotations = {
        by_name["Qwen3-30B-A3B"]: ModelAnnotation(
            tags=("approved", "board"), note="Signed off by the security team on 12 November."
        ),
        by_name["phi-4-mini"]: ModelAnnotation(tags=("laptop",)),
    }
    operations.available_bytes = 21 * GIGA
    operations.change = LibraryChange(
        models=tuple(operations.models),
        problems=make_problems(),
        gone=(by_name["Mistral-Small-3.2"],),
        changed=(by_name["SmolLM2-1.7B"],),
        moved=(by_name["phi-4-mini"],),
    )


def find_entry(screen: ModelsScreen, name: str) -> Entry:
    entries: list[Entry] = screen.table.records.records
    return next(entry for entry in entries if entry.name.startswith(name))


def choose(screen: ModelsScreen, name: str) -> Entry:
    entry = find_entry(screen, name)
    screen.table.choose([entry.key])
    return entry


def say_state(screen: ModelsScreen, name: str) -> str:
    titles = [column.title for column in screen.table.records.columns]
    row = [entry.name for entry in screen.table.records.shown].index(find_entry(screen, name).name)
    return str(screen.table.records.index(row, titles.index("State")).data())
