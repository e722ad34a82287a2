"""Everything about one model, at the side of the list."""

from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.errors import UserError
from desktop.ui.formatting import describe_model, format_bytes, format_day, format_number
from desktop.ui.models.columns import can_be_evaluated, format_parameters, name_model
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.worker.operations import MemoryFit


class ModelDetails(Card):
    """The panel. `show_model` gives it a model, `show_fit` what memory that model needs."""

    def __init__(self) -> None:
        """Make an empty panel."""
        super().__init__()
        self.body.setContentsMargins(1, 1, 1, 1)
        self.setAccessibleName(self.tr("Details of the model"))
        self.setMinimumWidth(240)
        self._model: LanguageModel | None = None
        self._name = Label("", "card-title", wrap=True).make_selectable()
        self._line = Label("", "dim", wrap=True)
        self._chosen = Label("", "label", wrap=True)
        self.fit = Pill("", Tone.NEUTRAL)
        self.memory = Label("", "small-dim", wrap=True)
        self._warnings = QVBoxLayout()
        self._warnings.setSpacing(6)
        self._facts = FactList()
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for part in (self._chosen, self._name, self._line):
            column.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self.fit)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.memory)
        column.addLayout(self._warnings)
        column.addWidget(line())
        column.addWidget(self._facts)
        column.addStretch(1)
        self._content = content
        self._area = scrolled(content)
        self._area.setAccessibleName(self.accessibleName())
        self.body.addWidget(self._area)
        self.show_model(None, 0)

    def show_model(self, model: LanguageModel | None, chosen: int) -> None:
        """Show a model; `chosen` is how many are chosen in the list."""
        same = self._model is not None and model is not None and self._model.id == model.id
        self._model = model
        self._chosen.setText(self.tr("{0} models are chosen; this is one of them.").format(chosen))
        self._chosen.setVisible(chosen > 1)
        self._facts.setVisible(model is not None)
        self.fit.setVisible(model is not None)
        self.memory.setVisible(model is not None and can_be_evaluated(model))
        self._show_warnings(model)
        if model is None:
            self._name.setText(self.tr("No model is chosen"))
            self._line.setText(self.tr("Choose one in the list to see what its file says."))
            return
        self._name.setText(name_model(model))
        self._line.setText(describe_model(model))
        self._facts.show_facts(self._list_facts(model), self._list_copyable(model))
        if not can_be_evaluated(model):
            self.fit.show_state(self.tr("✕ writes no text"), Tone.WARNING)
        elif not same:
            self.fit.show_state(self.tr("… checking memory"), Tone.NEUTRAL)
            self.memory.setText("")
        if not same:
            self._area.verticalScrollBar().setValue(0)

    def show_fit(self, fit: MemoryFit) -> None:
        """Tell whether the model fits into memory."""
        need = fit.need
        if fit.fits:
            self.fit.show_state(self.tr("✓ fits"), Tone.GOOD)
        else:
            self.fit.show_state(self.tr("✕ does not fit"), Tone.BAD)
        source = (
            self.tr("counted by llama.cpp")
            if need.source == "llama.cpp"
            else self.tr("estimated from the header")
        )
        self.memory.setText(
            self.tr(
                "Needs {0} at a context of {1} tokens: weights {2}, context {3}, computing {4}"
                " ({5}). {6} are free now."
            ).format(
                format_bytes(need.total_bytes),
                format_number(need.context_tokens),
                format_bytes(need.weights_bytes),
                format_bytes(need.kv_cache_bytes),
                format_bytes(need.compute_bytes),
                source,
                format_bytes(fit.available_bytes),
            )
        )

    def show_no_fit(self, failure: Exception) -> None:
        """Tell why the need of memory is not known."""
        self.fit.show_state(self.tr("? not known"), Tone.WARNING)
        reason = failure.message if isinstance(failure, UserError) else str(failure)
        self.memory.setText(
            self.tr("The need of memory could not be found out: {0}").format(reason)
        )

    def _show_warnings(self, model: LanguageModel | None) -> None:
        while (item := self._warnings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for warning in model.warnings if model else ():
            self._warnings.addWidget(Label(f"⚠ {warning.message}", "warning", wrap=True))

    def _list_facts(self, model: LanguageModel) -> list[tuple[str, str]]:
        facts = model.facts
        added = model.added_at
        template = (
            self.tr("yes")
            if facts.has_chat_template
            else self.tr("none; prompts are written as plain text")
        )
        licence = facts.license or self.tr("the file names none")
        return [
            (self.tr("Supplier"), facts.organization),
            (self.tr("Licence"), licence),
            (self.tr("Made from"), facts.base_model),
            (self.tr("Languages"), ", ".join(facts.languages)),
            (self.tr("Chat template"), template),
            (self.tr("Parameters"), format_parameters(facts.parameters)),
            (self.tr("Quantisation"), self._quantization(facts)),
            (self.tr("Architecture"), self._architecture(facts)),
            (self.tr("Trained context"), _count(facts.context_length, self.tr("{0} tokens"))),
            (self.tr("Sliding window"), _count(facts.sliding_window, self.tr("{0} tokens"))),
            (self.tr("Vocabulary"), self._vocabulary(facts)),
            (self.tr("Size on disk"), self._size(model)),
            (
                self.tr("In the library since"),
                format_day(added) if added else "",
            ),
        ]

    def _quantization(self, facts: ModelFacts) -> str:
        parts = [facts.quantization]
        if facts.bits_per_weight:
            bits = format_number(facts.bits_per_weight, 2)
            parts.append(self.tr("{0} bits a weight").format(bits))
        tensors = sorted(facts.tensor_types.items(), key=lambda pair: -pair[1])
        if tensors:
            parts.append(", ".join(f"{kind} {count}" for kind, count in tensors))
        return " · ".join(part for part in parts if part)

    def _architecture(self, facts: ModelFacts) -> str:
        heads = max(facts.key_value_heads, default=0)
        parts = [
            facts.architecture,
            _count(facts.layers, self.tr("{0} layers")),
            _count(facts.embedding_length, self.tr("{0} wide")),
            _count(facts.attention_heads, self.tr("{0} heads")),
            _count(heads, self.tr("{0} for keys and values")),
        ]
        if facts.experts:
            experts = self.tr("{0} of {1} experts")
            parts.append(experts.format(facts.experts_used or "?", facts.experts))
        return " · ".join(part for part in parts if part)

    def _vocabulary(self, facts: ModelFacts) -> str:
        size = _count(facts.vocabulary_size, self.tr("{0} tokens"))
        return " · ".join(part for part in (size, facts.tokenizer) if part)

    def _size(self, model: LanguageModel) -> str:
        size = format_bytes(model.facts.file_bytes)
        version = f"GGUF {model.facts.gguf_version}"
        shards = len(model.paths)
        files = self.tr("{0} files").format(shards) if shards > 1 else ""
        return " · ".join(part for part in (size, files, version) if part)

    def _list_copyable(self, model: LanguageModel) -> list[tuple[str, str]]:
        return [
            (self.tr("File"), Path(model.path).name),
            (self.tr("Path"), model.path),
            (self.tr("SHA-256"), model.sha256 or ""),
        ]


def _count(value: int | None, words: str) -> str:
    return words.format(format_number(value)) if value else ""
