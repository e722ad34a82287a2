"""The Machine screen: what this machine is, how busy it is, and whether one may measure now."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.machine import Machine, MachineLoad
from desktop.ui.machine.inventory import Inventory
from desktop.ui.machine.live import LiveStrip
from desktop.ui.machine.quiet import LoadHistory, judge_quietness
from desktop.ui.screen import Context, Screen, scrolled
from desktop.ui.theme import GAP
from desktop.ui.widgets.busy import BusyLine
from desktop.ui.widgets.buttons import plain_button, primary_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone


class MachineScreen(Screen):
    """The machine that figures hold for."""

    def __init__(self, context: Context) -> None:
        """Make the screen; the machine is looked at when it comes to the front."""
        super().__init__(context, QCoreApplication.translate("machine", "Machine"))
        self._machine: Machine | None = None
        self._asked = False
        self._readable = True
        self._loads = LoadHistory()
        self.pill = Pill("", Tone.NEUTRAL)
        self.sentence = Label("", wrap=True).make_selectable()
        self.live = LiveStrip(context)
        self.inventory = Inventory()
        self.failure = EmptyState(
            self.tr("The machine could not be looked at"),
            self.tr("The notice above says why."),
            (plain_button(self.tr("Try again"), self._inspect),),
        )
        self.failure.hide()
        self.inventory.hide()
        self.busy = BusyLine()
        self.measure = primary_button(self.tr("Measure speed"), context.prepare_speed_probe)
        self.add_action(self.measure)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(GAP)
        column.addWidget(self._make_verdict())
        column.addWidget(self.live)
        column.addWidget(self.busy)
        column.addWidget(self.inventory)
        column.addWidget(self.failure)
        column.addStretch(1)
        area = scrolled(content)
        area.setAccessibleName(self.accessibleName())
        self.body.addWidget(area, 1)
        self.live.sampled.connect(self._take_load)
        self.live.failed.connect(self._lose_load)
        context.monitor.changed.connect(self._judge)
        self._judge()

    def _make_verdict(self) -> Card:
        card = Card(self.tr("Is this machine quiet enough to measure?"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.pill)
        row.addWidget(self.sentence, 1)
        card.body.addLayout(row)
        return card

    def activate(self) -> None:
        """Look at the machine once, and at its load from now on."""
        self._loads.clear()
        self._readable = True
        self._judge()
        if not self._asked:
            self._inspect()
        self.live.start()

    def focus_first(self) -> None:
        """Give the keyboard to the measurement."""
        self.measure.setFocus()

    def deactivate(self) -> None:
        """Stop looking."""
        self.live.stop()

    def _inspect(self) -> None:
        self._asked = True
        self.failure.hide()
        self.busy.begin(self.tr("Looking at this machine"))
        self.run(self.context.operations.inspect_machine, self._take_machine, self._give_up)

    def _take_machine(self, machine: Machine) -> None:
        self._machine = machine
        self.busy.end()
        self.inventory.show()
        self.inventory.show_machine(machine)
        self._judge()

    def _give_up(self, failure: Exception) -> None:
        self._asked = False
        self.busy.end()
        self.failure.setVisible(self._machine is None)
        self.context.show_failure(failure)

    def _take_load(self, load: MachineLoad) -> None:
        self._loads.add(load)
        self._judge()

    def _lose_load(self) -> None:
        self._readable = False
        self._judge()

    def _judge(self) -> None:
        verdict = judge_quietness(
            self._loads,
            self._machine,
            evaluating=self.context.queue.busy,
            readable=self._readable,
        )
        if self.sentence.text() != verdict.sentence:
            self.sentence.setText(verdict.sentence)
        if self.pill.text() != verdict.pill:
            self.pill.show_state(verdict.pill, verdict.tone)
