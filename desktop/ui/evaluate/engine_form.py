"""The expert part of the settings: how the engine holds and runs a model."""

from typing import TypeVar

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSpinBox

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention, RunSettings
from desktop.domain.settings_limits import (
    MOST_PHYSICAL_BATCH_TOKENS,
    MOST_SEQUENCES,
    MOST_THREADS,
    Contradiction,
)
from desktop.ui.engine_wording import explain_contradiction
from desktop.ui.evaluate.field_rows import FieldRows, show_problem
from desktop.ui.widgets.fields import CheckBox, ComboBox, make_number, make_whole_number

_MOST_LAYERS = 999
_MOST_BASE = 99_999_999
_MOST_SCALE = 99
_Choice = TypeVar("_Choice", FlashAttention, CacheType)


class EngineForm(FieldRows):
    """Cases at once, threads, GPU, and llama.cpp's options; `changed` follows every one."""

    changed = Signal()

    def __init__(self, settings: RunSettings) -> None:
        """Make the fields with `settings` in them."""
        super().__init__()
        self._base = settings.engine
        self._add_work(settings)
        self._add_memory(settings.engine)
        self._add_stretching(settings.engine)
        for field in (self.parallel, self.threads, self.gpu_layers, self.physical_batch):
            field.valueChanged.connect(self._tell)
        for number in (self.rope_base, self.rope_scale):
            number.valueChanged.connect(self._tell)
        for choice in (self.flash_attention, self.key_type, self.value_type):
            choice.currentIndexChanged.connect(self._tell)
        self.memory_mapping.toggled.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def _add_work(self, settings: RunSettings) -> None:
        automatic = self.tr("automatic")
        several = settings.parallel_sequences or 1
        self.parallel = make_whole_number(several, 1, MOST_SEQUENCES, name=self.tr("Cases at once"))
        self.parallel.setSpecialValueText(automatic)
        self.threads = make_whole_number(
            settings.threads or 0, 0, MOST_THREADS, name=self.tr("Threads")
        )
        self.threads.setSpecialValueText(automatic)
        self.gpu_layers = make_whole_number(
            settings.gpu_layers, -1, _MOST_LAYERS, name=self.tr("Layers on the GPU")
        )
        self.gpu_layers.setSpecialValueText(self.tr("all that fit"))
        self.add_field(
            self.parallel, self.tr("In throughput mode. Automatic tries what pays on this machine.")
        )
        self.add_field(self.threads, self.tr("Automatic tries what is fastest on this machine."))
        self.add_field(self.gpu_layers, self.tr("Moot without a GPU. 0 keeps the model off it."))

    def _add_memory(self, options: EngineOptions) -> None:
        self.flash_attention = self._make_choice(
            options.flash_attention,
            {
                FlashAttention.AUTO: self.tr("automatic"),
                FlashAttention.ON: self.tr("on"),
                FlashAttention.OFF: self.tr("off"),
            },
            self.tr("Flash attention"),
        )
        types = {each: str(each) for each in CacheType}
        self.key_type = self._make_choice(options.key_cache_type, types, self.tr("Keys stored as"))
        self.value_type = self._make_choice(
            options.value_cache_type, types, self.tr("Values stored as")
        )
        self.memory_mapping = CheckBox(self.tr("on"))
        self.memory_mapping.setAccessibleName(self.tr("Memory mapping"))
        self.memory_mapping.setChecked(options.memory_mapping)
        self.physical_batch = make_whole_number(
            options.physical_batch_tokens,
            1,
            MOST_PHYSICAL_BATCH_TOKENS,
            name=self.tr("Physical batch"),
        )
        self.physical_batch.setSingleStep(64)
        self.add_field(self.flash_attention, self.tr("Computes attention in one pass."))
        hint = self.tr("f16 is usual; q types take less memory and may cost some quality.")
        self.add_field(self.key_type, hint)
        self.add_field(self.value_type, hint)
        self.value_problem = self.add_problem()
        self.add_field(
            self.memory_mapping, self.tr("Reads the weights through the system's page cache.")
        )
        self.add_field(self.physical_batch, self.tr("Tokens computed at once; 512 is usual."))

    def _add_stretching(self, options: EngineOptions) -> None:
        from_file = self.tr("from the file")
        self.rope_base = make_number(
            options.rope_frequency_base or 0.0,
            0.0,
            _MOST_BASE,
            name=self.tr("RoPE base"),
            decimals=0,
        )
        self.rope_base.setSingleStep(10_000)
        self.rope_scale = make_number(
            options.rope_frequency_scale or 0.0,
            0.0,
            _MOST_SCALE,
            name=self.tr("RoPE scale"),
            decimals=4,
        )
        hint = self.tr("Stretches the context of models that were made for it.")
        for field in (self.rope_base, self.rope_scale):
            field.setSpecialValueText(from_file)
            self.add_field(field, hint)
        # A field can show fewer decimals than a value has: untouched ones stay exact.
        self._base_shown, self._scale_shown = self.rope_base.value(), self.rope_scale.value()

    @staticmethod
    def _make_choice(chosen: _Choice, names: dict[_Choice, str], name: str) -> ComboBox:
        choice = ComboBox()
        choice.setAccessibleName(name)
        for value, text in names.items():
            choice.addItem(text, value)
        choice.setCurrentIndex(list(names).index(chosen))
        return choice

    def change(self, settings: RunSettings) -> RunSettings:
        """Return `settings` with what is set here; of the mode only how many at once."""
        base, scale = self.rope_base.value(), self.rope_scale.value()
        options = msgspec.structs.replace(
            self._base,
            flash_attention=FlashAttention(self.flash_attention.currentData()),
            key_cache_type=CacheType(self.key_type.currentData()),
            value_cache_type=CacheType(self.value_type.currentData()),
            memory_mapping=self.memory_mapping.isChecked(),
            rope_frequency_base=self._base.rope_frequency_base
            if base == self._base_shown
            else base or None,
            rope_frequency_scale=self._base.rope_frequency_scale
            if scale == self._scale_shown
            else scale or None,
            physical_batch_tokens=self.physical_batch.value(),
        )
        return msgspec.structs.replace(
            settings,
            parallel_sequences=_read_number(self.parallel),
            threads=_read_number(self.threads),
            gpu_layers=self.gpu_layers.value(),
            engine=options,
        )

    def show_contradictions(self, found: tuple[Contradiction, ...]) -> None:
        """Say below its field what can't be."""
        wrong = Contradiction.QUANTIZED_VALUES
        show_problem(self.value_problem, explain_contradiction(wrong) if wrong in found else "")


def _read_number(field: QSpinBox) -> int | None:
    """Return the number, `None` where the field says `automatic`."""
    return None if field.value() == field.minimum() else field.value()
