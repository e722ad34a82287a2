"""What the list of models shows of each."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.domain.language_model import LanguageModel, ModelKind
from desktop.ui.formatting import UNKNOWN, format_bytes, format_number
from desktop.ui.widgets.pill import Tone
from desktop.ui.widgets.records import Column

_MILLION = 1_000_000
_BILLION = 1_000_000_000


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


def name_model(model: LanguageModel) -> str:
    """Return the name in the header, or the file's where the header has none."""
    return model.facts.name or Path(model.path).stem


def format_parameters(count: int | None) -> str:
    """Return a number of parameters as people say it: `135 M`, `1.7 B`."""
    if not count:
        return UNKNOWN
    if count < 0.9995 * _BILLION:
        return f"{format_number(count / _MILLION)} M"
    return f"{format_number(count / _BILLION, 1)} B"


def can_be_evaluated(model: LanguageModel) -> bool:
    """Return whether it writes text; vocabularies, projectors and the like don't."""
    return model.facts.kind is ModelKind.LANGUAGE_MODEL


def describe_template(model: LanguageModel) -> tuple[str, Tone]:
    """Return whether the file says how conversations are written, as a pill."""
    if model.facts.has_chat_template:
        return _tr("✓ yes"), Tone.GOOD
    return _tr("✕ none"), Tone.WARNING


def describe_for_search(model: LanguageModel) -> str:
    """Return everything of a model that people may search for."""
    facts = model.facts
    return " ".join(
        (
            name_model(model),
            facts.organization,
            facts.architecture,
            facts.quantization,
            facts.license,
            *model.paths,
        )
    )


def _warn(model: LanguageModel) -> str:
    count = len(model.warnings)
    return f"⚠ {count}" if count else ""


def _explain_warnings(model: LanguageModel) -> str:
    return "\n".join(warning.message for warning in model.warnings)


def make_columns() -> tuple[Column, ...]:
    """Return the columns with their titles in the user's language."""
    return (
        Column(title=_tr("Name"), text=name_model, hint=lambda m: str(m.path)),
        Column(title=_tr("Supplier"), text=lambda m: m.facts.organization or UNKNOWN, importance=5),
        Column(
            title=_tr("Parameters"),
            text=lambda m: format_parameters(m.facts.parameters),
            order=lambda m: m.facts.parameters,
            right=True,
            importance=6,
        ),
        Column(
            title=_tr("Quantisation"),
            text=lambda m: m.facts.quantization or UNKNOWN,
            importance=8,
        ),
        Column(
            title=_tr("Size"),
            text=lambda m: format_bytes(m.facts.file_bytes),
            order=lambda m: m.facts.file_bytes,
            right=True,
            importance=9,
        ),
        Column(
            title=_tr("Context, tokens"),
            text=lambda m: (
                format_number(m.facts.context_length) if m.facts.context_length else UNKNOWN
            ),
            order=lambda m: m.facts.context_length,
            right=True,
            importance=4,
        ),
        Column(title=_tr("Licence"), text=lambda m: m.facts.license or UNKNOWN, importance=3),
        Column(
            title=_tr("Chat template"),
            text=lambda m: describe_template(m)[0],
            order=lambda m: m.facts.has_chat_template,
            pill=describe_template,
            importance=2,
        ),
        Column(
            title=_tr("Warnings"),
            text=_warn,
            order=lambda m: len(m.warnings),
            pill=lambda m: (_warn(m), Tone.WARNING) if m.warnings else None,
            hint=_explain_warnings,
            importance=7,
        ),
    )
