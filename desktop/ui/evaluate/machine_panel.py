"""This machine while it works: sampled once a second, and only while it is looked at."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.machine import Machine, MachineLoad
from desktop.ui.formatting import format_bytes, format_share
from desktop.ui.screen import Context, scrolled
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.figure import Fact

_EVERY_MILLISECONDS = 1000


class MachinePanel(Card):
    """How busy the machine is, what the engine takes, what is free."""

    def __init__(self, context: Context) -> None:
        """Make the panel; it begins to sample when it is shown."""
        super().__init__()
        self.title.setText(self.tr("This machine"))
        self.title.show()
        self.setAccessibleName(self.title.text())
        self._context = context
        self._machine: Machine | None = None
        self._asked = False
        self.processor = Fact(self.tr("Processor"), "…")
        self.engine = Fact(self.tr("Engine memory"), "…")
        self.free = Fact(self.tr("Free memory"), "…")
        self.others = Fact(self.tr("Other programs"), "…")
        self.gpu = Fact(self.tr("Graphics processor"), "…")
        self.power = Fact(self.tr("Power"), "…")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 0)
        for fact in (self.processor, self.engine, self.free, self.others, self.gpu, self.power):
            column.addWidget(fact)
        column.addStretch(1)
        self.body.addWidget(scrolled(content), 1)
        self.setMinimumWidth(190)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MILLISECONDS)
        self._timer.timeout.connect(self.sample)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to sample."""
        super().showEvent(event)
        if self._machine is None:
            self._context.runner.run(
                self._context.operations.inspect_machine, self._take_machine, lambda _: None
            )
        self._timer.start()
        self.sample()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop: nobody looks."""
        super().hideEvent(event)
        self._timer.stop()

    def sample(self) -> None:
        """Ask once, unless the last question is still open."""
        if self._asked:
            return
        self._asked = True
        self._context.runner.run(
            self._context.operations.sample_load, self._take_load, self._take_nothing
        )

    def _take_machine(self, machine: Machine) -> None:
        self._machine = machine

    def _take_nothing(self, _: Exception) -> None:
        self._asked = False

    def _take_load(self, load: MachineLoad) -> None:
        self._asked = False
        busy = format_share(load.processor_share)
        cores = self._machine.processor.usable_cores if self._machine else None
        self.processor.show_text(self.tr("{0} of {1} cores").format(busy, cores) if cores else busy)
        resident = load.engine_resident_bytes
        self.engine.show_text(self.tr("not loaded") if resident is None else format_bytes(resident))
        self.free.show_text(format_bytes(load.free_bytes))
        others = format_share(load.other_processes_share)
        busiest = load.busiest_process
        self.others.show_text(f"{others}, {busiest}" if busiest else others)
        self._show_gpu(load)
        watts = load.power_watts
        self.power.show_text(
            self.tr("not measurable here: no counter is readable")
            if watts is None
            else self.tr("{0} W").format(round(watts))
        )

    def _show_gpu(self, load: MachineLoad) -> None:
        if load.gpu_share is not None:
            self.gpu.show_text(format_share(load.gpu_share))
        elif self._machine is not None and self._machine.gpus:
            self.gpu.show_text(self._machine.gpus[0].name)
        else:
            self.gpu.show_text(self.tr("none in use"))
