"""What a file's header and the register tell of a model, as facts in words for its panel.

Guesses say that they are guesses, and by what they were made.
"""

from PySide6.QtCore import QCoreApplication, QLocale

from desktop.domain.language_model import (
    AttentionKind,
    FactOrigin,
    LanguageModel,
    ModelFacts,
    SupplierFacts,
)
from desktop.ui.formatting import UNKNOWN, format_bytes, format_day, format_number
from desktop.ui.models.columns import format_modified, format_parameters

Facts = list[tuple[str, str]]
_TYPES_SHOWN = 6
_LANGUAGES_SHOWN = 12
_HALF_PERCENT = 0.005


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


def _count(value: int | None, words: str) -> str:
    return words.format(format_number(value)) if value else ""


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def list_origin(facts: ModelFacts) -> Facts:
    """Return who made it, under what terms, from what."""
    return [
        (_tr("Published by"), facts.organization or _tr("the file does not say")),
        (_tr("Family"), _say_family(facts)),
        (_tr("Licence"), _say_license(facts)),
        (_tr("Conditions"), facts.license_terms.conditions if facts.license_terms else ""),
        (_tr("Made from"), ", ".join(facts.base_models) or facts.base_model),
        (_tr("Languages"), _say_languages(facts.languages)),
    ]


def list_abilities(facts: ModelFacts) -> Facts:
    """Return how it is talked to, and what it can do."""
    template = _tr("none; prompts are written as plain text")
    if facts.has_chat_template:
        others = [name for name in facts.template_names if name != "default"]
        named = _tr("also: {0}").format(", ".join(others)) if others else ""
        template = _join(_tr("yes"), named)
    return [
        (_tr("Chat template"), template),
        (
            _tr("Thinking"),
            _say_ability(
                facts.thinks,
                _tr("can think before it answers, by its template"),
                _tr("its template knows none"),
            ),
        ),
        (
            _tr("Tool use"),
            _say_ability(
                facts.uses_tools,
                _tr("can call tools, by its template"),
                _tr("its template knows none"),
            ),
        ),
    ]


def list_structure(facts: ModelFacts) -> Facts:
    """Return how large it is, how its weights are stored, how it attends and counts positions."""
    return [
        (_tr("Parameters"), _say_parameters(facts)),
        (_tr("Quantisation"), _say_quantization(facts)),
        (_tr("Weights by type"), _say_mix(facts)),
        (_tr("Trained context"), _say_context(facts)),
        (_tr("Architecture"), _say_architecture(facts)),
        (_tr("Attention"), _say_attention(facts)),
        (_tr("Positions"), _say_positions(facts)),
        (
            _tr("Vocabulary"),
            _join(_count(facts.vocabulary_size, _tr("{0} words")), facts.tokenizer),
        ),
    ]


def list_file(model: LanguageModel) -> Facts:
    """Return what there is to know of its files."""
    facts = model.facts
    files = _tr("{0} files").format(len(model.paths)) if len(model.paths) > 1 else ""
    written = format_modified(model)
    name = facts.header_name if facts.header_name != facts.name else ""
    return [
        (_tr("Name in the file"), name),
        (_tr("Size"), _join(format_bytes(facts.file_bytes), files, f"GGUF {facts.gguf_version}")),
        (_tr("Written on"), written if written != UNKNOWN else ""),
        (_tr("In the library since"), format_day(model.added_at) if model.added_at else ""),
        (_tr("From"), _say_store(model)),
    ]


def _say_store(model: LanguageModel) -> str:
    if not model.store:
        return ""
    names = ", ".join(model.store_names)
    return _tr("{0}, where it is called {1}").format(model.store, names) if names else model.store


def say_guess(supplier: SupplierFacts) -> str:
    """Return by what a family was guessed."""
    return _tr("A guess by {0}, from our register of {1}.").format(supplier.matched, supplier.dated)


def _say_family(facts: ModelFacts) -> str:
    supplier = facts.supplier
    if supplier is None:
        return facts.family
    maker = _tr("{0}, by {1} ({2}).").format(supplier.family, supplier.supplier, supplier.country)
    return f"{maker} {say_guess(supplier)}"


def _say_license(facts: ModelFacts) -> str:
    terms = facts.license_terms
    if terms is None:
        return facts.license or _tr("the file names none; ask the publisher")
    use = {
        "yes": _tr("commercial use allowed"),
        "conditional": _tr("commercial use under conditions"),
        "no": _tr("no commercial use"),
    }.get(terms.commercial_use, "")
    said = _join(terms.name, use)
    if terms.origin is FactOrigin.HEADER:
        return said
    return f"{said}. {_tr('A guess: the file does not say.')}"


def _say_languages(codes: tuple[str, ...]) -> str:
    """Return names of languages for what files give as codes; anything odd stays as it is."""
    names = []
    for code in codes[:_LANGUAGES_SHOWN]:
        language = QLocale.codeToLanguage(code)
        known = language is not QLocale.Language.AnyLanguage
        names.append(QLocale.languageToString(language) if known else code)
    more = len(codes) - len(names)
    if more > 0:
        names.append(_tr("{0} more").format(more))
    return ", ".join(names)


def _say_ability(known: bool | None, yes: str, no: str) -> str:
    return "" if known is None else yes if known else no


def _say_parameters(facts: ModelFacts) -> str:
    if not facts.parameters:
        return ""
    said = format_parameters(facts.parameters)
    active = facts.active_parameters
    if not active or active == facts.parameters:
        return said
    experts = _tr("{0} of {1} experts").format(facts.experts_used or "?", facts.experts or "?")
    work = _tr("{0} at work on each token ({1})").format(format_parameters(active), experts)
    return _join(said, work)


def _say_quantization(facts: ModelFacts) -> str:
    bits = facts.bits_per_weight
    measured = _tr("{0} bits a weight").format(format_number(bits, 2)) if bits else ""
    return _join(facts.quantization, measured)


def _say_mix(facts: ModelFacts) -> str:
    """Return what each type of tensor makes up of the bytes, a line each."""
    whole = sum(share.size_bytes for share in facts.tensor_shares)
    if not whole:
        return ""
    lines = []
    for share in facts.tensor_shares[:_TYPES_SHOWN]:
        part = share.size_bytes / whole
        percent = format_number(100 * part) if part >= _HALF_PERCENT else "<1"
        bits = share.bits_per_weight
        each = _tr("at {0} bits").format(format_number(bits, 2)) if bits else ""
        tensors = (
            _tr("1 tensor")
            if share.tensors == 1
            else _tr("{0} tensors").format(format_number(share.tensors))
        )
        lines.append(f"{share.type_name}  {percent} %  {_join(each, tensors)}")
    more = len(facts.tensor_shares) - len(lines)
    if more > 0:
        lines.append(_tr("and {0} more types").format(more))
    return "\n".join(lines)


def _say_context(facts: ModelFacts) -> str:
    rope = facts.rope
    said = _count(facts.context_length, _tr("{0} tokens"))
    if rope is None or not rope.scaling:
        return said
    factor = (
        format_number(rope.factor, 0 if rope.factor == round(rope.factor) else 2)
        if (rope.factor)
        else ""
    )
    stretched = _tr("stretched by {0}").format(rope.scaling)
    times = _tr("{0} times").format(factor) if factor else ""
    before = _count(rope.original_context, _tr("from {0} tokens"))
    return _join(said, " ".join(part for part in (stretched, times, before) if part))


def _say_architecture(facts: ModelFacts) -> str:
    return _join(
        facts.architecture,
        _count(facts.layers, _tr("{0} layers")),
        _count(facts.embedding_length, _tr("{0} wide")),
    )


def _say_attention(facts: ModelFacts) -> str:
    heads = facts.attention_heads
    if not heads:
        return ""
    shared = max(facts.key_value_heads, default=0)
    said = (
        {
            AttentionKind.MULTI_HEAD: _tr("multi-head: {0} heads with their own keys and values"),
            AttentionKind.GROUPED_QUERY: _tr("grouped queries: {0} heads share {1} sets of keys"),
            AttentionKind.MULTI_QUERY: _tr("multi-query: {0} heads share one set of keys"),
            AttentionKind.LATENT: _tr("latent: {0} heads read a compressed cache"),
        }.get(facts.attention)
        if facts.attention
        else _tr("{0} heads")
    )
    window = _count(facts.sliding_window, _tr("sliding window of {0} tokens"))
    return _join((said or "{0}").format(heads, shared), window)


def _say_positions(facts: ModelFacts) -> str:
    rope = facts.rope
    if rope is None or not rope.frequency_base:
        return ""
    return _tr("rotary, base frequency {0}").format(format_number(rope.frequency_base))
