"""What the list of models shows of each, and how its columns are sorted."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication

from desktop.domain.language_model import LanguageModel, ModelKind
from desktop.ui.formatting import UNKNOWN, format_bytes, format_day, format_number
from desktop.ui.models.entries import Entry, EntryState, can_be_evaluated
from desktop.ui.widgets.pill import Tone
from desktop.ui.widgets.records import Column

_MILLION = 1_000_000
_BILLION = 1_000_000_000
_FIGURES = re.compile(r"([0-9]{1,18})")


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


def format_parameters(count: int | None) -> str:
    """Return a number of parameters as people say it: `135 M`, `1.7 B`."""
    if not count:
        return UNKNOWN
    if count < 0.9995 * _BILLION:
        return f"{format_number(count / _MILLION)} M"
    return f"{format_number(count / _BILLION, 1)} B"


def name_kind(entry: Entry) -> str:
    """Return what a file is for."""
    if entry.state is EntryState.UNUSABLE and entry.model is None:
        return _tr("not usable")
    if entry.model is None:
        return ""
    return {
        ModelKind.LANGUAGE_MODEL: _tr("language model"),
        ModelKind.PROJECTOR: _tr("projector for images"),
        ModelKind.VOCABULARY: _tr("vocabulary only"),
        ModelKind.ADAPTER: _tr("adapter (LoRA)"),
        ModelKind.IMPORTANCE_MATRIX: _tr("importance matrix"),
        ModelKind.EMBEDDING: _tr("embedding model"),
    }[entry.model.facts.kind]


def name_family(entry: Entry) -> str:
    """Return the family, or the architecture where the register does not know one."""
    facts = entry.model.facts if entry.model else None
    return (facts.family or facts.architecture) if facts else ""


def name_supplier(entry: Entry) -> str:
    """Return who published the file, or who makes its family where the file is silent."""
    facts = entry.model.facts if entry.model else None
    if facts is None:
        return ""
    return facts.organization or (facts.supplier.supplier if facts.supplier else "")


def name_license(entry: Entry) -> str:
    """Return the licence's name as the register has it, or as the file spells it."""
    facts = entry.model.facts if entry.model else None
    if facts is None:
        return ""
    return facts.license_terms.name if facts.license_terms else facts.license


def format_modified(model: LanguageModel | None) -> str:
    """Return the day on which a model's files were written last."""
    if model is None:
        return UNKNOWN
    try:
        when = datetime.fromtimestamp(model.modified_ns / 1e9, UTC)
    except (OverflowError, ValueError, OSError):  # a file may say that it is of the year 30,000
        return UNKNOWN
    return format_day(when)


def name_place(entry: Entry) -> str:
    """Return whose store a file lies in, or its folder."""
    return entry.store or os.path.basename(os.path.dirname(entry.path))  # noqa: PTH119, PTH120 -- a thousand times, and a tenth of the time


def describe_for_search(entry: Entry) -> str:
    """Return everything of an entry that people may search for."""
    said = (*entry.annotation.tags, entry.annotation.note)
    if entry.model is None:
        return " ".join((entry.name, entry.path, entry.store, entry.message, *said))
    facts = entry.model.facts
    return " ".join(
        (
            entry.name,
            facts.header_name,
            facts.organization,
            name_supplier(entry),
            name_family(entry),
            facts.architecture,
            facts.quantization,
            facts.license,
            name_license(entry),
            name_kind(entry),
            entry.store,
            *entry.model.store_names,
            *entry.model.paths,
            *entry.model.copies,
            *said,
        )
    )


def describe_state(entry: Entry) -> tuple[str, Tone] | None:
    """Return what is to be known of a file at a glance, as a pill; nothing if all is well."""
    state = {
        EntryState.READING: (_tr("… reading"), Tone.NEUTRAL),
        EntryState.MOVED: (_tr("→ moved"), Tone.ACCENT),
        EntryState.CHANGED: (_tr("↻ changed"), Tone.WARNING),
        EntryState.OTHER_HASH: (_tr("✕ other hash"), Tone.BAD),
        EntryState.UNUSABLE: (_tr("✕ not usable"), Tone.BAD),
        EntryState.GONE: (_tr("✕ gone"), Tone.BAD),
    }.get(entry.state)
    if state is not None:
        return state
    if entry.model is not None and not can_be_evaluated(entry.model):
        return name_kind(entry), Tone.NEUTRAL
    warnings = _count_warnings(entry)
    return (f"⚠ {warnings}", Tone.WARNING) if warnings else None


def describe_fit(entry: Entry) -> tuple[str, Tone] | None:
    """Return what a run needs of memory and whether that is free, as a pill."""
    if entry.need_bytes is None or not entry.can_be_evaluated:
        return None
    need = format_bytes(entry.need_bytes)
    return (f"✓ {need}", Tone.GOOD) if entry.fits else (f"✕ {need}", Tone.BAD)


def _count_warnings(entry: Entry) -> int:
    """Count the warnings; that a file is no language model is told by its kind already."""
    if entry.model is None or not can_be_evaluated(entry.model):
        return 0
    return len(entry.model.warnings)


def _explain_state(entry: Entry) -> str:
    warnings = entry.model.warnings if entry.model else ()
    return "\n".join((*([entry.message] if entry.message else []), *(w.message for w in warnings)))


def _of_model(
    get: Callable[[LanguageModel], object],
) -> Callable[[Entry], object]:
    """Return a sort key of the model; files that are not read come last."""

    def order(entry: Entry) -> object:
        return (get(entry.model) or None) if entry.model else None

    return order


def _word(name: Callable[[Entry], str]) -> Callable[[Entry], str | None]:
    """Return a sort key of words; nothing comes last, whichever way."""
    return lambda entry: name(entry).casefold() or None


def order_name(name: str) -> tuple[str | int, ...]:
    """Return a key by which 7b stands before 70b: figures count as numbers, letters alike."""
    parts = _FIGURES.split(name.casefold())
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts))


def _words(title: str, name: Callable[[Entry], str], importance: int) -> Column:
    return Column(
        title=title,
        text=lambda entry: name(entry) or UNKNOWN,
        order=_word(name),
        importance=importance,
    )


def _facts_columns() -> tuple[Column, ...]:
    return (
        _words(_tr("Family"), name_family, 6),
        _words(_tr("Supplier"), name_supplier, 4),
        Column(
            title=_tr("Parameters"),
            text=lambda e: format_parameters(e.model.facts.parameters if e.model else None),
            order=_of_model(lambda m: m.facts.parameters),
            right=True,
            importance=9,
        ),
        _words(_tr("Quantisation"), lambda e: e.model.facts.quantization if e.model else "", 10),
        Column(
            title=_tr("Size"),
            text=lambda e: format_bytes(e.file_bytes),
            order=lambda e: e.file_bytes,
            right=True,
            importance=13,
        ),
        Column(
            title=_tr("Context, tokens"),
            text=lambda e: (
                format_number(e.model.facts.context_length)
                if e.model and e.model.facts.context_length
                else UNKNOWN
            ),
            order=_of_model(lambda m: m.facts.context_length),
            right=True,
            importance=5,
        ),
        _words(_tr("Licence"), name_license, 7),
    )


def make_columns() -> tuple[Column, ...]:
    """Return the columns with their titles in the user's language."""
    return (
        Column(
            title=_tr("Name"),
            text=lambda e: e.name,
            order=lambda e: order_name(e.name),
            hint=lambda e: str(e.path),
        ),
        *_facts_columns(),
        Column(
            title=_tr("Needs memory"),
            text=lambda e: (describe_fit(e) or ("", Tone.NEUTRAL))[0],
            order=lambda e: e.need_bytes,
            pill=describe_fit,
            importance=11,
        ),
        Column(
            title=_tr("State"),
            text=lambda e: (describe_state(e) or ("", Tone.NEUTRAL))[0],
            order=lambda e: (e.state, _count_warnings(e), name_kind(e)),
            pill=describe_state,
            hint=_explain_state,
            importance=12,
        ),
        _words(_tr("Kind"), name_kind, 8),
        Column(
            title=_tr("From"),
            text=name_place,
            order=_word(name_place),
            hint=lambda e: str(e.path),
            importance=3,
        ),
        Column(
            title=_tr("Tags"),
            text=lambda e: ", ".join(e.annotation.tags),
            order=_word(lambda e: ", ".join(e.annotation.tags)),
            importance=2,
        ),
        Column(
            title=_tr("Changed on"),
            text=lambda e: format_modified(e.model),
            order=_of_model(lambda m: m.modified_ns),
            right=True,
            importance=1,
        ),
    )
