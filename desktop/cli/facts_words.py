"""What a header and the register tell of a model, as rows of words for `inspect`."""

from desktop.domain.language_model import FactOrigin, ModelFacts, ModelKind

Row = tuple[str, str]
_TYPES_SHOWN = 4
_LANGUAGES_SHOWN = 12
_KINDS = {
    ModelKind.PROJECTOR: "a projector for images or sound (mmproj)",
    ModelKind.VOCABULARY: "a vocabulary without weights",
    ModelKind.ADAPTER: "an adapter (LoRA or control vector)",
    ModelKind.IMPORTANCE_MATRIX: "an importance matrix",
    ModelKind.EMBEDDING: "an embedding model",
}


def say_kind(kind: ModelKind) -> str:
    """Return what a file is, in a word or two; nothing for a language model, as most are."""
    return "" if kind is ModelKind.LANGUAGE_MODEL else kind.value.replace("_", " ")


def say_origin(facts: ModelFacts) -> list[Row]:
    """Return family, supplier and the licence's terms; guesses say so."""
    rows: list[Row] = []
    if facts.supplier is not None:
        supplier = facts.supplier
        maker = f"{supplier.supplier} ({supplier.country})"
        rows.append(("family", f"{supplier.family}, of {maker}; a guess by {supplier.matched}"))
    if facts.license_terms is not None:
        terms = facts.license_terms
        guess = "" if terms.origin is FactOrigin.HEADER else " (a guess; the file does not say)"
        rows.append(("licence terms", f"{terms.name}{guess}: {terms.conditions}"))
    if facts.languages:
        more = " …" if len(facts.languages) > _LANGUAGES_SHOWN else ""
        rows.append(("languages", ", ".join(facts.languages[:_LANGUAGES_SHOWN]) + more))
    if facts.base_models:
        rows.append(("made from", ", ".join(facts.base_models)))
    return rows


def say_structure(facts: ModelFacts) -> list[Row]:
    """Return what the file is, how its weights are stored, how it attends and counts positions."""
    rows: list[Row] = []
    if facts.kind in _KINDS:
        rows.append(("what it is", _KINDS[facts.kind]))
    if facts.tokenizer:
        rows.append(("tokenizer", facts.tokenizer))
    if facts.shards > 1:
        rows.append(("files", f"{facts.shards} that are one model"))
    if facts.layers:
        wide = f", {facts.embedding_length:,} numbers wide" if facts.embedding_length else ""
        rows.append(("layers", f"{facts.layers}{wide}"))
    if facts.active_parameters and facts.active_parameters != facts.parameters:
        used = f"{facts.experts_used} of {facts.experts} experts"
        rows.append(("active", f"{facts.active_parameters / 1e9:.2f}B for each token ({used})"))
    if facts.weights_bytes:
        shown = [
            f"{share.type_name} {100 * share.size_bytes / facts.weights_bytes:.0f} %"
            for share in facts.tensor_shares[:_TYPES_SHOWN]
        ]
        more = len(facts.tensor_shares) - len(shown)
        mix = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
        rows.append(("weights", f"{facts.bits_per_weight or 0:.2f} bits each; of the bytes {mix}"))
    if facts.attention is not None:
        heads = max(facts.key_value_heads, default=facts.attention_heads or 0)
        window = f", window of {facts.sliding_window:,}" if facts.sliding_window else ""
        shared = f"{heads} for keys and values"
        words = f"{facts.attention.value}, {facts.attention_heads} heads, {shared}{window}"
        rows.append(("attention", words))
    if facts.rope is not None and facts.rope.scaling:
        rope = facts.rope
        factor = f" by {rope.factor:g}" if rope.factor else ""
        before = f", trained on {rope.original_context:,} tokens" if rope.original_context else ""
        rows.append(("stretched", f"{rope.scaling}{factor}{before}"))
    elif facts.rope is not None and facts.rope.frequency_base:
        rows.append(("rope", f"base {facts.rope.frequency_base:,.0f}, not stretched"))
    return rows


def say_template(facts: ModelFacts) -> str:
    """Return whether there is a chat template, and what it knows."""
    if not facts.has_chat_template:
        return "no"
    knows = [
        word for word, known in (("thinking", facts.thinks), ("tools", facts.uses_tools)) if known
    ]
    named = [name for name in facts.template_names if name != "default"]
    others = f"; others for {', '.join(named)}" if named else ""
    return ("yes, with " + " and ".join(knows) if knows else "yes") + others
