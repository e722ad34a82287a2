"""How busy the machine is now, once a second while it is looked at."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from desktop.domain.machine import MachineLoad
from desktop.errors import UserError
from desktop.ui.formatting import UNKNOWN, format_bytes, format_number, format_share
from desktop.ui.screen import Context
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.figure import Figure
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.progress import ProgressBar

_INTERVAL_MILLISECONDS = 1000


class LiveStrip(Card):
    """Figures of the present load. `sampled` carries each load; after `failed` none come."""

    sampled = Signal(object)
    failed = Signal()

    def __init__(self, context: Context) -> None:
        """Make it without figures; `start` begins to look."""
        super().__init__()
        self.title.setText(self.tr("Now"))
        self.title.show()
        self._context = context
        self._pending = False
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MILLISECONDS)
        self._timer.timeout.connect(self._sample)
        self._processor = Figure(UNKNOWN, self.tr("processor"))
        self._others = Figure(UNKNOWN, self.tr("other programs"))
        self._free = Figure(UNKNOWN, self.tr("memory free"))
        self._engine = Figure(UNKNOWN, self.tr("engine's memory"))
        self._extra = Figure(UNKNOWN, "")
        self._extra.hide()
        self._bar = ProgressBar(slim=True)
        row = QHBoxLayout()
        row.setSpacing(16)
        for figure in (self._processor, self._others, self._free, self._engine, self._extra):
            row.addWidget(figure, 1)
        self._busiest = Label("", "small-dim", wrap=True)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._bar)
        column.addWidget(self._busiest)
        self.body.addLayout(column)

    @property
    def looking(self) -> bool:
        """Whether the load is sampled once a second."""
        return self._timer.isActive()

    def start(self) -> None:
        """Begin to look, now and then every second."""
        self._timer.start()
        self._sample()

    def stop(self) -> None:
        """Stop: nothing is sampled that nobody sees."""
        self._timer.stop()

    def _sample(self) -> None:
        # A slow operation before this one must not let requests pile up.
        if self._pending:
            return
        self._pending = True
        operations = self._context.operations
        self._context.runner.run(operations.sample_load, self._take, self._give_up)

    def _take(self, load: MachineLoad) -> None:
        self._pending = False
        if not self.looking:
            return
        self._processor.show_value(format_share(load.processor_share), self.tr("processor"))
        self._others.show_value(format_share(load.other_processes_share), self.tr("other programs"))
        self._free.show_value(format_bytes(load.free_bytes), self.tr("memory free"))
        engine = load.engine_resident_bytes
        self._engine.show_value(
            format_bytes(engine) if engine is not None else UNKNOWN,
            self.tr("engine's memory") if engine is not None else self.tr("no engine is running"),
        )
        self._show_extra(load)
        self._bar.show_share(load.processor_share, "")
        self._busiest.setText(
            self.tr("Busiest other program: {0}").format(load.busiest_process)
            if load.busiest_process
            else self.tr("No other program stands out.")
        )
        self.sampled.emit(load)

    def _show_extra(self, load: MachineLoad) -> None:
        watts = load.power_watts
        power = self.tr("{0} W").format(format_number(watts)) if watts is not None else ""
        if load.gpu_share is not None:
            words = self.tr("GPU") + (f", {power}" if power else "")
            self._extra.show_value(format_share(load.gpu_share), words)
        elif power:
            self._extra.show_value(power, self.tr("power"))
        self._extra.setVisible(load.gpu_share is not None or bool(power))

    def _give_up(self, failure: Exception) -> None:
        self._pending = False
        self.stop()
        reason = failure.message if isinstance(failure, UserError) else str(failure)
        self._busiest.setText(
            self.tr("The load can't be read: {0} Open this screen again to retry.").format(reason)
        )
        self.failed.emit()
