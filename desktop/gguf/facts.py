"""What a header says about its model, in the words that people use."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from desktop.domain.language_model import (
    FactOrigin,
    LicenseTerms,
    ModelFacts,
    ModelKind,
    SupplierFacts,
)
from desktop.errors import UserError
from desktop.gguf.header import GgufHeader, read_header
from desktop.gguf.structure import count_active, share_types, tell_attention, tell_rope
from desktop.gguf.suppliers import describe_license, load_register
from desktop.gguf.template_text import tells_thinking, tells_tools
from desktop.gguf.tensor_types import FILE_TYPES, UNQUANTIZED_TYPES

_LINE_LENGTH = 160
_MOST_ITEMS = 100
_MOST_BASES = 16
_SAYS_NOTHING = ("", "other", "unknown", "none")  # what upload forms put for a licence
_GUESSED_FILE_TYPE = 1024  # a flag of llama.cpp beside the type itself
_ENCODERS = frozenset(
    {
        "bert",
        "nomic-bert",
        "nomic-bert-moe",
        "neo-bert",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "eurobert",
        "gemma-embedding",
        "llama-embed",
        "t5encoder",
    }
)
_KINDS = {
    "mmproj": ModelKind.PROJECTOR,
    "projector": ModelKind.PROJECTOR,
    "adapter": ModelKind.ADAPTER,
    "imatrix": ModelKind.IMPORTANCE_MATRIX,
    "vocab": ModelKind.VOCABULARY,
}


def read_facts(path: Path) -> ModelFacts:
    """Read the facts of one model file, without its other shards.

    Raises `UserError` for what `read_header` refuses, for a file that is cut short, and for one
    that does not say what it is.
    """
    header = read_header(path)
    check_complete(path, header)
    return describe(path, (header,))


def check_complete(path: Path, header: GgufHeader) -> None:
    """Raise `UserError` if tensor data is missing at the file's end."""
    if header.missing_bytes:
        raise UserError(
            f"{path} is cut short: {header.missing_bytes:,} of {header.data_end:,} bytes are "
            "missing at its end.",
            remedy="Copy or download the file again.",
        )


def describe(path: Path, headers: Sequence[GgufHeader]) -> ModelFacts:
    """Return the facts of a model whose shards have these headers, in order.

    The first shard carries the metadata, all of them carry tensors. Raises `UserError` if the
    file does not name an architecture.
    """
    header = headers[0]
    architecture = header.text("general.architecture")
    kind = _tell_kind(header, architecture, any(h.tensors for h in headers))
    if not architecture and kind is not ModelKind.IMPORTANCE_MATRIX:
        raise UserError(
            f"{path} is a GGUF file, but it does not say what architecture its model has.",
            remedy="Get the model again, or convert it again.",
        )
    tensors = [tensor for each in headers for tensor in each.tensors]
    parameters = sum(tensor.elements for tensor in tensors)
    weights_bytes = sum(each.tensor_bytes for each in headers)
    template = header.text("tokenizer.chat_template")
    base_models = _list_base_models(header)
    license_id = _line(header.text("general.license.name") or header.text("general.license"))
    known = _look_up(path, header, architecture, base_models)
    key_value_heads = header.numbers(f"{architecture}.attention.head_count_kv")
    heads = header.numbers(f"{architecture}.attention.head_count")
    return ModelFacts(
        name=_tell_name(path, header),
        header_name=_line(header.text("general.name")),
        architecture=_line(architecture),
        kind=kind,
        parameters=parameters or None,
        quantization=_tell_quantization(headers),
        bits_per_weight=8 * weights_bytes / parameters if parameters else None,
        tensor_types=dict(Counter(tensor.type_name for tensor in tensors).most_common()),
        context_length=_positive(header, f"{architecture}.context_length"),
        embedding_length=_positive(header, f"{architecture}.embedding_length"),
        layers=_positive(header, f"{architecture}.block_count"),
        attention_heads=max(heads) if heads and max(heads) > 0 else None,
        key_value_heads=key_value_heads,
        key_length=_positive(header, f"{architecture}.attention.key_length"),
        value_length=_positive(header, f"{architecture}.attention.value_length"),
        sliding_window=_positive(header, f"{architecture}.attention.sliding_window"),
        experts=_positive(header, f"{architecture}.expert_count"),
        experts_used=_positive(header, f"{architecture}.expert_used_count"),
        vocabulary_size=_tell_vocabulary_size(header, architecture),
        tokenizer=_tell_tokenizer(header),
        license=license_id,
        organization=_line(header.text("general.organization") or header.text("general.author")),
        base_model=_line(header.text("general.base_model.0.name")),
        languages=_lines(header, "general.languages"),
        chat_template=template or None,
        file_bytes=sum(each.file_bytes for each in headers),
        weights_bytes=weights_bytes,
        gguf_version=header.version,
        family=known.family,
        family_origin=known.origin,
        supplier=known.supplier,
        license_terms=known.terms,
        active_parameters=count_active(header, architecture, tensors) or None,
        tensor_shares=share_types(tensors),
        attention=tell_attention(header, architecture),
        rope=tell_rope(header, architecture, tensors),
        base_models=base_models,
        tags=_lines(header, "general.tags"),
        template_names=_list_templates(header),
        thinks=tells_thinking(template) if template else None,
        uses_tools=tells_tools(template) if template else None,
        shards=len(headers),
    )


class _Known(NamedTuple):
    """What the register adds to a header."""

    family: str
    origin: FactOrigin
    supplier: SupplierFacts | None
    terms: LicenseTerms | None


def _look_up(
    path: Path, header: GgufHeader, architecture: str, base_models: tuple[str, ...]
) -> _Known:
    """Ask the register who made this, and what the licence means that the header states."""
    register = load_register()
    names = [header.text(f"general.{key}") for key in ("name", "basename")]
    found = register.find_supplier(architecture, (*names, *base_models), path.stem)
    stated = [header.text(f"general.license{key}") for key in ("", ".name")]
    stated = [text for text in stated if text.lower() not in _SAYS_NOTHING]
    entry = register.find_license(*stated)
    family = _line(header.text("general.basename") or architecture)
    if entry is not None:
        terms: LicenseTerms | None = describe_license(entry, FactOrigin.HEADER)
    else:
        # A licence that the header names and the register does not know is not replaced by a guess.
        terms = found[1] if found and not any(stated) else None
    if found is None:
        return _Known(family, FactOrigin.HEADER, None, terms)
    supplier = found[0]
    return _Known(supplier.family, supplier.origin, supplier, terms)


def _list_base_models(header: GgufHeader) -> tuple[str, ...]:
    count = min(header.number("general.base_model.count") or 1, _MOST_BASES)
    names = []
    for number in range(count):
        prefix = f"general.base_model.{number}"
        name = header.text(f"{prefix}.name")
        organization = header.text(f"{prefix}.organization")
        names.append(_line(f"{organization} / {name}" if organization and name else name))
    return tuple(name for name in names if name)


def _list_templates(header: GgufHeader) -> tuple[str, ...]:
    """Return the names of the chat templates; the one that is used by itself is `default`."""
    prefix = "tokenizer.chat_template"
    default = ("default",) if header.text(prefix) else ()
    named = (
        key.removeprefix(f"{prefix}.") for key in header.values if key.startswith(f"{prefix}.")
    )
    return default + tuple(_line(name) for name in sorted(named))[:_MOST_ITEMS]


def _tell_kind(header: GgufHeader, architecture: str, has_tensors: bool) -> ModelKind:
    stated = _KINDS.get(header.text("general.type").lower())
    if stated is not None:
        return stated
    if architecture == "clip":
        return ModelKind.PROJECTOR
    if header.text("adapter.type") or architecture == "controlvector":
        return ModelKind.ADAPTER
    if any(key.startswith("imatrix.") for key in header.values):
        return ModelKind.IMPORTANCE_MATRIX
    if not has_tensors and header.lengths.get("tokenizer.ggml.tokens"):
        return ModelKind.VOCABULARY
    pools = (header.number(f"{architecture}.pooling_type") or 0) > 0
    return ModelKind.EMBEDDING if pools or architecture in _ENCODERS else ModelKind.LANGUAGE_MODEL


def _tell_name(path: Path, header: GgufHeader) -> str:
    """Return the name that people know a model by: its file's, less quantisation and shard.

    The header's own name is often a training run's ("Smollm2 135M 8k Lc100K Mix1 Ep2"), and the
    same in every fine-tune of a model; it is taken where the file's says nothing.
    """
    stem = path.stem
    for suffix in (_SHARD_SUFFIX, _QUANTIZATION_SUFFIX):
        stem = suffix.sub("", stem)
    in_header = header.text("general.name")
    return _line(stem if _says_something(stem) or not _says_something(in_header) else in_header)


_SHARD_SUFFIX = re.compile(r"-\d{5}-of-\d{5}$")
_QUANTIZATION_SUFFIX = re.compile(
    r"[-._](?:UD[-_])?(?:i?q\d(?:_[a-z0-9]+)*|tq\d_\d|mxfp4(?:_moe)?|nvfp4|f16|fp16|bf16|f32|fp32)$",
    re.IGNORECASE,
)
# What converters and downloaders write when they were given no name.
_MEANINGLESS = {"", ".", "model", "models", "ggml-model", "hf", "snapshot", "tmp", "consolidated"}


def _says_something(name: str) -> bool:
    is_hash = re.fullmatch("(sha256-)?[0-9a-f]{32,}", name) is not None
    return not is_hash and name.lower() not in _MEANINGLESS


def _tell_quantization(headers: Sequence[GgufHeader]) -> str:
    """Name the file's type as it says itself, unless its tensors say otherwise.

    Some tools quantise without changing `general.file_type`, and then a 4-bit file calls itself
    F16: between quantised and not, the tensors decide.
    """
    sizes: Counter[str] = Counter()
    for header in headers:
        for tensor in header.tensors:
            sizes[tensor.type_name] += tensor.size_bytes
    dominant = sizes.most_common(1)[0][0] if sizes else ""
    number = headers[0].number("general.file_type")
    stated = FILE_TYPES.get(number & ~_GUESSED_FILE_TYPE, "") if number is not None else ""
    if not dominant or not stated:
        return dominant
    agrees = (stated in UNQUANTIZED_TYPES) == (dominant in UNQUANTIZED_TYPES)
    return stated if agrees else dominant


def _tell_vocabulary_size(header: GgufHeader, architecture: str) -> int | None:
    listed = header.lengths.get("tokenizer.ggml.tokens")
    return listed or _positive(header, f"{architecture}.vocab_size")


def _tell_tokenizer(header: GgufHeader) -> str:
    family, variety = header.text("tokenizer.ggml.model"), header.text("tokenizer.ggml.pre")
    both = family and variety and family != variety
    return _line(f"{family} ({variety})" if both else family)


def _positive(header: GgufHeader, key: str) -> int | None:
    """Return a whole number; of an array, as some architectures have one a layer, the largest."""
    numbers = header.numbers(key)
    return max(numbers) if numbers and max(numbers) > 0 else None


def _lines(header: GgufHeader, key: str) -> tuple[str, ...]:
    value = header.values.get(key)
    items = value if isinstance(value, tuple) else (value,)
    return tuple(_line(item) for item in items[:_MOST_ITEMS] if isinstance(item, str))


def _line(text: str) -> str:
    """Return a text from a stranger as one line that can be shown in a table.

    Control characters go, those that turn the direction of writing around too.
    """
    visible = "".join(c if c.isprintable() else " " for c in text[: 4 * _LINE_LENGTH])
    line = " ".join(visible.split())
    return line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…"
