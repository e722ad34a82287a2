"""What this machine is, in cards: processor, memory, graphics, system."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.domain.machine import Gpu, Machine
from desktop.ui.formatting import format_bytes, format_number
from desktop.ui.theme import GAP
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.facts import FactList

_TWO_COLUMNS = 620


class Inventory(QWidget):
    """Four cards, in two columns where there is room."""

    def __init__(self) -> None:
        """Make empty cards."""
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        titles = (
            self.tr("Processor"),
            self.tr("Memory"),
            self.tr("Graphics"),
            self.tr("System"),
        )
        self._cards = [Card(title) for title in titles]
        self._facts = [FactList() for _ in titles]
        for card, facts in zip(self._cards, self._facts, strict=True):
            card.body.addWidget(facts)
            card.body.addStretch(1)
        self._columns = 0
        self._arrange(2)

    def show_machine(self, machine: Machine) -> None:
        """Fill the cards."""
        lists = (
            self._processor(machine),
            self._memory(machine),
            self._graphics(machine),
            self._system(machine),
        )
        for shown, facts in zip(self._facts, lists, strict=True):
            copyable = [(self.tr("Known as"), machine.id)] if facts is lists[3] else []
            shown.show_facts(facts, copyable)

    def _processor(self, machine: Machine) -> list[tuple[str, str]]:
        processor = machine.processor
        speed = (
            self.tr("{0} GHz").format(format_number(processor.maximum_mhz / 1000, 2))
            if processor.maximum_mhz
            else ""
        )
        cores = self.tr("{0} usable").format(processor.usable_cores)
        if processor.physical_cores:
            cores += " · " + self.tr("{0} physical").format(processor.physical_cores)
        cores += " · " + self.tr("{0} logical").format(processor.logical_cores)
        return [
            (self.tr("Name"), processor.name),
            (self.tr("Cores"), cores),
            (self.tr("Highest clock"), speed),
            (self.tr("Rule for clocks"), processor.governor),
            (self.tr("Architecture"), processor.architecture),
            (self.tr("Instructions of use to models"), ", ".join(processor.features)),
        ]

    def _memory(self, machine: Machine) -> list[tuple[str, str]]:
        limit = machine.memory_limit_bytes
        return [
            (self.tr("Installed"), format_bytes(machine.memory_bytes)),
            (self.tr("Kind"), machine.memory_type),
            (
                self.tr("Limit of this container"),
                self.tr("{0}; more than this ends the program").format(format_bytes(limit))
                if limit
                else "",
            ),
            (
                self.tr("Swap"),
                format_bytes(machine.swap_bytes) if machine.swap_bytes else self.tr("none"),
            ),
        ]

    def _graphics(self, machine: Machine) -> list[tuple[str, str]]:
        if not machine.gpus:
            note = machine.gpu_note or self.tr("No NVIDIA GPU was found; runs use the processor.")
            return [(self.tr("NVIDIA GPU"), note)]
        several = len(machine.gpus) > 1
        return [
            (self.tr("GPU {0}").format(number) if several else self.tr("GPU"), self._gpu(gpu))
            for number, gpu in enumerate(machine.gpus)
        ]

    def _gpu(self, gpu: Gpu) -> str:
        parts = [gpu.name, format_bytes(gpu.memory_bytes)]
        if gpu.free_bytes is not None:
            parts.append(self.tr("{0} free").format(format_bytes(gpu.free_bytes)))
        if gpu.driver:
            parts.append(self.tr("driver {0}").format(gpu.driver))
        if gpu.power_limit_watts:
            watts = format_number(gpu.power_limit_watts)
            parts.append(self.tr("limited to {0} W").format(watts))
        return " · ".join(parts)

    def _system(self, machine: Machine) -> list[tuple[str, str]]:
        power = {
            "mains": self.tr("mains"),
            "battery": self.tr("battery: speeds may be lower than on mains"),
        }.get(machine.power_source, machine.power_source)
        return [
            (self.tr("System"), machine.system),
            (self.tr("Virtual machine or container"), machine.virtualization),
            (self.tr("Power"), power),
            (self.tr("Python"), machine.python),
        ]

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for card in self._cards:
            self._grid.removeWidget(card)
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if columns > 1 else 0)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put cards below each other where room is short."""
        super().resizeEvent(event)
        self._arrange(2 if self.width() >= _TWO_COLUMNS else 1)
